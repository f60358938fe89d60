// Page cursors: the position after the last match, opaque to everyone above. Nothing is kept in the server between pages.
import { FhirError } from '../../model/errors.ts';

export type Values = readonly (string | number | boolean | null)[];

/** `order` says which sort the position belongs to, so that a cursor is not used with another. */
export function encodeCursor(order: string, position: Values): string {
  return Buffer.from(JSON.stringify([order, ...position.map(plain)])).toString('base64url');
}

export function decodeCursor(order: string, cursor: string, length: number): Values {
  try {
    const [of, ...position] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (of === order && position.length === length && position.every(isPositionValue)) return position.map(restored);
  } catch {
    // falls through to the one answer
  }
  throw new FhirError('invalid', 'The page link is damaged or belongs to another search');
}

const isPositionValue = (value: unknown): value is string | number | boolean | null | { infinite: number } =>
  value === null ||
  ['string', 'number', 'boolean'].includes(typeof value) ||
  (typeof value === 'object' && 'infinite' in value && typeof value.infinite === 'number');

/** JSON has no infinity, open periods do. */
const plain = (value: Values[number]): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? { infinite: Math.sign(value) } : value;

const restored = (value: string | number | boolean | null | { infinite: number }): Values[number] =>
  typeof value === 'object' && value !== null ? value.infinite * Number.POSITIVE_INFINITY : value;
