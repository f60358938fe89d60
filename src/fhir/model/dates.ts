// FHIR date, dateTime and instant as the interval of time they name, on which date search rests.
// https://hl7.org/fhir/R4/datatypes.html#dateTime and https://hl7.org/fhir/R4/search.html#date
import { localToUtc } from './time-zones.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const MINUTE = 60_000;

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

export const daysInMonth = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month - 1] ?? 0);

/** Midnight UTC in ms; unlike Date.UTC right for the years 1 to 99. Months may run to 13. */
function midnight(year: number, month: number, day: number): number {
  // civil date → days since 1970-01-01, with years that begin in March
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * 146_097 + dayOfEra - 719_468) * DAY;
}

/** The number in `count` digits at `at`, or NaN. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * FHIR date, dateTime or instant of any precision (hours and minutes without seconds too, as searches may say) → closed interval in ms.
 * A value without a zone is in `timeZone`. undefined if it is no date, or none of the calendar: 2023-02-30.
 * A fraction of a second names one millisecond: writers drop its trailing zeros, so .5 says no less than .500.
 */
export function dateInterval(text: string, timeZone: string): { lo: number; hi: number } | undefined {
  const { length } = text;
  const year = digits(text, 0, 4);
  if (!(year >= 1)) return undefined;
  if (length === 4) return between(midnight(year, 1, 1), midnight(year + 1, 1, 1), timeZone);
  const month = digits(text, 5, 2);
  if (text[4] !== '-' || !(month >= 1 && month <= 12)) return undefined;
  if (length === 7) {
    const next = month === 12 ? midnight(year + 1, 1, 1) : midnight(year, month + 1, 1);
    return between(midnight(year, month, 1), next, timeZone);
  }
  const day = digits(text, 8, 2);
  if (text[7] !== '-' || !(day >= 1 && day <= daysInMonth(year, month))) return undefined;
  const date = midnight(year, month, day);
  if (length === 10) return between(date, date + DAY, timeZone);

  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  if (text[10] !== 'T' || text[13] !== ':' || !(hour <= 23) || !(minute <= 59)) return undefined;
  let lo = date + hour * HOUR + minute * MINUTE;
  let width = MINUTE;
  let at = 16;
  if (text[at] === ':') {
    const second = digits(text, 17, 2);
    if (!(second <= 60)) return undefined;
    // a leap second is told as the end of the second before, so that it stays within its day
    lo += second === 60 ? 59_999 : second * 1000;
    width = second === 60 ? 1 : 1000;
    at = 19;
    if (text[at] === '.') {
      const first = ++at;
      let ms = 0;
      for (let unit = 100; text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39; at++) {
        if (unit >= 1) ms += (text.charCodeAt(at) - 0x30) * unit;
        unit = unit === 1 ? 0 : unit / 10;
      }
      if (at === first) return undefined;
      if (second !== 60) lo += ms;
      width = 1;
    }
  }
  if (at === length) {
    const start = localToUtc(lo, timeZone);
    return { lo: start, hi: start + width - 1 };
  }
  const offset = zoneOffset(text, at);
  return offset === undefined ? undefined : { lo: lo - offset, hi: lo - offset + width - 1 };
}

/** `Z`, `+hh:mm` or `-hh:mm`, and nothing behind it. */
function zoneOffset(text: string, at: number): number | undefined {
  const sign = text[at];
  if (sign === 'Z') return text.length === at + 1 ? 0 : undefined;
  const hours = digits(text, at + 1, 2);
  const minutes = digits(text, at + 4, 2);
  if ((sign !== '+' && sign !== '-') || text[at + 3] !== ':' || text.length !== at + 6) return undefined;
  if (!(hours <= 14) || !(minutes <= 59) || hours * 60 + minutes > 840) return undefined;
  return (sign === '-' ? -1 : 1) * (hours * HOUR + minutes * MINUTE);
}

function between(start: number, next: number, timeZone: string): { lo: number; hi: number } {
  const lo = localToUtc(start, timeZone);
  // a zone that crossed the date line left out a whole day
  return { lo, hi: Math.max(lo, localToUtc(next, timeZone) - 1) };
}
