// The implicit precision of decimals as written, on which number and quantity search rests.
// https://hl7.org/fhir/R4/search.html#number

const DECIMAL = /^[+-]?[0-9]+(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?$/;

/** Half a unit of the n-th digit after the point. */
const HALVES = Array.from({ length: 18 }, (_, digits) => Number(`5e${-digits - 1}`));

/** Decimal text → the value and half a unit of its last written digit: '5.40' → half 0.005; '1e3' → half 500. */
export function decimalPrecision(text: string): { value: number; half: number } | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const value = Number(text);
  const lastDigit = (match[1]?.length ?? 0) - Number(match[2] ?? 0);
  const half = HALVES[lastDigit] ?? Number(`5e${-lastDigit - 1}`);
  return Number.isFinite(value) && Number.isFinite(half) ? { value, half } : undefined;
}
