// What this server can do, made from what runs: definitions, search parameters and operations. Pure; served at /metadata and
// committed as capability-statement.json. https://hl7.org/fhir/R4/capabilitystatement.html
import type { Definitions, SearchParameter } from '../definitions/definitions.ts';
import type { Resource } from '../model/resource.ts';
import { parametersOf } from '../search/index.ts';

/** What the statement says of an operation; the registry's OperationDefinitions have it. */
export interface OperationSummary {
  code: string;
  url: string;
  levels: readonly ('system' | 'type' | 'instance')[];
  /** `Resource` stands for all types */
  types: readonly string[];
}

export interface StatementFacts {
  /** the service base, as clients see it */
  base: string;
  softwareVersion: string;
  /** what packages bring; none where nothing is said */
  packaged?: PackagedFacts;
  /** CapabilityStatement.rest.security; absent where nobody signs in */
  security?: object;
}

export interface PackagedFacts {
  /** canonicals of implementation guides */
  guides: readonly string[];
  /** canonicals of profiles by resource type */
  profiles: ReadonlyMap<string, readonly string[]>;
}

/** The day the statement's own rules changed last; not the day of the build, so that equal input gives equal bytes. */
const PUBLISHED = '2026-11-26';

const typeInteractions = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
  'create',
  'search-type',
];
/** What every type's search answers beside its parameters: https://hl7.org/fhir/R4/search.html#all, #contained, #has */
const everywhere = [
  ['_filter', 'special', 'An expression of the filter language; http://hl7.org/fhir/R4/search_filter.html'],
  ['_list', 'special', 'Members of a List: its id, or $current-problems, $current-medications, $current-allergies'],
  ['_has', 'special', 'What others refer to: _has:Observation:patient:code=http://loinc.org|8480-6; may be nested'],
  ['_type', 'token', 'Types to search, at the base'],
  ['_contained', 'token', 'false, true or both'],
  ['_containedType', 'token', 'container or contained'],
].map(([name, type, documentation]) => ({ name, type, documentation }));
const systemInteractions = ['transaction', 'batch', 'search-system', 'history-system'];

export function buildCapabilityStatement(
  definitions: Definitions,
  operations: readonly OperationSummary[],
  { base, softwareVersion, packaged, security }: StatementFacts,
): Resource {
  const types = definitions.resourceTypes.filter((type) => type !== 'Parameters');
  const reverse = reverseIncludes(definitions, types);
  const atSystem = operations.filter(({ levels }) => levels.includes('system'));
  return {
    resourceType: 'CapabilityStatement',
    name: 'Wardgate',
    title: 'Wardgate FHIR R4 server',
    status: 'active',
    date: PUBLISHED,
    kind: 'instance',
    software: { name: 'Wardgate', version: softwareVersion },
    implementation: { description: 'Wardgate FHIR R4 server', url: base },
    ...listed('implementationGuide', packaged?.guides ?? []),
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'application/fhir+xml', 'json', 'xml'],
    patchFormat: [
      'application/json-patch+json',
      'application/xml-patch+xml',
      'application/fhir+json',
      'application/fhir+xml',
    ],
    rest: [
      {
        mode: 'server',
        ...(security !== undefined && { security }),
        resource: types.map((type) => ({
          type,
          profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
          ...listed('supportedProfile', packaged?.profiles.get(type) ?? []),
          ...describeType(definitions, operations, reverse, type),
        })),
        interaction: systemInteractions.map((code) => ({ code })),
        searchParam: everywhere,
        ...listed('operation', nameOperations(atSystem)),
        compartment: [...definitions.compartments.keys()]
          .sort()
          .map((code) => `http://hl7.org/fhir/CompartmentDefinition/${code.toLowerCase()}`),
      },
    ],
  };
}

function describeType(
  definitions: Definitions,
  operations: readonly OperationSummary[],
  reverse: ReadonlyMap<string, readonly string[]>,
  type: string,
) {
  const parameters = searchable(definitions, type);
  const includes = parameters.filter((it) => it.type === 'reference').map(({ code }) => `${type}:${code}`);
  const own = operations.filter(
    ({ levels, types }) =>
      (types.includes(type) || types.includes('Resource')) && levels.some((level) => level !== 'system'),
  );
  return {
    interaction: typeInteractions.map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    conditionalRead: 'full-support',
    conditionalUpdate: true,
    conditionalDelete: 'multiple',
    referencePolicy: ['literal', 'logical', 'local'],
    ...listed('searchInclude', includes),
    ...listed('searchRevInclude', reverse.get(type) ?? []),
    searchParam: parameters.map(({ code, url, type: kind }) => ({ name: code, definition: url, type: kind })),
    ...listed('operation', nameOperations(own)),
  };
}

/** Only what the search room can really answer. */
function searchable(definitions: Definitions, type: string): SearchParameter[] {
  const { byCode } = parametersOf(definitions, type);
  return [...definitions.searchParameters(type).values()]
    .filter(({ code }) => byCode.has(code))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** type → `Other:parameter` of all that may point to it */
function reverseIncludes(definitions: Definitions, types: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const type of types) {
    for (const { code, type: kind, targets } of searchable(definitions, type)) {
      if (kind !== 'reference') continue;
      for (const target of targets) {
        const known = found.get(target);
        if (known === undefined) found.set(target, [`${type}:${code}`]);
        else known.push(`${type}:${code}`);
      }
    }
  }
  return found;
}

const nameOperations = (operations: readonly OperationSummary[]) =>
  operations
    .map(({ code, url }) => ({ name: code, definition: url }))
    .sort((a, b) => (a.definition < b.definition ? -1 : 1));

/** FHIR has no empty arrays. */
const listed = (name: string, values: readonly unknown[]) => (values.length === 0 ? {} : { [name]: values });
