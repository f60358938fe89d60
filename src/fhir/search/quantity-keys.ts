// How an interval of a quantity is stored: once for each name of its unit, which nearly always is one, and once more in the unit in which
// its kind is compared where it is in another (docs/adr/0014). https://hl7.org/fhir/R4/search.html#quantity
import { canonicalUnit } from './canonical-units.ts';
import { keyPart, systemTag } from './keys.ts';
import { nextAbove, nextBelow } from './number-range.ts';
import type { KeySink } from './search-type.ts';

export const UCUM = 'http://unitsofmeasure.org';

export interface Quantity {
  value?: number;
  comparator?: '<' | '<=' | '>=' | '>';
  unit?: string;
  system?: string;
  code?: string;
}

interface Range {
  low?: Quantity;
  high?: Quantity;
}

interface Unit {
  unit?: string | undefined;
  system?: string | undefined;
  code?: string | undefined;
}

export function pushInterval(
  { code, keys }: KeySink,
  lo: number,
  hi: number,
  { unit, system, code: unitCode }: Unit,
  /** the end that does not belong to it: `<5` */
  openEnd?: 'lo' | 'hi',
): void {
  const units = new Set<string>();
  if (unitCode !== undefined && system !== undefined) units.add(unitToken(unitCode, system));
  const isSaidByCode = system === UCUM && unitCode !== undefined;
  if (unitCode !== undefined && !isSaidByCode) units.add(unitToken(unitCode));
  if (unit !== undefined && unit !== unitCode) units.add(unitToken(unit));
  if (units.size === 0) units.add('');
  const closed = (from: number, to: number) => ({
    lo: openEnd === 'lo' ? nextAbove(from) : from,
    hi: openEnd === 'hi' ? nextBelow(to) : to,
  });
  const canonical = isSaidByCode ? canonicalUnit(unitCode) : undefined;
  const converted =
    canonical && canonical.unit !== unitCode ? closed(canonical.convert(lo), canonical.convert(hi)) : undefined;
  for (const u of units) keys.q.push({ p: code, ...closed(lo, hi), u, ...(converted && { c: converted.lo }) });
  if (canonical && converted) keys.q.push({ p: `${code}${CONVERTED}`, ...converted, u: canonical.unit });
}

/** Follows the parameter's code where the value is in another unit than it was written in. */
export const CONVERTED = '~';

/** A unit's code with its system, or the unit as it is written for people. */
export const unitToken = (unit: string, system?: string): string =>
  system === undefined ? keyPart(unit) : `${keyPart(unit)}|${systemTag(system)}`;

/** https://hl7.org/fhir/R4/datatypes.html#Range — a missing end is open */
export function pushRange(value: unknown, sink: KeySink): void {
  const { low, high } = value as Range;
  if (low?.value === undefined && high?.value === undefined) return;
  const unit = low?.value === undefined ? high : low;
  pushInterval(sink, low?.value ?? Number.NEGATIVE_INFINITY, high?.value ?? Number.POSITIVE_INFINITY, unit ?? {});
}

/** A range as numbers, whatever their unit. */
export function pushPlainRange(value: unknown, { code, keys }: KeySink): void {
  const { low, high } = value as Range;
  if (low?.value === undefined && high?.value === undefined) return;
  keys.q.push({ p: code, lo: low?.value ?? Number.NEGATIVE_INFINITY, hi: high?.value ?? Number.POSITIVE_INFINITY });
}
