// The port between the engine and the database. Interactions, operations and hospital rules know only this file;
// storage/mongo is the one room that implements it. A store belongs to one tenant (one database).
import type { Issue } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import type { Resource } from '../model/resource.ts';

/** One version of one resource as stored. */
export interface Version {
  type: string;
  id: string;
  version: number;
  /** meta.lastUpdated, ms since 1970 */
  lastUpdated: number;
  /** the exact JSON to serve (id, meta.versionId and meta.lastUpdated inside); null for a deletion */
  bytes: Buffer | null;
  /** how this version came to be (Bundle.entry.request.method in a history) */
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** the resource's `k` and `t` entries, only where `wantKeys` and where they are up to date */
  keys?: readonly string[];
  tokens?: readonly string[];
}

export interface ReadOptions {
  /** exact keys and tokens of the current version, to judge it by them without its content */
  wantKeys?: boolean;
}

export type SortKey =
  | { by: 'id' | 'lastUpdated'; descending: boolean }
  /** the type's main date (`sd`) */
  | { by: 'main-date'; descending: boolean }
  /** the type's main name (`sn`, `sx`): the first of several ascending, the last descending; missing values last */
  | { by: 'main-name'; descending: boolean }
  /** how far places are from this one (`near`); never descending */
  | { by: 'distance'; longitude: number; latitude: number; descending: false }
  /** any search parameter: the smallest (ascending) or largest (descending) of its keys; missing values last */
  | { by: 'param'; in: 'k' | 's' | 'd' | 'q'; param: string; descending: boolean };

export interface FindQuery {
  type: string;
  where: Predicate;
  /** the caller asked for a list of these, or they are added to one; absent: they are looked up for something else */
  purpose?: 'listing' | 'include';
  /** empty: an order of the store's choice, stable over pages */
  sort: readonly SortKey[];
  /** page size; 0 with `total` gives only a count */
  limit: number;
  /** the `next` of the page before, as it came */
  after?: string;
  total: 'none' | 'estimate' | 'accurate';
  /** reference keys (`<param>|Type/id`) are wanted for includes */
  wantReferences?: boolean;
  /** tokens with their system are wanted, to tell apart which of many criteria a match meets */
  wantTokens?: boolean;
  /** the bytes are not wanted: an empty Buffer stands in their place */
  leaveBytes?: boolean;
  /** asks the database once more, to fill `examined` */
  explain?: boolean;
}

/** Several types as one list in one order. Whatever was written meanwhile, pages go on after the last match, as those of one type do. */
export interface FindAcrossQuery {
  /** one for each type, with as many sort keys of the same kind each; their own pages do not count */
  queries: readonly FindQuery[];
  limit: number;
  after?: string;
  /** as in FindQuery, of all types together */
  explain?: boolean;
}

export interface Match {
  type: string;
  id: string;
  version: number;
  lastUpdated: number;
  bytes: Buffer;
  /** where the type's main date begins, ms; null where it has none */
  mainDate?: number | null;
  /** the resource's `k` entries, only where `wantReferences` */
  keys?: readonly string[];
  /** the resource's `t` entries, only where `wantTokens` */
  tokens?: readonly string[];
}

export interface FindPage {
  matches: Match[];
  /** opaque, to be passed as `after`; absent on the last page */
  next?: string;
  /** where asked for, or known for free (the whole result is on this page) */
  total?: number;
  /** what the database did, where `explain` asked for it */
  examined?: Examined;
}

/** How the database found a page, or the count where only that was asked for. No value of a resource is in it. */
export interface Examined {
  keys: number;
  documents: number;
  /** names of the indexes; empty where none was used */
  indexes: readonly string[];
  /** whether what was found had to be sorted, because no index gave the order */
  isSorted: boolean;
  /** for all of the search: joins, codes in use, the page, the total; those for `examined` itself are not among them */
  commands: number;
}

/** Of all resources of a type. */
export interface DistinctQuery {
  type: string;
  /** codes of parameters: the keys of `k` that begin with `<param>|` */
  params: readonly string[];
  /** more different keys than this are refused (`too-costly`) */
  limit: number;
}

export interface HistoryQuery {
  scope: { level: 'instance'; type: string; id: string } | { level: 'type'; type: string } | { level: 'system' };
  /** ms; only versions at or after it */
  since?: number;
  /** ms; only versions current at some time in this interval */
  at?: { lo: number; hi: number };
  limit: number;
  after?: string;
}

export interface HistoryPage {
  versions: Version[];
  next?: string;
  total?: number;
}

/**
 * One change. `resource` carries neither versionId nor lastUpdated; the store adds them.
 * - create: a new id is chosen where none is given. `ifNoneExist` makes it conditional: a match found under the claim is
 *   returned in place of a new version (`created: false`); several matches throw `multiple-matches`.
 * - update: creates the resource where it does not exist (upsert). `ifVersion` is If-Match: another current version throws
 *   `precondition`; 0 means "must not exist". `ifVersion` absent: last writer wins, each write its own version.
 * - delete: deleting what is deleted or never was changes nothing.
 */
export type Write =
  | { kind: 'create'; type: string; id?: string; resource: Resource; ifNoneExist?: ConditionalCreate }
  | { kind: 'update'; type: string; id: string; resource: Resource; ifVersion?: number; method?: 'PUT' | 'PATCH' }
  | { kind: 'delete'; type: string; id: string; ifVersion?: number };

export interface ConditionalCreate {
  /** canonical text of the criteria: equal criteria give equal text */
  canonical: string;
  where: Predicate;
  /** inside a transaction: the caller has looked there and nothing met the criteria, so the store need not look again */
  isAbsent?: true;
}

export interface Written extends Version {
  created: boolean;
  /** false where nothing had to be written (conditional create found a match, delete of nothing) */
  changed: boolean;
  /** what the writer should know of it, though it did not stop the write */
  findings?: readonly Issue[];
}

/** A small document outside the resources that guards something that can be won once: a slot's places, a bed, a lot's stock. */
export interface Place {
  _id: string;
  [field: string]: unknown;
}

/** Inside a transaction: reads see one snapshot and the transaction's own writes; nothing is visible outside before commit. */
export interface Transaction {
  read(type: string, id: string): Promise<Version | undefined>;
  readMany(references: readonly { type: string; id: string }[]): Promise<(Version | undefined)[]>;
  find(query: FindQuery): Promise<FindPage>;
  /** one database command per type and kind of change, in the order of `writes` in the result */
  write(writes: readonly Write[]): Promise<Written[]>;
  /**
   * Guarded change of a place: applies MongoDB update operators where `guard` holds and returns the document after it,
   * or undefined where no document met the guard. `insert` makes the document first where it does not exist.
   */
  changePlace(
    kind: string,
    id: string,
    guard: Readonly<Record<string, unknown>>,
    update: Readonly<Record<string, unknown>>,
    insert?: Readonly<Record<string, unknown>>,
  ): Promise<Place | undefined>;
  readPlace(kind: string, id: string): Promise<Place | undefined>;
  removePlace(kind: string, id: string): Promise<void>;
  /**
   * Work on collections beside the resources (accounts) that belongs to this transaction. `session` is the database's own, for the models
   * of who asks; other work of the transaction waits meanwhile.
   */
  alongside<T>(work: (session: unknown) => Promise<T>): Promise<T>;
  /** runs after the commit, once; never if the transaction fails */
  afterCommit(action: () => void | Promise<void>): void;
}

export interface TransactionOptions {
  /** names (for example `Slot/s1`) that queue inside this process, so that a crowd does not retry against itself */
  locks?: readonly string[];
  /** what `work` is going to write, where that is known: the locks of the hospital's rules are taken for it (with-rules.ts) */
  expected?: readonly Write[];
}

export interface Store {
  /** the id of a resource to be created, for those who must know it before they write: unique, nearly ordered by time */
  newId(): string;
  /** micro-batched; undefined where it never existed; a Version with `bytes: null` where deleted */
  read(type: string, id: string, options?: ReadOptions): Promise<Version | undefined>;
  readMany(
    references: readonly { type: string; id: string }[],
    options?: ReadOptions,
  ): Promise<(Version | undefined)[]>;
  vread(type: string, id: string, version: number): Promise<Version | undefined>;
  find(query: FindQuery): Promise<FindPage>;
  /** without a total */
  findAcross(query: FindAcrossQuery): Promise<FindPage>;
  /** for each distinct key of the parameters a resource that has it, with its keys and tokens; one resource may stand for several keys */
  distinct(query: DistinctQuery): Promise<Match[]>;
  history(query: HistoryQuery): Promise<HistoryPage>;
  /** one change, without a transaction where none is needed; micro-batched */
  write(change: Write): Promise<Written>;
  /** what the change would tell its writer (`findings`), and errors that would stop it, without making it; absent where nobody judges */
  foretell?(change: Write): Promise<readonly Issue[]>;
  /** runs `work` at least once and commits it at most once; a write conflict with another transaction runs it again */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
}
