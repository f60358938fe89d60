// What _include and _revinclude add to a page: one question per type and round, from stored keys alone.
// https://hl7.org/fhir/R4/search.html#include
import type { Definitions } from '../definitions/definitions.ts';
import type { Issue } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import { nameOf } from '../model/references.ts';
import { type Include, referredBy, referringKeys } from '../search/index.ts';
import { everyMatch } from '../storage/every-match.ts';
import type { Match, Store } from '../storage/store.ts';

export interface Included {
  resources: Match[];
  warnings: Issue[];
}

/** `:iterate` could go round for ever only by finding ever new resources; this many rounds and resources are one page's share. */
const MAX_ROUNDS = 10;
const MAX_INCLUDED = 5000;
const PAGE = 1000;

type Finder = Pick<Store, 'find'>;
type Wanted = Map<string, Predicate[]>;

export async function includeFor(
  store: Finder,
  includes: readonly Include[],
  matches: readonly Match[],
  definitions: Definitions,
): Promise<Included> {
  const resources: Match[] = [];
  const warnings: Issue[] = [];
  if (includes.length === 0) return { resources, warnings };
  const seen = new Set(matches.map(nameOf));
  let frontier = matches;
  let asked = includes;
  for (let round = 0; round < MAX_ROUNDS && frontier.length > 0 && asked.length > 0; round++) {
    const found = await findAll(store, wantedBy(asked, frontier, seen, definitions), MAX_INCLUDED - resources.length);
    frontier = found.matches.filter((match) => !seen.has(nameOf(match)));
    for (const match of frontier) seen.add(nameOf(match));
    resources.push(...frontier);
    if (found.isCut) {
      const diagnostics = `More than ${MAX_INCLUDED} resources would be included with this page; ask for a smaller page`;
      warnings.push({ severity: 'warning', code: 'too-costly', diagnostics });
      break;
    }
    asked = includes.filter(({ iterate }) => iterate);
    if (round === MAX_ROUNDS - 1 && frontier.length > 0 && asked.length > 0) {
      const diagnostics = `:iterate was followed ${MAX_ROUNDS} times; what the last included resources refer to is not included`;
      warnings.push({ severity: 'warning', code: 'too-costly', diagnostics });
    }
  }
  return { resources, warnings };
}

/** What each type is asked for in this round. */
function wantedBy(
  includes: readonly Include[],
  frontier: readonly Match[],
  seen: ReadonlySet<string>,
  definitions: Definitions,
): Wanted {
  const ids = new Map<string, Set<string>>();
  const keys = new Map<string, Set<string>>();
  const add = (to: Map<string, Set<string>>, type: string, value: string): void => {
    const known = to.get(type);
    if (known) known.add(value);
    else to.set(type, new Set([value]));
  };
  for (const include of includes) {
    for (const match of frontier) {
      if (include.direction === 'reverse') {
        for (const key of referringKeys(include, match)) add(keys, include.type, key);
      } else if (include.type === match.type) {
        for (const key of match.keys ?? []) {
          const referred = referredBy(include, key);
          if (!referred) continue;
          if ('urlKey' in referred) for (const type of referred.types) add(keys, type, referred.urlKey);
          else if (!seen.has(nameOf(referred))) add(ids, referred.type, referred.id);
        }
      }
    }
  }
  const wanted: Wanted = new Map();
  const ask = (type: string, predicate: Predicate): void => {
    if (definitions.resourceTypes.includes(type)) wanted.set(type, [...(wanted.get(type) ?? []), predicate]);
  };
  for (const [type, set] of ids) ask(type, { op: 'ids', ids: [...set] });
  for (const [type, set] of keys) ask(type, { op: 'oneOf', keys: [...set] });
  return wanted;
}

async function findAll(store: Finder, wanted: Wanted, limit: number): Promise<{ matches: Match[]; isCut: boolean }> {
  const perType = await Promise.all(
    [...wanted].flatMap(([type, predicates]) => predicates.map((where) => findEvery(store, type, where, limit))),
  );
  const matches = perType.flat();
  return { matches: matches.slice(0, limit), isCut: matches.length > limit };
}

/** All that meet it, but no more than one beyond the limit. */
async function findEvery(store: Finder, type: string, where: Predicate, limit: number): Promise<Match[]> {
  const matches: Match[] = [];
  for await (const match of everyMatch(store, {
    type,
    where,
    purpose: 'include',
    atOnce: PAGE,
    wantReferences: true,
  })) {
    matches.push(match);
    if (matches.length > limit) break;
  }
  return matches;
}
