// What is shown of what is within reach: without the elements that every way to it hides.
import type { Definitions } from '../../definitions/definitions.ts';
import { parseJson } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import { containedIn, parametersOf, parametersOfKey } from '../../search/index.ts';
import type { FindQuery, Match, Version } from '../../storage/store.ts';
import { type Hidden, hiddenInAll, withoutHidden } from './hidden.ts';
import { type JudgeDeps, type Subject, waysTo } from './judge.ts';
import type { Reach, Way } from './reach.ts';
import type { Rights } from './rights.ts';

export interface ShownDeps {
  definitions: Definitions;
  rights: Rights;
  judge: JudgeDeps;
}

/** What all ways to it hide; all of them hide the same, or each is tried. */
export async function hiddenFrom(
  reach: Reach,
  subject: Subject,
  { definitions, judge }: ShownDeps,
): Promise<Hidden | undefined> {
  const [first, ...more] = reach.ways;
  if (first === undefined || more.every(({ hidden }) => hidden === first.hidden)) return first?.hidden;
  return hiddenBeyond(await waysTo(reach, subject, judge), subject.type, definitions);
}

const hiddenBeyond = (ways: readonly Way[], type: string, definitions: Definitions): Hidden | undefined =>
  hiddenInAll(
    ways.map(({ hidden }) => hidden),
    type,
    definitions,
  );

export async function shownBytes(bytes: Buffer, hidden: Hidden | undefined, deps: ShownDeps): Promise<Buffer> {
  const inner = new Map<string, Hidden | undefined>();
  if (bytes.includes('"contained"')) {
    for (const { resourceType } of containedIn(parseJson(bytes) as Resource)) {
      if (inner.has(resourceType) || !deps.rights.may(resourceType, 'r')) continue;
      const { ways } = await deps.rights.reach(resourceType, 'r');
      inner.set(resourceType, hiddenBeyond(ways, resourceType, deps.definitions));
    }
  }
  const isContainedHidden = [...inner.values()].some((one) => one !== undefined);
  return hidden || isContainedHidden ? withoutHidden(bytes, hidden, (type) => inner.get(type)) : bytes;
}

/** Keys are for judging; who asked for a version did not ask for them. */
export const withoutKeys = ({ type, id, version, lastUpdated, bytes, method }: Version): Version => ({
  type,
  id,
  version,
  lastUpdated,
  bytes,
  method,
});

export async function shownVersion<One extends Version>(version: One, reach: Reach, deps: ShownDeps): Promise<One> {
  const { keys: _k, tokens: _t, ...shown } = version;
  if (version.bytes === null || !deps.rights.hidesAnything) return shown as unknown as One;
  const hidden = await hiddenFrom(reach, version, deps);
  return { ...shown, bytes: await shownBytes(version.bytes, hidden, deps) } as unknown as One;
}

export async function shownMatches(
  found: readonly Match[],
  reach: Reach,
  query: Pick<FindQuery, 'type' | 'leaveBytes'>,
  deps: ShownDeps,
): Promise<Match[]> {
  if (!deps.rights.hidesAnything) return found as Match[];
  return Promise.all(found.map((match) => shownMatch(match, reach, query.leaveBytes === true, deps)));
}

async function shownMatch(match: Match, reach: Reach, hasNoBytes: boolean, deps: ShownDeps): Promise<Match> {
  const { definitions } = deps;
  const { type } = match;
  const distinct = new Set(reach.ways.map(({ hidden }) => hidden));
  // without its content it cannot be told by which way it is reached: then everything that any of them hides is
  const hidden = hasNoBytes && distinct.size > 1 ? hiddenByAny([...distinct]) : await hiddenFrom(reach, match, deps);
  const bytes = hasNoBytes ? match.bytes : await shownBytes(match.bytes, hidden, deps);
  if (!hidden) return bytes === match.bytes ? match : { ...match, bytes };
  const isOpen = (key: string): boolean =>
    !parametersOfKey(definitions, type, key).some((one) => one.type === undefined && hidden.hides(one.code));
  const { keys, tokens, mainDate, ...rest } = match;
  const { mainDate: dateCode } = parametersOf(definitions, type);
  const isDateShown = dateCode === undefined || !hidden.hides(dateCode);
  return {
    ...rest,
    bytes,
    ...(isDateShown && mainDate !== undefined && { mainDate }),
    ...(keys && { keys: keys.filter(isOpen) }),
    ...(tokens && { tokens: tokens.filter(isOpen) }),
  };
}

const hiddenByAny = (all: readonly (Hidden | undefined)[]): Hidden => ({
  elements: new Set(all.flatMap((one) => [...(one?.elements ?? [])])),
  hides: (code) => all.some((one) => one?.hides(code)),
});
