// Equality of JSON values, and the two ways in which a profile may fix what an element holds.
// https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_
import { isNode } from './node.ts';

export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  if (!isNode(a) || !isNode(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => deepEqual(a[key], b[key]));
}

/** Everything the pattern has must be there; for each item of an array, somewhere in the array. */
export function fits(value: unknown, pattern: unknown): boolean {
  if (value === pattern) return true;
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && pattern.every((wanted) => value.some((item) => fits(item, wanted)));
  }
  if (!isNode(pattern) || !isNode(value)) return false;
  for (const key in pattern) if (!fits(value[key], pattern[key])) return false;
  return true;
}
