// The order of search results: by an index where there is one (`sd`, `u`, `_id`, `sn`), else computed in an aggregation, which an index
// leads where the first of several keys has one (lead.ts). All page by keyset: the next page begins after the last match's sort values and
// its unique `n`, whatever was written meanwhile.
import type { Document } from 'mongodb';
import type { SortKey } from '../store.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { ALL_DATES, type DateRange } from './date-ranges.ts';
import { successor } from './filter.ts';
import type { RawDocument } from './raw.ts';
import { classesOf, UNIT } from './width-class.ts';

export type SortValue = string | number | null;

/** Of a match: its sort values, one for each key, and its `n`. Or a place before all, or after all, that have these values. */
export interface Position {
  values: readonly SortValue[];
  n: number | 'before' | 'after';
}

/** Part of an ordered result; parts follow one another. */
export interface Leg {
  filter: Document;
  /** where the main date of the part begins; undefined where it has none */
  dates: DateRange | undefined;
  sort: Record<string, 1 | -1>;
  /** of a computed order: what an index can choose before anything is computed */
  within?: Document;
}

/** The index that gives the order of the first of several keys. */
export interface Lead {
  field: IndexedField;
  descending: boolean;
  /** where the page begins; undefined at the beginning */
  from: SortValue | undefined;
}

export interface Order {
  /** what remains after the position */
  legs: Leg[];
  /** stages that compute the sort values before the legs' filters can be used; empty where an index has them */
  compute: Document[];
  /** fields that the sort values are read from */
  fields: readonly string[];
  /** in the order of the main date, so that the keys index serves it too */
  byMainDate: boolean;
  lead?: Lead;
  positionOf(match: RawDocument): Position;
  cursorOf(last: RawDocument): string;
}

export function orderOf(sort: readonly SortKey[], after: string | undefined): Order {
  return orderFrom(sort, after === undefined ? undefined : readPosition(nameOf(sort), sort.length || 1, after));
}

export function orderFrom(sort: readonly SortKey[], position: Position | undefined): Order {
  const [first] = sort;
  const placed = sort.length <= 1 && !isComputed(first) ? indexedOrder(first, position) : computedOrder(sort, position);
  return { ...placed, cursorOf: (last) => writePosition(nameOf(sort), placed.positionOf(last)) };
}

export const nameOf = (sort: readonly SortKey[]): string => sort.map(nameOfKey).join(',');

const nameOfKey = (key: SortKey): string =>
  (key.descending ? '-' : '') +
  (key.by === 'param'
    ? `${key.in}.${key.param}`
    : key.by === 'distance'
      ? `distance ${key.longitude} ${key.latitude}`
      : key.by);

export const writePosition = (name: string, { values, n }: Position): string => encodeCursor(name, [...values, n]);

export function readPosition(name: string, keys: number, cursor: string): Position {
  const read = decodeCursor(name, cursor, keys + 1);
  const n = read[keys];
  return { values: read.slice(0, keys) as SortValue[], n: n === 'before' || n === 'after' ? n : Number(n) };
}

type ComputedKey = SortKey & { by: 'param' | 'distance' };
type IndexedKey = Exclude<SortKey, { by: 'param' | 'distance' }>;
const isComputed = (key: SortKey | undefined): key is ComputedKey => key?.by === 'param' || key?.by === 'distance';

type IndexedField = '_id' | 'u' | 'sd' | 'sn' | 'sx';
type Placed = Omit<Order, 'cursorOf'>;

const fieldOf = (key: IndexedKey): IndexedField => {
  if (key.by === 'main-name') return key.descending ? 'sx' : 'sn';
  return ({ id: '_id', lastUpdated: 'u', 'main-date': 'sd' } as const)[key.by];
};

function indexedOrder(key: IndexedKey | undefined, position: Position | undefined): Placed {
  const descending = key?.descending ?? true;
  const field = key === undefined ? 'sd' : fieldOf(key);
  const base = { compute: [], byMainDate: field === 'sd', fields: field === 'sn' || field === 'sx' ? [field] : [] };
  const positionOf = (one: RawDocument): Position => ({ values: [valueIn(one, field)], n: one.n });
  switch (field) {
    case '_id': {
      const [value, beyond] = [position?.values[0], position?.n === 'before' ? 'e' : ''];
      const filter = position ? { _id: { [`${descending ? '$lt' : '$gt'}${beyond}`]: value } } : {};
      return { ...base, positionOf, legs: [{ filter, dates: ALL_DATES, sort: { _id: descending ? -1 : 1 } }] };
    }
    case 'u':
      return { ...base, positionOf, legs: [keysetLeg('u', descending, descending, position)] };
    case 'sd':
      return { ...base, positionOf, legs: mainDateLegs(descending, position) };
    default:
      return { ...base, positionOf, legs: nameLegs(field, descending, position) };
  }
}

function valueIn(one: RawDocument, field: IndexedField): SortValue {
  if (field === 'sn' || field === 'sx') return (one.o?.get(field) as string | undefined) ?? null;
  return one[field];
}

/** Documents without the date come last in both directions, as a leg of their own. */
function mainDateLegs(descending: boolean, position: Position | undefined): Leg[] {
  const without: Leg = { filter: { sd: null }, dates: undefined, sort: { sd: -1, n: 1 } };
  if (position?.values[0] === null) return [{ ...without, filter: { sd: null, n: { $gt: tieOf(position, 1) } } }];
  // null is below every number, so that one scan downwards gives both legs
  if (descending && !position) return [{ filter: {}, dates: ALL_DATES, sort: { sd: -1, n: 1 } }];
  return [keysetLeg('sd', descending, !descending, position), without];
}

function nameLegs(field: 'sn' | 'sx', descending: boolean, position: Position | undefined): Leg[] {
  const direction = descending ? -1 : 1;
  const without: Leg = { filter: { [field]: null }, dates: ALL_DATES, sort: { [field]: direction, n: 1 } };
  if (position?.values[0] === null) return [{ ...without, filter: { [field]: null, n: { $gt: tieOf(position, 1) } } }];
  return [keysetLeg(field, descending, false, position), without];
}

/** Where the position stands among those with equal values, for `n` that rises (1) or falls (-1). */
function tieOf({ n }: Position, direction: 1 | -1): number {
  if (typeof n === 'number') return n;
  return (n === 'before') === (direction === 1) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** After (value, n) in an index on both; `n` runs against or with the value, as the index does. */
function keysetLeg(
  field: Exclude<IndexedField, '_id'>,
  descending: boolean,
  nDescending: boolean,
  position: Position | undefined,
): Leg {
  const sort: Leg['sort'] = { [field]: descending ? -1 : 1, n: nDescending ? -1 : 1 };
  if (!position) return { filter: { ...PRESENT[field] }, dates: ALL_DATES, sort };
  const value = position.values[0]!;
  const end = field === 'sd' && typeof value === 'number' ? { [descending ? 'max' : 'min']: value } : {};
  const beyond = descending ? '$lt' : '$gt';
  const n = tieOf(position, nDescending ? -1 : 1);
  return {
    filter: {
      [field]: { [`${beyond}e`]: value },
      $or: [{ [field]: { [beyond]: value } }, { n: { [nDescending ? '$lt' : '$gt']: n } }],
    },
    dates: { ...ALL_DATES, ...end },
    sort,
  };
}

/** Null is neither above nor below a number or a text. */
export const PRESENT: Readonly<Record<IndexedField, Document>> = {
  _id: {},
  u: {},
  sd: { sd: { $gte: Number.NEGATIVE_INFINITY } },
  sn: { sn: { $gte: '' } },
  sx: { sx: { $gte: '' } },
};

function computedOrder(keys: readonly SortKey[], position: Position | undefined): Placed {
  const set: Document = {};
  const missing: Document = {};
  const sort: Leg['sort'] = {};
  const fields: string[] = [];
  keys.forEach((key, index) => {
    set[`o${index}`] = { $ifNull: [sortValue(key), null] };
    missing[`m${index}`] = { $cond: [{ $eq: [`$o${index}`, null] }, 1, 0] };
    sort[`m${index}`] = 1;
    sort[`o${index}`] = key.descending ? -1 : 1;
    fields.push(`o${index}`);
  });
  sort.n = 1;
  const [first] = keys;
  const from = position?.values[0];
  return {
    compute: [{ $set: set }, { $set: missing }],
    fields,
    byMainDate: false,
    ...(first && !isComputed(first) && { lead: { field: fieldOf(first), descending: first.descending, from } }),
    legs: [{ filter: position ? beyond(Object.entries(sort), position) : {}, dates: ALL_DATES, sort }],
    positionOf: (one) => ({ values: fields.map((field) => one.o?.get(field) as SortValue), n: one.n }),
  };
}

/** (a, b, n) after (A, B, N): a beyond A, or a equal and b beyond B, or both equal and n beyond N. */
function beyond(columns: readonly (readonly [string, 1 | -1])[], position: Position): Document {
  const at = [...position.values.flatMap((value) => [value === null ? 1 : 0, value]), tieOf(position, 1)];
  const legs = columns.map(([field, direction], index) => {
    const equal = columns.slice(0, index).map(([before], column) => ({ [before]: { $eq: at[column] } }));
    return { $and: [...equal, { [field]: { [direction === 1 ? '$gt' : '$lt']: at[index] } }] };
  });
  return { $or: legs };
}

function sortValue(key: SortKey): Document | string {
  if (key.by === 'distance') return haversine(key);
  if (key.by !== 'param') return `$${fieldOf(key)}`;
  return { [key.descending ? '$max' : '$min']: entriesOf(key.in, key.param) };
}

/** Grows with the distance, which is all that an order needs: the sine of half the angle between the two, squared. */
function haversine({ longitude, latitude }: SortKey & { by: 'distance' }): Document {
  const radians = (degrees: unknown): Document => ({ $degreesToRadians: degrees });
  const [itsLongitude, itsLatitude] = [0, 1].map((at) => ({ $arrayElemAt: ['$l', at] }));
  const halfSine = (a: unknown, b: number): Document => ({
    $pow: [{ $sin: { $divide: [radians({ $subtract: [a, b] }), 2] } }, 2],
  });
  return {
    $add: [
      halfSine(itsLatitude, latitude),
      {
        $multiply: [{ $cos: radians(itsLatitude) }, { $cos: radians(latitude) }, halfSine(itsLongitude, longitude)],
      },
    ],
  };
}

/** What follows the parameter's name, so that keys of equal meaning compare whatever parameter they are stored under. */
function entriesOf(field: 'k' | 's' | 'd' | 'q', param: string): Document {
  const input = { $ifNull: [`$${field}`, []] };
  if (field === 'k' || field === 's') {
    const prefix = `${param}${field === 'k' ? '|' : ':'}`;
    // `identifier|*|<tag>` says only whose identifier it is
    const isValue = field === 'k' ? [{ $not: between('$$this', `${prefix}*|`) }] : [];
    const found = { $filter: { input, cond: { $and: [...between('$$this', prefix).$and, ...isValue] } } };
    return { $map: { input: found, in: { $substrBytes: ['$$this', Buffer.byteLength(prefix), -1] } } };
  }
  const plain = classesOf[field].map(({ digit }) => param + digit);
  const prefixes = [`${param}|`, ...plain.map((p) => p + UNIT)];
  const cond = { $or: [{ $in: ['$$this.p', plain] }, ...prefixes.map((prefix) => between('$$this.p', prefix))] };
  return { $map: { input: { $filter: { input, cond } }, in: { $ifNull: ['$$this.c', '$$this.lo'] } } };
}

const between = (value: string, prefix: string): { $and: Document[] } => ({
  $and: [{ $gte: [value, { $literal: prefix }] }, { $lt: [value, { $literal: successor(prefix) }] }],
});

/** As the database compares them: numbers, or texts by their bytes; missing values are last whatever the direction. */
export function compareValues(a: readonly SortValue[], b: readonly SortValue[], sort: readonly SortKey[]): number {
  for (const [index, { descending }] of sort.entries()) {
    const [left, right] = [a[index] ?? null, b[index] ?? null];
    if (left === right) continue;
    if (left === null || right === null) return left === null ? 1 : -1;
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}
