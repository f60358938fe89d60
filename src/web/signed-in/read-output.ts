// The answer of an operation as a plain object, by its definition: the other way of what callers may send (docs/operations-framework.md). Pure.
import type { Resource } from '../../fhir/model/resource.ts';

interface Defined {
  name: string;
  max: number;
  parts: readonly Defined[];
}

interface Entry {
  name: string;
  part?: Entry[];
  [element: string]: unknown;
}

/** Only Parameters have parameters; where there is none, there was nothing to say. */
export function readOutput(defined: readonly Defined[], answer: Resource | undefined): Record<string, unknown> {
  return valuesOf(defined, ((answer as { parameter?: Entry[] } | undefined)?.parameter ?? []) as Entry[]);
}

function valuesOf(defined: readonly Defined[], entries: readonly Entry[]): Record<string, unknown> {
  return Object.fromEntries(
    defined.flatMap(({ name, max, parts }): [string, unknown][] => {
      const values = entries.filter((entry) => entry.name === name).map((entry) => contentOf(parts, entry));
      if (max !== 1) return [[name, values]];
      return values.length === 0 ? [] : [[name, values[0]]];
    }),
  );
}

function contentOf(parts: readonly Defined[], { name: _, part, ...content }: Entry): unknown {
  return parts.length > 0 ? valuesOf(parts, part ?? []) : Object.values(content)[0];
}
