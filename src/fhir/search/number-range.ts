// A searched number with its prefix and implicit precision. https://hl7.org/fhir/R4/search.html#number
import { decimalPrecision } from '../model/numbers.ts';
import { illegalValue, type Ordered, type Prefix } from './prefixes.ts';
import type { Term } from './search-type.ts';

/** 5.4 - 0.05 is 5.3500000000000005 in binary; fifteen digits give back the decimal that was meant. */
const decimal = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(15)) : value);

export function readNumber(prefix: Prefix, digits: string, text: string, term: Term): Ordered {
  const read = decimalPrecision(digits);
  if (!read) throw illegalValue(term.name, text, 'a number');
  const { value, half } = read;
  const slack = prefix === 'ap' ? Math.max(Math.abs(value) / 10, half) : half;
  // a number of sixteen digits and more still stands for itself
  const lo = Math.min(decimal(value - slack), value);
  const hi = Math.max(decimal(value + slack), nextAbove(value));
  // R4: the precision does not matter to any prefix but eq, ne and ap
  return { prefix, lo: value, hi: value, range: { lo, hi, isHalfOpen: prefix !== 'ap' } };
}

const float = new Float64Array(1);
const bits = new BigInt64Array(float.buffer);

/** The next double above, so that "more than 5" is a closed interval too. */
export function nextAbove(value: number): number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return Number.MIN_VALUE;
  float[0] = value;
  bits[0] = (bits[0] ?? 0n) + (value > 0 ? 1n : -1n);
  return float[0];
}

export const nextBelow = (value: number): number => -nextAbove(-value);
