// The story that every search shares: plan, find, include, bundle. https://hl7.org/fhir/R4/http.html#search
import type { Issue } from '../model/errors.ts';
import { parseJson, stringifyJson } from '../model/json.ts';
import { outcomeOf } from '../model/outcome.ts';
import type { Predicate } from '../model/predicate.ts';
import type { Resource } from '../model/resource.ts';
import { planSearch, type SearchPlan } from '../search/index.ts';
import type { FindPage, FindQuery } from '../storage/store.ts';
import type { Answer, Call, Engine } from './call.ts';
import { planned } from './look-ups.ts';
import { definitionsElsewhere } from './search-elsewhere.ts';
import { explainedStore } from './search-explain.ts';
import { type Included, includeFor } from './search-include.ts';
import { pageLinks } from './search-links.ts';
import { type Subset, subset } from './subset.ts';
import { distanceTeller } from './told-distance.ts';
import { type BundleEntryParts, writeBundle } from './write-bundle.ts';

export interface Search {
  type: string;
  /** below the base, for the links: `Observation`, `Patient/1/Observation` */
  path: string;
  /** parameters applied before the plan, for the links */
  applied?: readonly (readonly [name: string, value: string])[];
  /** what the address says already, as a compartment does */
  within?: Predicate;
}

export async function runSearch(engine: Engine, call: Call, search: Search): Promise<Answer> {
  const own = await planFor(engine, call, search.type);
  const plan = search.applied ? { ...own, applied: [...search.applied, ...own.applied] } : own;
  const { store, explanation } = explainedStore(call, plan.explain);
  const page = await store.find(queryFor(plan, search.within));
  const included = await includeFor(store, plan.includes, page.matches, engine.definitions);
  const elsewhere = search.within === undefined ? await definitionsElsewhere(engine, call, plan) : [];
  const found = { path: search.path, plan, page, included, elsewhere, explanation };
  return { status: 200, body: bundleOf(engine, call, found) };
}

export function planFor(engine: Engine, call: Call, type: string, query = call.query): Promise<SearchPlan> {
  const { definitions, settings } = engine;
  const strict = isStrict(call.headers.prefer);
  const now = engine.now();
  const { base } = call;
  return planned(engine, call, (lookups) =>
    planSearch({ definitions, type, query, strict, settings, base, now, lookups }),
  );
}

export function queryFor(plan: SearchPlan, within?: Predicate): FindQuery {
  return {
    type: plan.type,
    purpose: 'listing',
    where: within === undefined ? plan.where : { op: 'and', of: [within, plan.where] },
    sort: plan.sort,
    limit: plan.count,
    total: plan.total,
    ...(plan.after !== undefined && { after: plan.after }),
    ...(plan.includes.some(({ direction }) => direction === 'forward') && { wantReferences: true }),
  };
}

/** https://hl7.org/fhir/R4/search.html#errors */
const isStrict = (prefer: string | undefined): boolean =>
  prefer !== undefined && /\bhandling\s*=\s*"?strict\b/.test(prefer);

export interface Found {
  path: string;
  plan: SearchPlan;
  page: FindPage;
  included: Included;
  /** matches that are not stored here: known by their canonical URL alone */
  elsewhere?: readonly Resource[];
  /** how the database found it, where that was asked for */
  explanation?: () => Issue[];
}

export function bundleOf(engine: Engine, call: Call, found: Found): Buffer {
  const { path, plan, page, included, elsewhere = [], explanation } = found;
  const shown = subsetFor(engine, plan);
  const entryOf = (
    { type, id, bytes }: { type: string; id: string; bytes: Buffer },
    mode: string,
    more: object = {},
  ): BundleEntryParts => ({
    fullUrl: `${call.base}/${type}/${id}`,
    resource: shown(bytes),
    rest: { search: { ...more, mode } },
  });
  const distance = distanceTeller(plan);
  const issues = [...plan.warnings, ...included.warnings, ...(explanation?.() ?? [])];
  return writeBundle({
    type: 'searchset',
    lastUpdated: engine.now(),
    ...(page.total === undefined ? {} : { total: page.total + elsewhere.length }),
    links: pageLinks(`${call.base}${path === '' ? '' : `/${path}`}`, plan, page.next),
    entries: [
      ...page.matches.map((match) => entryOf(match, 'match', distance(match.bytes))),
      ...(plan.summary === 'count' ? [] : elsewhere).map((resource) => ({
        // bdl-7: several versions of one URL are several entries
        fullUrl: elsewhere.length > 1 ? `${resource.url}|${resource.version}` : String(resource.url),
        resource: shown(Buffer.from(stringifyJson(resource))),
        rest: { search: { mode: 'match' } },
      })),
      ...included.resources.map((resource) => entryOf(resource, 'include')),
      ...(issues.length === 0 ? [] : [outcomeEntry(issues)]),
    ],
  });
}

const outcomeEntry = (issues: readonly Issue[]): BundleEntryParts => ({
  resource: Buffer.from(JSON.stringify(outcomeOf(issues))),
  rest: { search: { mode: 'outcome' } },
});

/** Stored bytes go out as they are, unless the client wants less of them. */
function subsetFor({ definitions }: Engine, { summary, elements }: SearchPlan): (bytes: Buffer) => Buffer {
  if (summary === 'count' || (summary === 'false' && elements === undefined)) return (bytes) => bytes;
  const wanted: Subset = { summary, ...(elements !== undefined && { elements }) };
  return (bytes) => Buffer.from(stringifyJson(subset(definitions, parseJson(bytes) as Resource, wanted)));
}
