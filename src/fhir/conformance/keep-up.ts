// Keeps what this process knows of definitions in line with the database, where other processes and the package command write too.
import { every } from '../../platform/clock/every.ts';
import type { DefinitionRevision, DefinitionStore } from '../storage/definitions.ts';
import type { Packages } from './packages.ts';
import type { Stored } from './stored.ts';

export interface KeepUpDeps {
  definitionStore: DefinitionStore;
  packages: Packages;
  stored: Stored;
  types: ReadonlySet<string>;
  now: () => number;
  onError: (error: unknown) => void;
}

export interface KeepUp {
  /** looks at once, for those who cannot wait */
  look(): Promise<void>;
  stop(): Promise<void>;
}

const EVERY_MS = 1000;
/** A write is visible some time after the moment it names: the longest transaction, and clocks that differ. */
const LATE_MS = 330_000;
/** A process may have ended between a write and the telling of it. */
const LOOK_AT_ALL_MS = 60_000;

/** Reads everything once, then only what changed. */
export async function keepUp(deps: KeepUpDeps): Promise<KeepUp> {
  const { definitionStore, packages, stored, types, now, onError } = deps;
  let known: DefinitionRevision = await definitionStore.revision();
  let lookedAtAll = now();
  await Promise.all([packages.refresh(), stored.refresh(types)]);

  async function compare(): Promise<void> {
    const found = await definitionStore.revision();
    const time = now();
    const isDue = time - lookedAtAll >= LOOK_AT_ALL_MS;
    if (isDue || found.packages !== known.packages) await packages.refresh();
    const changed = [...types].filter((type) => isDue || found.stored[type] !== known.stored[type]);
    await stored.refresh(changed, lookedAtAll - LATE_MS);
    known = found;
    if (isDue) lookedAtAll = time;
  }

  let running: Promise<void> = Promise.resolve();
  const look = (): Promise<void> => {
    running = running.then(compare);
    return running;
  };
  const repeated = every(EVERY_MS, look, (error) => {
    running = Promise.resolve();
    onError(error);
  });

  return {
    async look() {
      try {
        await look();
      } catch (error) {
        running = Promise.resolve();
        throw error;
      }
    },
    async stop() {
      repeated.stop();
      await running.catch(() => undefined);
    },
  };
}
