// src/generated/operation-io.ts: what each operation takes and gives, as TypeScript, made from profiles/OperationDefinition-*.json.
import type { Definitions } from '../../fhir/definitions/definitions.ts';
import { type Profiles, withProfiles } from '../../fhir/definitions/profiles.ts';
import { type Parameter, readOperationDefinition } from '../../fhir/operations/definition.ts';

const OPENING = [
  '// Made by `npm run gen` from profiles/OperationDefinition-*.json; not edited by hand.',
  '// Decoded input and plain output of every operation: primitives as JSON values, arrays where max is not 1.',
];

export function operationIo(published: Definitions, profiles: Profiles): string {
  const definitions = withProfiles(published, profiles);
  const operations = profiles
    .ofType('OperationDefinition')
    .map((resource) => readOperationDefinition(resource, definitions));
  const imported = new Set<string>();
  const interfaces = operations.flatMap((operation) => {
    const name = pascal(operation.id);
    return [
      `/** ${operation.url} */`,
      ...write(`${name}Input`, operation.in, { definitions, imported }),
      `/** ${operation.url} */`,
      ...write(`${name}Output`, operation.out, { definitions, imported }),
    ];
  });
  const needsResource = imported.delete('Resource');
  const imports = [
    ...(imported.size > 0 ? [`import type { ${[...imported].sort().join(', ')} } from 'fhir/r4.js';`] : []),
    ...(needsResource ? ["import type { Resource } from '../fhir/model/resource.ts';"] : []),
  ];
  return [...OPENING, ...imports, '', ...interfaces].join('\n');
}

interface Naming {
  definitions: Definitions;
  /** filled on the way */
  imported: Set<string>;
}

/** `Location-assign-bed` → `LocationAssignBed` */
const pascal = (id: string): string => id.replace(/(?:^|[-.])(.)/g, (_, first: string) => first.toUpperCase());

function write(name: string, parameters: readonly Parameter[], naming: Naming): string[] {
  if (parameters.length === 0) return [`export type ${name} = Record<string, never>;`, ''];
  const lines = parameters.map((parameter) => `  ${property(parameter, naming, '  ')}`);
  // a type and not an interface: it must be assignable to Record<string, unknown>
  return [`export type ${name} = {`, ...lines, '};', ''];
}

function property(parameter: Parameter, naming: Naming, indent: string): string {
  const { name, min, max, types, parts } = parameter;
  const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`;
  const codes = codesOf(parameter, naming.definitions);
  const one = parts.length > 0 ? objectOf(parts, naming, indent) : (codes?.join(' | ') ?? typeOf(types, naming));
  const isUnion = types.length > 1 || (codes?.length ?? 0) > 1;
  const type = max === 1 ? one : isUnion ? `(${one})[]` : `${one}[]`;
  return `${key}${min === 0 ? '?' : ''}: ${type};`;
}

/** beyond this a list of codes is no help to a reader */
const MAX_CODES = 12;

/** the codes that a required binding allows, where they are few */
function codesOf({ types, requiredBinding }: Parameter, definitions: Definitions): string[] | undefined {
  if (requiredBinding === undefined || types[0] !== 'code') return undefined;
  const codes = [...(definitions.codes(requiredBinding) ?? [])].filter((code) => !code.includes('|'));
  return codes.length > 0 && codes.length <= MAX_CODES ? codes.map((code) => `'${code}'`) : undefined;
}

function objectOf(parts: readonly Parameter[], naming: Naming, indent: string): string {
  const inner = `${indent}  `;
  return ['{', ...parts.map((part) => `${inner}${property(part, naming, inner)}`), `${indent}}`].join('\n');
}

function typeOf(types: readonly string[], naming: Naming): string {
  if (types.length === 1) return named(types[0]!, naming);
  return types.map((type) => `{ type: '${type}'; value: ${named(type, naming)} }`).join(' | ');
}

const NUMBERS = new Set(['integer', 'positiveInt', 'unsignedInt', 'decimal']);

function named(type: string, { definitions, imported }: Naming): string {
  if (type === 'boolean') return 'boolean';
  if (NUMBERS.has(type)) return 'number';
  if (definitions.type(type)?.kind === 'primitive') return 'string';
  imported.add(type);
  return type;
}
