// Conversion between UCUM units.
import { ucumLibrary } from '../../terminology/systems/ucum-library.ts';

/** undefined where the units do not measure the same, or one is unknown */
export function convertUnit(value: number, from: string, to: string): number | undefined {
  if (from === to) return value;
  const { status, toVal } = ucumLibrary().convertUnitTo(from, value, to);
  return status === 'succeeded' && toVal !== null ? toVal : undefined;
}
