// GET [base]?… over several types: `_type`, or all. Without `_sort` types follow one another, so that a page needs few questions and its
// cursor is a type and a place in it; with it they are merged. https://hl7.org/fhir/R4/http.html#search
import { FhirError } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import type { SearchPlan } from '../search/index.ts';
import type { FindPage, Match, Store } from '../storage/store.ts';
import type { Answer, Call, Engine, Interaction } from './call.ts';
import type { InteractionParts } from './parts.ts';
import { bundleOf, planFor, queryFor, runSearch } from './search.ts';
import { explainedStore } from './search-explain.ts';
import { includeFor } from './search-include.ts';

export const createSearchSystem =
  ({ engine }: InteractionParts): Interaction<'search-system'> =>
  (call) =>
    searchTypesInTurn(engine, call, { types: engine.definitions.resourceTypes, path: '' });

export interface SearchOverTypes {
  types: readonly string[];
  path: string;
  within?: (type: string) => Predicate;
}

export async function searchTypesInTurn(engine: Engine, call: Call, search: SearchOverTypes): Promise<Answer> {
  const { types, named, query } = readTypes(engine, call, search.types);
  const [only] = types;
  if (only !== undefined && types.length === 1) {
    const within = search.within?.(only);
    const applied = named === undefined ? [] : ([['_type', named]] as const);
    return runSearch(engine, { ...call, query }, { type: only, path: search.path, applied, ...(within && { within }) });
  }
  const plans = await Promise.all(types.map((type) => planFor(engine, call, type, query)));
  refuseHalfKnown(plans);
  const plan = { ...withType(plans[0], named), warnings: everyWarning(plans) };
  const { store, explanation } = explainedStore(call, plan.explain);
  const find = plan.sort.length > 0 ? findInOrder : findInTurn;
  const page = await find(store, plans, search.within);
  const included = await includeFor(store, everyInclude(plans), page.matches, engine.definitions);
  return { status: 200, body: bundleOf(engine, call, { path: search.path, plan, page, included, explanation }) };
}

/** `_type=Patient,Observation` leaves the query; what remains is asked of each type. */
function readTypes({ definitions }: Engine, call: Call, all: readonly string[]) {
  const query = call.query.filter(([name]) => name !== '_type');
  const values = call.query.filter(([name]) => name === '_type').map(([, value]) => value);
  if (values.length === 0) return { types: all.filter((type) => type !== 'Parameters'), named: undefined, query };
  const asked = new Set(values.flatMap((value) => value.split(',')).map((type) => type.trim()));
  for (const type of asked) {
    if (!definitions.resourceTypes.includes(type))
      throw new FhirError('invalid', `Parameter _type: there is no type '${type}'`);
  }
  return { types: all.filter((type) => asked.has(type)), named: [...asked].join(','), query };
}

function withType(plan: SearchPlan | undefined, named: string | undefined): SearchPlan {
  if (!plan) throw new FhirError('invalid', 'Parameter _type: none of these types can be here');
  return named === undefined ? plan : { ...plan, applied: [['_type', named], ...plan.applied] };
}

type Finder = Pick<Store, 'find' | 'findAcross'>;

/** A parameter that only some of the types know would leave the others unfiltered. */
function refuseHalfKnown(plans: readonly SearchPlan[]): void {
  const unknownTo = ({ warnings }: SearchPlan) => warnings.filter(({ code }) => code === 'not-supported');
  const unknown = plans.map(unknownTo);
  const fewest = Math.min(...unknown.map(({ length }) => length));
  const [issue] = unknown.find(({ length }) => length > fewest) ?? [];
  if (issue)
    throw new FhirError(
      'not-supported',
      `A search over several types needs parameters that all have: ${issue.diagnostics}`,
    );
}

/** What an order over several types goes by must be comparable: a date with a date, a text with a text. */
function refuseMixedOrder(plans: readonly SearchPlan[]): void {
  const kindOf = (key: SearchPlan['sort'][number]): string => {
    const isNumber =
      key.by === 'lastUpdated' || key.by === 'main-date' || (key.by === 'param' && 'dq'.includes(key.in));
    return isNumber ? 'number' : 'text';
  };
  const kindsOf = ({ sort }: SearchPlan): string => sort.map(kindOf).join();
  const other = plans.find((plan) => kindsOf(plan) !== kindsOf(plans[0]!));
  if (other) {
    const names = `${plans[0]!.type} and ${other.type}`;
    throw new FhirError('not-supported', `Parameter _sort: ${names} do not have values there that can be compared`);
  }
}

async function findInOrder(
  store: Finder,
  plans: readonly SearchPlan[],
  within: SearchOverTypes['within'],
): Promise<FindPage> {
  refuseMixedOrder(plans);
  const { count: limit, after } = plans[0]!;
  const total = await totalOf(store, plans, within);
  const queries = plans.map((plan) => queryFor(plan, within?.(plan.type)));
  const page =
    limit === 0 ? { matches: [] } : await store.findAcross({ queries, limit, ...(after !== undefined && { after }) });
  return { ...page, ...(total !== undefined && { total }) };
}

async function totalOf(
  store: Finder,
  plans: readonly SearchPlan[],
  within: SearchOverTypes['within'],
): Promise<number | undefined> {
  if (plans[0]!.total === 'none') return undefined;
  const counts = plans.map((plan) => {
    const { after: _, ...query } = queryFor(plan, within?.(plan.type));
    return store.find({ ...query, sort: [], limit: 0 });
  });
  return (await Promise.all(counts)).reduce((sum, page) => sum + (page.total ?? 0), 0);
}

const everyWarning = (plans: readonly SearchPlan[]): SearchPlan['warnings'] => [
  ...new Map(plans.flatMap(({ warnings }) => warnings).map((issue) => [JSON.stringify(issue), issue])).values(),
];

const everyInclude = (plans: readonly SearchPlan[]): SearchPlan['includes'] => [
  ...new Map(plans.flatMap(({ includes }) => includes).map((include) => [JSON.stringify(include), include])).values(),
];

/** `<type> <cursor of the type>` */
function readCursor(
  after: string | undefined,
  plans: readonly SearchPlan[],
): { start: number; inner: string | undefined } {
  if (after === undefined) return { start: 0, inner: undefined };
  const [type = '', inner = ''] = after.split(' ', 2);
  const start = plans.findIndex((plan) => plan.type === type);
  if (start < 0) throw new FhirError('invalid', 'Parameter _cursor is not of this search');
  return { start, inner: inner === '' ? undefined : inner };
}

async function findInTurn(
  store: Finder,
  plans: readonly SearchPlan[],
  within: SearchOverTypes['within'],
): Promise<FindPage> {
  const { count, after } = plans[0]!;
  const { start, inner } = readCursor(after, plans);
  const query = (plan: SearchPlan) => {
    const { after: _first, ...rest } = queryFor(plan, within?.(plan.type));
    return rest;
  };
  const total = await totalOf(store, plans, within);
  const matches: Match[] = [];
  let next: string | undefined;
  for (let at = start; at < plans.length && count > 0; at++) {
    const plan = plans[at]!;
    if (matches.length === count) {
      next = `${plan.type} `;
      break;
    }
    const from = at === start ? inner : undefined;
    const limit = count - matches.length;
    const page = await store.find({
      ...query(plan),
      limit,
      total: 'none',
      ...(from !== undefined && { after: from }),
    });
    matches.push(...page.matches);
    if (page.next !== undefined) {
      next = `${plan.type} ${page.next}`;
      break;
    }
  }
  return { matches, ...(next !== undefined && { next }), ...(total !== undefined && { total }) };
}
