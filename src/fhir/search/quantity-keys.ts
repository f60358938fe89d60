// How an interval of a quantity is stored: once, and beside it in what units it can be meant. https://hl7.org/fhir/R4/search.html#quantity
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
  const units: string[] = [];
  if (unitCode !== undefined && system !== undefined) units.push(unitToken(unitCode, system));
  const isSaidByCode = system === UCUM && unitCode !== undefined;
  if (unitCode !== undefined && !isSaidByCode) units.push(unitToken(unitCode));
  if (unit !== undefined && unit !== unitCode) units.push(unitToken(unit));
  keys.q.push({ p: code, lo, hi, ...(units.length > 0 && { t: units }) });
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
