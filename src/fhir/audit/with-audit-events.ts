// Wraps a store so that the AuditEvents of the log are among its resources: read, found and counted like others, by chains, _has and
// includes too, and never changed. AuditEvents that clients write themselves are stored as any resource, and may not be changed either.
import { FhirError } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { KeyExtractor } from '../model/keys.ts';
import type { Predicate } from '../model/predicate.ts';
import type { Resource } from '../model/resource.ts';
import type { AuditLog } from '../storage/audit-log.ts';
import { decodeCursor, encodeCursor } from '../storage/mongo/cursor.ts';
import { compareValues, type SortValue } from '../storage/mongo/order.ts';
import type {
  FindPage,
  FindQuery,
  HistoryPage,
  HistoryQuery,
  Match,
  ReadOptions,
  Store,
  Transaction,
  Version,
  Write,
} from '../storage/store.ts';
import { readFrames, recordsIn } from './chain.ts';
import { eventOf } from './event.ts';
import { partsOf } from './parts.ts';
import { eventId, placeOf } from './record.ts';
import { createEventSearch, type Event, type Position, timeOrder } from './search.ts';
import { valuesFrom } from './sort-values.ts';
import { tagsOf } from './tags.ts';
import type { Found } from './walk.ts';

export interface AuditEventsDeps {
  log: AuditLog;
  extractor: KeyExtractor;
  /** what this process wrote down is in the log afterwards */
  carry(): Promise<void>;
  searchMs?: number;
}

const TYPE = 'AuditEvent';
/** events that a join may go through */
const MOST_JOINED = 10_000;

export function withAuditEvents<S extends Store>(store: S, deps: AuditEventsDeps): S {
  const { log, carry } = deps;
  const search = createEventSearch(deps);

  async function eventFor(id: string): Promise<Found | undefined> {
    const place = placeOf(id);
    if (place === undefined) return undefined;
    await carry();
    const block = await log.blockOf(place.chain, place.n);
    if (block === undefined) return undefined;
    for (const frame of readFrames(block.frames).frames) {
      if (frame.last < place.n) continue;
      const record = recordsIn(frame).find(({ n }) => n === place.n);
      const part = record && partsOf(record).find((one) => one.part === place.part);
      return part && { chain: place.chain, ...part, tags: tagsOf(part.record) };
    }
    return undefined;
  }

  async function read(type: string, id: string, options?: ReadOptions): Promise<Version | undefined> {
    const event = type === TYPE ? await eventFor(id) : undefined;
    return event === undefined ? store.read(type, id, options) : versionOf(event);
  }

  async function find(query: FindQuery): Promise<FindPage> {
    const where = speaksOfEvents(query.where) ? await joined(query.where, query.type) : query.where;
    const told = where === query.where ? query : { ...query, where };
    return query.type === TYPE ? findEvents(told) : store.find(told);
  }

  /** The log's events and stored ones, merged in one order. */
  async function findEvents(query: FindQuery): Promise<FindPage> {
    await carry();
    const where = await withoutLinks(query.where);
    const name = `audit ${JSON.stringify(query.sort)}`;
    const { events: after, stored: storedAfter } = readCursor(name, query.sort.length || 1, query.after);
    const mine = { ...query, where };
    const { after: _, ...first } = query;
    const inner: FindQuery = { ...first, leaveBytes: false, ...(storedAfter !== undefined && { after: storedAfter }) };
    const [page, stored] = await Promise.all([
      query.limit > 0 ? search.page(mine, after) : { events: [], isLast: false, walked: { blocks: 0, records: 0 } },
      storedAfter === END ? NO_MORE : store.find(inner),
    ]);
    const merged = merge(page.events, stored.matches, query);
    const shown = merged.slice(0, query.limit);
    const result: FindPage = {
      matches: shown.map((one) => ('found' in one ? search.match(one.found, query) : withoutBytes(one.match, query))),
    };
    const isLast = query.limit > 0 && merged.length <= query.limit && page.isLast && stored.next === undefined;
    if (!isLast && query.limit > 0) {
      result.next = await cursorAfter(name, shown, { after, storedAfter, inner });
    }
    if (isLast && query.after === undefined) result.total = shown.length;
    else if (query.total !== 'none') result.total = (await search.count(where)) + (await countStored(query, stored));
    if (query.explain)
      result.examined = { ...examinedOf(stored), documents: page.walked.records + (stored.examined?.documents ?? 0) };
    return result;
  }

  async function countStored(query: FindQuery, stored: FindPage): Promise<number> {
    if (stored.total !== undefined) return stored.total;
    const { after: _, ...first } = query;
    return (await store.find({ ...first, limit: 0, total: 'accurate' })).total ?? 0;
  }

  /** The place of each of the two lists after what is shown of it. */
  async function cursorAfter(
    name: string,
    shown: readonly Merged[],
    { after, storedAfter, inner }: { after: Position | undefined; storedAfter: string | undefined; inner: FindQuery },
  ): Promise<string> {
    const lastEvent = shown.findLast((one) => 'found' in one);
    const position = lastEvent !== undefined && 'found' in lastEvent ? lastEvent : after;
    const count = shown.filter((one) => 'match' in one).length;
    const stored =
      count === 0
        ? storedAfter
        : ((await store.find({ ...inner, limit: count, leaveBytes: true, total: 'none' })).next ?? END);
    const { place, values } = position ?? { place: undefined, values: new Array(inner.sort.length || 1).fill(null) };
    return encodeCursor(name, [
      place?.at ?? null,
      place?.chain ?? null,
      place?.n ?? null,
      place?.part ?? null,
      stored ?? null,
      ...values,
    ]);
  }

  /** Chains from an AuditEvent to what it names are answered by the store and become keys. */
  async function withoutLinks(where: Predicate): Promise<Predicate> {
    if (where.op === 'and' || where.op === 'or')
      return { op: where.op, of: await Promise.all(where.of.map(withoutLinks)) };
    if (where.op === 'not') return { op: 'not', of: await withoutLinks(where.of) };
    if (where.op === 'linkedFrom') return { op: 'ids', ids: await pointedAt(where) };
    if (where.op !== 'linked') return where;
    const keys: string[] = [];
    for (const type of where.types) {
      for await (const { id } of everyStored({ type, where: where.where })) keys.push(`${where.param}|${type}/${id}`);
    }
    return { op: 'oneOf', keys };
  }

  /** AuditEvents that resources of a type refer to (`_has`). */
  async function pointedAt({ type, param, where }: Predicate & { op: 'linkedFrom' }): Promise<string[]> {
    const ids = new Set<string>();
    const prefix = `${param}|${TYPE}/`;
    for await (const { keys = [] } of everyStored({ type, where, wantReferences: true })) {
      for (const key of keys) if (key.startsWith(prefix)) ids.add(key.slice(prefix.length));
    }
    return [...ids];
  }

  async function* everyStored(query: Pick<FindQuery, 'type' | 'where' | 'wantReferences'>): AsyncGenerator<Match> {
    let count = 0;
    for (let after: string | undefined; ; ) {
      const page = await find({
        ...query,
        sort: [],
        limit: 1000,
        total: 'none',
        leaveBytes: true,
        ...(after !== undefined && { after }),
      });
      for (const match of page.matches) {
        if (++count > MOST_JOINED) throw tooMany();
        yield match;
      }
      if (page.next === undefined) return;
      after = page.next;
    }
  }

  /** Joins of other types that go through AuditEvents: the log's are put in by name, stored ones are joined as ever. */
  async function joined(where: Predicate, type: string): Promise<Predicate> {
    if (type === TYPE) return where;
    if (where.op === 'and' || where.op === 'or') {
      return { op: where.op, of: await Promise.all(where.of.map((part) => joined(part, type))) };
    }
    if (where.op === 'not') return { op: 'not', of: await joined(where.of, type) };
    if (where.op === 'linked' && !where.types.includes(TYPE)) {
      const { types, ...link } = where;
      const each = types.map(async (one) => ({ ...link, types: [one], where: await joined(where.where, one) }));
      return { op: 'or', of: await Promise.all(each) };
    }
    if (where.op === 'linkedFrom' && where.type !== TYPE) {
      const { seek: _, ...link } = where;
      return { ...link, where: await joined(where.where, where.type) };
    }
    if (where.op === 'linkedFrom') {
      const ids = new Set<string>();
      const prefix = `${where.param}|${type}/`;
      for await (const event of eventsOf(where.where)) {
        for (const key of search.keysOf(event).k)
          if (key.startsWith(prefix) && !key.includes('/', prefix.length)) ids.add(key.slice(prefix.length));
      }
      return { op: 'or', of: [{ op: 'ids', ids: [...ids] }, where] };
    }
    if (where.op === 'linked') {
      const keys: string[] = [];
      for await (const { chain, record, part } of eventsOf(where.where))
        keys.push(`${where.param}|${TYPE}/${eventId(chain, record.n, part)}`);
      return { op: 'or', of: [{ op: 'oneOf', keys }, where] };
    }
    return where;
  }

  async function* eventsOf(where: Predicate): AsyncGenerator<Found> {
    await carry();
    let count = 0;
    for await (const event of search.all(await withoutLinks(where))) {
      if (++count > MOST_JOINED) throw tooMany();
      yield event;
    }
  }

  async function history(query: HistoryQuery): Promise<HistoryPage> {
    const { scope } = query;
    if (scope.level === 'instance' && scope.type === TYPE) {
      const event = await eventFor(scope.id);
      if (event !== undefined) return historyOf(event, query);
    }
    return store.history(query);
  }

  /** What is recorded stays as it is. */
  function guarded(write: Write): Write {
    if (write.type !== TYPE || write.kind === 'create') return write;
    if (write.kind === 'delete' || placeOf(write.id) !== undefined) throw unchangeable();
    if (write.ifVersion !== undefined && write.ifVersion > 0) throw unchangeable();
    return { ...write, ifVersion: 0 };
  }

  async function named<T>(work: Promise<T>, writes: readonly Write[]): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const isOurs =
        error instanceof FhirError && error.kind === 'precondition' && writes.some(({ type }) => type === TYPE);
      throw isOurs ? unchangeable() : error;
    }
  }

  const guardedTransaction = (tx: Transaction): Transaction => ({
    ...tx,
    read: async (type, id) => {
      const event = type === TYPE ? await eventFor(id) : undefined;
      return event === undefined ? tx.read(type, id) : versionOf(event);
    },
    find: (query) => (query.type === TYPE || speaksOfEvents(query.where) ? find(query) : tx.find(query)),
    write: (writes) =>
      writes.some(({ type }) => type === TYPE) ? named(tx.write(writes.map(guarded)), writes) : tx.write(writes),
  });

  return {
    ...store,
    read: (type, id, options) => (type === TYPE ? read(type, id, options) : store.read(type, id, options)),
    readMany: (references, options) =>
      references.some(({ type }) => type === TYPE)
        ? Promise.all(references.map(({ type, id }) => read(type, id, options)))
        : store.readMany(references, options),
    async vread(type, id, version) {
      const event = type === TYPE ? await eventFor(id) : undefined;
      if (event === undefined) return store.vread(type, id, version);
      return version === 1 ? versionOf(event) : undefined;
    },
    find: (query) => (query.type === TYPE || speaksOfEvents(query.where) ? find(query) : store.find(query)),
    history,
    write: (change) => (change.type === TYPE ? named(store.write(guarded(change)), [change]) : store.write(change)),
    transaction: (work, options) => store.transaction((tx) => work(guardedTransaction(tx)), options),
  };

  type Merged = Event | { match: Match; values: readonly SortValue[] };

  function merge(events: readonly Event[], matches: readonly Match[], query: FindQuery): Merged[] {
    if (matches.length === 0) return [...events];
    const sort = query.sort.length > 0 ? query.sort : [{ by: 'main-date', descending: true } as const];
    const others = matches.map((match) => ({ match, values: storedValues(match, sort) }));
    const merged: Merged[] = [];
    let [e, o] = [0, 0];
    while (e < events.length || o < others.length) {
      const [event, other] = [events[e], others[o]];
      const isEvent =
        other === undefined || (event !== undefined && compareValues(event.values, other.values, sort) <= 0);
      merged.push(isEvent ? events[e++]! : others[o++]!);
    }
    return merged;
  }

  function storedValues(match: Match, sort: FindQuery['sort']): readonly SortValue[] {
    const isPlain = timeOrder(sort) !== undefined || sort.every(({ by }) => by === 'id');
    const keys = isPlain ? undefined : deps.extractor.extract(parseJson(match.bytes) as Resource);
    const [first] = sort;
    if (first?.by === 'main-date' && sort.length === 1) return [match.mainDate ?? null];
    return valuesFrom(sort, { id: match.id, at: match.lastUpdated, keys });
  }
}

/** where the stored ones are all shown */
const END = '';
const NO_MORE: FindPage = { matches: [] };

function readCursor(name: string, keys: number, after: string | undefined): { events?: Position; stored?: string } {
  if (after === undefined) return {};
  const [at, chain, n, part, stored, ...values] = decodeCursor(name, after, 5 + keys);
  return {
    ...(typeof at === 'number' && {
      events: { place: { at, chain: String(chain), n: Number(n), part: Number(part) }, values: values as SortValue[] },
    }),
    ...(typeof stored === 'string' && { stored }),
  };
}

const withoutBytes = (match: Match, { leaveBytes }: FindQuery): Match =>
  leaveBytes ? { ...match, bytes: Buffer.alloc(0) } : match;

const examinedOf = ({ examined }: FindPage) => ({
  keys: examined?.keys ?? 0,
  indexes: ['audit_log', ...(examined?.indexes ?? [])],
  isSorted: examined?.isSorted ?? false,
  commands: (examined?.commands ?? 0) + 1,
});

const versionOf = (found: Found): Version => ({
  type: TYPE,
  id: eventId(found.chain, found.record.n, found.part),
  version: 1,
  lastUpdated: found.record.at,
  bytes: Buffer.from(JSON.stringify(eventOf(found.chain, found))),
  method: 'POST',
});

function historyOf(event: Found, { since, at, after }: HistoryQuery): HistoryPage {
  const { at: time } = event.record;
  const isIn = after === undefined && (since === undefined || time >= since) && (at === undefined || time <= at.hi);
  return { versions: isIn ? [versionOf(event)] : [], total: isIn ? 1 : 0 };
}

function speaksOfEvents(where: Predicate): boolean {
  switch (where.op) {
    case 'and':
    case 'or':
      return where.of.some(speaksOfEvents);
    case 'not':
      return speaksOfEvents(where.of);
    case 'linked':
      return where.types.includes(TYPE) || speaksOfEvents(where.where);
    case 'linkedFrom':
      return where.type === TYPE || speaksOfEvents(where.where);
    default:
      return false;
  }
}

const unchangeable = (): FhirError => new FhirError('forbidden', 'An AuditEvent is never changed or deleted');

const tooMany = (): FhirError =>
  new FhirError(
    'too-costly',
    `More than ${MOST_JOINED} AuditEvents or resources would be joined; narrow the search by date`,
  );
