// The collections and indexes of a tenant's database. 146 types times two collections would make a slow start, so a type gets
// its own on its first write; reading what is not there is reading nothing.
import { createHash } from 'node:crypto';
import { type Collection, type Db, type IndexDescription, MongoServerError } from 'mongodb';
import type { Definitions } from '../../definitions/definitions.ts';
import { mainNameOf } from '../../definitions/main-name.ts';
import { isSameBase } from '../../model/keys.ts';
import type { HistoryDocument, StoredDocument } from './document.ts';
import { hasGrams } from './grams.ts';

export interface Collections {
  current(type: string): Collection<StoredDocument>;
  history(type: string): Collection<HistoryDocument>;
  /** before the first write of a type, outside any transaction; costs nothing afterwards */
  ensure(type: string): Promise<void> | undefined;
  /** reads what exists, and brings indexes of an older release up to date */
  prepare(): Promise<void>;
  /** the types that have resources, by what this process knows; `refresh` asks the database */
  existing(): readonly string[];
  refresh(): Promise<readonly string[]>;
  /** types whose documents may carry keys of another extractor version */
  isStale(type: string): boolean;
  staleTypes(): readonly string[];
  /** types whose documents may lack keys of an added parameter, or have those of one that is gone; stale ones first. Asks the database. */
  outdatedTypes(): Promise<readonly string[]>;
  markFresh(type: string, version: string): Promise<void>;
  /** a new search parameter may be the first of its kind on the type */
  bringIndexes(type: string, isForced: boolean): Promise<void>;
}

/** One per type that has resources: which indexes it has and by which extractor its keys were made. */
interface SchemaDocument {
  _id: string;
  indexes: string;
  kv: string;
}

/** covers a count of all documents, deleted ones included */
export const TIME_INDEX = { u: 1, n: 1 } as const;
export const TOMBSTONE_INDEX = { x: 1 } as const;
/**
 * The whole type in the order of the main date. Being partial, MongoDB considers it only for filters that ask for this condition, so that it
 * never competes with the keys index for a frequent key, to be then cached and used for a rare one.
 */
export const NOT_DELETED = { j: { $exists: true } } as const;
/** Considered only for filters that say a class of length (date-ranges.ts). */
const DATED = { w: { $exists: true } } as const;
const SCHEMA = 'schema';
const NAMESPACE_EXISTS = 48;
/** another process may have finished the re-extraction */
const STALE_RECHECK_MS = 5_000;

export function createCollections(deps: {
  db: Db;
  definitions: Definitions;
  keyVersion: (type: string) => string;
  now: () => number;
  /** whether resources come with their words */
  hasWords: boolean;
}): Collections {
  const { db, definitions, keyVersion, now, hasWords } = deps;
  const schema = db.collection<SchemaDocument>(SCHEMA);
  const ready = new Set<string>();
  const preparing = new Map<string, Promise<void>>();
  const known = new Set<string>();
  const stale = new Set<string>();
  const indexed = new Map<string, string>();
  const currents = new Map<string, Collection<StoredDocument>>();
  const histories = new Map<string, Collection<HistoryDocument>>();
  let staleReadAt = 0;

  function cached<T>(map: Map<string, T>, key: string, make: () => T): T {
    let value = map.get(key);
    if (value === undefined) {
      value = make();
      map.set(key, value);
    }
    return value;
  }

  async function build(type: string): Promise<void> {
    const indexes = indexesOf(definitions, type, hasWords);
    await Promise.all([
      createCollection(db, type).then(() => db.collection(type).createIndexes(indexes)),
      createCollection(db, `${type}_h`).then(() => db.collection(`${type}_h`).createIndexes(HISTORY_INDEXES)),
    ]);
    await schema.updateOne(
      { _id: type },
      { $set: { indexes: fingerprint(indexes) }, $setOnInsert: { kv: keyVersion(type) } },
      { upsert: true, writeConcern: { w: 'majority' } },
    );
    ready.add(type);
    known.add(type);
    indexed.set(type, fingerprint(indexes));
  }

  async function readSchema(): Promise<SchemaDocument[]> {
    const documents = await schema.find({}).toArray();
    staleReadAt = now();
    stale.clear();
    for (const { _id, kv } of documents) {
      known.add(_id);
      if (!isSameBase(kv, keyVersion(_id))) stale.add(_id);
    }
    return documents;
  }

  return {
    current: (type) => cached(currents, type, () => db.collection<StoredDocument>(type)),
    history: (type) => cached(histories, type, () => db.collection<HistoryDocument>(`${type}_h`)),
    ensure(type) {
      if (ready.has(type)) return undefined;
      return cached(preparing, type, () =>
        build(type).catch((error: unknown) => {
          preparing.delete(type);
          throw error;
        }),
      );
    },
    async prepare() {
      await Promise.all([createCollection(db, 'places'), createCollection(db, 'claims')]);
      const outdated: string[] = [];
      for (const { _id, indexes } of await readSchema()) {
        indexed.set(_id, indexes);
        if (indexes === fingerprint(indexesOf(definitions, _id, hasWords))) ready.add(_id);
        else outdated.push(_id);
      }
      for (const type of outdated) {
        await dropOutdated(db, type, indexesOf(definitions, type, hasWords));
        await build(type);
      }
    },
    existing: () => [...known],
    async refresh() {
      await readSchema();
      return [...known];
    },
    isStale(type) {
      if (stale.size === 0) return false;
      if (now() - staleReadAt > STALE_RECHECK_MS) {
        staleReadAt = now();
        // this search still takes the careful way; a later one is told
        void readSchema().catch(() => undefined);
      }
      return stale.has(type);
    },
    staleTypes: () => [...stale],
    async outdatedTypes() {
      const outdated = (await readSchema()).filter(({ _id, kv }) => kv !== keyVersion(_id)).map(({ _id }) => _id);
      return outdated.sort((a, b) => Number(stale.has(b)) - Number(stale.has(a)));
    },
    async markFresh(type, version) {
      await schema.updateOne({ _id: type }, { $set: { kv: version } }, { writeConcern: { w: 'majority' } });
      stale.delete(type);
    },
    async bringIndexes(type, isForced) {
      if (isForced || indexed.get(type) !== fingerprint(indexesOf(definitions, type, hasWords))) await build(type);
    },
  };
}

const HISTORY_INDEXES: IndexDescription[] = [{ key: { u: 1, n: 1 } }];

/** Only the kinds of index that the type's search parameters can fill. */
function indexesOf(definitions: Definitions, type: string, hasWords: boolean): IndexDescription[] {
  // `_lastUpdated`, `_id` and the like are not among the keys, or are tokens and uris as every type has
  const parameters = [...definitions.searchParameters(type).values()].filter(({ code }) => !code.startsWith('_'));
  const has = (...types: string[]): boolean => parameters.some((one) => types.includes(one.type));
  const indexes: IndexDescription[] = [
    { key: { k: 1, sd: -1, n: 1 } },
    { key: { sd: -1, n: 1 }, partialFilterExpression: NOT_DELETED },
    { key: TIME_INDEX },
    { key: TOMBSTONE_INDEX, sparse: true },
  ];
  if (mainNameOf(parameters)) indexes.push({ key: { sn: 1, n: 1 } }, { key: { sx: -1, n: 1 } });
  if (has('date')) indexes.push({ key: { w: 1, sd: -1, n: 1 }, partialFilterExpression: DATED });
  if (has('date', 'composite')) indexes.push({ key: { 'd.p': 1, 'd.lo': 1, 'd.hi': 1 }, sparse: true });
  if (has('number', 'quantity', 'composite')) indexes.push({ key: { 'q.p': 1, 'q.lo': 1, 'q.hi': 1 }, sparse: true });
  if (has('string', 'token')) indexes.push({ key: { s: 1 }, sparse: true });
  if (parameters.some((one) => one.type === 'string' && hasGrams(one.code)))
    indexes.push({ key: { g: 1 }, sparse: true });
  if (parameters.some(({ code }) => code === 'near')) indexes.push({ key: { l: '2dsphere' } });
  if (hasWords) indexes.push({ key: { f: 1 }, sparse: true });
  return indexes;
}

/** MongoDB refuses an index whose options differ from those of one it has. */
async function dropOutdated(db: Db, type: string, wanted: readonly IndexDescription[]): Promise<void> {
  const spelled = (index: Record<string, unknown> | IndexDescription): string =>
    JSON.stringify([index.key, index.sparse === true, index.partialFilterExpression ?? null]);
  const kept = new Set(wanted.map(spelled));
  for (const index of await db.collection(type).indexes())
    if (index.name !== '_id_' && index.name !== undefined && !kept.has(spelled(index)))
      await db.collection(type).dropIndex(index.name);
}

const fingerprint = (indexes: readonly IndexDescription[]): string =>
  createHash('sha256').update(JSON.stringify(indexes)).digest('base64url').slice(0, 8);

/** zstd halves the disk against snappy and costs 7 µs a document. Another process may be making the same collection. */
async function createCollection(db: Db, name: string): Promise<void> {
  try {
    await db.createCollection(name, { storageEngine: { wiredTiger: { configString: 'block_compressor=zstd' } } });
  } catch (error) {
    if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error;
  }
}
