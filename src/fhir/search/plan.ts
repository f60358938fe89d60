// A search's parameters as a plan that storage can run. Pure; a plain clinical search costs a few microseconds.
// https://hl7.org/fhir/R4/search.html
import type { Definitions } from '../definitions/definitions.ts';
import { FhirError, type Issue } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import { planFilter } from './filter.ts';
import { addFilter, allOf, withJoinedKeys } from './joined-keys.ts';
import { type Lookups, noLookups } from './lookups.ts';
import { notInLinks, type ResultShape, resultParameters } from './result-parameters.ts';
import { type FullText, type SearchContext, USUAL_FULL_TEXT } from './search-type.ts';

type Query = readonly (readonly [name: string, value: string])[];

export interface SearchSettings {
  defaultPageSize: number;
  maxPageSize: number;
  timeZone: string;
  /** absolute references that begin with it are references to this server's own resources */
  baseUrl?: string | undefined;
  /** of which texts words can be searched; absent: the usual */
  fullText?: FullText | undefined;
}

export interface PlanInput {
  definitions: Definitions;
  type: string;
  query: Query;
  settings: SearchSettings;
  /** the service base as the request has it */
  base?: string;
  /** ms since 1970 */
  now: number;
  /** absent: what must be looked up is refused */
  lookups?: Lookups;
}

export interface SearchPlan extends ResultShape {
  type: string;
  where: Predicate;
  /** what was really applied, for the self link, in order; the page's cursor is not among it */
  applied: readonly (readonly [name: string, value: string])[];
  /** what a lenient search went on without */
  warnings: Issue[];
}

const contextOf = ({ definitions, settings, base, now, lookups = noLookups }: PlanInput): SearchContext => ({
  definitions,
  base: settings.baseUrl,
  ...(settings.baseUrl === undefined && { calledBase: base }),
  timeZone: settings.timeZone,
  now,
  lookups,
  fullText: settings.fullText ?? USUAL_FULL_TEXT,
});

export function planSearch(input: PlanInput & { strict: boolean }): SearchPlan {
  const { definitions, type, query, strict, settings } = input;
  const context = contextOf(input);
  const shape: ResultShape = {
    sort: [],
    count: settings.defaultPageSize,
    total: 'none',
    summary: 'false',
    includes: [],
    explain: false,
  };
  const filters: Predicate[] = [];
  const applied: [string, string][] = [];
  const warnings: Issue[] = [];
  for (const [name, value] of query) {
    try {
      const colon = name.startsWith('_') ? name.indexOf(':') : -1;
      const read = resultParameters.get(colon < 0 ? name : name.slice(0, colon));
      if (read)
        read(shape, value, colon < 0 ? undefined : name.slice(colon + 1), {
          definitions,
          type,
          maxPageSize: settings.maxPageSize,
          warnings,
        });
      else addFilter(filters, planFilter(context, type, name, value));
      if (!notInLinks.has(name)) applied.push([name, value]);
    } catch (error) {
      if (strict || !(error instanceof FhirError) || error.kind !== 'not-supported') throw error;
      warnings.push({ severity: 'warning', code: 'not-supported', diagnostics: `${error.message}; it was ignored` });
    }
  }
  const near = filters.find((filter) => filter.op === 'near');
  if (near && Number.isFinite(near.kilometres) && shape.sort.length === 0) {
    shape.sort.push({ by: 'distance', longitude: near.longitude, latitude: near.latitude, descending: false });
  }
  if (shape.summary === 'count') shape.count = 0;
  if (shape.count === 0) shape.total = 'accurate';
  if (shape.summary === 'text' && shape.includes.length > 0) {
    throw new FhirError('invalid', 'Parameter _summary=text cannot be combined with _include or _revinclude');
  }
  applied.push(['_count', String(shape.count)]);
  return { type, where: allOf(withJoinedKeys(definitions, type, filters)), applied, warnings, ...shape };
}

/** The criteria of a conditional request. Nothing may be left out silently; equal criteria give equal `canonical` text. */
export function planCriteria(input: PlanInput): { where: Predicate; canonical: string } {
  const { definitions, type } = input;
  const context = contextOf(input);
  if (input.query.length === 0) throw new FhirError('invalid', 'A conditional request needs criteria');
  const filters: Predicate[] = [];
  const terms: string[] = [];
  for (const [name, value] of input.query) {
    if (resultParameters.has(name.split(':', 1)[0] ?? ''))
      throw new FhirError('invalid', `${name} chooses nothing, so it cannot be a criterion`);
    const filter = planFilter(context, type, name, value);
    addFilter(filters, filter);
    terms.push(JSON.stringify(filter, infinityAsText));
  }
  return {
    where: allOf(withJoinedKeys(definitions, type, filters)),
    canonical: `${type}?${[...new Set(terms.sort())].join('&')}`,
  };
}

const infinityAsText = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
