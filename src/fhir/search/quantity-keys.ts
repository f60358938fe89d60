// How an interval of a quantity is stored: once for each name of its unit, which nearly always is one. https://hl7.org/fhir/R4/search.html#quantity
import { keyPart, systemTag } from './keys.ts';
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
): void {
  const units = new Set<string>();
  if (unitCode !== undefined && system !== undefined) units.add(unitToken(unitCode, system));
  const isSaidByCode = system === UCUM && unitCode !== undefined;
  if (unitCode !== undefined && !isSaidByCode) units.add(unitToken(unitCode));
  if (unit !== undefined && unit !== unitCode) units.add(unitToken(unit));
  if (units.size === 0) units.add('');
  for (const u of units) keys.q.push({ p: code, lo, hi, u });
}

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
