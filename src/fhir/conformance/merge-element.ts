// What a differential says of an element, laid over what its base says. https://hl7.org/fhir/R4/profiling.html#snapshot
import type { Element } from './element-tree.ts';

type Merge = (base: unknown, own: unknown) => unknown;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const added: Merge = (base, own) => {
  const kept = listOf(base);
  const texts = new Set(kept.map((one) => JSON.stringify(one)));
  return [...kept, ...listOf(own).filter((one) => !texts.has(JSON.stringify(one)))];
};

/** a constraint of the same key is said more precisely, not twice */
const addedBy =
  (key: string): Merge =>
  (base, own) => {
    const keyOf = (one: unknown): unknown => (one as Record<string, unknown>)[key];
    const again = new Map(listOf(own).map((one) => [keyOf(one), one]));
    const kept = listOf(base).map((one) => again.get(keyOf(one)) ?? one);
    const known = new Set(kept.map(keyOf));
    return [...kept, ...listOf(own).filter((one) => !known.has(keyOf(one)))];
  };

/** `...` says: and this besides. https://hl7.org/fhir/R4/elementdefinition.html#interpretation */
const text: Merge = (base, own) =>
  typeof own === 'string' && own.startsWith('...') && typeof base === 'string' ? `${base}\r\n${own.slice(3)}` : own;

/** a stronger binding may leave the value set unsaid */
const binding: Merge = (base, own) => {
  const { valueSet } = (base ?? {}) as { valueSet?: string };
  return { ...(valueSet === undefined ? {} : { valueSet }), ...(own as object) };
};

const merges: Readonly<Record<string, Merge>> = {
  constraint: addedBy('key'),
  condition: added,
  mapping: added,
  alias: added,
  example: added,
  code: added,
  extension: addedBy('url'),
  definition: text,
  comment: text,
  requirements: text,
  binding,
};

/** said of the place and not of the element */
const ofPlace = new Set(['id', 'path', 'sliceName', 'base']);
const VALUE = /^(fixed|pattern)[A-Z]/;

export function mergeElement(base: Element, own: Element): Element {
  const merged: Element = { ...base };
  if (Object.keys(own).some((name) => VALUE.test(name)))
    for (const name of Object.keys(merged)) if (VALUE.test(name)) delete merged[name];
  for (const [name, value] of Object.entries(own)) {
    if (ofPlace.has(name)) continue;
    merged[name] = merges[name]?.(base[name], value) ?? value;
  }
  return merged;
}
