// Prefixes of ordered values, and what each asks of an interval. https://hl7.org/fhir/R4/search.html#prefix
import { FhirError } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';

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

type Ask = (param: string, value: Ordered, where: 'd' | 'q') => Predicate;

const end = ({ hi, isHalfOpen }: Range): { lt: number } | { lte: number } => (isHalfOpen ? { lt: hi } : { lte: hi });
const beyond = ({ hi, isHalfOpen }: Range): { gte: number } | { gt: number } => (isHalfOpen ? { gte: hi } : { gt: hi });

const asks: Readonly<Record<Prefix, Ask>> = {
  eq: (param, { range }, where) => ({ op: 'interval', in: where, param, lo: { gte: range.lo }, hi: end(range) }),
  ne: (param, { range }, where) => ({
    op: 'or',
    of: [
      { op: 'interval', in: where, param, lo: { lt: range.lo } },
      { op: 'interval', in: where, param, hi: beyond(range) },
    ],
  }),
  gt: (param, { hi }, where) => ({ op: 'interval', in: where, param, hi: { gt: hi } }),
  lt: (param, { lo }, where) => ({ op: 'interval', in: where, param, lo: { lt: lo } }),
  ge: (param, { lo }, where) => ({ op: 'interval', in: where, param, hi: { gte: lo } }),
  le: (param, { hi }, where) => ({ op: 'interval', in: where, param, lo: { lte: hi } }),
  sa: (param, { hi }, where) => ({ op: 'interval', in: where, param, lo: { gt: hi } }),
  eb: (param, { lo }, where) => ({ op: 'interval', in: where, param, hi: { lt: lo } }),
  ap: (param, { range }, where) => ({ op: 'interval', in: where, param, lo: end(range), hi: { gte: range.lo } }),
};

/** Which stored intervals a prefixed value asks for. */
export const askInterval = (param: string, value: Ordered, where: 'd' | 'q'): Predicate =>
  asks[value.prefix](param, value, where);
