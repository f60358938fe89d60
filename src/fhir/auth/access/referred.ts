// What stored keys refer to by a search parameter, whose keys may stand under the name of another: `patient` of a Task is its `subject`.
import type { Definitions } from '../../definitions/definitions.ts';
import { parametersOf } from '../../search/index.ts';

export interface Reference {
  type: string;
  id: string;
}

export const nameOf = ({ type, id }: Reference): string => `${type}/${id}`;

const REFERENCE = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

const LITERAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/;

/** `Type/id` as it stands in a resource, whichever version of it was meant. */
export function readLiteral(text: string): Reference | undefined {
  const [, type, id] = LITERAL.exec(text) ?? [];
  return type === undefined || id === undefined ? undefined : { type, id };
}

export function referredBy(
  code: string,
  keys: readonly string[],
  { definitions, type: of }: { definitions: Definitions; type: string },
): Reference[] {
  const sources = parametersOf(definitions, of).byCode.get(code)?.sources ?? [];
  return sources.flatMap(({ code: stored, onlyType }) => {
    const prefix = `${stored}|`;
    return keys.flatMap((key) => {
      const [, type, id] = key.startsWith(prefix) ? (REFERENCE.exec(key.slice(prefix.length)) ?? []) : [];
      if (type === undefined || id === undefined) return [];
      return onlyType === undefined || onlyType === type ? [{ type, id }] : [];
    });
  });
}
