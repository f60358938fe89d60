// The published definitions with the search parameters that were added at run time. The one place where definitions change: a type whose
// parameters changed has another map from then on, and everything that is made from the map (search/parameters.ts) is made anew.
import type { Added, Definitions, SearchParameter, SearchParameterType } from './definitions.ts';
import type { SlimParameter } from './slim.ts';

export interface AddedParameter extends Added {
  /** `on` names resource types that can be stored, abstract ones no longer */
  parameter: SlimParameter;
}

export interface LiveDefinitions {
  definitions: Definitions;
  /** all of them; where nothing changed for a type, its map stays the same */
  set(added: readonly AddedParameter[]): void;
}

export function createLiveDefinitions(published: Definitions): LiveDefinitions {
  let revision = 0;
  let maps = new Map<string, { content: string; parameters: ReadonlyMap<string, SearchParameter> }>();
  return {
    definitions: {
      ...published,
      get revision() {
        return revision;
      },
      searchParameters: (type) => maps.get(type)?.parameters ?? published.searchParameters(type),
    },
    set(added) {
      const next: typeof maps = new Map();
      for (const type of published.resourceTypes) {
        const own = added.filter(({ parameter }) => parameter.on[type] !== undefined);
        if (own.length === 0) continue;
        const content = JSON.stringify(own.map(({ parameter, isSearchable }) => [parameter, isSearchable]));
        const known = maps.get(type);
        next.set(type, known?.content === content ? known : { content, parameters: merge(published, type, own) });
      }
      maps = next;
      revision++;
    },
  };
}

function merge(published: Definitions, type: string, own: readonly AddedParameter[]) {
  const merged = new Map(published.searchParameters(type));
  for (const { parameter, isSearchable, progress } of own) {
    // whoever chose what is added sees to it that none has the code already
    if (merged.has(parameter.code)) continue;
    const { url, code, type: kind, targets, components = [], on } = parameter;
    merged.set(code, {
      url,
      code,
      ...on[type],
      type: kind as SearchParameterType,
      targets: targets === undefined || targets === 'any' ? published.resourceTypes : targets,
      components,
      added: { isSearchable, progress },
    });
  }
  return new Map([...merged].sort(([a], [b]) => (a < b ? -1 : 1)));
}
