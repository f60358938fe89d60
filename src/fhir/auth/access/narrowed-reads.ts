// The reading half of a store that is narrowed to one caller: what it does not reach is as if it did not exist.
import { FhirError } from '../../model/errors.ts';
import { nothing } from '../../model/predicate.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type {
  DistinctQuery,
  FindAcrossQuery,
  FindPage,
  HistoryPage,
  HistoryQuery,
  Match,
  Store,
  Transaction,
  Version,
} from '../../storage/store.ts';
import type { Cursors } from './cursors.ts';
import { quickWaysTo, waysTo } from './judge.ts';
import { narrowedQuery } from './narrow-query.ts';
import type { Reach } from './reach.ts';
import { type ShownDeps, shownMatches, shownVersion, withoutKeys } from './shown.ts';

export interface ReadDeps extends ShownDeps {
  cursors: Cursors;
}

type Reader = Pick<Store, 'read' | 'readMany'> | Pick<Transaction, 'read' | 'readMany'>;
type Reference = { type: string; id: string };

/** So many versions are looked at for one page of a history; a page may be shorter than it was asked to be. */
const MOST_LOOKED_AT = 10_000;
const LOOKED_AT_ONCE = 100;
/** … and resources for the values in use that a caller sees */
const MOST_WALKED = 10_000;
const AT_ONCE = 1_000;

export function narrowedFinder(base: Pick<Store, 'find'>, deps: ReadDeps): Pick<Store, 'find'> {
  const { cursors } = deps;
  return {
    async find(asked) {
      const released = cursors.release(asked.after);
      const pending = narrowedQuery(released === undefined ? asked : { ...asked, after: released }, deps);
      const narrowed = pending instanceof Promise ? await pending : pending;
      if (!narrowed) return EMPTY;
      const { query, reach } = narrowed;
      const page = await base.find(query.explain && !deps.rights.mayExplain ? { ...query, explain: false } : query);
      return boundPage(page, await shownMatches(page.matches, reach, asked, deps), cursors);
    },
  };
}

const EMPTY: FindPage = { matches: [], total: 0 };

function boundPage(page: FindPage, matches: Match[], cursors: Cursors): FindPage {
  const next = cursors.bind(page.next);
  return next === undefined ? { ...page, matches } : { ...page, matches, next };
}

/** One version that the caller may see, as it may see it; of a deletion, if it could see what was deleted. */
export function narrowedReader(
  base: Reader,
  versions: Pick<Store, 'vread'>,
  deps: ReadDeps,
): Pick<Store, 'read' | 'readMany'> {
  function shown(version: Version | undefined, reach: Reach): Version | undefined | Promise<Version | undefined> {
    if (!version) return undefined;
    const ways = version.bytes === null ? undefined : quickWaysTo(reach, version);
    if (ways?.length === 0) return undefined;
    return ways && !deps.rights.hidesAnything ? withoutKeys(version) : shownSlowly(version, reach);
  }
  async function shownSlowly(version: Version, reach: Reach): Promise<Version | undefined> {
    return (await isWithin(version, reach, versions, deps)) ? shownVersion(version, reach, deps) : undefined;
  }
  return {
    async read(type, id) {
      const asked = deps.rights.reach(type, 'r');
      const reach = asked instanceof Promise ? await asked : asked;
      if (reach.isOpen) return base.read(type, id);
      if (reach.isNothing) return undefined;
      return shown(await base.read(type, id, { wantKeys: true }), reach);
    },
    async readMany(references) {
      const wanted = await Promise.all(
        references.map(async (one) => ({ ...one, reach: await deps.rights.reach(one.type, 'r') })),
      );
      const asked = wanted.filter(({ reach }) => !reach.isNothing);
      if (asked.length === 0) return references.map(() => undefined);
      const found = await base.readMany(asked, { wantKeys: asked.some(({ reach }) => !reach.isOpen) });
      const seen = new Map<Reference, Version | undefined>();
      await Promise.all(asked.map(async (one, index) => seen.set(one, await shown(found[index], one.reach))));
      return wanted.map((one) => seen.get(one));
    },
  };
}

/** Of a deletion, what was deleted decides. */
export async function isWithin(
  version: Version,
  reach: Reach,
  versions: Pick<Store, 'vread'>,
  deps: ReadDeps,
): Promise<boolean> {
  if (reach.isOpen || reach.isNothing) return reach.isOpen;
  const last = version.bytes === null ? await lastContent(version, versions) : version;
  if (!last?.bytes) return false;
  return (await waysTo(reach, last, deps.judge)).length > 0;
}

/** A deletion may follow a deletion only in theory, but a crash is nothing to rely on. */
async function lastContent(
  { type, id, version }: Version,
  versions: Pick<Store, 'vread'>,
): Promise<Version | undefined> {
  for (let before = version - 1; before >= 1; before--) {
    const found = await versions.vread(type, id, before);
    if (found?.bytes) return found;
  }
  return undefined;
}

export function narrowedStoreReads(
  base: Store,
  deps: ReadDeps,
): Pick<Store, 'read' | 'readMany' | 'vread' | 'find' | 'findAcross' | 'distinct' | 'history'> {
  const { cursors } = deps;
  const { find } = narrowedFinder(base, deps);

  /** A version counts only while the resource, as it is now, does: a label that was added later holds for what was before it. */
  async function vread(type: string, id: string, version: number): Promise<Version | undefined> {
    const reach = await deps.rights.reach(type, 'r');
    if (reach.isOpen) return base.vread(type, id, version);
    if (reach.isNothing) return undefined;
    const [current, asked] = await Promise.all([
      base.read(type, id, { wantKeys: true }),
      base.vread(type, id, version),
    ]);
    if (!current || !asked || !(await isWithin(current, reach, base, deps))) return undefined;
    return (await isWithin(asked, reach, base, deps)) ? shownVersion(asked, reach, deps) : undefined;
  }

  async function findAcross({ after, ...asked }: FindAcrossQuery): Promise<FindPage> {
    const narrowed = await Promise.all(asked.queries.map((query) => narrowedQuery(query, deps)));
    const queries = narrowed.flatMap((one) => (one ? [one.query] : []));
    if (queries.length === 0) return EMPTY;
    const released = cursors.release(after);
    const explain = asked.explain === true && deps.rights.mayExplain;
    const page = await base.findAcross({
      ...asked,
      explain,
      queries,
      ...(released !== undefined && { after: released }),
    });
    const reaches = new Map(narrowed.flatMap((one) => (one ? [[one.query.type, one.reach] as const] : [])));
    const matches = await Promise.all(
      page.matches.map(
        async (match) => (await shownMatches([match], reaches.get(match.type)!, { type: match.type }, deps))[0]!,
      ),
    );
    return boundPage(page, matches, cursors);
  }

  /** The index of all values knows nothing of callers, so a narrowed one walks what it sees. */
  async function distinct({ type, params, limit }: DistinctQuery): Promise<Match[]> {
    const reach = await deps.rights.reach(type, deps.rights.may(type, 's') ? 's' : 'r');
    if (reach.isOpen) return base.distinct({ type, params, limit });
    const of = params.map((param) => ({ op: 'startsWith', in: 'k', prefix: `${param}|` }) as const);
    const where = reach.isNothing ? nothing : ({ op: 'or', of } as const);
    const found = new Map<string, Match>();
    let walked = 0;
    for await (const match of everyMatch(
      { find },
      { type, where, atOnce: AT_ONCE, wantReferences: true, wantTokens: true },
    )) {
      for (const key of match.keys ?? [])
        if (params.some((param) => key.startsWith(`${param}|`))) found.set(key, match);
      if (++walked > MOST_WALKED || found.size > limit)
        throw new FhirError(
          'too-costly',
          `Too many resources of ${type} would have to be looked at for ${params.join(', ')}`,
        );
    }
    return [...new Set(found.values())];
  }

  async function history(asked: HistoryQuery): Promise<HistoryPage> {
    const released = cursors.release(asked.after);
    const query = { ...asked, ...(released !== undefined && { after: released }) };
    const { scope } = query;
    if (scope.level !== 'system') {
      const reach = await deps.rights.reach(scope.type, 'h');
      if (reach.isOpen) return boundHistory(await base.history(query));
      if (reach.isNothing) return { versions: [], total: 0 };
    }
    if (scope.level === 'instance' && !(await narrowedReader(base, base, deps).read(scope.type, scope.id)))
      return { versions: [], total: 0 };
    return filteredHistory(query);
  }

  const boundHistory = (page: HistoryPage): HistoryPage => {
    const next = cursors.bind(page.next);
    return { ...page, ...(next !== undefined && { next }) };
  };

  /** Looks on until the page is full, so that nothing tells how much was left out; the total is known only where all was seen. */
  async function filteredHistory(query: HistoryQuery): Promise<HistoryPage> {
    if (query.limit === 0) return { versions: [] };
    const versions: Version[] = [];
    let after = query.after;
    let looked = 0;
    do {
      const room = query.limit - versions.length;
      const from = after === undefined ? {} : { after };
      let page = await base.history({ ...query, ...from, limit: Math.max(room, LOOKED_AT_ONCE) });
      let seen = await visible(page.versions);
      if (seen.length > room) {
        // the same again up to the last that has room, for the cursor behind it
        page = await base.history({ ...query, ...from, limit: page.versions.indexOf(seen[room - 1]!.of) + 1 });
        seen = await visible(page.versions);
      }
      versions.push(...seen.slice(0, room).map(({ shown }) => shown));
      looked += Math.max(page.versions.length, 1);
      after = page.next;
    } while (after !== undefined && versions.length < query.limit && looked < MOST_LOOKED_AT);
    if (after !== undefined) return { versions, next: cursors.bind(after)! };
    return query.after === undefined ? { versions, total: versions.length } : { versions };
  }

  async function visible(versions: readonly Version[]): Promise<{ of: Version; shown: Version }[]> {
    const names = new Map(versions.map(({ type, id }) => [`${type}/${id}`, { type, id }]));
    const currents = await base.readMany([...names.values()], { wantKeys: true });
    const isCurrentWithin = new Map<string, boolean>();
    await Promise.all(
      [...names].map(async ([name, { type }], index) => {
        const current = currents[index];
        const reach = await deps.rights.reach(type, 'h');
        isCurrentWithin.set(name, current !== undefined && (await isWithin(current, reach, base, deps)));
      }),
    );
    const shown = await Promise.all(
      versions.map(async (version) => {
        if (!isCurrentWithin.get(`${version.type}/${version.id}`)) return undefined;
        const reach = await deps.rights.reach(version.type, 'h');
        if (!(await isWithin(version, reach, base, deps))) return undefined;
        return { of: version, shown: await shownVersion(version, reach, deps) };
      }),
    );
    return shown.flatMap((one) => one ?? []);
  }

  return { ...narrowedReader(base, base, deps), vread, find, findAcross, distinct, history };
}
