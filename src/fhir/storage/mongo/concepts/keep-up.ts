// What one server process knows of loaded code systems: read at start, and again every second, because operators load beside it.

import type { Db } from 'mongodb';
import { every } from '../../../../platform/clock/every.ts';
import type { CodeSystemSource } from '../../../model/concept.ts';
import type { LoadedSystems } from '../../concepts.ts';
import { type SystemDocument, systemsIn } from './registry.ts';
import { createLoadedSource } from './source.ts';

const EVERY_MS = 1000;

export async function keepUpWithSystems(db: Db, onError: (error: unknown) => void): Promise<LoadedSystems> {
  const systems = systemsIn(db);
  const known = new Map<string, { collection: string; source: CodeSystemSource }>();
  let byUrl = new Map<string, CodeSystemSource[]>();
  let revision = 0;

  async function look(): Promise<void> {
    const documents = await systems.find().toArray();
    const changed = documents.filter(({ _id, collection }) => known.get(_id)?.collection !== collection);
    const gone = [...known.keys()].filter((id) => !documents.some(({ _id }) => _id === id));
    if (changed.length === 0 && gone.length === 0) return;
    for (const id of gone) known.delete(id);
    for (const system of changed) known.set(system._id, { collection: system.collection, source: sourceOf(system) });
    byUrl = group(documents.sort(newestFirst).map(({ _id }) => known.get(_id)!.source));
    revision++;
  }
  const sourceOf = (system: SystemDocument): CodeSystemSource =>
    createLoadedSource({ db, collectionName: system.collection, system });

  await look();
  let running: Promise<void> = Promise.resolve();
  const repeated = every(
    EVERY_MS,
    () => {
      running = look();
      return running;
    },
    onError,
  );

  return {
    sources: (url) => byUrl.get(url) ?? [],
    get revision() {
      return revision;
    },
    look,
    async close() {
      repeated.stop();
      await running.catch(() => undefined);
    },
  };
}

function group(sources: readonly CodeSystemSource[]): Map<string, CodeSystemSource[]> {
  const byUrl = new Map<string, CodeSystemSource[]>();
  for (const source of sources) byUrl.set(source.url, [...(byUrl.get(source.url) ?? []), source]);
  return byUrl;
}

/** Numbers in versions are compared as numbers: 2.9 is older than 2.77. */
const order = new Intl.Collator('en', { numeric: true });
const newestFirst = (a: SystemDocument, b: SystemDocument): number =>
  order.compare(sortable(b.version), sortable(a.version));

/** RxNorm names its releases by the American date, 03042024. */
const sortable = (version: string): string => version.replace(/^(\d{4})(20\d{2})$/, '$2$1');
