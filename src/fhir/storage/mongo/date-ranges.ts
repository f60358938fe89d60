// Where in the order of the main date a search's matches can be, so that a page reads about itself and not the whole range of dates.
// Documents are told apart by how long their main date lasts (`w`): what ends after `a` and lasts at most W begins after `a - W`. Each class is
// one range of the index {w, sd, n}, and the ranges are merged in its order.
import type { Bound } from '../../model/predicate.ts';
import type { Resolved } from './filter.ts';

/** Of `sd`, both ends included. */
export interface DateRange {
  min: number;
  max: number;
}

/** A class and the only ranges that can hold its matches. */
export interface ClassDates {
  w: number;
  ranges: DateRange[];
}

interface SpanClass {
  w: number;
  /** each lasts longer than this, and none longer than `most` */
  least: number;
  most: number;
  /** one interval, which begins at `sd` */
  isSingle: boolean;
}

const DAY = 86_400_000;
/** What is open at an end is a class of its own: nearly all that began before a time and have no end are found by a search for that time. */
const LENGTHS = [DAY, 32 * DAY, 367 * DAY, 3_700 * DAY, Number.MAX_VALUE, Number.POSITIVE_INFINITY];
const SEVERAL = LENGTHS.length;
const spanClasses: readonly SpanClass[] = [
  ...LENGTHS.map((most, w) => ({ w, least: LENGTHS[w - 1] ?? Number.NEGATIVE_INFINITY, most, isSingle: true })),
  { w: SEVERAL, least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY, isSingle: false },
];

export function spanClass(span: number | 'several'): number {
  if (span === 'several') return SEVERAL;
  return Number.isFinite(span) ? LENGTHS.findIndex((most) => span <= most) : LENGTHS.length - 1;
}

export const ALL_DATES: DateRange = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };
/** More scans than these cost more than what lies between them. */
const MOST_RANGES = 8;

/** Undefined where the main date decides nothing. */
export function datesOf(predicate: Resolved, within: DateRange): ClassDates[] | undefined {
  if (!speaksOfMainDate(predicate)) return undefined;
  return spanClasses.map((spanOf) => ({
    w: spanOf.w,
    ranges: intersected(rangesIn(predicate, spanOf) ?? [ALL_DATES], [within]),
  }));
}

/** Whether no document without a main date can match. */
export function speaksOfMainDate(predicate: Resolved): boolean {
  if (predicate.op === 'interval') return predicate.isMainDate === true;
  if (predicate.op === 'and') return predicate.of.some(speaksOfMainDate);
  return predicate.op === 'or' && predicate.of.length > 0 && predicate.of.every(speaksOfMainDate);
}

function rangesIn(predicate: Resolved, spanOf: SpanClass): DateRange[] | undefined {
  if (!speaksOfMainDate(predicate)) return undefined;
  if (predicate.op === 'interval') return rangeOf(predicate.lo ?? {}, predicate.hi ?? {}, spanOf);
  if (predicate.op === 'and') {
    const parts = predicate.of.flatMap((part) => {
      const ranges = rangesIn(part, spanOf);
      return ranges ? [ranges] : [];
    });
    return parts.reduce(intersected);
  }
  if (predicate.op === 'or') return merged(predicate.of.flatMap((part) => rangesIn(part, spanOf) ?? [ALL_DATES]));
  return undefined;
}

function rangeOf(lo: Bound, hi: Bound, { least, most, isSingle }: SpanClass): DateRange[] {
  const first = { lo: lowest(lo), hi: lowest(hi) };
  const last = { lo: highest(lo), hi: highest(hi) };
  // one that must lie between two points is no longer than what is between them
  if (isSingle && last.hi - first.lo < least) return [];
  const max = Math.min(last.lo, last.hi);
  const min = Math.max(isSingle ? first.lo : Number.NEGATIVE_INFINITY, first.hi - most);
  return min > max ? [] : [{ min, max }];
}

const lowest = ({ gt = Number.NEGATIVE_INFINITY, gte = Number.NEGATIVE_INFINITY }: Bound): number => Math.max(gt, gte);
const highest = ({ lt = Number.POSITIVE_INFINITY, lte = Number.POSITIVE_INFINITY }: Bound): number => Math.min(lt, lte);

function intersected(some: readonly DateRange[], others: readonly DateRange[]): DateRange[] {
  return merged(
    some.flatMap((one) =>
      others.flatMap((other) => {
        const [min, max] = [Math.max(one.min, other.min), Math.min(one.max, other.max)];
        return min > max ? [] : [{ min, max }];
      }),
    ),
  );
}

function merged(ranges: readonly DateRange[]): DateRange[] {
  const result: DateRange[] = [];
  for (const { min, max } of [...ranges].sort((a, b) => a.min - b.min)) {
    const last = result.at(-1);
    if (last && min <= last.max) last.max = Math.max(last.max, max);
    else result.push({ min, max });
  }
  return result.length <= MOST_RANGES ? result : [{ min: result[0]!.min, max: result.at(-1)!.max }];
}
