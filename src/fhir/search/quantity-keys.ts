// How an interval of a quantity is stored, unit by unit. https://hl7.org/fhir/R4/search.html#quantity
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
  keys.q.push({ p: code, lo, hi });
  if (unitCode !== undefined && system !== undefined) {
    keys.q.push({ p: `${code}|${keyPart(unitCode)}|${systemTag(system)}`, lo, hi });
  }
  const isSaidByCode = system === UCUM && unitCode !== undefined;
  if (unitCode !== undefined && !isSaidByCode) keys.q.push({ p: `${code}|${keyPart(unitCode)}`, lo, hi });
  if (unit !== undefined && unit !== unitCode) keys.q.push({ p: `${code}|${keyPart(unit)}`, lo, hi });
}

/** https://hl7.org/fhir/R4/datatypes.html#Range — a missing end is open */
export function pushRange(value: unknown, sink: KeySink): void {
  const { low, high } = value as Range;
  if (low?.value === undefined && high?.value === undefined) return;
  const unit = low?.value === undefined ? high : low;
  pushInterval(sink, low?.value ?? Number.NEGATIVE_INFINITY, high?.value ?? Number.POSITIVE_INFINITY, unit ?? {});
}
