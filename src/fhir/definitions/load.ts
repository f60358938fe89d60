// Reads the slim index once per process. Only JSON is parsed at start; types, parameters and code sets are built when first asked for.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  CompartmentDefinition,
  Definitions,
  ElementDefinition,
  SearchParameter,
  SearchParameterType,
  TypeDefinition,
} from './definitions.ts';
import type { SlimElement, SlimIndex, SlimParameter, SlimType } from './slim.ts';

/** The package root, equally far from src/fhir/definitions and dist/fhir/definitions; tsc copies no JSON, so both read the committed files. */
const root = fileURLToPath(new URL('../../../', import.meta.url));

let loaded: Definitions | undefined;

export function loadDefinitions(): Definitions {
  loaded ??= createDefinitions({
    types: readGenerated('types'),
    'search-parameters': readGenerated('search-parameters'),
    compartments: readGenerated('compartments'),
    'value-sets': readGenerated('value-sets'),
  });
  return loaded;
}

function readGenerated<K extends keyof SlimIndex>(name: K): SlimIndex[K] {
  return JSON.parse(readFileSync(join(root, `src/fhir/definitions/generated/${name}.json`), 'utf8'));
}

export function createDefinitions(index: SlimIndex): Definitions {
  const types = new Map<string, TypeDefinition>();
  const parameters = new Map<string, ReadonlyMap<string, SearchParameter>>();
  const codes = new Map<string, ReadonlySet<string> | undefined>();
  const byBase = groupByBase(index['search-parameters']);
  const resourceTypes = Object.keys(index.types).filter((name) => {
    const type = index.types[name];
    return type?.kind === 'resource' && !type.abstract;
  });
  const storable = resourceTypes.filter((name) => name !== 'Parameters');

  return {
    resourceTypes,
    type(name) {
      const known = types.get(name);
      if (known) return known;
      const slim = Object.hasOwn(index.types, name) ? index.types[name] : undefined;
      if (!slim) return undefined;
      const type = readType(name, slim);
      types.set(name, type);
      return type;
    },
    searchParameters(type) {
      let known = parameters.get(type);
      if (!known) {
        known = parametersOf(type, index.types, byBase, storable);
        parameters.set(type, known);
      }
      return known;
    },
    compartments: new Map(
      Object.entries(index.compartments).map(([code, members]) => [
        code,
        { code: code as CompartmentDefinition['code'], members: new Map(Object.entries(members)) },
      ]),
    ),
    codes(valueSet) {
      if (!codes.has(valueSet)) codes.set(valueSet, codesOf(index['value-sets'][valueSet]));
      return codes.get(valueSet);
    },
    impliedSystem(valueSet) {
      const systems = Object.keys(index['value-sets'][valueSet]?.systems ?? {});
      return systems.length === 1 ? systems[0] : undefined;
    },
  };
}

function readType(name: string, slim: SlimType): TypeDefinition {
  const elements = slim.elements.flatMap((element) => readElement(name, element));
  return {
    name,
    kind: slim.kind,
    ...(slim.base && { base: slim.base }),
    elements: new Map(elements.map((element) => [element.name, element])),
    ...(slim.pattern !== undefined && { pattern: slim.pattern }),
  };
}

/** value sets bind coded types only; a choice such as `value[x]` has others beside them. https://hl7.org/fhir/R4/terminologies.html#4.1 */
const BINDABLE = new Set(['code', 'Coding', 'CodeableConcept', 'Quantity', 'string', 'uri']);

function readElement(owner: string, slim: SlimElement): ElementDefinition[] {
  const { name, min = 0, max = 1, isArray = max !== 1, binding, targets, summary = false, modifier = false } = slim;
  const choice = name.endsWith('[x]') ? name.slice(0, -3) : undefined;
  return slim.types.map((type) => ({
    name: choice ? choice + type[0]?.toUpperCase() + type.slice(1) : name,
    path: `${owner}.${name}`,
    type,
    min,
    max: max === '*' ? Number.POSITIVE_INFINITY : max,
    isArray,
    ...(choice && { choice }),
    ...(binding && BINDABLE.has(type) && { requiredBinding: binding }),
    ...(targets?.[type] && { targets: targets[type] }),
    isSummary: summary,
    isModifier: modifier,
  }));
}

function groupByBase(all: readonly SlimParameter[]): Map<string, SlimParameter[]> {
  const byBase = new Map<string, SlimParameter[]>();
  for (const parameter of all) {
    for (const base of Object.keys(parameter.on)) {
      const group = byBase.get(base);
      if (group) group.push(parameter);
      else byBase.set(base, [parameter]);
    }
  }
  return byBase;
}

/** a type's own parameters and those of the abstract types it is made from, by code */
function parametersOf(
  type: string,
  types: SlimIndex['types'],
  byBase: ReadonlyMap<string, readonly SlimParameter[]>,
  storable: readonly string[],
): ReadonlyMap<string, SearchParameter> {
  const found = new Map<string, SearchParameter>();
  for (let base: string | undefined = type; base && Object.hasOwn(types, base); base = types[base]?.base) {
    for (const slim of byBase.get(base) ?? []) {
      const { expression, description } = slim.on[base] ?? {};
      found.set(slim.code, {
        url: slim.url,
        code: slim.code,
        type: slim.type as SearchParameterType,
        ...(expression && { expression }),
        targets: slim.targets === 'any' ? storable : (slim.targets ?? []),
        components: slim.components ?? [],
        ...(description && { description }),
      });
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function codesOf(valueSet: SlimIndex['value-sets'][string] | undefined): ReadonlySet<string> | undefined {
  if (!valueSet?.isListed) return undefined;
  const entries = Object.entries(valueSet.systems);
  return new Set(entries.flatMap(([system, codes]) => codes.flatMap((code) => [code, `${system}|${code}`])));
}
