// What compiled invariants compute with: collections of plain JSON values.
import type { Definitions } from '../../definitions/definitions.ts';
import type { Surroundings } from './expression.ts';
import type { Syntax } from './syntax.ts';

export type Items = readonly unknown[];
export type Run = Surroundings;
export type Code = (items: Items, run: Run) => Items;

/** Code, and what may come out of it; no types: always nothing. */
export interface Value {
  types: readonly string[];
  code: Code;
}

export interface Scope {
  definitions: Definitions;
  /** of the items that a leading name is taken from */
  types: readonly string[];
  /** of what the whole expression is asked of */
  rootType: string;
  build(syntax: Syntax, scope: Scope): Value;
}

/** Thrown where only fhirpath knows: dates of different precision, quantities of different units, several items where one is meant. */
export const BAIL: unique symbol = Symbol('left to fhirpath');

/** A primitive of which only the extensions are known: it exists and has no value. */
export const BARE: unique symbol = Symbol('no value');

export const NONE: Items = [];
export const TRUE: Items = [true];
export const FALSE: Items = [false];

export const truth = (value: boolean): Items => (value ? TRUE : FALSE);
export const only = (value: unknown): Items => [value];

/** http://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections; undefined: empty */
export function asBoolean(items: Items): boolean | undefined {
  if (items.length === 0) return undefined;
  if (items.length > 1) throw BAIL;
  const [item] = items;
  if (item === BARE) throw BAIL;
  return item !== false;
}
