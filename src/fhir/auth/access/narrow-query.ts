// A search narrowed to what its caller reaches: what is found, and everything that it joins. What the caller does not reach is, to every part of
// the question, as if it did not exist; what is hidden from it cannot be asked about.
import type { Definitions } from '../../definitions/definitions.ts';
import { FhirError } from '../../model/errors.ts';
import { nothing, type Predicate } from '../../model/predicate.ts';
import { parametersOf, parametersOfKey, parametersSpokenOf, type SpokenParameter } from '../../search/index.ts';
import type { FindQuery, SortKey } from '../../storage/store.ts';
import { hiddenInAll, ordersByHidden } from './hidden.ts';
import { allOf, anyOf, isEverything, isLocal } from './predicates.ts';
import type { Reach, Way } from './reach.ts';
import type { Rights } from './rights.ts';

export interface NarrowDeps {
  definitions: Definitions;
  rights: Rights;
}

export interface NarrowedQuery {
  query: FindQuery;
  /** of which what is found is shown */
  reach: Reach;
}

/** undefined where the caller reaches nothing of the type; at once where nothing is to be looked up, as for most searches */
export function narrowedQuery(
  query: FindQuery,
  deps: NarrowDeps,
): NarrowedQuery | undefined | Promise<NarrowedQuery | undefined> {
  const reach = listedReach(deps.rights, query.type, query.purpose === 'listing');
  return reach instanceof Promise
    ? reach.then((late) => narrowedTo(late, query, deps))
    : narrowedTo(reach, query, deps);
}

function narrowedTo(
  reach: Reach,
  query: FindQuery,
  deps: NarrowDeps,
): NarrowedQuery | undefined | Promise<NarrowedQuery> {
  const { definitions, rights } = deps;
  const { type, where, purpose } = query;
  if (reach.isNothing) return undefined;
  if (purpose === 'include') return { reach, query: { ...query, where: includable(definitions, type, reach, where) } };
  // most callers are shown all there is of what they reach
  if (rights.hidesAnything || !isLocal(where)) return narrowedSlowly(reach, query, deps);
  return { reach, query: { ...query, where: restricted(definitions, type, reach.where, where) } };
}

async function narrowedSlowly(reach: Reach, query: FindQuery, deps: NarrowDeps): Promise<NarrowedQuery> {
  const { definitions } = deps;
  const { type, where, sort } = query;
  const joined = await narrowedJoins(deps, type, where);
  const ways = await usableWays(deps, type, reach, () => [
    ...parametersSpokenOf(definitions, type, where),
    ...sort.flatMap((key) => sortedBy(key, type, definitions)),
  ]);
  const isOrderHidden = sort.length === 0 && ways.some(({ hidden }) => ordersByHidden(hidden, type, definitions));
  return {
    reach,
    query: {
      ...query,
      where: restricted(definitions, type, whereOf(reach, ways), joined),
      ...(isOrderHidden && { sort: BY_ID }),
    },
  };
}

/** An include goes by many references at once: those that are hidden lead nowhere. */
function includable(definitions: Definitions, type: string, { ways, where: all }: Reach, where: Predicate): Predicate {
  if (where.op !== 'oneOf' || ways.every(({ hidden }) => hidden === undefined))
    return restricted(definitions, type, all, where);
  return anyOf(
    ways.map((way) => {
      const keys = where.keys.filter(
        (key) => !parametersOfKey(definitions, type, key).some(({ code }) => way.hidden?.hides(code)),
      );
      return keys.length === 0 ? nothing : restricted(definitions, type, way.where, { op: 'oneOf', keys });
    }),
  );
}

const BY_ID: readonly SortKey[] = [{ by: 'id', descending: false }];

const whereOf = (reach: Reach, ways: readonly Way[]): Predicate =>
  ways.length === reach.ways.length ? reach.where : anyOf(ways.map(({ where }) => where));

/** A list is searching; what is looked up for something else is reading, unless only searching is allowed. */
function listedReach(rights: Rights, type: string, isListing: boolean): Reach | Promise<Reach> {
  return rights.reach(type, isListing || !rights.may(type, 'r') ? 's' : 'r');
}

/** What a join asks of the other end. */
async function joinedReach({ rights }: NarrowDeps, type: string): Promise<Reach> {
  return rights.reach(type, rights.may(type, 's') ? 's' : 'r');
}

/** Those that hide nothing of what is spoken of. Throws where none is left, so that nothing is left out in silence. */
async function usableWays(
  { definitions, rights }: NarrowDeps,
  type: string,
  { ways }: Reach,
  spokenOf: () => readonly SpokenParameter[],
): Promise<readonly Way[]> {
  if (!rights.hidesAnything) return ways;
  const spoken = spokenOf();
  for (const { type: inner, code } of spoken) {
    if (inner === undefined || !rights.may(inner, 'r')) continue;
    const { ways: ofInner } = await rights.reach(inner, 'r');
    if (
      hiddenInAll(
        ofInner.map(({ hidden }) => hidden),
        inner,
        definitions,
      )?.hides(code)
    )
      throw notShown(inner, code);
  }
  if (ways.every(({ hidden }) => hidden === undefined)) return ways;
  const own = spoken.filter((one) => one.type === undefined);
  const usable = ways.filter(({ hidden }) => !own.some(({ code }) => hidden?.hides(code)));
  const culprit =
    usable.length > 0 ? undefined : own.find(({ code }) => ways.some(({ hidden }) => hidden?.hides(code)));
  if (culprit) throw notShown(type, culprit.code);
  return usable;
}

const notShown = (type: string, code: string): FhirError =>
  new FhirError('forbidden', `Parameter ${code} of ${type} speaks of what is not shown to you`);

function sortedBy(key: SortKey, type: string, definitions: Definitions): SpokenParameter[] {
  const { mainDate, mainName } = parametersOf(definitions, type);
  switch (key.by) {
    case 'param':
      return [{ code: key.param }];
    case 'main-date':
      return mainDate === undefined ? [] : [{ code: mainDate }];
    case 'main-name':
      return mainName === undefined ? [] : [{ code: mainName }];
    case 'distance':
      return [{ code: 'near' }];
    default:
      return [];
  }
}

async function narrowedJoins(deps: NarrowDeps, type: string, where: Predicate): Promise<Predicate> {
  if (isLocal(where)) return where;
  switch (where.op) {
    case 'and':
    case 'or': {
      const of = await Promise.all(where.of.map((part) => narrowedJoins(deps, type, part)));
      return { op: where.op, of };
    }
    case 'not':
      return { op: 'not', of: await narrowedJoins(deps, type, where.of) };
    case 'linked':
      return narrowedLink(deps, type, where);
    case 'linkedFrom':
      return narrowedLinkFrom(deps, where);
    default:
      return where;
  }
}

async function narrowedLink(deps: NarrowDeps, type: string, link: Predicate & { op: 'linked' }): Promise<Predicate> {
  const { contained, types, ...rest } = link;
  const links: Predicate[] = [];
  for (const target of types) {
    const where = await narrowedWhere(deps, target, link.where);
    if (where !== nothing) links.push({ ...rest, types: [target], where });
  }
  if (contained) {
    const within = await Promise.all(
      contained.map(async ({ marker, where }) => ({ marker, where: await narrowedJoins(deps, type, where) })),
    );
    links.push({ ...rest, types: [], contained: within });
  }
  return links.length === 1 ? links[0]! : { op: 'or', of: links };
}

async function narrowedLinkFrom(deps: NarrowDeps, link: Predicate & { op: 'linkedFrom' }): Promise<Predicate> {
  const { type, param, seek } = link;
  const where = await narrowedWhere(deps, type, link.where, [{ code: param }]);
  if (where === nothing) return nothing;
  if (!seek) return { ...link, where };
  const rest = await narrowedWhere(deps, type, seek.rest);
  return { ...link, where, seek: { ...seek, rest } };
}

/** What the other end of a join must meet. */
async function narrowedWhere(
  deps: NarrowDeps,
  type: string,
  where: Predicate,
  besides: readonly SpokenParameter[] = [],
): Promise<Predicate> {
  const reach = await joinedReach(deps, type);
  if (reach.isNothing) return nothing;
  const ways = await usableWays(deps, type, reach, () => [
    ...parametersSpokenOf(deps.definitions, type, where),
    ...besides,
  ]);
  return restricted(deps.definitions, type, whereOf(reach, ways), await narrowedJoins(deps, type, where));
}

/**
 * Both, in the form that finds its index best: what the question says already is not said again, and the owner's label, which nearly everything
 * in sight has, does not compete with the keys that are asked for.
 */
export function restricted(
  definitions: Definitions,
  type: string,
  restriction: Predicate,
  where: Predicate,
): Predicate {
  if (isEverything(restriction)) return where;
  const asked = where.op === 'and' ? where.of : [where];
  const isKeyed = asked.some(({ op }) => op === 'equals' || op === 'oneOf' || op === 'ids');
  const { parts, keyless } = restrictionOf(definitions, type, restriction);
  return allOf([...(isKeyed ? keyless : parts).filter((part) => !isSaidBy(asked, part)), ...asked]);
}

interface Restriction {
  parts: readonly Predicate[];
  /** without the keys of labels, where tokens of them are tested as well */
  keyless: readonly Predicate[];
}

/** A caller's restriction is the same for every search. */
const restrictions = new WeakMap<Predicate, Restriction>();

function restrictionOf(definitions: Definitions, type: string, restriction: Predicate): Restriction {
  const known = restrictions.get(restriction);
  if (known) return known;
  const parts = restriction.op === 'and' ? restriction.of : [restriction];
  const isConfirmed = parts.some(
    (part) => part.op === 'confirms' && part.tokens.every((token) => isLabel(definitions, type, token)),
  );
  const keyless = isConfirmed ? parts.filter((part) => !isLabelKey(definitions, type, part)) : parts;
  const made = { parts, keyless };
  restrictions.set(restriction, made);
  return made;
}

const isLabel = (definitions: Definitions, type: string, key: string): boolean =>
  parametersOfKey(definitions, type, key)[0]?.code === '_security';

const isLabelKey = (definitions: Definitions, type: string, part: Predicate): boolean =>
  (part.op === 'equals' && isLabel(definitions, type, part.key)) ||
  (part.op === 'oneOf' && part.keys.every((key) => isLabel(definitions, type, key)));

/** `&subject|Patient/1|code|x` says `subject|Patient/1` as well. */
function isSaidBy(asked: readonly Predicate[], part: Predicate): boolean {
  const keys = part.op === 'equals' ? [part.key] : part.op === 'oneOf' ? part.keys : undefined;
  if (!keys) return false;
  const says = (key: string): boolean => keys.some((one) => key === one || key.startsWith(`&${one}|`));
  return asked.some((one) =>
    one.op === 'equals' ? says(one.key) : one.op === 'oneOf' && one.keys.length > 0 && one.keys.every(says),
  );
}
