// What this server adds to the published definitions: the JSON files in profiles/. SearchParameters and value sets among them
// work like the published ones; OperationDefinitions are paired with their code by operations/registry.ts.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { Definitions, SearchParameter, SearchParameterType } from './definitions.ts';

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
  const parameters = new Map<string, ReadonlyMap<string, SearchParameter>>();
  for (const type of definitions.resourceTypes) {
    const own = profiles.ofType('SearchParameter').filter(({ base }) => appliesTo(base as string[] | undefined, type));
    if (own.length === 0) continue;
    const merged = new Map(definitions.searchParameters(type));
    for (const resource of own) {
      const parameter = searchParameterOf(resource, type, definitions);
      const known = merged.get(parameter.code);
      if (known !== undefined && known.url !== parameter.url) {
        throw new Error(
          `profiles/SearchParameter-${resource.id}.json: ${type} already has a search parameter '${parameter.code}'`,
        );
      }
      merged.set(parameter.code, parameter);
    }
    parameters.set(type, merged);
  }
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

const appliesTo = (base: readonly string[] = [], type: string): boolean =>
  base.includes(type) || base.includes('Resource') || base.includes('DomainResource');

interface PublishedSearchParameter {
  url?: string;
  code?: string;
  type?: SearchParameterType;
  expression?: string;
  target?: string[];
  component?: { definition: string; expression: string }[];
  description?: string;
}

function searchParameterOf(resource: Resource, type: string, definitions: Definitions): SearchParameter {
  const {
    url,
    code,
    type: kind,
    expression,
    target,
    component = [],
    description,
  } = resource as Resource & PublishedSearchParameter;
  if (url === undefined || code === undefined || kind === undefined) {
    throw new Error(`profiles/SearchParameter-${resource.id}.json: url, code and type are needed`);
  }
  const part = expression === undefined ? undefined : expressionFor(type, expression);
  return {
    url,
    code,
    type: kind,
    ...(part === undefined || part === '' ? {} : { expression: part }),
    targets: kind === 'reference' ? (target ?? definitions.resourceTypes) : [],
    components: component.map(({ definition, expression }) => ({ definition, expression })),
    ...(description === undefined ? {} : { description }),
  };
}

/** `Slot.x | Schedule.x` → for Schedule: `Schedule.x`. A part that begins with no type's name holds for every type. */
function expressionFor(type: string, expression: string): string {
  return alternatives(expression)
    .filter((part) => {
      const named = /^\(*([A-Z][A-Za-z]+)\b/.exec(part)?.[1];
      return named === undefined || named === type || named === 'Resource' || named === 'DomainResource';
    })
    .join(' | ');
}

/** Splits at `|`, except inside brackets and quotes. */
function alternatives(expression: string): string[] {
  const parts = [''];
  let depth = 0;
  let isQuoted = false;
  for (const character of expression) {
    if (character === "'") isQuoted = !isQuoted;
    if (!isQuoted && '(['.includes(character)) depth++;
    if (!isQuoted && ')]'.includes(character)) depth--;
    if (character === '|' && depth === 0 && !isQuoted) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
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
