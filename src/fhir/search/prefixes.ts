// Prefixes of ordered values, and what each asks of an interval. https://hl7.org/fhir/R4/search.html#prefix
import { FhirError } from '../model/errors.ts';
import type { Bound, Predicate } from '../model/predicate.ts';

export const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;
export type Prefix = (typeof PREFIXES)[number];

/** What the client gave: from `lo` to `hi`, where `hi` itself belongs to it (dates) or not (numbers' implicit precision). */
export interface Range {
  lo: number;
  hi: number;
  isHalfOpen: boolean;
}

export interface Ordered {
  prefix: Prefix;
  /** the value with its precision: for eq, ne and (widened) ap */
  range: Range;
  /** the value as its two ends: a day's begin and end, or twice the same number, for which precision does not matter */
  lo: number;
  hi: number;
}

export function readPrefix(text: string): { prefix: Prefix; rest: string } {
  const prefix = PREFIXES.find((candidate) => text.startsWith(candidate));
  return prefix ? { prefix, rest: text.slice(2) } : { prefix: 'eq', rest: text };
}

export function illegalValue(parameter: string, text: string, what: string): FhirError {
  return new FhirError(
    'invalid',
    `Parameter ${parameter}: '${text}' is not ${what}, with or without a prefix (${PREFIXES.join(', ')})`,
  );
}

type Ends = { lo?: Bound; hi?: Bound };

const end = ({ hi, isHalfOpen }: Range): Bound => (isHalfOpen ? { lt: hi } : { lte: hi });
const beyond = ({ hi, isHalfOpen }: Range): Bound => (isHalfOpen ? { gte: hi } : { gt: hi });

/** What each asks of an interval's ends; one of the alternatives must hold. */
const asks: Readonly<Record<Prefix, (value: Ordered) => readonly Ends[]>> = {
  eq: ({ range }) => [{ lo: { gte: range.lo }, hi: end(range) }],
  ne: ({ range }) => [{ lo: { lt: range.lo } }, { hi: beyond(range) }],
  gt: ({ hi }) => [{ hi: { gt: hi } }],
  lt: ({ lo }) => [{ lo: { lt: lo } }],
  ge: ({ lo }) => [{ hi: { gte: lo } }],
  le: ({ hi }) => [{ lo: { lte: hi } }],
  sa: ({ hi }) => [{ lo: { gt: hi } }],
  eb: ({ lo }) => [{ hi: { lt: lo } }],
  ap: ({ range }) => [{ lo: end(range), hi: { gte: range.lo } }],
};

/** Which stored intervals a prefixed value asks for. */
export function askInterval(
  param: string,
  value: Ordered,
  where: 'd' | 'q',
  more: Pick<Predicate & { op: 'interval' }, 'units' | 'isMainDate'> = {},
): Predicate {
  const of = asks[value.prefix](value).map(
    (ends): Predicate => ({ op: 'interval', in: where, param, ...ends, ...more }),
  );
  return of.length === 1 ? of[0]! : { op: 'or', of };
}
