// What a caller sends, read by the OperationDefinition: a Parameters resource, plain JSON by name, a bare resource, or a query.
// All of them become Parameters first, so that one validator checks every value; findings name what the caller wrote.
// https://hl7.org/fhir/R4/operations.html#executing
import type { Definitions } from '../definitions/definitions.ts';
import type { Validate } from '../interactions/resource-body.ts';
import { FhirError, type Issue } from '../model/errors.ts';
import { DECIMALS, type DecimalTexts } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { encodeExpression } from '../terminology/versions.ts';
import { didYouMean } from '../validation/hints.ts';
import type { OperationDefinition, Parameter } from './definition.ts';
import {
  contentOf,
  type ParameterEntry,
  type Sent,
  unknownName,
  type Values,
  valueElement,
} from './parameter-entry.ts';
import { readPlain, readQuery } from './plain-parameters.ts';

export interface ParameterDeps {
  definitions: Definitions;
  validate: Validate;
  /** resources are for the operation to judge */
  takesBrokenResources?: boolean;
}

export interface Request {
  query: readonly (readonly [name: string, value: string])[];
  body?: unknown;
}

export interface Input {
  values: Values;
  /** what the definition finds wrong */
  issues: readonly Issue[];
  /** the values that it finds nothing wrong with */
  sound(): Values;
}

/** `{ date: '2026-01-02', lines: [{ item: 'a', amount: 2 }] }` */
export function readInput(definition: OperationDefinition, request: Request, deps: ParameterDeps): Input {
  const sent = readSent(definition, request, deps);
  const issues = [...sent.issues, ...validateSent(sent, deps)];
  const values = decodeEntries(definition.in, sent.entries, { path: 'Parameters.parameter', issues, sent, deps });
  return { values, issues, sound: () => soundOf(values, { sent, issues }) };
}

function soundOf(values: Values, { sent, issues }: Pick<Reading, 'sent' | 'issues'>): Values {
  const isBroken = (at: string): boolean =>
    issues.some(({ expression = '' }) => expression === at || expression.startsWith(`${at}.`));
  const broken = new Set(
    sent.entries.flatMap(({ name }, index) => {
      const path = `Parameters.parameter[${index}]`;
      return isBroken(sent.written(path) ?? path) ? [name] : [];
    }),
  );
  return Object.fromEntries(Object.entries(values).filter(([name]) => !broken.has(name)));
}

/** One error that names everything that is wrong. */
export function refuseInput({ code }: OperationDefinition, issues: readonly Issue[]): void {
  const seen = new Set<string>();
  const distinct = issues.filter(({ diagnostics, expression }) => {
    const text = `${expression} ${diagnostics}`;
    return !seen.has(text) && seen.add(text);
  });
  if (distinct.length > 0)
    throw new FhirError('invalid', `$${code}: ${distinct[0]!.diagnostics}`, { issues: distinct });
}

function readSent(definition: OperationDefinition, { query, body }: Request, deps: ParameterDeps): Sent {
  const fromQuery = readQuery(definition, query);
  const fromBody = readBody(definition, body, deps);
  return {
    entries: [...fromBody.entries, ...fromQuery.entries].map(encoded),
    issues: [...fromBody.issues, ...fromQuery.issues],
    written: (path) => fromBody.written(path) ?? fromQuery.written(shift(path, -fromBody.entries.length)),
    isParameters: fromBody.isParameters,
  };
}

/** A uri has no spaces; the expression in the URL of an implicit value set has them, where a client did not encode it twice. */
function encoded(entry: ParameterEntry): ParameterEntry {
  if (typeof entry?.valueUri !== 'string') return entry;
  return { ...entry, valueUri: encodeExpression(entry.valueUri) };
}

const shift = (path: string, by: number): string =>
  path.replace(/^Parameters\.parameter\[(\d+)\]/, (_, index) => `Parameters.parameter[${Number(index) + by}]`);

function readBody(definition: OperationDefinition, body: unknown, { takesBrokenResources }: ParameterDeps): Sent {
  const asIs = { issues: [], written: () => undefined };
  if (body === undefined) return { ...asIs, entries: [], isParameters: false };
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new FhirError('structure', 'The body is neither Parameters nor a JSON object of parameters by name');
  }
  const { resourceType } = body as Resource;
  const isPlain = takesBrokenResources !== true || definition.in.some(({ name }) => Object.hasOwn(body, name));
  if (resourceType === undefined && isPlain) return readPlain(definition, body as Values);
  if (resourceType === 'Parameters') {
    const { parameter = [] } = body as { parameter?: unknown };
    const entries = Array.isArray(parameter) ? (parameter as ParameterEntry[]) : [];
    return {
      entries,
      issues: [],
      written: (path) => (indexOf(path) < entries.length ? path : undefined),
      isParameters: true,
      body: body as Resource,
    };
  }
  const resources = definition.in.filter((parameter) => parameter.isResource);
  if (resources.length !== 1) {
    throw new FhirError(
      'invalid',
      `$${definition.code} takes Parameters or a JSON object by name, not a bare ${resourceType}`,
    );
  }
  return {
    entries: [{ name: resources[0]!.name, resource: body as Resource }],
    issues: [],
    written: (path) =>
      indexOf(path) === 0 ? path.replace('Parameters.parameter[0].resource', resourceType) : undefined,
    isParameters: false,
  };
}

const indexOf = (path: string): number => Number(/^Parameters\.parameter\[(\d+)\]/.exec(path)?.[1] ?? 0);

function validateSent(sent: Sent, { validate, takesBrokenResources }: ParameterDeps): Issue[] {
  const parameters: Resource = { ...(sent.body ?? { resourceType: 'Parameters' }) };
  if (sent.entries.length > 0)
    parameters.parameter = takesBrokenResources ? sent.entries.map(withoutResource) : sent.entries;
  return validate(parameters, { type: 'Parameters' }).map(({ expression, ...issue }) =>
    expression === undefined ? issue : { ...issue, expression: sent.written(expression) ?? expression },
  );
}

/** an entry that is no object is told of as it is */
function withoutResource(entry: ParameterEntry): ParameterEntry {
  if (typeof entry !== 'object' || entry === null || !('resource' in entry)) return entry;
  const { resource: _, ...rest } = entry;
  return rest;
}

interface Reading {
  /** of the entries' array: `Parameters.parameter[0].part` */
  path: string;
  issues: Issue[];
  sent: Sent;
  deps: ParameterDeps;
}

function decodeEntries(parameters: readonly Parameter[], entries: readonly ParameterEntry[], reading: Reading): Values {
  const { path, issues, sent } = reading;
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const found = new Map<Parameter, { value: unknown; text: string | undefined }[]>();
  for (const [index, entry] of entries.entries()) {
    const at = `${path}[${index}]`;
    const parameter = typeof entry?.name === 'string' ? byName.get(entry.name) : undefined;
    if (parameter === undefined) {
      if (typeof entry?.name === 'string') issues.push(unknownName(entry.name, byName.keys(), sent.written(at) ?? at));
      continue;
    }
    const values = found.get(parameter) ?? [];
    found.set(parameter, values);
    values.push(decodeEntry(parameter, entry, { ...reading, path: at }));
    if (values.length === parameter.max + 1) {
      issues.push(
        error('structure', `${parameter.name} is given more than ${times(parameter.max)}`, sent.written(at) ?? at),
      );
    }
  }
  const values: Values = {};
  for (const parameter of parameters) {
    const given = found.get(parameter) ?? [];
    if (given.length < parameter.min) {
      const missing =
        given.length === 0 ? `${parameter.name} is missing` : `${parameter.name} is needed ${times(parameter.min)}`;
      issues.push(error('required', missing, missingAt(parameter, reading)));
    }
    if (given.length === 0) continue;
    if (parameter.max === 1) keep(values, parameter.name, given[0]!);
    else {
      const list: unknown[] = [];
      for (const [index, item] of given.entries()) keep(list, index, item);
      values[parameter.name] = list;
    }
  }
  return values;
}

/** A decimal keeps its text where it lands. */
function keep(
  parent: object,
  key: string | number,
  { value, text }: { value: unknown; text: string | undefined },
): void {
  const target = parent as Record<string | number, unknown> & { [DECIMALS]?: DecimalTexts };
  target[key] = value;
  if (text !== undefined) target[DECIMALS] = { ...target[DECIMALS], [key]: text };
}

function decodeEntry(
  parameter: Parameter,
  entry: ParameterEntry,
  reading: Reading,
): { value: unknown; text: string | undefined } {
  const { path, issues, sent, deps } = reading;
  const refuse = (code: string, diagnostics: string, element = ''): { value: undefined; text: undefined } => {
    // as FHIRPath: the element is `value`, whatever its type
    const at = element === '' ? path : `${path}.${element === 'resource' ? element : 'value'}`;
    issues.push(error(code, diagnostics, sent.written(at) ?? at));
    return { value: undefined, text: undefined };
  };

  if (parameter.parts.length > 0) {
    if (entry.part === undefined && contentOf(entry) !== undefined) {
      return refuse(
        'structure',
        `${parameter.name} has parts (${parameter.parts.map(({ name }) => name).join(', ')}), not a value`,
      );
    }
    const parts = Array.isArray(entry.part) ? entry.part : [];
    return { value: decodeEntries(parameter.parts, parts, { ...reading, path: `${path}.part` }), text: undefined };
  }
  const element = contentOf(entry);
  if (element === undefined)
    return refuse('required', `${parameter.name} has no value; expected ${expected(parameter)}`);
  if (parameter.isResource) {
    const type = entry.resource?.resourceType;
    if (element !== 'resource' || !(parameter.types.includes('Resource') || parameter.types.includes(String(type)))) {
      return refuse(
        'value',
        `${parameter.name} is ${element === 'resource' ? type : element}; expected ${expected(parameter)}`,
        element,
      );
    }
    return { value: entry.resource, text: undefined };
  }
  const type = parameter.types.find((allowed) => specialises(deps.definitions, element, allowed));
  if (type === undefined) {
    return refuse('value', `${parameter.name} is given as ${element}; expected ${expected(parameter)}`, element);
  }
  const value = entry[element];
  const wrong = type === 'Reference' ? wrongTarget(value, parameter) : wrongCode(value, parameter, deps.definitions);
  if (wrong !== undefined) refuse(wrong.code, wrong.text, element);
  const isChoice = parameter.types.length > 1;
  return { value: isChoice ? { type: typeNamed(element, parameter), value } : value, text: entry[DECIMALS]?.[element] };
}

const typeNamed = (element: string, { types }: Parameter): string =>
  types.find((type) => valueElement(type) === element) ?? element.slice('value'.length);

/** valueCode may stand where a string is asked for, because a code is a string; not the other way round. */
function specialises(definitions: Definitions, element: string, allowed: string): boolean {
  if (element === valueElement(allowed)) return true;
  const name = element.slice('value'.length);
  const primitive = `${name[0]?.toLowerCase()}${name.slice(1)}`;
  for (let type = definitions.type(primitive); type?.kind === 'primitive'; type = definitions.type(type.base ?? '')) {
    if (type.name === allowed) return true;
  }
  return false;
}

function wrongTarget(value: unknown, { name, targets }: Parameter): { code: string; text: string } | undefined {
  const { reference, type } = (value ?? {}) as { reference?: unknown; type?: unknown };
  const named =
    typeof reference === 'string'
      ? /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?$/.exec(reference)?.[1]
      : type;
  if (targets.length === 0 || named === undefined || targets.includes(String(named))) return undefined;
  return { code: 'value', text: `${name} refers to ${named}; expected ${targets.join(' or ')}` };
}

function wrongCode(
  value: unknown,
  parameter: Parameter,
  definitions: Definitions,
): { code: string; text: string } | undefined {
  if (parameter.requiredBinding === undefined || typeof value !== 'string') return undefined;
  const codes = definitions.codes(parameter.requiredBinding);
  if (codes === undefined || codes.has(value)) return undefined;
  const known = [...codes].filter((code) => !code.includes('|'));
  const text = `'${value}' is no code of ${parameter.requiredBinding}${didYouMean(value, known)}`;
  return { code: 'code-invalid', text };
}

function expected({ isResource, types }: Parameter): string {
  if (isResource) return types.includes('Resource') ? 'a resource' : types.join(' or ');
  return types.map((type) => `${valueElement(type)}`).join(' or ');
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** Where something is missing there is no index: FHIRPath says which one is meant. */
function missingAt({ name }: Parameter, { path, sent }: Reading): string {
  if (sent.isParameters) return `${path}.where(name = '${name}')`;
  const inside = path.replace(/\.part$/, '');
  const written = inside === path ? '' : (sent.written(inside) ?? '');
  return written === '' ? name : `${written}.${name}`;
}

const error = (code: string, diagnostics: string, expression: string): Issue => ({
  severity: 'error',
  code,
  diagnostics,
  expression,
});
