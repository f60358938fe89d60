// An OperationDefinition as the framework uses it: read and checked once at start, so that a half-right one never serves a call.
// https://hl7.org/fhir/R4/operationdefinition.html
import type { Definitions } from '../definitions/definitions.ts';
import type { Resource } from '../model/resource.ts';

export type Level = 'system' | 'type' | 'instance';

export interface Parameter {
  name: string;
  min: number;
  max: number;
  /** FHIR type names, nearly always one; a resource type or `Resource` for resources; empty where there are parts */
  types: readonly string[];
  isResource: boolean;
  isPrimitive: boolean;
  /** resource types that a Reference may point to; empty means any */
  targets: readonly string[];
  /** canonical of a required binding */
  requiredBinding?: string;
  parts: readonly Parameter[];
}

export interface OperationDefinition {
  id: string;
  url: string;
  code: string;
  affectsState: boolean;
  levels: readonly Level[];
  /** resource types; `Resource` stands for all */
  types: readonly string[];
  in: readonly Parameter[];
  out: readonly Parameter[];
  /** as written in profiles/ */
  resource: Resource;
}

/** http://hl7.org/fhir/extension-operationdefinition-allowed-type.html: which types a parameter of type Element may have */
const ALLOWED_TYPE = 'http://hl7.org/fhir/StructureDefinition/operationdefinition-allowed-type';
const TARGET = 'http://hl7.org/fhir/StructureDefinition/';
const ANY_RESOURCE = new Set(['Resource', 'DomainResource', 'Any']);

interface PublishedParameter {
  name?: string;
  use?: string;
  min?: number;
  max?: string;
  type?: string;
  targetProfile?: string[];
  binding?: { strength?: string; valueSet?: string };
  extension?: { url: string; valueUri?: string; valueCode?: string }[];
  part?: PublishedParameter[];
}

/** Collects everything that is wrong into one line; the caller decides to stop. */
export function readOperationDefinition(resource: Resource, definitions: Definitions): OperationDefinition {
  const published = resource as Resource & {
    url?: string;
    code?: string;
    kind?: string;
    status?: string;
    affectsState?: boolean;
    resource?: string[];
    parameter?: PublishedParameter[];
  } & Partial<Record<Level, boolean>>;
  const name = `OperationDefinition ${resource.id ?? '(without an id)'}`;
  const wrong: string[] = [];

  for (const element of ['id', 'url', 'code', 'status', 'name', 'system', 'type', 'instance'] as const) {
    if (published[element] === undefined) wrong.push(`${element} is missing`);
  }
  if (published.kind !== 'operation') wrong.push("kind is not 'operation'");
  if (published.code !== undefined && !/^[a-z][A-Za-z0-9-]*$/.test(published.code))
    wrong.push(`code '${published.code}' is no operation code`);

  const levels = (['system', 'type', 'instance'] as const).filter((level) => published[level] === true);
  if (levels.length === 0) wrong.push('it is on no level: none of system, type and instance is true');
  const types = published.resource ?? [];
  const needsType = published.type === true || published.instance === true;
  if (needsType && types.length === 0) wrong.push('it is on type or instance level but names no resource');
  for (const type of types) {
    if (!ANY_RESOURCE.has(type) && definitions.type(type)?.kind !== 'resource')
      wrong.push(`unknown resource type '${type}'`);
  }

  const all = published.parameter ?? [];
  for (const { name: parameter, use } of all) {
    if (use !== 'in' && use !== 'out') wrong.push(`parameter ${parameter}: use is neither in nor out`);
  }
  const read = (use: string): Parameter[] =>
    readParameters(
      all.filter((parameter) => parameter.use === use),
      use,
      { definitions, wrong },
    );
  const definition = { in: read('in'), out: read('out') };
  if (wrong.length > 0) throw new Error(`${name}: ${wrong.join('; ')}`);
  return {
    ...definition,
    id: resource.id!,
    url: published.url!,
    code: published.code!,
    affectsState: published.affectsState !== false,
    levels,
    types: types.map((type) => (ANY_RESOURCE.has(type) ? 'Resource' : type)),
    resource,
  };
}

function readParameters(
  published: readonly PublishedParameter[],
  path: string,
  checks: { definitions: Definitions; wrong: string[] },
): Parameter[] {
  const { definitions, wrong } = checks;
  const seen = new Set<string>();
  return published.map((parameter) => {
    const name = parameter.name ?? '';
    const where = `parameter ${path}.${name || '(without a name)'}`;
    if (name === '') wrong.push(`${where}: name is missing`);
    if (seen.has(name)) wrong.push(`${where}: defined twice`);
    seen.add(name);
    if (!Number.isInteger(parameter.min) || parameter.min! < 0) wrong.push(`${where}: min is no count`);
    if (!/^(\*|[1-9][0-9]*|0)$/.test(parameter.max ?? '')) wrong.push(`${where}: max is no count`);

    const parts = readParameters(parameter.part ?? [], `${path}.${name}`, checks);
    const types = typesOf(parameter);
    if (parts.length > 0 && types.length > 0) wrong.push(`${where}: has a type and parts`);
    if (parts.length === 0 && types.length === 0) wrong.push(`${where}: has neither a type nor parts`);
    const kinds = types.map((type) => (type === 'Resource' ? 'resource' : definitions.type(type)?.kind));
    for (const [index, kind] of kinds.entries()) {
      if (kind === undefined || kind === 'backbone') wrong.push(`${where}: unknown type '${types[index]}'`);
    }
    return {
      name,
      min: parameter.min ?? 0,
      max: parameter.max === '*' ? Number.POSITIVE_INFINITY : Number(parameter.max),
      types,
      isResource: kinds.length > 0 && kinds.every((kind) => kind === 'resource'),
      isPrimitive: kinds.length > 0 && kinds.every((kind) => kind === 'primitive'),
      targets: (parameter.targetProfile ?? []).flatMap((profile) => targetsOf(profile)),
      ...(parameter.binding?.strength === 'required' && parameter.binding.valueSet !== undefined
        ? { requiredBinding: parameter.binding.valueSet.replace(/\|.*$/, '') }
        : {}),
      parts,
    };
  });
}

function typesOf({ type, extension = [] }: PublishedParameter): string[] {
  const allowed = extension
    .filter(({ url }) => url === ALLOWED_TYPE)
    .map(({ valueUri, valueCode }) => (valueUri ?? valueCode ?? '').replace(TARGET, ''));
  if (allowed.length > 0) return allowed;
  if (type === undefined) return [];
  return [ANY_RESOURCE.has(type) ? 'Resource' : type];
}

/** A profile of our own on a type cannot be told from the reference alone: only base types are checked. */
function targetsOf(profile: string): string[] {
  const type = profile.startsWith(TARGET) ? profile.slice(TARGET.length) : '';
  return /^[A-Z][A-Za-z]+$/.test(type) && !ANY_RESOURCE.has(type) ? [type] : [];
}
