// Which code systems are loaded, and where: one small document each. A load fills a collection of its own and then changes that document,
// so that readers see the old version or the new one and never half of one.
import { randomBytes } from 'node:crypto';
import type { Collection, Db } from 'mongodb';
import { FhirError } from '../../../model/errors.ts';
import type { ConceptStore, LoadedSystem, ReadConcept, SystemHead } from '../../concepts.ts';
import { type ConceptDocument, documentOf } from './document.ts';

export interface SystemDocument extends LoadedSystem {
  /** `url|version` */
  _id: string;
  collection: string;
}

export interface RegistryDeps {
  db: Db;
  now: () => number;
  /** what readers of the old collection may still need */
  graceMs?: number;
}

const REGISTRY = 'code_systems';
const LOCKS = 'code_system_loads';
const PREFIX = 'concepts_';
const BATCH = 2000;
const AT_ONCE = 3;
/** readers look once a second */
const GRACE_MS = 3000;
/** a loader that has not been heard of for so long is gone */
const LOCK_MS = 60_000;

export const systemsIn = (db: Db): Collection<SystemDocument> => db.collection<SystemDocument>(REGISTRY);

export function createConceptStore({ db, now, graceMs = GRACE_MS }: RegistryDeps): ConceptStore {
  const systems = systemsIn(db);
  const locks = db.collection<{ _id: string; owner: string; until: number }>(LOCKS);
  const idOf = ({ url, version }: Pick<SystemHead, 'url' | 'version'>): string => `${url}|${version}`;

  /** One load at a time, so that what an earlier one left behind when it was killed can be told and removed. */
  async function alone<T>(work: (stillAlone: () => Promise<void>) => Promise<T>): Promise<T> {
    const owner = randomBytes(8).toString('hex');
    const take = async (): Promise<boolean> => {
      const mine = { $or: [{ owner }, { until: { $lt: now() } }] };
      try {
        await locks.updateOne({ _id: 'load', ...mine }, { $set: { owner, until: now() + LOCK_MS } }, { upsert: true });
        return true;
      } catch (error) {
        if ((error as { code?: unknown }).code === DUPLICATE) return false;
        throw error;
      }
    };
    if (!(await take())) throw new FhirError('conflict', 'Another load of a code system is running');
    try {
      await removeLeftovers();
      return await work(async () => {
        if (!(await take())) throw new FhirError('conflict', 'Another load of a code system has begun meanwhile');
      });
    } finally {
      await locks.deleteOne({ _id: 'load', owner });
    }
  }

  async function removeLeftovers(): Promise<void> {
    const used = new Set((await systems.find().toArray()).map(({ collection }) => collection));
    for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
      if (name.startsWith(PREFIX) && !used.has(name)) await db.dropCollection(name);
    }
  }

  async function dropLater(collections: readonly string[]): Promise<void> {
    if (collections.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, graceMs));
    for (const name of collections) await db.dropCollection(name);
  }

  return {
    async list() {
      return (await systems.find().toArray()).map(headOf);
    },
    load: (head, concepts, onProgress) =>
      alone(async (stillAlone) => {
        const name = PREFIX + randomBytes(6).toString('hex');
        const count = await fill(db.collection<ConceptDocument>(name), concepts, async (done) => {
          onProgress?.(done);
          await stillAlone();
        });
        const before = await systems.findOne({ _id: idOf(head) });
        const loaded: LoadedSystem = { ...head, concepts: count, loadedAt: now() };
        await systems.replaceOne(
          { _id: idOf(head) },
          { ...loaded, collection: name },
          { upsert: true, writeConcern: { w: 'majority', journal: true } },
        );
        if (before !== null) await dropLater([before.collection]);
        return loaded;
      }),
    unload: (url, version) =>
      alone(async () => {
        const where = { url, ...(version !== undefined && { version }) };
        const gone = await systems.find(where).toArray();
        await systems.deleteMany(where, { writeConcern: { w: 'majority', journal: true } });
        await dropLater(gone.map(({ collection }) => collection));
        return gone.map(headOf);
      }),
  };
}

const DUPLICATE = 11000;

const headOf = ({ _id, collection, ...head }: SystemDocument & { _id: string }): LoadedSystem => head;

/** Indexes are made when all is in: that is several times faster. */
async function fill(
  collection: Collection<ConceptDocument>,
  concepts: Iterable<ReadConcept> | AsyncIterable<ReadConcept>,
  onBatch: (done: number) => Promise<void>,
): Promise<number> {
  const codes = new Set<string>();
  const running = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  let batch: ConceptDocument[] = [];
  const flush = async (): Promise<void> => {
    while (running.size >= AT_ONCE) await Promise.race(running);
    if (failures.length > 0) throw failures[0];
    const insert = collection
      .insertMany(batch, { ordered: false, writeConcern: { w: 1 } })
      .catch((error: unknown) => failures.push(error))
      .finally(() => running.delete(insert));
    running.add(insert);
    batch = [];
    await onBatch(codes.size);
  };
  try {
    for await (const concept of concepts) {
      if (codes.has(concept.code)) continue;
      batch.push(documentOf(concept, codes.size));
      codes.add(concept.code);
      if (batch.length >= BATCH) await flush();
    }
    if (batch.length > 0) await flush();
  } finally {
    await Promise.all(running);
  }
  if (failures.length > 0) throw failures[0];
  if (codes.size === 0) throw new FhirError('invalid', 'There are no concepts in it');
  await collection.createIndexes(
    [
      { key: { w: 1, r: 1, o: 1 }, name: 'w' },
      { key: { a: 1, o: 1 }, name: 'a' },
      { key: { k: 1, o: 1 }, name: 'k' },
      { key: { up: 1, o: 1 }, name: 'up' },
      { key: { o: 1 }, name: 'o' },
      { key: { d: 1 }, name: 'd' },
    ],
    // acknowledged by a majority: what is in the collection is then there as well
    { commitQuorum: 'majority' },
  );
  return codes.size;
}
