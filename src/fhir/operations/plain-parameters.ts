// Plain JSON and query strings as entries of a Parameters resource, so that a web developer never has to build one.
//   { "encounter": "Encounter/e1", "lines": [{ "item": "gauze", "amount": 2 }] }
import type { Issue } from '../model/errors.ts';
import { DECIMALS } from '../model/json.ts';
import type { OperationDefinition, Parameter } from './definition.ts';
import { type ParameterEntry, type Sent, unknownName, type Values, valueElement } from './parameter-entry.ts';

/** path in the built Parameters → path in what was sent */
type Renames = Map<string, string>;

export function readPlain(definition: OperationDefinition, body: Values): Sent {
  const issues: Issue[] = [];
  const renames: Renames = new Map();
  const entries = entriesOf(definition.in, body, { path: 'Parameters.parameter', sentPath: '', issues, renames });
  return { entries, issues, written: (path) => rename(path, renames), isParameters: false };
}

interface Building {
  path: string;
  sentPath: string;
  issues: Issue[];
  renames: Renames;
}

function entriesOf(parameters: readonly Parameter[], values: Values, building: Building): ParameterEntry[] {
  const { path, sentPath, issues, renames } = building;
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const entries: ParameterEntry[] = [];
  const structure = (diagnostics: string, expression: string): Issue => ({
    severity: 'error',
    code: 'structure',
    diagnostics,
    expression,
  });
  const add = (parameter: Parameter, value: unknown, sent: string, text: string | undefined): void => {
    if (value === null) {
      issues.push(structure(`${parameter.name} is null; leave it out instead`, sent));
      return;
    }
    const at = `${path}[${entries.length}]`;
    renames.set(at, sent);
    if (parameter.parts.length > 0) {
      if (typeof value !== 'object' || Array.isArray(value)) {
        issues.push(structure(`${parameter.name} is not an object`, sent));
        return;
      }
      const part = entriesOf(parameter.parts, value as Values, {
        ...building,
        path: `${at}.part`,
        sentPath: `${sent}.`,
      });
      entries.push({ name: parameter.name, part });
      return;
    }
    const element = parameter.isResource ? 'resource' : valueElement(typeOf(parameter, value));
    renames.set(`${at}.${parameter.isResource ? 'resource' : 'value'}`, sent);
    const isShortReference = element === 'valueReference' && typeof value === 'string';
    const entry: ParameterEntry = { name: parameter.name, [element]: isShortReference ? { reference: value } : value };
    if (text !== undefined) entry[DECIMALS] = { [element]: text };
    entries.push(entry);
  };

  for (const [name, value] of Object.entries(values)) {
    const parameter = byName.get(name);
    const sent = `${sentPath}${name}`;
    if (parameter === undefined) issues.push(unknownName(name, byName.keys(), sent));
    else if (!Array.isArray(value)) add(parameter, value, sent, values[DECIMALS]?.[name]);
    else if (parameter.max === 1) issues.push(structure(`${name} is an array; it is given once at most`, sent));
    else {
      const texts = (value as { [DECIMALS]?: Record<string, string> })[DECIMALS];
      for (const [index, item] of value.entries()) add(parameter, item, `${sent}[${index}]`, texts?.[index]);
    }
  }
  return entries;
}

/** Where several types are allowed, the JSON type decides between them. */
function typeOf({ types }: Parameter, value: unknown): string {
  if (types.length === 1) return types[0]!;
  const likely = {
    boolean: ['boolean'],
    number: ['integer', 'decimal', 'positiveInt', 'unsignedInt'],
    string: ['string', 'code', 'uri', 'dateTime', 'date', 'canonical', 'Reference'],
  }[typeof value as string] ?? ['Reference', 'Coding', 'CodeableConcept', 'Quantity', 'Period'];
  return likely.find((type) => types.includes(type)) ?? types[0]!;
}

/** Names that belong to every request, whatever the operation: https://hl7.org/fhir/R4/http.html#parameters */
const GENERAL = new Set(['_format', '_pretty', '_summary', '_elements']);

export function readQuery(
  { in: parameters }: OperationDefinition,
  query: readonly (readonly [string, string])[],
): Sent {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const entries: ParameterEntry[] = [];
  const issues: Issue[] = [];
  const names: string[] = [];
  for (const [name, text] of query) {
    const parameter = byName.get(name);
    if (parameter === undefined) {
      if (!GENERAL.has(name)) issues.push(unknownName(name, byName.keys(), name));
    } else if (!parameter.isPrimitive) {
      const diagnostics = `${name} is not a primitive, so it cannot be given in the URL; POST it`;
      issues.push({ severity: 'error', code: 'not-supported', diagnostics, expression: name });
    } else {
      entries.push(primitiveEntry(parameter, text));
      names.push(name);
    }
  }
  const written = (path: string): string | undefined =>
    names[Number(/^Parameters\.parameter\[(\d+)\]/.exec(path)?.[1] ?? -1)];
  return { entries, issues, written, isParameters: false };
}

const NUMBERS = new Set(['integer', 'positiveInt', 'unsignedInt', 'decimal']);
const TIMES = new Set(['instant', 'dateTime']);

/** What is no number or boolean stays a text, and the validator says what was expected. */
function primitiveEntry({ name, types }: Parameter, text: string): ParameterEntry {
  const type = types[0]!;
  const element = valueElement(type);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return { name, [element]: text === 'true' };
  if (NUMBERS.has(type) && /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text)) {
    const entry: ParameterEntry = { name, [element]: Number(text) };
    if (type === 'decimal' && String(Number(text)) !== text) entry[DECIMALS] = { [element]: text };
    return entry;
  }
  // the plus of a zone (+02:00) arrives as a space where the client did not encode it
  return { name, [element]: TIMES.has(type) ? text.replace(/ (?=\d\d:\d\d$)/, '+') : text };
}

/** The longest known beginning of the path decides. */
function rename(path: string, renames: Renames): string | undefined {
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const sent = renames.get(path.slice(0, end));
    if (sent !== undefined) return sent + path.slice(end);
  }
  return undefined;
}
