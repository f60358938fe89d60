// `wardgate terminology load|list|unload`: code systems that the operator brings, in the database of the running server, or of one that is not running.
import { basename } from 'node:path';
import { FhirError } from '../fhir/model/errors.ts';
import type { ConceptStore, LoadedSystem } from '../fhir/storage/concepts.ts';
import { createConceptStore } from '../fhir/storage/mongo/concepts/index.ts';
import { type LoadWishes, loadRelease, type OnProgress } from '../fhir/terminology/releases/index.ts';
import { systemClock } from '../platform/clock/clock.ts';
import type { Config } from '../platform/config/config.ts';
import { withDatabase } from './database.ts';
import { createProgress, type Progress } from './progress.ts';

/** Returns the exit code: 1 where a release was refused. */
export function runTerminologyLoad(config: Config, paths: readonly string[], wishes: LoadWishes): Promise<number> {
  return withConcepts(config, async (store) => {
    let code = 0;
    for (const path of paths) {
      const start = systemClock();
      const { onProgress, end } = shown(basename(path));
      try {
        const loaded = await loadRelease(path, store, wishes, onProgress).finally(end);
        const seconds = Math.round((systemClock() - start) / 1000);
        console.log(`${named(loaded)} is loaded: ${loaded.concepts} concepts in ${seconds} s.`);
      } catch (error) {
        if (!(error instanceof FhirError)) throw error;
        console.error(`${path}: ${error.message}`);
        code = 1;
      }
    }
    return code;
  });
}

export function runTerminologyList(config: Config): Promise<number> {
  return withConcepts(config, async (store) => {
    const systems = await store.list();
    if (systems.length === 0) console.log('No code system is loaded.');
    for (const system of systems) {
      const day = new Date(system.loadedAt).toISOString().slice(0, 16);
      console.log(`${named(system)}  ${system.title}, ${system.concepts} concepts, loaded ${day}Z`);
    }
    return 0;
  });
}

/** `url` means all its versions. */
export function runTerminologyUnload(config: Config, canonical: string): Promise<number> {
  return withConcepts(config, async (store) => {
    const bar = canonical.indexOf('|');
    const gone =
      bar === -1
        ? await store.unload(canonical)
        : await store.unload(canonical.slice(0, bar), canonical.slice(bar + 1));
    for (const system of gone) console.log(`${named(system)} is unloaded.`);
    if (gone.length === 0) console.error(`${canonical} is not loaded; \`npm run terminology -- list\` shows what is.`);
    return gone.length === 0 ? 1 : 0;
  });
}

const named = ({ url, version }: LoadedSystem): string => `${url}|${version}`;

/** One line while files are read, a bar while concepts are written. */
function shown(label: string): { onProgress: OnProgress; end: () => void } {
  let progress: Progress | undefined;
  return {
    onProgress: ({ what, done, total }) => {
      if (done === undefined || total === undefined) {
        console.error(`${label}: reading ${what} …`);
        return;
      }
      progress ??= createProgress(label, total);
      progress.update(done, `${done}/${total}`);
    },
    end: () => progress?.end(),
  };
}

const withConcepts = (config: Config, work: (store: ConceptStore) => Promise<number>): Promise<number> =>
  withDatabase(config, (db) => work(createConceptStore({ db, now: systemClock })));
