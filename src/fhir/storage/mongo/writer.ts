// Changes without a transaction (docs/adr/0002-writes-without-transaction.md). A creation is one insert. An update copies the
// version it found to the history, then replaces it only if it is still that version. Both are micro-batched per type.
import type { Collection } from 'mongodb';
import { FhirError } from '../../model/errors.ts';
import type { KeyExtractor } from '../../model/keys.ts';
import type { Write, Written } from '../store.ts';
import { createBatcher, perKey } from './batcher.ts';
import type { Claims } from './claims.ts';
import type { Codes } from './codes.ts';
import type { Collections } from './collections.ts';
import { claimKey, findMatch } from './conditional.ts';
import { alreadyExists, type Decision, decide, historyDocument, type Overwrite, preconditionFailed } from './decide.ts';
import { currentDocument, type HistoryDocument, historyId, type Prepared, prepare, versionOf } from './document.ts';
import { failedIndexes, failureOf, isDuplicateKey } from './failures.ts';
import type { Finder } from './find.ts';
import type { InFlight } from './in-flight.ts';
import { readDocuments } from './reader.ts';
import type { Sequence } from './sequence.ts';

export interface WriterDeps {
  collections: Collections;
  codes: Codes;
  extractor: KeyExtractor;
  sequence: Sequence;
  inFlight: InFlight;
  claims: Claims;
  finder: Finder;
}

export const MAJORITY = { w: 'majority', wtimeoutMS: 30_000 } as const;

type Replacement = Extract<Decision, { kind: 'replace' }>;

interface Creation {
  id: string;
  prepared: Prepared;
}

/** Another process replaced the version we had read; the change is tried again on the newer one. */
class LostRace extends Error {}

export function createWriter(deps: WriterDeps): (change: Write) => Promise<Written> {
  const { collections, codes, extractor, sequence, inFlight, claims, finder } = deps;

  const creations = perKey((type) =>
    createBatcher<Creation, Written>({
      run: (items) => insertAll(type, items),
      sizeOf: ({ prepared }) => prepared.size,
    }),
  );
  const overwrites = perKey((type) =>
    createBatcher<Overwrite, Written>({
      run: (items) => overwriteAll(type, items),
      sizeOf: ({ prepared }) => prepared?.size ?? 0,
      nameOf: ({ change }) => change.id,
    }),
  );

  async function insertAll(type: string, items: readonly Creation[]): Promise<(Written | Error)[]> {
    await collections.ensure(type);
    await codes.ensure(
      type,
      items.flatMap(({ prepared }) => prepared.codes),
    );
    const begun = inFlight.begin(0);
    try {
      const documents = items.map(({ id, prepared }) =>
        currentDocument(prepared, { id, version: 1, lastUpdated: begun.time, n: sequence.next(), method: 'POST' }),
      );
      const failed = await collections
        .current(type)
        .insertMany(documents, { ordered: false, writeConcern: MAJORITY })
        .then(() => undefined, failedIndexes);
      return documents.map((document, index) => {
        const failure = failed?.get(index);
        if (!failure) return { ...versionOf(type, document), created: true, changed: true };
        return isDuplicateKey(failure) ? alreadyExists(type, document._id) : (failureOf(failure) as Error);
      });
    } finally {
      begun.end();
    }
  }

  async function overwriteAll(type: string, items: readonly Overwrite[]): Promise<(Written | Error)[]> {
    await collections.ensure(type);
    await codes.ensure(
      type,
      items.flatMap(({ prepared }) => prepared?.codes ?? []),
    );
    const current = collections.current(type);
    const found = await readDocuments(
      current as unknown as Collection<{ _id: string }>,
      items.map(({ change }) => change.id),
    );
    const begun: (() => void)[] = [];
    const stamps = {
      time(after: number) {
        const { time, end } = inFlight.begin(after);
        begun.push(end);
        return time;
      },
      n: sequence.next,
      keyVersion: extractor.version,
    };
    try {
      const decisions = items.map((item) => attempt(() => decide(item, found.get(item.change.id), stamps)));
      const failures = new Map<Decision, Error>();
      const inserts = decisions.filter((one) => isDecision(one, 'insert'));
      const replacements = decisions.filter((one) => isDecision(one, 'replace'));
      await Promise.all([
        insertNew(current, inserts, failures),
        copyToHistory(type, replacements, failures).then(() =>
          replaceOld(
            type,
            replacements.filter((one) => !failures.has(one)),
            failures,
          ),
        ),
      ]);
      return decisions.map((decision) =>
        decision instanceof Error ? decision : (failures.get(decision) ?? decision.written),
      );
    } finally {
      for (const end of begun) end();
    }
  }

  async function insertNew(
    current: ReturnType<Collections['current']>,
    inserts: readonly Extract<Decision, { kind: 'insert' }>[],
    failures: Map<Decision, Error>,
  ): Promise<void> {
    if (inserts.length === 0) return;
    const failed = await current
      .insertMany(
        inserts.map(({ document }) => document),
        { ordered: false, writeConcern: MAJORITY },
      )
      .then(() => undefined, failedIndexes);
    for (const [index, failure] of failed ?? [])
      failures.set(inserts[index]!, isDuplicateKey(failure) ? new LostRace() : (failureOf(failure) as Error));
  }

  async function copyToHistory(
    type: string,
    replacements: readonly Replacement[],
    failures: Map<Decision, Error>,
  ): Promise<void> {
    if (replacements.length === 0) return;
    const history = collections.history(type);
    const copies = replacements.map(({ old }) => historyDocument(old));
    const failed = await history
      .insertMany(copies, { ordered: false, writeConcern: MAJORITY })
      .then(() => undefined, failedIndexes);
    if (!failed) return;
    const present: HistoryDocument[] = [];
    for (const [index, failure] of failed) {
      if (isDuplicateKey(failure)) present.push(copies[index]!);
      else failures.set(replacements[index]!, failureOf(failure) as Error);
    }
    await repairCopies(history, present);
  }

  /**
   * A copy was there already: from a change that lost or crashed after it. `n` differs for every version ever written, so an equal
   * one is the same version. Another one survived a rollback of the current version; what is current was acknowledged, so it wins.
   */
  async function repairCopies(history: Collection<HistoryDocument>, copies: readonly HistoryDocument[]): Promise<void> {
    if (copies.length === 0) return;
    const stored = await readDocuments(
      history as unknown as Collection<{ _id: string }>,
      copies.map(({ _id }) => _id),
    );
    for (const copy of copies) {
      const there = stored.get(copy._id);
      const same = there?.n === copy.n && (there.j ?? EMPTY).equals(copy.j ?? EMPTY);
      if (!same) await history.replaceOne({ _id: copy._id }, copy, { upsert: true, writeConcern: MAJORITY });
    }
  }

  async function replaceOld(
    type: string,
    replacements: readonly Replacement[],
    failures: Map<Decision, Error>,
  ): Promise<void> {
    if (replacements.length === 0) return;
    const operations = replacements.map(({ old, document }) => ({
      replaceOne: { filter: { _id: old._id, v: old.v, n: old.n }, replacement: document },
    }));
    let failed: Map<number, Error> | undefined;
    let matched = 0;
    try {
      matched = (await collections.current(type).bulkWrite(operations, { ordered: false, writeConcern: MAJORITY }))
        .matchedCount;
    } catch (error) {
      failed = failedIndexes(error);
    }
    for (const [index, failure] of failed ?? []) failures.set(replacements[index]!, failureOf(failure) as Error);
    if (matched < replacements.length) await findLosers(type, replacements, failures);
  }

  /** matchedCount is only a sum: who lost is seen by `n`, in the current version or, if that is newer still, in the history. */
  async function findLosers(
    type: string,
    replacements: readonly Replacement[],
    failures: Map<Decision, Error>,
  ): Promise<void> {
    const current = collections.current(type) as unknown as Collection<{ _id: string }>;
    const history = collections.history(type) as unknown as Collection<{ _id: string }>;
    const open = replacements.filter((one) => !failures.has(one));
    const now = await readDocuments(
      current,
      open.map(({ old }) => old._id),
    );
    const overtaken = open.filter(({ old, document }) => (now.get(old._id)?.v ?? 0) > document.v);
    const past = await readDocuments(
      history,
      overtaken.map(({ document }) => historyId(document._id, document.v)),
    );
    for (const one of open) {
      const { _id, v, n } = one.document;
      const winner = overtaken.includes(one) ? past.get(historyId(_id, v)) : now.get(_id);
      if (winner?.n !== n) failures.set(one, new LostRace());
    }
  }

  async function overwrite(change: Overwrite['change']): Promise<Written> {
    const item: Overwrite =
      change.kind === 'update'
        ? { change, prepared: prepare(extractor, change.type, change.id, change.resource) }
        : { change };
    const write = overwrites(change.type);
    for (let tries = 0; ; tries++) {
      try {
        return await write(item);
      } catch (error) {
        if (!(error instanceof LostRace)) throw error;
        if (change.ifVersion !== undefined) throw preconditionFailed(change, await currentOf(change));
        if (tries === MOST_TRIES)
          throw new FhirError('transient', `${change.type}/${change.id} is being changed by too many at once`, {
            headers: { 'Retry-After': '1' },
          });
        await pause(Math.random() * Math.min(100, 2 ** tries));
      }
    }
  }

  async function currentOf({ type, id }: Overwrite['change']) {
    const current = collections.current(type) as unknown as Collection<{ _id: string }>;
    return (await readDocuments(current, [id])).get(id);
  }

  function create(change: Extract<Write, { kind: 'create' }>): Promise<Written> {
    const id = change.id ?? sequence.newId();
    return creations(change.type)({ id, prepared: prepare(extractor, change.type, id, change.resource) });
  }

  /** Equal conditional creations queue: in this process by a lock, between processes by a claim (claims.ts). */
  function createUnlessFound(
    change: Extract<Write, { kind: 'create' }>,
    condition: NonNullable<typeof change.ifNoneExist>,
  ): Promise<Written> {
    const found = () => findMatch(finder, change.type, condition);
    return claims.hold(claimKey(change.type, condition), {
      before: found,
      async held(stillHeld) {
        const match = await found();
        if (match) return match;
        stillHeld();
        return create(change);
      },
    });
  }

  return async (change) => {
    try {
      if (change.kind !== 'create') return await overwrite(change);
      return await (change.ifNoneExist ? createUnlessFound(change, change.ifNoneExist) : create(change));
    } catch (error) {
      throw failureOf(error);
    }
  };
}

const MOST_TRIES = 100;
const EMPTY = Buffer.alloc(0);

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

const isDecision = <Kind extends Decision['kind']>(
  one: Decision | Error,
  kind: Kind,
): one is Extract<Decision, { kind: Kind }> => !(one instanceof Error) && one.kind === kind;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
