// JSON values as the checks see them.
import type { DECIMALS, DecimalTexts } from '../model/json.ts';

/** One JSON object of a resource. */
export interface Node {
  [property: string]: unknown;
  [DECIMALS]?: DecimalTexts;
}

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function jsonType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

/** A value in a message: quoted and cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
