// The store on MongoDB: one database per tenant, one collection per resource type and one for its superseded versions.
// docs/adr/0001-raw-bytes-and-key-arrays.md says why it looks as it does.
import type { Db, MongoClient } from 'mongodb';
import type { Definitions } from '../../definitions/definitions.ts';
import type { KeyExtractor } from '../../model/keys.ts';
import type { Store } from '../store.ts';
import { createClaims } from './claims.ts';
import { createCodes } from './codes.ts';
import { createCollections } from './collections.ts';
import { createDistinct } from './distinct.ts';
import { named } from './failures.ts';
import { createFinder } from './find.ts';
import { createFindAcross } from './find-across.ts';
import { createHistory } from './history.ts';
import { createInFlight } from './in-flight.ts';
import type { KeyView } from './key-view.ts';
import { createPlaces } from './places.ts';
import { createReader } from './reader.ts';
import { createReextract, type ReextractOptions, type ReextractResult } from './reextract.ts';
import { createSequence } from './sequence.ts';
import { createTransactions } from './transaction.ts';
import { createWriter } from './writer.ts';

export interface MongoStoreDeps {
  /** the tenant's database */
  db: Db;
  client: MongoClient;
  definitions: Definitions;
  extractor: KeyExtractor;
  now: () => number;
  /** from worker-lease.ts: unique among the processes on this database */
  workerId: number;
  logger: { error(message: string, details?: Record<string, unknown>): void };
  /** the longest a search may take in the database, ms */
  searchMs?: number;
  /** where parameters change at run time (key-view.ts): a write that makes keys is in work until the result is called */
  enter?: KeyView['enter'];
}

export interface MongoStore extends Store {
  /** makes what every database needs and brings an older release's indexes up to date; a type's collections are made on its first write */
  prepare(): Promise<void>;
  /** types whose keys were made by another version of the extractor; searches on them are right but slow until `reextract` is through */
  staleTypes(): readonly string[];
  /** types with keys of another version, of published parameters or of added ones */
  outdatedTypes(): Promise<readonly string[]>;
  reextract(options?: ReextractOptions): Promise<ReextractResult>;
  /** about how many documents the type has, deleted ones included */
  sizeOf(type: string): Promise<number>;
  /** versions below this time are all visible, as far as this process knows (in-flight.ts) */
  settledBefore(): number;
  /** an id for a resource that is not written yet: short, time-ordered, unique */
  newId(): string;
  /** ends background work; the client belongs to the caller */
  close(): Promise<void>;
}

const always = () => () => undefined;

const SEARCH_MS = 30_000;
/** Synthea's largest bundle, 17,682 entries, needs longer than MongoDB's 60 s on a slow machine */
const TRANSACTION_SECONDS = 300;

export async function createMongoStore(deps: MongoStoreDeps): Promise<MongoStore> {
  const { db, client, definitions, extractor, now, workerId, logger, searchMs = SEARCH_MS, enter = always } = deps;
  const collections = createCollections({
    db,
    definitions,
    keyVersion: extractor.version,
    now,
    hasWords: extractor.hasWords ?? false,
  });
  const codes = createCodes(db);
  const sequence = createSequence(workerId, now);
  const inFlight = createInFlight(now);
  const finder = createFinder({ collections, codes, extractor, searchMs });
  const findAcross = createFindAcross({ collections, finder });
  const claims = createClaims(db);
  const reader = createReader(collections, extractor.version);
  const distinct = createDistinct({ collections, searchMs });
  const history = createHistory(collections, searchMs);
  const places = createPlaces(db);
  const shared = { collections, codes, extractor, sequence, inFlight, claims, finder };
  const write = createWriter(shared);
  const transaction = createTransactions({ ...shared, client, places, logger });
  async function inside<T>(work: () => Promise<T>): Promise<T> {
    const entered = enter();
    const leave = entered instanceof Promise ? await entered : entered;
    try {
      return await work();
    } finally {
      leave();
    }
  }

  let closed = false;
  let background: Promise<unknown> = Promise.resolve();
  const reextract = createReextract({ collections, codes, extractor, isClosed: () => closed, enter });

  return {
    read: (type, id, options) => named(reader.read(type, id, options)),
    readMany: (references, options) =>
      named(Promise.all(references.map(({ type, id }) => reader.read(type, id, options)))),
    vread: (type, id, version) => named(reader.vread(type, id, version)),
    find: (query) => named(finder.find(query)),
    distinct: (query) => named(distinct(query)),
    findAcross: (query) => named(findAcross(query)),
    history: (query) => named(history(query)),
    write: (change) => inside(() => write(change)),
    transaction: (work, options) => inside(() => transaction(work, options)),
    async prepare() {
      await collections.prepare();
      await claims.prepare();
      await codes.prepare();
      await allowLongTransactions(client);
    },
    staleTypes: () => collections.staleTypes(),
    outdatedTypes: () => collections.outdatedTypes(),
    sizeOf: (type) => collections.current(type).estimatedDocumentCount(),
    reextract(options) {
      const running = reextract(options);
      background = running.catch(() => undefined);
      return running;
    },
    settledBefore: inFlight.settledBefore,
    newId: sequence.newId,
    async close() {
      closed = true;
      await background;
    },
  };
}

/** Where the server lets us; a hosted database keeps its own limit. */
async function allowLongTransactions(client: MongoClient): Promise<void> {
  const name = 'transactionLifetimeLimitSeconds';
  try {
    const admin = client.db('admin');
    const current = await admin.command({ getParameter: 1, [name]: 1 });
    if (Number(current[name]) < TRANSACTION_SECONDS)
      await admin.command({ setParameter: 1, [name]: TRANSACTION_SECONDS });
  } catch {
    // not ours to set
  }
}
