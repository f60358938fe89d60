// Searches of the AuditEvents that the log stands for. Newest first, or oldest first, blocks are read until the page is full; in any other
// order all that may match are looked at, and a page's worth of them is kept.
import { setImmediate as breathe } from 'node:timers/promises';
import { FhirError } from '../model/errors.ts';
import type { KeyExtractor, SearchKeys } from '../model/keys.ts';
import { matches } from '../model/matches.ts';
import type { Predicate } from '../model/predicate.ts';
import type { AuditLog } from '../storage/audit-log.ts';
import { compareValues, type SortValue } from '../storage/mongo/order.ts';
import type { FindQuery, Match, SortKey } from '../storage/store.ts';
import { boundsOf, isTold } from './criteria.ts';
import { eventOf } from './event.ts';
import { eventId } from './record.ts';
import { sortValuesOf } from './sort-values.ts';
import { tokensOf } from './tags.ts';
import { compare, type Found, type Place, placed, type Walked, walk } from './walk.ts';

export interface EventSearchDeps {
  log: AuditLog;
  extractor: KeyExtractor;
  /** the longest a search may take, ms */
  searchMs?: number;
}

export interface Event {
  found: Found;
  place: Place;
  /** one for each sort key */
  values: readonly SortValue[];
}

export interface EventPage {
  events: Event[];
  isLast: boolean;
  walked: Walked;
}

export interface Position {
  place: Place;
  values: readonly SortValue[];
}

export interface EventSearch {
  page(query: Pick<FindQuery, 'where' | 'sort' | 'limit'>, after: Position | undefined): Promise<EventPage>;
  count(where: Predicate): Promise<number>;
  /** every event that meets it, for joins */
  all(where: Predicate): AsyncIterable<Found>;
  match(event: Found, query: Pick<FindQuery, 'wantReferences' | 'wantTokens' | 'leaveBytes'>): Match;
  keysOf(event: Found): SearchKeys;
}

const SEARCH_MS = 30_000;
/** between two breaths, so that other requests are answered meanwhile */
const AT_ONCE = 64;

export function createEventSearch({ log, extractor, searchMs = SEARCH_MS }: EventSearchDeps): EventSearch {
  const keysOf = (found: Found): SearchKeys => extractor.extract(eventOf(found.chain, found));

  async function* matching(where: Predicate, walked: Walked, order: { newestFirst: boolean; after?: Place }) {
    const bounds = boundsOf(where);
    const told = isTold(where);
    const deadline = performance.now() + searchMs;
    let looked = 0;
    for await (const found of walk(log, { bounds, walked, ...order })) {
      if (++looked % AT_ONCE === 0) {
        await breathe();
        if (performance.now() > deadline) throw tooLong();
      }
      const { chain, record, part } = found;
      const keys = told ? toldKeys(found) : keysOf(found);
      if (matches(where, keys, { id: eventId(chain, record.n, part), lastUpdated: record.at })) yield found;
    }
  }

  async function inTime(
    where: Predicate,
    limit: number,
    newestFirst: boolean,
    after: Place | undefined,
  ): Promise<EventPage> {
    const walked = { blocks: 0, records: 0 };
    const events: Event[] = [];
    for await (const found of matching(where, walked, { newestFirst, ...(after && { after }) })) {
      if (events.length === limit) return { events, isLast: false, walked };
      const place = placed(found);
      events.push({ found, place, values: [place.at] });
    }
    return { events, isLast: true, walked };
  }

  async function sorted(
    { where, sort, limit }: Pick<FindQuery, 'where' | 'sort' | 'limit'>,
    after: Position | undefined,
  ): Promise<EventPage> {
    const walked = { blocks: 0, records: 0 };
    const order = (a: Position, b: Position): number =>
      compareValues(a.values, b.values, sort) || compare(a.place, b.place);
    let best: Event[] = [];
    for await (const found of matching(where, walked, { newestFirst: true })) {
      const event = { found, place: placed(found), values: sortValuesOf(sort, found, keysOf) };
      if (after !== undefined && order(event, after) <= 0) continue;
      best.push(event);
      if (best.length > 4 * (limit + 1)) best = best.sort(order).slice(0, limit + 1);
    }
    best.sort(order);
    return { events: best.slice(0, limit), isLast: best.length <= limit, walked };
  }

  return {
    page(query, after) {
      const direction = timeOrder(query.sort);
      if (direction === undefined) return sorted(query, after);
      return inTime(query.where, query.limit, direction === 'newest', after?.place);
    },
    async count(where) {
      let count = 0;
      for await (const _ of matching(where, { blocks: 0, records: 0 }, { newestFirst: true })) count++;
      return count;
    },
    all: (where) => matching(where, { blocks: 0, records: 0 }, { newestFirst: true }),
    match(found, { wantReferences, wantTokens, leaveBytes }) {
      const { chain, record, part } = found;
      const event = eventOf(chain, found);
      const keys = wantReferences || wantTokens ? extractor.extract(event) : undefined;
      return {
        type: 'AuditEvent',
        id: eventId(chain, record.n, part),
        version: 1,
        lastUpdated: record.at,
        bytes: leaveBytes ? Buffer.alloc(0) : Buffer.from(JSON.stringify(event)),
        mainDate: record.at,
        ...(wantReferences && { keys: keys!.k }),
        ...(wantTokens && { tokens: keys!.t }),
      };
    },
    keysOf,
  };
}

/** The order of time, or undefined for any other. */
export function timeOrder(sort: readonly SortKey[]): 'newest' | 'oldest' | undefined {
  const [first, second] = sort;
  if (first === undefined) return 'newest';
  if (second !== undefined || (first.by !== 'lastUpdated' && first.by !== 'main-date')) return undefined;
  return first.descending ? 'newest' : 'oldest';
}

/** Enough of the keys for what isTold() accepts. */
const toldKeys = ({ record, tags }: Found): SearchKeys => ({
  k: tags as string[],
  t: tokensOf(record),
  s: [],
  d: [{ p: 'date', lo: record.at, hi: record.at }],
  q: [],
  sd: record.at,
});

const tooLong = (): FhirError =>
  new FhirError('timeout', 'The search of the audit log took too long; narrow it by date, agent, patient or action');
