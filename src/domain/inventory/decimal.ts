// Exact decimal arithmetic: 0.1 + 0.2 is 0.3 here. Quantities travel as text, as the engine keeps them (fhir/model/json.ts).

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/;
/** More digits than any stock needs; keeps a hostile exponent from filling the memory. */
const MOST_DIGITS = 40;

interface Decimal {
  units: bigint;
  scale: number;
}

/** '2.50' → 250 units of a hundredth; undefined for what is no decimal, or one of absurd size. */
function read(text: string): Decimal | undefined {
  const found = DECIMAL.exec(text);
  if (found === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = found;
  const scale = fraction.length - Number(exponent);
  if (whole.length + fraction.length > MOST_DIGITS || Math.abs(scale) > MOST_DIGITS) return undefined;
  const units = BigInt(`${sign}${whole}${fraction}`);
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 };
}

function aligned(a: string, b: string): { a: bigint; b: bigint; scale: number } {
  const [left, right] = [read(a), read(b)];
  if (left === undefined || right === undefined) throw new RangeError(`not a decimal: ${left === undefined ? a : b}`);
  const scale = Math.max(left.scale, right.scale);
  const raise = ({ units, scale: own }: Decimal): bigint => units * 10n ** BigInt(scale - own);
  return { a: raise(left), b: raise(right), scale };
}

function write(units: bigint, scale: number): string {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

export const isDecimal = (text: string): boolean => read(text) !== undefined;

export function add(x: string, y: string): string {
  const { a, b, scale } = aligned(x, y);
  return write(a + b, scale);
}

export function subtract(x: string, y: string): string {
  const { a, b, scale } = aligned(x, y);
  return write(a - b, scale);
}

/** negative, zero or positive, as sort wants it */
export function compare(x: string, y: string): number {
  const { a, b } = aligned(x, y);
  return a < b ? -1 : a > b ? 1 : 0;
}

export const least = (x: string, y: string): string => (compare(x, y) <= 0 ? x : y);

export const total = (amounts: readonly string[]): string => amounts.reduce(add, '0');
