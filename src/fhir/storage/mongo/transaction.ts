// Several changes as one fact: a MongoDB transaction (snapshot, majority) that starts again on a write conflict. What costs is the
// number of commands, so a write is one command per type and kind of change (docs/adr/0002-writes-without-transaction.md).
import type { ClientSession, Collection, MongoClient } from 'mongodb';
import { createAdmission } from '../../../platform/admission/admission.ts';
import { FhirError } from '../../model/errors.ts';
import type { CodeInUse, KeyExtractor } from '../../model/keys.ts';
import type { Store, Transaction, Version, Write, Written } from '../store.ts';
import type { Claims } from './claims.ts';
import type { Codes } from './codes.ts';
import type { Collections } from './collections.ts';
import { claimKey, findMatch } from './conditional.ts';
import { alreadyExists, type Decision, decide, historyDocument, type Overwrite, type Stamps } from './decide.ts';
import { currentDocument, type Prepared, prepare, type StoredDocument, versionOf } from './document.ts';
import { failureOf, isCommitUnknown, isDuplicateKey, isTransientInTransaction } from './failures.ts';
import type { Finder } from './find.ts';
import { groupBy } from './group-by.ts';
import type { InFlight } from './in-flight.ts';
import { createLocks } from './locks.ts';
import type { Places } from './places.ts';
import { rawVersion, readDocuments } from './reader.ts';
import { RestartTransaction } from './restart.ts';
import type { Sequence } from './sequence.ts';

export interface TransactionDeps {
  client: MongoClient;
  collections: Collections;
  codes: Codes;
  extractor: KeyExtractor;
  sequence: Sequence;
  inFlight: InFlight;
  claims: Claims;
  finder: Finder;
  places: Places;
  logger: { error(message: string, details?: Record<string, unknown>): void };
}

const OPTIONS = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority' },
  readPreference: 'primary',
} as const;

/** For starting again after conflicts; a single run may take as long as the database lets a transaction live. */
const RETRY_MS = 60_000;
const LONGEST_PAUSE_MS = 250;
/** of one command: far below the limit of a message, and little memory at a time */
const CHUNK_BYTES = 8 * 1024 * 1024;
const CHUNK_DOCUMENTS = 2_000;

/**
 * Uncommitted changes stay in the database's cache, and together they must fit: beyond it the database rolls transactions back as if they
 * had met a conflict. So many expected writes may be in work at once; a larger Bundle has its turn alone.
 */
const WRITES_IN_WORK = 10_000;
const SMALL = 100;

export function createTransactions(deps: TransactionDeps): Store['transaction'] {
  const { client, collections, logger } = deps;
  const locks = createLocks();
  const admission = createAdmission(WRITES_IN_WORK);

  async function runOnce<T>(session: ClientSession, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const running = startTransaction(deps, session);
    session.startTransaction(OPTIONS);
    try {
      const result = await work(running.tx);
      await running.idle();
      // work may have caught what ended the transaction; it is over all the same
      if (running.ended()) throw running.ended();
      await commit(session);
      await runAfterCommit(running.after, logger);
      return result;
    } catch (error) {
      await running.idle();
      if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
      throw running.ended() ?? error;
    } finally {
      running.end();
    }
  }

  async function runUntilCommitted<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const session = client.startSession();
    const start = performance.now();
    try {
      for (let tries = 0; ; tries++) {
        try {
          return await runOnce(session, work);
        } catch (error) {
          const restarts = error instanceof RestartTransaction || isTransientInTransaction(error);
          if (!restarts) throw failureOf(error);
          if (performance.now() - start > RETRY_MS) throw contention(error);
          if (error instanceof RestartTransaction && error.first) await error.first();
          else await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, 5 * 1.5 ** tries));
        }
      }
    } finally {
      await session.endSession();
    }
  }

  return async (work, options = {}) => {
    const { locks: names = [], expected = [] } = options;
    await ensureCollections(collections, expected);
    if (expected.length <= SMALL) return locks.run(names, () => runUntilCommitted(work));
    // before the locks: who waits here must not hold what others wait for
    const leave = await admission.enter(expected.length);
    try {
      return await locks.run(names, () => runUntilCommitted(work));
    } finally {
      leave();
    }
  };
}

/** undefined where there is nothing to wait for */
function ensureCollections(collections: Collections, writes: readonly Write[]): Promise<unknown> | undefined {
  const missing = [...new Set(writes.map(({ type }) => type))].flatMap((type) => collections.ensure(type) ?? []);
  return missing.length === 0 ? undefined : Promise.all(missing);
}

/** The commit may have happened although its answer was lost: asking again is safe, doing the work again is not. */
async function commit(session: ClientSession): Promise<void> {
  const start = performance.now();
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (!isCommitUnknown(error) || performance.now() - start > RETRY_MS) throw error;
      await pause(50);
    }
  }
}

async function runAfterCommit(
  actions: readonly (() => void | Promise<void>)[],
  logger: TransactionDeps['logger'],
): Promise<void> {
  for (const action of actions) {
    try {
      await action();
    } catch (error) {
      logger.error('an action after a commit failed', { error: error instanceof Error ? error.stack : String(error) });
    }
  }
}

function startTransaction(deps: TransactionDeps, session: ClientSession) {
  const { collections, codes, extractor, sequence, inFlight, claims, finder, places } = deps;
  const after: (() => void | Promise<void>)[] = [];
  const begun: (() => void)[] = [];
  let last: Promise<unknown> = Promise.resolve();
  let ended: unknown;

  /** A session carries one command at a time, callers need not know. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(async () => {
      if (ended) throw ended;
      try {
        return await work();
      } catch (error) {
        // after any failure of the database the transaction is aborted there
        if (!(error instanceof FhirError)) ended = error;
        throw error;
      }
    });
    last = mine.catch(() => undefined);
    return mine;
  }

  const stamps: Stamps = {
    time(before) {
      const { time, end } = inFlight.begin(before);
      begun.push(end);
      return time;
    },
    n: sequence.next,
    keyVersion: extractor.version,
  };

  const documentsOf = (type: string, ids: readonly string[]) =>
    readDocuments(collections.current(type) as unknown as Collection<{ _id: string }>, ids, { session });

  async function readMany(references: readonly { type: string; id: string }[]): Promise<(Version | undefined)[]> {
    const versions = new Map<string, Version>();
    for (const [type, group] of groupBy(references, (reference) => reference.type)) {
      const found = await documentsOf(
        type,
        group.map(({ id }) => id),
      );
      for (const [id, raw] of found) versions.set(`${type}/${id}`, rawVersion(type, id, raw));
    }
    return references.map(({ type, id }) => versions.get(`${type}/${id}`));
  }

  async function write(writes: readonly Write[]): Promise<Written[]> {
    await requireCollections(writes);
    const results = new Array<Written | undefined>(writes.length);
    for (const round of roundsOf(writes)) await writeRound(writes, round, results);
    return results as Written[];
  }

  /** Collections are made outside of transactions, which then start again: better to have said what is expected. */
  async function requireCollections(writes: readonly Write[]): Promise<void> {
    const missing = ensureCollections(collections, writes);
    if (missing) throw new RestartTransaction('collections are missing', () => missing);
  }

  async function writeRound(writes: readonly Write[], round: readonly number[], results: (Written | undefined)[]) {
    const same = await answerConditions(writes, round, results);
    for (const [type, group] of groupBy(
      round.filter((index) => results[index] === undefined && !same.has(index)),
      (index) => writes[index]!.type,
    ))
      await writeType(type, writes, group, results);
    for (const [index, of] of same) results[index] = { ...results[of]!, created: false, changed: false };
  }

  /** Conditional creations: fills in what matches already; equal criteria in one write share one result. */
  async function answerConditions(
    writes: readonly Write[],
    round: readonly number[],
    results: (Written | undefined)[],
  ): Promise<Map<number, number>> {
    const first = new Map<string, number>();
    const same = new Map<number, number>();
    for (const index of round) {
      const change = writes[index]!;
      if (change.kind !== 'create' || !change.ifNoneExist) continue;
      const key = claimKey(change.type, change.ifNoneExist);
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, index);
      else same.set(index, earlier);
    }
    if (first.size > 0) await claims.touch([...first.keys()], session);
    for (const index of first.values()) {
      const change = writes[index] as Extract<Write, { kind: 'create' }>;
      // the claims are touched: had anyone else written a match since the caller looked, this transaction would start again
      if (change.ifNoneExist?.isAbsent) continue;
      const match = await findMatch(finder, change.type, change.ifNoneExist!, session);
      if (match) results[index] = match;
    }
    return same;
  }

  async function writeType(
    type: string,
    writes: readonly Write[],
    group: readonly number[],
    results: (Written | undefined)[],
  ): Promise<void> {
    const overwritten = group.filter((index) => writes[index]!.kind !== 'create');
    const found =
      overwritten.length === 0
        ? undefined
        : await documentsOf(
            type,
            overwritten.map((index) => idOf(writes[index]!)),
          );
    const inUse: CodeInUse[] = [];
    const inserts: StoredDocument[] = [];
    const replacements: Extract<Decision, { kind: 'replace' }>[] = [];
    for (const index of group) {
      const change = writes[index]!;
      if (change.kind === 'create') {
        const { document, prepared } = creationOf(change);
        inUse.push(...prepared.codes);
        inserts.push(document);
        results[index] = { ...versionOf(type, document), created: true, changed: true };
        continue;
      }
      const overwrite = overwriteOf(change);
      inUse.push(...(overwrite.prepared?.codes ?? []));
      const decision = decide(overwrite, found?.get(change.id), stamps);
      results[index] = decision.written;
      if (decision.kind === 'insert') inserts.push(decision.document);
      if (decision.kind === 'replace') replacements.push(decision);
    }
    // outside of the transaction, whose end does not matter to them
    await codes.ensure(type, inUse);
    await insertChunks(collections.current(type), inserts, (id) => alreadyExists(type, id));
    await replaceChunks(type, replacements);
  }

  function creationOf(change: Extract<Write, { kind: 'create' }>): { document: StoredDocument; prepared: Prepared } {
    const id = change.id ?? sequence.newId();
    const prepared = prepare(extractor, change.type, id, change.resource);
    const stamp = { id, version: 1, lastUpdated: stamps.time(0), n: stamps.n(), method: 'POST' as const };
    return { document: currentDocument(prepared, stamp), prepared };
  }

  const overwriteOf = (change: Overwrite['change']): Overwrite =>
    change.kind === 'update'
      ? { change, prepared: prepare(extractor, change.type, change.id, change.resource) }
      : { change };

  async function insertChunks<T extends { _id: string; j?: Buffer }>(
    collection: Collection<T>,
    documents: readonly T[],
    duplicate: (id: string) => Error,
  ): Promise<void> {
    for (const chunk of chunksOf(documents, (document) => document.j?.length ?? 0)) {
      try {
        await collection.insertMany(chunk as never, { session, ordered: true });
      } catch (error) {
        if (isTransientInTransaction(error) || !isDuplicateKey(error)) throw error;
        const failed = (error as { writeErrors?: { index: number }[] }).writeErrors?.[0]?.index ?? 0;
        ended = duplicate(chunk[failed]?._id ?? '');
        throw ended;
      }
    }
  }

  async function replaceChunks(type: string, replacements: readonly Extract<Decision, { kind: 'replace' }>[]) {
    for (const chunk of chunksOf(
      replacements,
      ({ old, document }) => (old.j?.length ?? 0) + (document.j?.length ?? 0),
    )) {
      const copies = collections.history(type);
      await copies.bulkWrite(
        // a change outside that lost or crashed may have left its copy of this very version
        chunk.map(({ old }) => {
          const replacement = historyDocument(old);
          return { replaceOne: { filter: { _id: replacement._id }, replacement, upsert: true } };
        }),
        { session, ordered: false },
      );
      const { matchedCount } = await collections.current(type).bulkWrite(
        chunk.map(({ old, document }) => ({
          replaceOne: { filter: { _id: old._id, v: old.v, n: old.n }, replacement: document },
        })),
        { session, ordered: false },
      );
      if (matchedCount < chunk.length) throw new RestartTransaction('a version was replaced meanwhile');
    }
  }

  const tx: Transaction = {
    read: (type, id) => inTurn(async () => (await readMany([{ type, id }]))[0]),
    readMany: (references) => inTurn(() => readMany(references)),
    find: (query) => inTurn(() => finder.find(query, session)),
    write: (writes) => inTurn(() => write(writes)),
    changePlace: (kind, id, guard, update, insert) =>
      inTurn(() => places.change({ kind, id, guard, update, ...(insert ? { insert } : {}) }, session)),
    readPlace: (kind, id) => inTurn(() => places.read(kind, id, session)),
    removePlace: (kind, id) => inTurn(() => places.remove(kind, id, session)),
    alongside: (work) => inTurn(() => work(session)),
    afterCommit: (action) => {
      after.push(action);
    },
  };

  return {
    tx,
    after,
    idle: () => last,
    ended: () => ended,
    end: () => {
      for (const end of begun) end();
    },
  };
}

const idOf = (change: Write): string => change.id ?? '';

/** Changes of one id follow each other, each in a round of its own; almost always there is one round. */
function roundsOf(writes: readonly Write[]): number[][] {
  const rounds: number[][] = [];
  const seen = new Map<string, number>();
  writes.forEach((change, index) => {
    let round = 0;
    if (change.id !== undefined) {
      const name = `${change.type}/${change.id}`;
      round = seen.get(name) ?? 0;
      seen.set(name, round + 1);
    }
    rounds[round] ??= [];
    rounds[round]!.push(index);
  });
  return rounds;
}

function* chunksOf<T>(items: readonly T[], sizeOf: (item: T) => number): Generator<T[]> {
  let chunk: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (chunk.length === CHUNK_DOCUMENTS || (chunk.length > 0 && bytes + size > CHUNK_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(item);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

const contention = (cause: unknown): FhirError =>
  new FhirError('transient', 'Too many requests were changing the same data; please try again', {
    headers: { 'Retry-After': '1' },
    cause,
  });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
