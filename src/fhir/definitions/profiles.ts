// What this server adds to the published definitions: the JSON files in profiles/. SearchParameters and value sets among them
// work like the published ones; OperationDefinitions are paired with their code by operations/registry.ts.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { Definitions, SearchParameter, SearchParameterType } from './definitions.ts';
import { readSearchParameter, type SearchParameterResource } from './read-search-parameter.ts';
import type { SlimParameter } from './slim.ts';

export interface Profiles {
  /** sorted by file name, which is `<Type>-<id>.json` */
  readonly resources: readonly Resource[];
  ofType(type: string): readonly Resource[];
}

export async function readProfiles(folder: string): Promise<Profiles> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const resources = await Promise.all(names.map((name) => readProfile(folder, name)));
  return profilesOf(resources);
}

export function profilesOf(resources: readonly Resource[]): Profiles {
  return { resources, ofType: (type) => resources.filter(({ resourceType }) => resourceType === type) };
}

async function readProfile(folder: string, name: string): Promise<Resource> {
  let resource: Resource;
  try {
    resource = parseJson(await readFile(join(folder, name))) as Resource;
  } catch (cause) {
    throw new Error(`profiles/${name}: ${(cause as Error).message}`, { cause });
  }
  const expected = `${resource.resourceType}-${resource.id}.json`;
  if (name !== expected) throw new Error(`profiles/${name}: by its type and id it should be named ${expected}`);
  return resource;
}

/** The published definitions with our SearchParameters, ValueSets and CodeSystems among them. */
export function withProfiles(definitions: Definitions, profiles: Profiles): Definitions {
  const own = profiles
    .ofType('SearchParameter')
    .map((resource) => readSearchParameter(resource as never as SearchParameterResource));
  const touched = definitions.resourceTypes.filter((type) =>
    own.some((parameter) => baseOf(parameter, type) !== undefined),
  );
  const parameters = new Map(touched.map((type) => [type, merge(type, own, definitions)]));
  const valueSets = new Map(
    profiles.ofType('ValueSet').map((valueSet) => [valueSet.url as string, codesOf(valueSet, profiles)]),
  );
  return {
    ...definitions,
    searchParameters: (type) => parameters.get(type) ?? definitions.searchParameters(type),
    codes: (valueSet) => (valueSets.has(valueSet) ? valueSets.get(valueSet)?.codes : definitions.codes(valueSet)),
    impliedSystem: (valueSet) =>
      valueSets.has(valueSet) ? valueSets.get(valueSet)?.system : definitions.impliedSystem(valueSet),
  };
}

const baseOf = ({ on }: Pick<SlimParameter, 'on'>, type: string): string | undefined =>
  [type, 'DomainResource', 'Resource'].find((base) => on[base] !== undefined);

function merge(
  type: string,
  own: readonly SlimParameter[],
  definitions: Definitions,
): ReadonlyMap<string, SearchParameter> {
  const merged = new Map(definitions.searchParameters(type));
  for (const { on, targets, components = [], ...parameter } of own) {
    const base = baseOf({ on }, type);
    if (base === undefined) continue;
    const known = merged.get(parameter.code);
    if (known !== undefined && known.url !== parameter.url) {
      throw new Error(`${parameter.url}: ${type} already has a search parameter '${parameter.code}' (${known.url})`);
    }
    merged.set(parameter.code, {
      ...parameter,
      ...on[base],
      type: parameter.type as SearchParameterType,
      targets: targets === undefined || targets === 'any' ? definitions.resourceTypes : targets,
      components,
    });
  }
  return merged;
}

interface Concept {
  code: string;
  concept?: Concept[];
}

/** Only value sets that list their codes, or take the whole of a code system in profiles/; others are unbounded here. */
function codesOf(valueSet: Resource, profiles: Profiles): { codes: ReadonlySet<string>; system?: string } | undefined {
  const { compose } = valueSet as Resource & {
    compose?: {
      include?: { system?: string; concept?: Concept[]; filter?: unknown; valueSet?: unknown }[];
      exclude?: unknown;
    };
  };
  const includes = compose?.include ?? [];
  if (includes.length === 0 || compose?.exclude !== undefined) return undefined;
  const codes = new Set<string>();
  for (const { system, concept, filter, valueSet: nested } of includes) {
    const codeSystem = profiles.ofType('CodeSystem').find(({ url }) => url === system);
    const listed = concept ?? (codeSystem?.concept as Concept[] | undefined);
    if (listed === undefined || system === undefined || filter !== undefined || nested !== undefined) return undefined;
    for (const code of allCodes(listed)) codes.add(code).add(`${system}|${code}`);
  }
  const systems = [...new Set(includes.map(({ system }) => system!))];
  return { codes, ...(systems.length === 1 ? { system: systems[0]! } : {}) };
}

const allCodes = (concepts: readonly Concept[]): string[] =>
  concepts.flatMap(({ code, concept = [] }) => [code, ...allCodes(concept)]);
