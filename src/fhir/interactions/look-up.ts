// Many conditional criteria answered in few database commands: what a transaction asks before it writes.
import type { Predicate } from '../model/predicate.ts';
import type { ConditionalCreate, Match, Transaction } from '../storage/store.ts';

export interface Wanted extends ConditionalCreate {
  type: string;
}

/** by `keyOf`; two matches at most, because more than one is a refusal anyway */
export type Hits = ReadonlyMap<string, readonly Match[]>;

export const keyOf = ({ type, canonical }: Wanted): string => `${type}?${canonical}`;

/** keys in one command; each may match two resources */
const KEYS_AT_ONCE = 1000;

export async function lookUp(tx: Pick<Transaction, 'find'>, wanted: Iterable<Wanted>): Promise<Hits> {
  const distinct = new Map<string, Wanted>();
  for (const one of wanted) distinct.set(keyOf(one), one);
  const hits = new Map<string, Match[]>();
  const byType = new Map<string, Map<string, Wanted>>();
  const single: Wanted[] = [];
  for (const one of distinct.values()) {
    const key = onlyKey(one.where);
    if (key === undefined) single.push(one);
    else byType.set(one.type, (byType.get(one.type) ?? new Map()).set(key, one));
  }
  for (const [type, byKey] of byType) {
    const keys = [...byKey.keys()];
    for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
      const some = keys.slice(start, start + KEYS_AT_ONCE);
      const where: Predicate = some.length === 1 ? { op: 'equals', key: some[0]! } : { op: 'oneOf', keys: some };
      const limit = some.length * 2;
      const page = await tx.find({ type, where, sort: [], limit, total: 'none', wantReferences: some.length > 1 });
      if (page.next !== undefined && some.length > 1) {
        // some keys have so many matches that they crowded out others: these are asked one by one
        single.push(...some.map((key) => byKey.get(key)!));
        continue;
      }
      for (const match of page.matches) {
        for (const key of some.length === 1 ? some : new Set(match.keys)) {
          const one = byKey.get(key);
          if (one !== undefined) hits.set(keyOf(one), [...(hits.get(keyOf(one)) ?? []), match]);
        }
      }
    }
  }
  for (const one of single) {
    const page = await tx.find({ type: one.type, where: one.where, sort: [], limit: 2, total: 'none' });
    hits.set(keyOf(one), page.matches);
  }
  return hits;
}

/** The key of a predicate that asks for just one: `identifier=system|value`. */
function onlyKey(where: Predicate): string | undefined {
  if (where.op === 'equals') return where.key;
  if (where.op === 'oneOf' && where.keys.length === 1) return where.keys[0];
  if ((where.op === 'and' || where.op === 'or') && where.of.length === 1) return onlyKey(where.of[0]!);
  return undefined;
}
