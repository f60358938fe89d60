// What an operation takes beside its definition's parameters: `$lastn` every search parameter, `$everything` the cursor of its links.
// In a body they are primitives by name, as in the query. https://hl7.org/fhir/R4/observation-operation-lastn.html
import type { Resource } from '../model/resource.ts';
import type { OperationDefinition } from './definition.ts';
import type { OperationModule } from './operation.ts';
import { contentOf, type ParameterEntry } from './parameter-entry.ts';
import type { Request } from './parameters.ts';

type Pair = readonly [name: string, value: string];

export interface SeparatedRequest extends Request {
  criteria: readonly Pair[];
}

/** Names that belong to every request stay in the query, where the HTTP room reads them: _format, _pretty */
const OF_EVERY_REQUEST = new Set(['_format', '_pretty']);

export function separateCriteria(
  definition: OperationDefinition,
  { query, body }: Request,
  alsoReads: OperationModule['alsoReads'],
): SeparatedRequest {
  const request = { query, ...(body === undefined ? {} : { body }) };
  if (alsoReads === undefined) return { ...request, criteria: [] };
  const own = new Set(definition.in.map(({ name }) => name));
  const isCriterion = (name: string): boolean =>
    !own.has(name) && !OF_EVERY_REQUEST.has(name) && (alsoReads === 'search' || alsoReads.includes(name));
  const inBody = criteriaOf(body, isCriterion);
  return {
    query: query.filter(([name]) => !isCriterion(name)),
    ...(inBody.rest === undefined ? {} : { body: inBody.rest }),
    criteria: [...query.filter(([name]) => isCriterion(name)), ...inBody.criteria],
  };
}

function criteriaOf(body: unknown, isCriterion: (name: string) => boolean): { rest: unknown; criteria: Pair[] } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return { rest: body, criteria: [] };
  const { resourceType, parameter } = body as Resource & { parameter?: unknown };
  const criteria: Pair[] = [];
  const take = (name: unknown, values: readonly unknown[]): boolean => {
    if (typeof name !== 'string' || !isCriterion(name) || !values.every(isPlain)) return false;
    for (const value of values) criteria.push([name, String(value)]);
    return true;
  };
  if (resourceType === undefined) {
    const rest: Record<string | symbol, unknown> = { ...body };
    for (const [name, value] of Object.entries(body)) {
      if (take(name, Array.isArray(value) ? value : [value])) delete rest[name];
    }
    return { rest, criteria };
  }
  if (resourceType !== 'Parameters' || !Array.isArray(parameter)) return { rest: body, criteria };
  const others = (parameter as ParameterEntry[]).filter((entry) => {
    const element = contentOf(entry ?? {});
    return element === undefined || !take(entry.name, [entry[element]]);
  });
  const { parameter: _, ...whole } = body as Resource;
  return { rest: others.length === 0 ? whole : { ...whole, parameter: others }, criteria };
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
