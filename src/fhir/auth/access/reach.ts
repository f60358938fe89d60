// How far a caller reaches among the resources of one type: the ways by which something may be within reach, each with what it hides.
import type { Predicate } from '../../model/predicate.ts';
import type { Hidden } from './hidden.ts';
import type { WriteCondition } from './policy.ts';
import { anyOf, isEverything, isLocal, isNothing, needsExactKeysOnly } from './predicates.ts';

export interface Way {
  where: Predicate;
  hidden?: Hidden;
  writes?: readonly WriteCondition[];
}

export interface Reach {
  ways: readonly Way[];
  /** of all ways together */
  where: Predicate;
  /** everything, as it is */
  isOpen: boolean;
  isNothing: boolean;
  /** can be told from the keys that come with a document */
  isExact: boolean;
}

export function reachOf(ways: readonly Way[]): Reach {
  const some = merged(ways.filter(({ where }) => !isNothing(where)));
  const open = some.find((way) => isEverything(way.where) && !way.hidden && !way.writes);
  const all = open ? [open] : some;
  const where = anyOf(all.map((way) => way.where));
  return {
    ways: all,
    where,
    isOpen: open !== undefined,
    isNothing: all.length === 0,
    isExact: all.every((way) => isLocal(way.where) && needsExactKeysOnly(way.where)),
  };
}

export const NO_REACH = reachOf([]);

/** Ways that hide and demand the same are one. */
function merged(ways: readonly Way[]): Way[] {
  const groups: { way: Way; of: Predicate[] }[] = [];
  for (const way of ways) {
    const same = groups.find(({ way: other }) => other.hidden === way.hidden && other.writes === way.writes);
    if (same) same.of.push(way.where);
    else groups.push({ way, of: [way.where] });
  }
  return groups.map(({ way, of }) => ({ ...way, where: anyOf(of) }));
}
