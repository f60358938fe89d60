// The criteria of policies and scopes as Predicates: `Patient/{patients}` is a compartment, `?status=active` a search, and both may stand in
// one: `Patient/{patients}?status=active`. `{…}` stands for what is known of the caller; where nothing is known, nothing meets it.
import type { Definitions } from '../../definitions/definitions.ts';
import { readQuery } from '../../interactions/grammar.ts';
import { compartmentPredicate } from '../../interactions/search-compartment.ts';
import { FhirError } from '../../model/errors.ts';
import { nothing, type Predicate } from '../../model/predicate.ts';
import { type Lookups, noLookups, planCriteria, type SearchSettings } from '../../search/index.ts';
import { allOf, anyOf } from './predicates.ts';

/** By name; one or several texts each. */
export type Variables = ReadonlyMap<string, readonly string[]>;

/** Known of every caller, though nearly always empty. */
export const CALLER_VARIABLES: readonly string[] = [
  'patients',
  'practitioner',
  'user',
  'organizations',
  'encounter',
  'app-state',
];

/** `visible:security-context`: what refers by that to something the caller can read */
export const VISIBLE = 'visible:';

export interface CriteriaContext {
  definitions: Definitions;
  settings: SearchSettings;
  now: number;
  /** how others call this server, where it was not told (BASE_URL) */
  ownBase?: string | undefined;
  lookups?: Lookups;
  /** what was planned for other callers, by type and query */
  planned?: Map<string, Predicate>;
}

interface Criteria {
  compartment?: { type: string; id: string };
  query: readonly (readonly [name: string, value: string])[];
}

function readCriteria(text: string): Criteria | undefined {
  const [, type, id, query] = /^(?:([A-Z][A-Za-z]+)\/([^?/]+))?(?:\?(.+))?$/.exec(text) ?? [];
  if (type === undefined && query === undefined) return undefined;
  return {
    ...(type !== undefined && id !== undefined && { compartment: { type, id } }),
    query: query === undefined ? [] : readQuery(query),
  };
}

const VARIABLE = /\{([a-z-]+)\}/g;

export const variablesIn = (text: string): string[] => [...text.matchAll(VARIABLE)].map(([, name]) => name!);

/** Each way to read the text with one value of its variable; none where nothing is known. */
function filledIn(text: string, variables: Variables): string[] {
  const [name, ...more] = variablesIn(text);
  if (name === undefined) return [text];
  const values = variables.get(name) ?? [];
  const filled = values.map((value) => text.replaceAll(`{${name}}`, value));
  return more.length === 0 ? filled : filled.flatMap((one) => filledIn(one, variables));
}

export function criteriaPredicate(
  text: string,
  type: string,
  variables: Variables,
  context: CriteriaContext,
): Predicate {
  const criteria = readCriteria(text);
  if (!criteria) return nothing;
  const { compartment, query } = criteria;
  const parts: Predicate[] = [];
  if (compartment) {
    const ids = filledIn(compartment.id, variables);
    parts.push(anyOf(ids.map((id) => compartmentPredicate(context.definitions, compartment.type, id, type))));
  }
  const pairs: (readonly [string, string])[] = [];
  for (const [name, value] of query) {
    const filled = filledIn(value, variables);
    if (filled.length === 0) return nothing;
    pairs.push([name, filled.join(',')]);
  }
  if (pairs.length > 0) parts.push(planOnce(type, pairs, context));
  return allOf(parts);
}

/** Ids of many patients are one caller's alone. */
const LONGEST_SHARED = 500;

/** What policies say of labels and owners is asked anew for every caller, and is the same for most. */
export function planOnce(
  type: string,
  query: readonly (readonly [name: string, value: string])[],
  context: CriteriaContext,
): Predicate {
  const key = `${type}?${query.map(([name, value]) => `${name}=${value}`).join('&')}`;
  const planned = context.lookups === undefined && key.length <= LONGEST_SHARED ? context.planned : undefined;
  const known = planned?.get(key);
  if (known !== undefined) return known;
  const { where } = planCriteria({ ...context, type, query });
  planned?.set(key, where);
  return where;
}

const DUMMY = new Map(
  [...CALLER_VARIABLES, 'any'].map((name) => [name, [name === 'user' ? 'Patient/x' : 'x']] as const),
);
const SETTINGS = { defaultPageSize: 1, maxPageSize: 1, timeZone: 'UTC' };

/** What is wrong with it, for every type that it is said of. */
export function checkCriteria(
  text: string,
  types: readonly string[],
  { definitions, names }: { definitions: Definitions; names: ReadonlySet<string> },
): string[] {
  if (text.startsWith(VISIBLE)) {
    const code = text.slice(VISIBLE.length);
    return types.flatMap((type) =>
      definitions.searchParameters(type).get(code)?.type === 'reference'
        ? []
        : [`'${text}': ${type} has no reference ${code}`],
    );
  }
  const criteria = readCriteria(text);
  if (!criteria) return [`'${text}' is neither Compartment/id nor ?parameter=value`];
  const unknown = variablesIn(text).filter((name) => !CALLER_VARIABLES.includes(name) && !names.has(name));
  if (unknown.length > 0) return [`'${text}': nothing is called {${unknown[0]}}`];
  const variables = new Map([...DUMMY, ...[...names].map((name) => [name, ['x']] as const)]);
  return types.flatMap((type) => {
    const { compartment } = criteria;
    if (compartment && !definitions.compartments.get(compartment.type)?.members.get(type)?.length)
      return [`'${text}': ${type} is in no ${compartment.type} compartment`];
    try {
      criteriaPredicate(text, type, variables, { definitions, settings: SETTINGS, now: 0, lookups: noLookups });
      return [];
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      return [`'${text}': ${error.message}`];
    }
  });
}

/** Whether a scope's search can be met by anything of the type: what only chooses a page or an order restricts nothing. */
export function isWorkingQuery(query: string, type: string, definitions: Definitions): boolean {
  if (readQuery(query).length === 0 || variablesIn(query).length > 0) return false;
  try {
    criteriaPredicate(`?${query}`, type, NONE, { definitions, settings: SETTINGS, now: 0, lookups: LATER });
    return true;
  } catch (error) {
    if (error instanceof FhirError) return false;
    throw error;
  }
}

const NONE: Variables = new Map();
/** what is to be looked up is when the scope is used */
const LATER: Lookups = () => undefined;
