// Turns "weekdays from nine to five, every 20 minutes" into instants of the hospital's time zone. Pure.
// Each time on the wall clock gives one slot: none where the clock jumps over it in spring, the first of the two in autumn.
import { DateTime } from 'luxon';
import type { Span } from './slot.ts';

export interface Hours {
  /** first and last day, 2026-03-01 */
  from: string;
  to: string;
  /** 09:00:00; an end that is not after the start lies on the next day */
  startTime: string;
  endTime: string;
  minutes: number;
  /** mon … sun; empty: every day */
  daysOfWeek: readonly string[];
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const MINUTE_MS = 60_000;

/** In the order of time, without overlap. */
export function spansOf(hours: Hours, timeZone: string): Span[] {
  const { from, to, minutes, daysOfWeek } = hours;
  const spans: Span[] = [];
  const start = secondsOf(hours.startTime);
  const end = secondsOf(hours.endTime) + (secondsOf(hours.endTime) > start ? 0 : 86_400);
  const last = DateTime.fromISO(to, { zone: 'utc' });
  let free = Number.NEGATIVE_INFINITY;
  for (let day = DateTime.fromISO(from, { zone: 'utc' }); day <= last; day = day.plus({ days: 1 })) {
    if (daysOfWeek.length > 0 && !daysOfWeek.includes(DAYS[day.weekday - 1]!)) continue;
    const close = onTheWall(day, end, timeZone)?.toMillis() ?? Number.POSITIVE_INFINITY;
    for (let second = start; second + minutes * 60 <= end; second += minutes * 60) {
      const lo = onTheWall(day, second, timeZone)?.toMillis();
      if (lo === undefined || lo < free) continue;
      const hi = lo + minutes * MINUTE_MS;
      if (hi > close) continue;
      spans.push({ lo, hi });
      free = hi;
    }
  }
  return spans;
}

/** 2026-03-08T09:00:00-04:00 */
export const localText = (ms: number, timeZone: string): string =>
  DateTime.fromMillis(ms, { zone: timeZone }).toISO({ suppressMilliseconds: true })!;

export const localDate = (ms: number, timeZone: string): string =>
  DateTime.fromMillis(ms, { zone: timeZone }).toISODate()!;

function secondsOf(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
  return hours * 3600 + minutes * 60 + seconds;
}

/** The instant at which the clock on the wall shows this time; undefined where it never does. */
function onTheWall(day: DateTime, second: number, zone: string): DateTime | undefined {
  const wanted = day.plus({ seconds: second });
  const { year, month, day: date, hour, minute, second: rest } = wanted;
  const found = DateTime.fromObject({ year, month, day: date, hour, minute, second: rest }, { zone });
  if (found.hour !== hour || found.minute !== minute || found.day !== date) return undefined;
  return DateTime.min(found, ...found.getPossibleOffsets());
}
