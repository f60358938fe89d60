// Wraps a store so that every write of a ruled type obeys the hospital's rules, whichever way it came in (REST, patch, Bundle,
// operation). Writes of other types go straight to the store: for them the wrapper costs one look-up in a Map.
import { FhirError } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { Change, WriteRule } from './rules.ts';
import type { Store, Transaction, TransactionOptions, Version, Write, Written } from './store.ts';

export interface RuleDeps {
  now: () => number;
  /** the hospital's (settings.timeZone); default UTC */
  timeZone?: string;
}

/** Writes that follow from writes that follow from writes …: deeper than this, two rules are calling each other in a circle. */
const MAX_DEPTH = 8;

export function withRules<S extends Store>(store: S, rules: readonly WriteRule[], deps: RuleDeps): S {
  const rulesOf = groupByType(rules);
  if (rulesOf.size === 0) return store;

  const readByRules = new Set(rules.flatMap(({ reads = [] }) => reads));

  /** Has a rule that wants to see it; most creations of ruled types have none and go the fast way. */
  const isRuled = (write: Write): boolean => {
    const rulesOfType = rulesOf.get(write.type) ?? [];
    if (write.kind !== 'create' || write.ifNoneExist !== undefined) return rulesOfType.length > 0;
    const change = { type: write.type, id: write.id ?? '', after: write.resource };
    return rulesOfType.some(({ concerns }) => concerns?.(change) ?? true);
  };

  /** Whatever their order in a Bundle: what hangs on others is deleted before them, and created after them. */
  const rankOf = (write: Write, isNew: boolean): number => {
    const isRead = readByRules.has(write.type);
    if (write.kind === 'delete') return isRead ? 1 : 0;
    return isRead && isNew ? 2 : 3;
  };

  /** A rule must know the id of what it judges; it stays the same over retries, because it is chosen before the transaction begins. */
  const withId = (write: Write): Write =>
    write.kind === 'create' && write.id === undefined && isRuled(write) ? { ...write, id: store.newId() } : write;

  /** What is locked is only a hint against crowds: `before` is read outside the transaction and may be old by then. */
  async function locksFor(writes: readonly Write[]): Promise<string[]> {
    const locking = writes.filter((write) => rulesOf.get(write.type)?.some((rule) => rule.locks !== undefined));
    const known = locking.filter((write) => write.kind !== 'create');
    const versions = await store.readMany(known.map(({ type, id }) => ({ type, id })));
    const before = new Map<Write, Resource | undefined>(
      known.map((write, index) => [write, resourceOf(versions[index])]),
    );
    const locks = locking.flatMap((write) => {
      const change = changeOf(write, before.get(write));
      return (rulesOf.get(write.type) ?? []).flatMap((rule) => rule.locks?.(change) ?? []);
    });
    return [...new Set(locks)];
  }

  async function writeRuled(change: Write): Promise<Written> {
    const write = withId(change);
    const locks = await locksFor([write]);
    return store.transaction(async (tx) => (await applyRules(tx, [write], 0))[0]!, { locks });
  }

  async function transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { locks = [], expected = [] } = options;
    const ruleLocks = await locksFor(expected.filter(isRuled).map(withId));
    return store.transaction((tx) => work({ ...tx, write: (writes) => applyRules(tx, writes, 0) }), {
      ...options,
      locks: [...new Set([...locks, ...ruleLocks])],
    });
  }

  /**
   * Judges the writes one by one and writes as many as possible in one command: what is judged waits until a rule
   * reads through `tx`, or brings writes of its own, or until the end.
   */
  async function applyRules(tx: Transaction, given: readonly Write[], depth: number): Promise<Written[]> {
    if (!given.some(isRuled)) return tx.write(given);
    if (depth > MAX_DEPTH) {
      throw new Error(`write rules follow each other in a circle: ${given.map((write) => write.type).join(', ')}`);
    }
    const writes = given.map(withId);
    const results: Written[] = new Array(writes.length);
    let waiting: number[] = [];
    let flushed: Promise<void> = Promise.resolve();

    const flush = (): Promise<void> => {
      flushed = flushed.then(async () => {
        const batch = waiting;
        waiting = [];
        if (batch.length === 0) return;
        const written = await tx.write(batch.map((index) => writes[index]!));
        for (const [position, index] of batch.entries()) results[index] = written[position]!;
      });
      return flushed;
    };
    const isOfFlush = (error: unknown): Promise<boolean> =>
      flushed.then(
        () => false,
        (reason) => reason === error,
      );

    /** resources that the rules changed meanwhile: their state read up front is old */
    const touched = new Set<string>();
    const follow = async (more: readonly Write[]): Promise<Written[]> => {
      await flush();
      const written = await applyRules(tx, more, depth + 1);
      for (const { type, id } of written) touched.add(`${type}/${id}`);
      return written;
    };
    const view: Transaction = {
      ...tx,
      read: async (type, id) => {
        await flush();
        return tx.read(type, id);
      },
      readMany: async (references) => {
        await flush();
        return tx.readMany(references);
      },
      find: async (query) => {
        await flush();
        return tx.find(query);
      },
      write: follow,
    };

    const judged = new Set<Write>();
    const current = await readCurrent(tx, writes.filter(isRuled));
    const judge = async (write: Write): Promise<readonly Write[]> => {
      if (!isRuled(write)) return [];
      const rulesOfType = rulesOf.get(write.type) ?? [];
      const name = `${write.type}/${write.id}`;
      const version = touched.has(name) ? await view.read(write.type, write.id!) : current.get(name);
      touched.add(name);
      if (!(await takesEffect(write, version, view))) return [];
      judged.add(write);
      const change = changeOf(write, resourceOf(version));
      const more: Write[] = [];
      for (const rule of rulesOfType)
        more.push(...((await rule.apply(change, view, deps.now(), deps.timeZone ?? 'UTC')) ?? []));
      return more;
    };

    const isNew = (write: Write): boolean => !current.get(`${write.type}/${write.id}`)?.bytes;
    const inOrder = [...writes.entries()]
      .map(([index, write]) => ({ index, write, rank: rankOf(write, isNew(write)) }))
      .sort((a, b) => a.rank - b.rank);
    for (const { index, write } of inOrder) {
      try {
        const more = await judge(write);
        waiting.push(index);
        if (more.length > 0) await follow(more);
      } catch (error) {
        throw (await isOfFlush(error)) ? error : refusalOf(error, given[index]!);
      }
    }
    await flush();
    for (const [index, write] of writes.entries()) {
      if (isConditionalCreate(write) && isRuled(write) && judged.has(write) !== results[index]!.created) {
        throw new FhirError('conflict', `An equal ${write.type} was created at the same time; try again`, {
          about: given[index]!,
        });
      }
    }
    return results;
  }

  return {
    ...store,
    write: (change: Write) => (isRuled(change) ? writeRuled(change) : store.write(change)),
    transaction,
  };
}

function groupByType(rules: readonly WriteRule[]): Map<string, WriteRule[]> {
  const byType = new Map<string, WriteRule[]>();
  for (const rule of rules) {
    for (const type of rule.types) byType.set(type, [...(byType.get(type) ?? []), rule]);
  }
  return byType;
}

const resourceOf = (version: Version | undefined): Resource | undefined =>
  version?.bytes ? (parseJson(version.bytes) as Resource) : undefined;

function changeOf(write: Write, before: Resource | undefined): Change {
  const change: Change = { type: write.type, id: write.id! };
  if (before !== undefined) change.before = before;
  if (write.kind !== 'delete') change.after = write.resource;
  return change;
}

async function readCurrent(tx: Transaction, ruled: readonly Write[]): Promise<Map<string, Version | undefined>> {
  const wanted = ruled.filter((write) => write.kind !== 'create').map(({ type, id }) => ({ type, id: id! }));
  if (wanted.length === 0) return new Map();
  const versions = await tx.readMany(wanted);
  return new Map(wanted.map(({ type, id }, index) => [`${type}/${id}`, versions[index]]));
}

const isConditionalCreate = (write: Write): boolean => write.kind === 'create' && write.ifNoneExist !== undefined;

/** Rules judge facts: not the deletion of nothing, not a write that its own condition stops (the store answers that). */
async function takesEffect(write: Write, version: Version | undefined, view: Transaction): Promise<boolean> {
  if (write.kind === 'create') {
    if (write.ifNoneExist === undefined || write.ifNoneExist.isAbsent) return true;
    const { where } = write.ifNoneExist;
    const page = await view.find({ type: write.type, where, sort: [], limit: 1, total: 'none' });
    return page.matches.length === 0;
  }
  if (write.ifVersion !== undefined && write.ifVersion !== (version?.bytes ? version.version : 0)) return false;
  return write.kind === 'update' || version?.bytes != null;
}

/** The refusal of one write among many says which one it is about. */
function refusalOf(error: unknown, write: Write): unknown {
  if (!(error instanceof FhirError)) return error;
  const { kind, message, issues, headers } = error;
  return new FhirError(kind, message, { issues, headers, about: write, cause: error });
}
