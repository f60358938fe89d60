// Parts of a resource where the client asks for less: _summary and _elements. What is left says that it is a part.
// https://hl7.org/fhir/R4/search.html#summary and #elements
import type { Definitions, ElementDefinition } from '../definitions/definitions.ts';
import { FhirError } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { Call } from './call.ts';

export interface Subset {
  summary: 'true' | 'text' | 'data' | 'false';
  elements?: readonly string[];
}

const summaries = new Set(['true', 'text', 'data', 'false']);

/** Stored bytes as they are, or the part of them that the query asks for. */
export function subsetOf(definitions: Definitions, query: Call['query'], bytes: Buffer): Buffer | Resource {
  const wanted = query.length === 0 ? undefined : readSubset(query);
  return wanted === undefined ? bytes : subset(definitions, parseJson(bytes) as Resource, wanted);
}

function readSubset(query: Call['query']): Subset | undefined {
  const summary = query.find(([name]) => name === '_summary')?.[1] ?? 'false';
  if (!summaries.has(summary)) {
    throw new FhirError('value', `_summary can be true, text, data or false here, not "${summary}"`);
  }
  const elements = query.filter(([name]) => name === '_elements').flatMap(([, value]) => value.split(','));
  if (summary === 'false' && elements.length === 0) return undefined;
  return { summary: summary as Subset['summary'], ...(elements.length === 0 ? {} : { elements }) };
}

/** A copy with fewer elements, tagged SUBSETTED. Decimals keep their text. */
export function subset(definitions: Definitions, resource: Resource, { summary, elements }: Subset): Resource {
  const { resourceType: type } = resource;
  const named = elements?.map((name) => (name.startsWith(`${type}.`) ? name.slice(type.length + 1) : name));
  const only = (isKept: (element: ElementDefinition) => boolean, isDeep = false): Resource =>
    tagged(keep(definitions, resource, type, isKept, isDeep) as Resource);
  if (named !== undefined) return only((element) => isNeeded(element) || isNamed(element, named));
  if (summary === 'true') return only(({ isSummary }) => isSummary, true);
  if (summary === 'data') return only(({ name }) => name !== 'text');
  return only((element) => isNeeded(element) || element.name === 'text');
}

/** What a reader must see to understand the rest safely. */
const isNeeded = ({ name, min, isModifier }: ElementDefinition): boolean =>
  min > 0 || isModifier || name === 'id' || name === 'meta';

const isNamed = ({ name, choice }: ElementDefinition, names: readonly string[]): boolean =>
  names.includes(name) || (choice !== undefined && names.includes(choice));

function keep(
  definitions: Definitions,
  node: object,
  typeName: string,
  isKept: (element: ElementDefinition) => boolean,
  isDeep: boolean,
): Record<string, unknown> {
  const type = definitions.type(typeName);
  const copy: Record<string, unknown> = { ...node };
  for (const key of Object.keys(copy)) {
    if (key === 'resourceType') continue;
    const element = type?.elements.get(key.startsWith('_') ? key.slice(1) : key);
    if (element === undefined || !isKept(element)) delete copy[key];
    else if (isDeep && definitions.type(element.type)?.kind === 'backbone') {
      const inner = (value: unknown): unknown => keep(definitions, value as object, element.type, isKept, true);
      copy[key] = Array.isArray(copy[key]) ? copy[key].map(inner) : inner(copy[key]);
    }
  }
  return copy;
}

const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

function tagged({ resourceType, id, meta, ...rest }: Resource): Resource {
  const tag = [...(meta?.tag ?? []), SUBSETTED];
  return { resourceType, ...(id === undefined ? {} : { id }), meta: { ...meta, tag }, ...rest };
}
