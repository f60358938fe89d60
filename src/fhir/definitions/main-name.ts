// Each type's main name: what lists of people and places are sorted by, so that its order has an index of its own.
import type { SearchParameter } from './definitions.ts';

const CANDIDATES = ['family', 'name'];

/** The code, where the type has such a string. What is added at run time is none. */
export function mainNameOf(
  parameters: readonly Pick<SearchParameter, 'code' | 'type' | 'added'>[],
): string | undefined {
  return CANDIDATES.find((code) =>
    parameters.some((parameter) => parameter.code === code && parameter.type === 'string' && !parameter.added),
  );
}
