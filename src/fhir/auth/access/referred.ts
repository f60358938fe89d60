// What stored keys refer to by a search parameter, whose keys may stand under the name of another: `patient` of a Task is its `subject`.
import type { Definitions } from '../../definitions/definitions.ts';
import type { Name } from '../../model/references.ts';
import { parametersOf } from '../../search/index.ts';

const REFERENCE = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

export function referredBy(
  code: string,
  keys: readonly string[],
  { definitions, type: of }: { definitions: Definitions; type: string },
): Name[] {
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
