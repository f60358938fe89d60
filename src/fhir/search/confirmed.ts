// A token with its system is two conditions: the index knows only the code (`k`), and the system is confirmed on what was found (`t`).
// Codes of different systems rarely meet in one parameter, so the index still reads little more than the hits. docs/adr/0004
import { nothing, type Predicate } from '../model/predicate.ts';

/** Keys, one of which a resource must have; of those that are tokens with a system, the tokens too. */
export interface Exact {
  keys: readonly string[];
  tokens?: readonly string[];
}

export function predicateOf({ keys, tokens }: Exact): Predicate {
  const found: Predicate = keys.length === 1 ? { op: 'equals', key: keys[0]! } : { op: 'oneOf', keys };
  return tokens ? { op: 'and', of: [found, { op: 'confirms', tokens }] } : found;
}

/** The same back from a predicate; undefined where that is anything else. */
export function exactOf(predicate: Predicate): Exact | undefined {
  if (predicate.op === 'equals') return { keys: [predicate.key] };
  if (predicate.op === 'oneOf') return { keys: predicate.keys };
  if (predicate.op !== 'and' || predicate.of.length !== 2) return undefined;
  const [found, confirmation] = predicate.of;
  if (found === undefined || confirmation?.op !== 'confirms') return undefined;
  const exact = exactOf(found);
  return exact && !exact.tokens ? { keys: exact.keys, tokens: confirmation.tokens } : undefined;
}

/** A token never stands without its key, so whoever has none of the tokens is none of those that are meant. */
export function negationOf(predicate: Predicate): Predicate {
  const tokens = exactOf(predicate)?.tokens;
  return { op: 'not', of: tokens ? { op: 'confirms', tokens } : predicate };
}

/** As `exactOf`, of alternatives that may need tokens or not. */
export function alternativesOf(predicate: Predicate): Exact[] | undefined {
  if (predicate.op !== 'or') {
    const exact = exactOf(predicate);
    return exact && [exact];
  }
  const parts = predicate.of.map(alternativesOf);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

/**
 * Alternatives in their shortest form: exact keys become one list, and so do tokens with a system. A token never stands without its key, so
 * whoever has one of all tokens has one of all keys.
 */
export function anyOf(predicates: readonly Predicate[]): Predicate {
  if (predicates.length === 1) return predicates[0]!;
  const keys = new Set<string>();
  const ids = new Set<string>();
  const tokens = new Set<string>();
  const keysOfTokens = new Set<string>();
  const others: Predicate[] = [];
  const add = (predicate: Predicate): void => {
    const exact = exactOf(predicate);
    if (exact) {
      for (const key of exact.keys) (exact.tokens ? keysOfTokens : keys).add(key);
      for (const token of exact.tokens ?? []) tokens.add(token);
    } else if (predicate.op === 'ids') for (const id of predicate.ids) ids.add(id);
    else if (predicate.op === 'or') predicate.of.forEach(add);
    else others.push(predicate);
  };
  predicates.forEach(add);
  // what the key alone is enough for needs no token
  if ([...keysOfTokens].some((key) => !keys.has(key)))
    others.unshift(predicateOf({ keys: [...keysOfTokens], tokens: [...tokens] }));
  if (keys.size > 0) others.unshift(predicateOf({ keys: [...keys] }));
  if (ids.size > 0) others.unshift({ op: 'ids', ids: [...ids] });
  if (others.length === 0) return nothing;
  return others.length === 1 ? others[0]! : { op: 'or', of: others };
}
