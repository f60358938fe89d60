// The order of search results: by an index where there is one (`sd`, `u`, `_id`), else computed in an aggregation. Both page by
// keyset: the next page begins after the last match's sort values and its unique `n`, whatever was written meanwhile.
import type { Document } from 'mongodb';
import type { SortKey } from '../store.ts';
import { decodeCursor, encodeCursor, type Position } from './cursor.ts';
import { ALL_DATES, type DateRange } from './date-ranges.ts';
import { successor } from './filter.ts';
import type { RawDocument } from './raw.ts';
import { classesOf, UNIT } from './width-class.ts';

/** Part of an ordered result; parts follow one another. */
export interface Leg {
  filter: Document;
  /** where the main date of the part begins; undefined where it has none */
  dates: DateRange | undefined;
  sort: Record<string, 1 | -1>;
}

export interface Order {
  /** what remains after the cursor */
  legs: Leg[];
  /** stages that compute the sort values before the legs' filters can be used; empty where an index has them */
  compute: Document[];
  /** computed fields to be projected */
  fields: readonly string[];
  /** in the order of the main date, so that the keys index serves it too */
  byMainDate: boolean;
  cursorOf(last: RawDocument): string;
}

export function orderOf(sort: readonly SortKey[], after: string | undefined): Order {
  const name = sort.map(nameOf).join(',');
  const position = after === undefined ? undefined : decodeCursor(name, after);
  const [first] = sort;
  if (sort.length <= 1 && first?.by !== 'param') return indexedOrder(name, first, position);
  return computedOrder(name, sort, position);
}

const nameOf = (key: SortKey): string =>
  (key.descending ? '-' : '') + (key.by === 'param' ? `${key.in}.${key.param}` : key.by);

function indexedOrder(
  name: string,
  key: Exclude<SortKey, { by: 'param' }> | undefined,
  position: Position | undefined,
): Order {
  const base = { compute: [], fields: [] };
  const descending = key?.descending ?? true;
  switch (key?.by) {
    case 'id':
      return {
        ...base,
        byMainDate: false,
        legs: [
          {
            filter: position ? { _id: { [descending ? '$lt' : '$gt']: position[0] } } : {},
            dates: ALL_DATES,
            sort: { _id: descending ? -1 : 1 },
          },
        ],
        cursorOf: (last) => encodeCursor(name, [last._id]),
      };
    case 'lastUpdated':
      return {
        ...base,
        byMainDate: false,
        legs: [keysetLeg('u', descending, descending, position)],
        cursorOf: (last) => encodeCursor(name, [last.u, last.n]),
      };
    default:
      return {
        ...base,
        byMainDate: true,
        legs: mainDateLegs(descending, position),
        cursorOf: (last) => encodeCursor(name, [last.sd, last.n]),
      };
  }
}

/** Documents without the date come last in both directions, as a leg of their own. */
function mainDateLegs(descending: boolean, position: Position | undefined): Leg[] {
  const without: Leg = { filter: { sd: null }, dates: undefined, sort: { sd: -1, n: 1 } };
  if (position?.[0] === null) return [{ ...without, filter: { sd: null, n: { $gt: position[1] } } }];
  // null is below every number, so that one scan downwards gives both legs
  if (descending && !position) return [{ filter: {}, dates: ALL_DATES, sort: { sd: -1, n: 1 } }];
  return [keysetLeg('sd', descending, !descending, position), without];
}

/** After (value, n) in an index on both; `n` runs against or with the value, as the index does. */
function keysetLeg(field: 'sd' | 'u', descending: boolean, nDescending: boolean, position: Position | undefined): Leg {
  const sort: Leg['sort'] = { [field]: descending ? -1 : 1, n: nDescending ? -1 : 1 };
  if (!position)
    return { filter: field === 'sd' ? { sd: { $gte: Number.NEGATIVE_INFINITY } } : {}, dates: ALL_DATES, sort };
  const [value, n] = position;
  const end = field === 'sd' && typeof value === 'number' ? { [descending ? 'max' : 'min']: value } : {};
  const beyond = descending ? '$lt' : '$gt';
  return {
    filter: {
      [field]: { [descending ? '$lte' : '$gte']: value },
      $or: [{ [field]: { [beyond]: value } }, { n: { [nDescending ? '$lt' : '$gt']: n } }],
    },
    dates: { ...ALL_DATES, ...end },
    sort,
  };
}

function computedOrder(name: string, keys: readonly SortKey[], position: Position | undefined): Order {
  const set: Document = {};
  const missing: Document = {};
  const sort: Leg['sort'] = {};
  const fields: string[] = [];
  keys.forEach((key, index) => {
    set[`o${index}`] = { $ifNull: [sortValue(key), null] };
    missing[`m${index}`] = { $cond: [{ $eq: [`$o${index}`, null] }, 1, 0] };
    sort[`m${index}`] = 1;
    sort[`o${index}`] = key.descending ? -1 : 1;
    fields.push(`m${index}`, `o${index}`);
  });
  sort.n = 1;
  return {
    compute: [{ $set: set }, { $set: missing }],
    fields,
    byMainDate: false,
    legs: [{ filter: position ? beyond(Object.entries(sort), position) : {}, dates: ALL_DATES, sort }],
    cursorOf: (last) => encodeCursor(name, [...fields.map((field) => last.o?.get(field) as Position[number]), last.n]),
  };
}

/** (a, b, n) after (A, B, N): a beyond A, or a equal and b beyond B, or both equal and n beyond N. */
function beyond(columns: readonly (readonly [string, 1 | -1])[], position: Position): Document {
  const legs = columns.map(([field, direction], index) => {
    const equal = columns.slice(0, index).map(([before], at) => ({ [before]: { $eq: position[at] } }));
    return { $and: [...equal, { [field]: { [direction === 1 ? '$gt' : '$lt']: position[index] } }] };
  });
  return { $or: legs };
}

function sortValue(key: SortKey): Document | string {
  switch (key.by) {
    case 'id':
      return '$_id';
    case 'lastUpdated':
      return '$u';
    case 'main-date':
      return '$sd';
    case 'param':
      return { [key.descending ? '$max' : '$min']: entriesOf(key.in, key.param) };
  }
}

function entriesOf(field: 'k' | 's' | 'd' | 'q', param: string): Document {
  const input = { $ifNull: [`$${field}`, []] };
  if (field === 'k' || field === 's') {
    const prefix = `${param}${field === 'k' ? '|' : ':'}`;
    return { $filter: { input, cond: between('$$this', prefix) } };
  }
  const plain = classesOf[field].map(({ digit }) => param + digit);
  const prefixes = [`${param}|`, ...plain.map((p) => p + UNIT)];
  const cond = { $or: [{ $in: ['$$this.p', plain] }, ...prefixes.map((prefix) => between('$$this.p', prefix))] };
  return { $map: { input: { $filter: { input, cond } }, in: '$$this.lo' } };
}

const between = (value: string, prefix: string): Document => ({
  $and: [{ $gte: [value, { $literal: prefix }] }, { $lt: [value, { $literal: successor(prefix) }] }],
});
