// What the program's own policy of a role gained and lost since an administrator put another in its place: told, and never applied by itself.
// The two are put together where they have not changed the same.
import { deepEqual } from '../../validation/deep-equal.ts';
import { type PolicyContext, readPolicy, typesOf } from './policy.ts';

export interface ReleaseChanges {
  /** as they would be written: `$lastn`, `{"types":["Basic"],"may":"rs"}`, `"clearance": "R"` */
  gained: readonly string[];
  lost: readonly string[];
  /** gained or lost where the administrator has changed the same: for a person to decide */
  contested: readonly string[];
  /** the administrator's with all that is not contested; absent where that is nothing, or would be no policy */
  merged?: object;
}

/** Policies as they were written. */
export interface Compared {
  mine: unknown;
  /** the program's when mine was made; where that is not known, all that mine has not may have been gained since */
  base: unknown;
  release: unknown;
}

interface Grant {
  types: readonly string[];
  may: string;
}

/** What is merged one by one; the title and the description go along, and are nothing to tell. */
interface Parts {
  texts: object;
  grants: readonly Grant[];
  operations: readonly string[];
  members: Readonly<Record<string, unknown>>;
  lists: Readonly<Record<string, unknown>>;
}

function partsOf(written: unknown): Parts {
  const {
    role,
    title,
    description,
    grants = [],
    operations = [],
    lists = {},
    ...members
  } = (written ?? {}) as Record<string, unknown>;
  return { texts: { role, title, description }, grants, operations, members, lists } as Parts;
}

/** undefined: there is nothing to tell */
export function releaseChanges(compared: Compared, context: PolicyContext): ReleaseChanges | undefined {
  const [mine, base, release] = [compared.mine, compared.base, compared.release].map(partsOf) as [Parts, Parts, Parts];
  const operations = ofAll(mine.operations, base.operations, release.operations);
  const grants = ofAll(mine.grants, base.grants, release.grants);
  const members = ofNamed(mine.members, base.members, release.members);
  const lists = ofNamed(mine.lists, base.lists, release.lists);

  const own = without(mine.grants, base.grants, release.grants);
  const takenAway = without(base.grants, mine.grants);
  const speaksOfSame = (some: readonly Grant[]) => (grant: Grant) => some.some((one) => overlap(one, grant, context));
  const contested = grants.gained.filter(speaksOfSame([...own, ...takenAway]));
  const gained = without(grants.gained, contested);
  const changes = {
    gained: [...operations.gained, ...gained.map(textOf), ...members.gained.map(named), ...lists.gained.map(listed)],
    lost: [...operations.lost, ...grants.lost.map(textOf), ...members.lost.map(named), ...lists.lost.map(listed)],
    contested: [
      ...contested.map(textOf),
      ...without(base.grants, release.grants, mine.grants).filter(speaksOfSame(own)).map(textOf),
      ...members.contested.map(named),
      ...lists.contested.map(listed),
    ],
  };
  const { length: mergeable } = [...changes.gained, ...changes.lost];
  if (mergeable + changes.contested.length === 0) return undefined;
  const merged = {
    ...(deepEqual(mine.texts, base.texts) ? release.texts : mine.texts),
    ...members.merged,
    ...(Object.keys(lists.merged).length > 0 && { lists: lists.merged }),
    grants: [...without(mine.grants, grants.lost), ...gained],
    operations: [...without(mine.operations, operations.lost), ...operations.gained],
  };
  return { ...changes, ...(mergeable > 0 && readPolicy(merged, context).policy && { merged }) };
}

const textOf = (grant: Grant): string => JSON.stringify(grant);
const named = ([name, value]: [string, unknown]): string => `"${name}": ${JSON.stringify(value)}`;
const listed = ([name, value]: [string, unknown]): string => named(['lists', { [name]: value }]);

const without = <Item>(items: readonly Item[], ...others: readonly (readonly Item[])[]): Item[] =>
  items.filter((item) => !others.some((some) => some.some((one) => deepEqual(one, item))));

function ofAll<Item>(mine: readonly Item[], base: readonly Item[], release: readonly Item[]) {
  const gone = without(base, release);
  return { gained: without(release, base, mine), lost: without(gone, without(gone, mine)) };
}

type Named = Readonly<Record<string, unknown>>;

/** A value that another has taken the place of is gained. */
function ofNamed(mine: Named, base: Named, release: Named) {
  const changed = [...new Set([...Object.keys(base), ...Object.keys(release)])].filter(
    (name) => !deepEqual(release[name], base[name]) && !deepEqual(release[name], mine[name]),
  );
  const isMine = (name: string): boolean => !deepEqual(mine[name], base[name]);
  const taken = changed.filter((name) => !isMine(name));
  const there = (of: Named, names: readonly string[]): [string, unknown][] =>
    names.filter((name) => name in of).map((name) => [name, of[name]]);
  const [gained, contested] = [there(release, taken), there({ ...base, ...release }, changed.filter(isMine))];
  const lost = there(
    base,
    taken.filter((name) => !(name in release)),
  );
  const kept = Object.entries(mine).filter(([name]) => !taken.includes(name));
  return { gained, lost, contested, merged: Object.fromEntries([...kept, ...gained]) };
}

/** Whether both give one of the letters on one of the types: either may then widen what the other narrows. */
function overlap(one: Grant, other: Grant, context: PolicyContext): boolean {
  const types = new Set(typesOf(one.types, context));
  return (
    [...one.may].some((letter) => other.may.includes(letter)) &&
    typesOf(other.types, context).some((type) => types.has(type))
  );
}
