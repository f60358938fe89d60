// GET [base]/[type]?_contained=true|both: what stands inside other resources. Containers of every type are asked in turn by the keys that they have
// of what they contain, and each is looked into, because two conditions may be met by two contained resources.
// https://hl7.org/fhir/R4/search.html#contained
import type { Definitions } from '../definitions/definitions.ts';
import { FhirError } from '../model/errors.ts';
import { parseJson, stringifyJson } from '../model/json.ts';
import type { KeyExtractor } from '../model/keys.ts';
import { matches } from '../model/matches.ts';
import type { Predicate } from '../model/predicate.ts';
import type { Resource } from '../model/resource.ts';
import { containedAnywhere, containedIn, createKeyExtractor, type SearchPlan } from '../search/index.ts';
import type { Match, Store } from '../storage/store.ts';
import type { Answer, Call, Engine } from './call.ts';
import { bundleOf, planFor, queryFor, runSearch } from './search.ts';
import { explainedStore } from './search-explain.ts';

const OPTIONS = {
  _contained: ['false', 'true', 'both'],
  _containedType: ['container', 'contained'],
} as const;

export const asksForContained = ({ query }: Call): boolean => query.some(([name]) => name in OPTIONS);

export async function searchContained(engine: Engine, call: Call, type: string): Promise<Answer> {
  const [contained, containedType] = [read(call, '_contained'), read(call, '_containedType')];
  const applied = call.query.filter(([name]) => name in OPTIONS);
  const query = call.query.filter(([name]) => !(name in OPTIONS));
  if (contained === 'false') return runSearch(engine, { ...call, query }, { type, path: type, applied });
  const own = await planFor(engine, call, type, query);
  refuseWhatNeedsMore(own);
  const plan = { ...own, applied: [...applied, ...own.applied] };
  const stages = stagesOf(engine, plan, { isBoth: contained === 'both', isContainer: containedType === 'container' });
  const { store, explanation } = explainedStore(call, plan.explain);
  const { found, next, isEnd } = await findInTurn(store, plan, stages);
  const isCount = plan.count === 0;
  const page = {
    matches: isCount ? [] : found,
    ...(next !== undefined && !isCount && { next }),
    ...(isEnd && plan.after === undefined && { total: found.length }),
  };
  return {
    status: 200,
    body: bundleOf(engine, call, { path: type, plan, page, included: { resources: [], warnings: [] }, explanation }),
  };
}

function read<Name extends keyof typeof OPTIONS>({ query }: Call, name: Name): (typeof OPTIONS)[Name][number] {
  const legal: readonly (typeof OPTIONS)[Name][number][] = OPTIONS[name];
  const value = query.find(([other]) => other === name)?.[1] ?? legal[0];
  const known = legal.find((one) => one === value);
  if (known === undefined)
    throw new FhirError('invalid', `Parameter ${name} must be one of ${legal.join(', ')}, not '${value}'`);
  return known;
}

function refuseWhatNeedsMore({ where, sort, includes }: SearchPlan): void {
  const what = sort.length > 0 ? '_sort' : includes.length > 0 ? '_include' : isJoin(where) ? 'a chain' : undefined;
  if (what) throw new FhirError('not-supported', `Parameter _contained cannot be combined with ${what}`);
}

function isJoin(predicate: Predicate): boolean {
  if (predicate.op === 'linked' || predicate.op === 'linkedFrom') return true;
  if (predicate.op === 'not') return isJoin(predicate.of);
  return (predicate.op === 'and' || predicate.op === 'or') && predicate.of.some(isJoin);
}

/** One type of resources to go through, and what of each is found. */
interface Stage {
  type: string;
  where: Predicate;
  answersOf(match: Match): Match[];
}

interface How {
  isBoth: boolean;
  isContainer: boolean;
}

function stagesOf({ definitions, settings }: Engine, plan: SearchPlan, { isBoth, isContainer }: How): Stage[] {
  const extractor = extractorOf(definitions, settings);
  const insideOf = (match: Match): Resource[] =>
    containedIn(parseJson(match.bytes) as Resource).filter(
      (one) =>
        one.resourceType === plan.type &&
        matches(plan.where, extractor.extract(one), { id: one.id ?? '', lastUpdated: match.lastUpdated }),
    );
  const asMatch = (match: Match, one: Resource): Match => ({
    ...match,
    id: `${match.id}#${one.id ?? ''}`,
    bytes: Buffer.from(stringifyJson(one)),
  });
  const containers = definitions.resourceTypes.map(
    (type): Stage => ({
      type,
      where: containedAnywhere(definitions, plan.where, { type: plan.type, container: type }),
      answersOf(match) {
        const inside = insideOf(match);
        if (isContainer) return inside.length > 0 ? [match] : [];
        return inside.map((one) => asMatch(match, one));
      },
    }),
  );
  const itself: Stage = { type: plan.type, where: plan.where, answersOf: (match) => [match] };
  return isBoth ? [itself, ...containers] : containers;
}

const extractors = new WeakMap<Definitions, KeyExtractor>();

function extractorOf(definitions: Definitions, settings: Engine['settings']): KeyExtractor {
  const known = extractors.get(definitions);
  if (known) return known;
  const extractor = createKeyExtractor(definitions, settings);
  extractors.set(definitions, extractor);
  return extractor;
}

const LOOKED_INTO = 200;

/** A cursor is a stage and a place in it. What a container holds is never torn apart, so a page may be a little longer than it was asked to be. */
async function findInTurn(store: Pick<Store, 'find'>, plan: SearchPlan, stages: readonly Stage[]) {
  let { stage: at, inner } = readCursor(plan.after, stages);
  const wanted = plan.count === 0 ? Number.POSITIVE_INFINITY : plan.count;
  const found: Match[] = [];
  const seen = new Set<string>();
  const query = queryFor(plan);
  for (; at < stages.length; at++, inner = undefined) {
    const { type, where, answersOf } = stages[at]!;
    do {
      if (found.length >= wanted) return { found, next: `${at} ${inner ?? ''}`, isEnd: false };
      const limit = Math.min(LOOKED_INTO, wanted - found.length);
      const { after: _first, ...rest } = query;
      const asked = { ...rest, type, where, limit, total: 'none' as const };
      const page = await store.find({ ...asked, ...(inner !== undefined && { after: inner }) });
      for (const match of page.matches.flatMap(answersOf)) {
        // with `both`, one that is found itself may contain another
        const name = `${match.type}/${match.id}`;
        if (!seen.has(name)) found.push(match);
        seen.add(name);
      }
      inner = page.next;
    } while (inner !== undefined);
  }
  return { found, next: undefined, isEnd: true };
}

function readCursor(after: string | undefined, stages: readonly Stage[]): { stage: number; inner: string | undefined } {
  if (after === undefined) return { stage: 0, inner: undefined };
  const [stage = '', inner = ''] = after.split(' ', 2);
  if (!/^\d{1,3}$/.test(stage) || Number(stage) >= stages.length)
    throw new FhirError('invalid', 'Parameter _cursor is not of this search');
  return { stage: Number(stage), inner: inner === '' ? undefined : inner };
}
