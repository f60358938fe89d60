// Many conditional criteria answered in few database commands: what a transaction asks before it writes.
import type { Predicate } from '../model/predicate.ts';
import { exactOf } from '../search/index.ts';
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
  const alike = new Map<string, Alike>();
  const single: Wanted[] = [];
  for (const one of distinct.values()) {
    const key = onlyKey(one.where);
    if (key === undefined) single.push(one);
    else addAlike(alike, one, key);
  }
  for (const { type, hasTokens, byText } of alike.values()) {
    const texts = [...byText.keys()];
    for (let start = 0; start < texts.length; start += KEYS_AT_ONCE) {
      const some = new Set(texts.slice(start, start + KEYS_AT_ONCE));
      if (some.size === 1) {
        single.push(...[...some].map((text) => byText.get(text)!.one));
        continue;
      }
      const keys: Predicate = { op: 'oneOf', keys: [...new Set([...some].map((text) => byText.get(text)!.key))] };
      const where: Predicate = hasTokens ? { op: 'and', of: [keys, { op: 'confirms', tokens: [...some] }] } : keys;
      const asked = hasTokens ? { wantTokens: true } : { wantReferences: true };
      const page = await tx.find({ type, where, sort: [], limit: some.size * 2, total: 'none', ...asked });
      if (page.next !== undefined) {
        // some have so many matches that they crowded out others: these are asked one by one
        single.push(...[...some].map((text) => byText.get(text)!.one));
        continue;
      }
      for (const match of page.matches) {
        for (const text of new Set(hasTokens ? match.tokens : match.keys)) {
          const found = some.has(text) ? byText.get(text) : undefined;
          if (found) hits.set(keyOf(found.one), [...(hits.get(keyOf(found.one)) ?? []), match]);
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

/** Criteria of one type that one command can answer: by what tells its matches apart, a token with its system or a key. */
interface Alike {
  type: string;
  hasTokens: boolean;
  byText: Map<string, { one: Wanted; key: string }>;
}

function addAlike(groups: Map<string, Alike>, one: Wanted, { key, token }: { key: string; token?: string }): void {
  const { type } = one;
  const hasTokens = token !== undefined;
  const name = `${type} ${hasTokens}`;
  const group = groups.get(name) ?? { type, hasTokens, byText: new Map() };
  groups.set(name, group);
  group.byText.set(token ?? key, { one, key });
}

/** The key of a predicate that asks for just one, and the token that confirms it: `identifier=system|value`. */
function onlyKey(where: Predicate): { key: string; token?: string } | undefined {
  const { keys, tokens } = exactOf(where) ?? { keys: [] };
  if (keys.length !== 1 || (tokens && tokens.length !== 1)) return undefined;
  return { key: keys[0]!, ...(tokens && { token: tokens[0]! }) };
}
