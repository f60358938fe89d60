// A searched date with its prefix: from its first to its last millisecond. https://hl7.org/fhir/R4/search.html#date
import { dateInterval } from '../model/dates.ts';
import type { Predicate } from '../model/predicate.ts';
import { askInterval, illegalValue, type Ordered, readPrefix } from './prefixes.ts';
import type { Term } from './search-type.ts';
import { unescapeValue } from './separators.ts';

export function readDate(text: string, term: Term): Ordered {
  const { prefix, rest } = readPrefix(unescapeValue(text));
  // the plus of a zone (+02:00) arrives as a space where the client did not encode it
  const interval = dateInterval(rest.replace(' ', '+'), term.context.timeZone);
  if (!interval) throw illegalValue(term.name, text, 'a date such as 2024, 2024-05 or 2024-05-01T10:00:00Z');
  const { lo, hi } = interval;
  // "approximately": a tenth of the distance to now, on both sides
  const slack = prefix === 'ap' ? Math.abs(term.context.now - lo) / 10 : 0;
  return { prefix, lo, hi, range: { lo: lo - slack, hi: hi + slack, isHalfOpen: false } };
}

export const askDates = (code: string, value: Ordered, { parameter }: Term): Predicate =>
  askInterval(code, value, 'd', code === parameter.mainDate ? { isMainDate: true } : {});
