// date, dateTime, instant, Period and Timing as closed intervals of time. https://hl7.org/fhir/R4/search.html#date
import { dateInterval } from '../../model/dates.ts';
import { askDates, readDate } from '../date-range.ts';
import { type Ordered, PREFIXES } from '../prefixes.ts';
import { defineSearchType, type KeySink } from '../search-type.ts';

interface Period {
  start?: string;
  end?: string;
}

interface Timing {
  event?: (string | null)[];
  repeat?: { boundsPeriod?: Period };
}

function periodInterval({ start, end }: Period, timeZone: string): { lo: number; hi: number } | undefined {
  const lo = start === undefined ? Number.NEGATIVE_INFINITY : dateInterval(start, timeZone)?.lo;
  const hi = end === undefined ? Number.POSITIVE_INFINITY : dateInterval(end, timeZone)?.hi;
  if (lo === undefined || hi === undefined || (start === undefined && end === undefined)) return undefined;
  return { lo, hi };
}

function pushMoment(value: unknown, { code, keys, context }: KeySink): void {
  const interval = dateInterval(value as string, context.timeZone);
  if (interval) keys.d.push({ p: code, lo: interval.lo, hi: interval.hi });
}

function pushPeriod(value: unknown, { code, keys, context }: KeySink): void {
  const interval = periodInterval(value as Period, context.timeZone);
  if (interval) keys.d.push({ p: code, lo: interval.lo, hi: interval.hi });
}

/** Only the outer limits of a schedule count: the first and the last moment that it names. */
function pushTiming(value: unknown, { code, keys, context }: KeySink): void {
  const { event = [], repeat } = value as Timing;
  const intervals = event.flatMap((moment) => dateInterval(moment ?? '', context.timeZone) ?? []);
  const bounds = repeat?.boundsPeriod && periodInterval(repeat.boundsPeriod, context.timeZone);
  if (bounds) intervals.push(bounds);
  if (intervals.length === 0) return;
  let { lo, hi } = intervals[0]!;
  for (const interval of intervals) {
    lo = Math.min(lo, interval.lo);
    hi = Math.max(hi, interval.hi);
  }
  keys.d.push({ p: code, lo, hi });
}

export default defineSearchType<Ordered>({
  type: 'date',
  keys: 'd',
  modifiers: [],
  prefixes: PREFIXES,
  elements: {
    date: pushMoment,
    dateTime: pushMoment,
    instant: pushMoment,
    Period: pushPeriod,
    Timing: pushTiming,
    // `scheduled` of a CarePlan's activity may be a text; it counts where it is a date
    string: pushMoment,
  },

  parse: readDate,
  match: (value, code, term) => askDates(code, value, term),
});
