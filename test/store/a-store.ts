// A store on a database of the test's own, with an extractor whose keys are written in the resource itself: what is tested is
// the storage, not what search makes of FHIR.
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import type { Interval, KeyExtractor, SearchKeys } from '../../src/fhir/model/keys.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { createMongoStore, type MongoStore, type MongoStoreDeps } from '../../src/fhir/storage/mongo/index.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';

export interface TestStore extends FreshDatabase {
  store: MongoStore;
  /** another store on the same database, as another process would have */
  another(deps?: Partial<MongoStoreDeps>): Promise<MongoStore>;
}

const noKeys: SearchKeys = { k: [], t: [], s: [], d: [], q: [], sd: null };

/** JSON has no infinity. */
const revived = (value: unknown): number =>
  value === 'inf' ? Infinity : value === '-inf' ? -Infinity : (value as number);
const written = (value: number): number | string => (Number.isFinite(value) ? value : value > 0 ? 'inf' : '-inf');

export function writtenKeys(version: string): KeyExtractor {
  return {
    version: () => version,
    extract(resource) {
      const keys = (resource.keys ?? {}) as Partial<SearchKeys>;
      const interval = ({ lo, hi, ...more }: Interval) => ({ ...more, lo: revived(lo), hi: revived(hi) });
      return { ...noKeys, ...keys, d: (keys.d ?? []).map(interval), q: (keys.q ?? []).map(interval) };
    },
  };
}

export function withKeys(
  resourceType: string,
  keys: Partial<SearchKeys>,
  more: Record<string, unknown> = {},
): Resource {
  const intervals = (list: SearchKeys['d'] = []) =>
    list.map(({ lo, hi, ...more }) => ({ ...more, lo: written(lo), hi: written(hi) }));
  return { resourceType, keys: { ...keys, d: intervals(keys.d), q: intervals(keys.q) }, ...more };
}

export async function aStore(name: string, deps: Partial<MongoStoreDeps> = {}): Promise<TestStore> {
  const fresh = await freshDatabase(name);
  let workers = 0;
  const another = async (more: Partial<MongoStoreDeps> = {}): Promise<MongoStore> => {
    const store = await createMongoStore({
      db: fresh.db,
      client: fresh.client,
      definitions: loadDefinitions(),
      extractor: writtenKeys('1'),
      now: Date.now,
      workerId: workers++,
      logger: { error: (message, details) => console.error(message, details) },
      ...deps,
      ...more,
    });
    await store.prepare();
    return store;
  };
  return { ...fresh, store: await another(), another };
}

/** The error of a promise that must fail. */
export async function failure(work: Promise<unknown>): Promise<{ kind: string; message: string }> {
  try {
    await work;
  } catch (error) {
    return error as { kind: string; message: string };
  }
  throw new Error('it did not fail');
}

export const json = (bytes: Buffer | null | undefined): Record<string, unknown> =>
  JSON.parse(String(bytes)) as Record<string, unknown>;
