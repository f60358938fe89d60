// A Predicate asked of one resource's keys in memory: subscriptions, access to a single resource, conditional references inside a
// transaction. Joins need the database and are refused here.
import { kilometresBetween } from './distance.ts';
import type { Interval, SearchKeys } from './keys.ts';
import type { Bound, Predicate } from './predicate.ts';

export function matches(predicate: Predicate, keys: SearchKeys, version: { id: string; lastUpdated: number }): boolean {
  switch (predicate.op) {
    case 'and':
      return predicate.of.every((part) => matches(part, keys, version));
    case 'or':
      return predicate.of.some((part) => matches(part, keys, version));
    case 'not':
      return !matches(predicate.of, keys, version);
    case 'equals':
      return keys.k.includes(predicate.key);
    case 'oneOf':
      return hasOneOf(keys.k, predicate.keys);
    case 'confirms':
      return predicate.tokens.some((token) => keys.t.includes(token));
    case 'coded':
      return isCoded(keys, predicate);
    case 'startsWith':
      return keys[predicate.in].some((entry) => hasEnds(entry, predicate.prefix, predicate.suffix ?? ''));
    case 'contains':
      return contains(keys, predicate);
    case 'differs':
      return keys[predicate.in].some((entry) => differs(entry, predicate));
    case 'interval':
      return keys[predicate.in].some((interval) => meets(interval, predicate));
    case 'exists':
      return exists(keys, predicate);
    case 'near':
      return keys.at !== undefined && kilometresBetween(keys.at, predicate) <= predicate.kilometres;
    case 'words':
      return hasWords(keys, predicate);
    case 'ids':
      return predicate.ids.includes(version.id);
    case 'updated':
      return isWithin(version.lastUpdated, predicate.at);
    case 'linked':
    case 'linkedFrom':
      throw new Error('A join cannot be answered from one resource alone');
  }
}

/** Long lists are asked again and again, of one resource after the other. */
const FEW_KEYS = 16;
const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

function hasOneOf(k: readonly string[], keys: readonly string[]): boolean {
  if (keys.length <= FEW_KEYS) return keys.some((key) => k.includes(key));
  let set = sets.get(keys);
  if (set === undefined) {
    set = new Set(keys);
    sets.set(keys, set);
  }
  return k.some((key) => set.has(key));
}

/** An entry shorter than both ends together would meet each by the same characters. */
const hasEnds = (entry: string, prefix: string, suffix: string): boolean =>
  entry.length >= prefix.length + suffix.length && entry.startsWith(prefix) && entry.endsWith(suffix);

function isCoded({ t }: SearchKeys, { param, by }: Predicate & { op: 'coded' }): boolean {
  if ('tag' in by) return t.some((entry) => hasEnds(entry, `${param}|`, `|${by.tag}`));
  const prefix = `${param}~:`;
  return t.some((entry) => {
    if (!entry.startsWith(prefix)) return false;
    const text = entry.slice(prefix.length);
    return text.startsWith(by.text) || text.includes(` ${by.text}`);
  });
}

function hasWords({ t, words }: SearchKeys, { in: where, text, isBeginning }: Predicate & { op: 'words' }): boolean {
  const sought = isBeginning ? ` ${text}` : ` ${text} `;
  const has = (line: string): boolean => ` ${line} `.includes(sought);
  if (words && has(words.narrative)) return true;
  if (where === 'narrative') return false;
  if (words?.other.split('\n').some(has)) return true;
  return t.some((entry) => {
    const text = TEXT_OF_CODE.exec(entry)?.[1];
    return text !== undefined && has(text);
  });
}

/** `<param>~:<text>` among the tokens */
const TEXT_OF_CODE = /^[^|]*~:(.*)$/s;

function contains(keys: SearchKeys, { in: where, param, text, atEnd }: Predicate & { op: 'contains' }): boolean {
  const prefix = `${param}${where === 'k' ? '|' : ':'}`;
  return keys[where ?? 's'].some((entry) => {
    if (!entry.startsWith(prefix)) return false;
    // `<param>:<normalised>\u0001<as written>\u0001`: only the normalised part is meant
    const end = entry.indexOf('\u0001', prefix.length);
    const value = entry.slice(prefix.length, end < 0 ? undefined : end);
    return atEnd ? value.endsWith(text) : value.includes(text);
  });
}

const differs = (entry: string, { prefix, from, fromBeginnings = [] }: Predicate & { op: 'differs' }): boolean =>
  entry.startsWith(prefix) && !from.includes(entry) && !fromBeginnings.some((beginning) => entry.startsWith(beginning));

function meets({ p, lo, hi, u, t = [] }: Interval, predicate: Predicate & { op: 'interval' }): boolean {
  const { param, units, confirms } = predicate;
  if (p !== param || !isWithin(lo, predicate.lo ?? {}) || !isWithin(hi, predicate.hi ?? {})) return false;
  const isInUnit = u === undefined || units === undefined ? u === units : units === 'any' || units.includes(u);
  return isInUnit && (confirms === undefined || confirms.some((token) => t.includes(token)));
}

function isWithin(value: number, { gt, gte, lt, lte }: Bound): boolean {
  if (gt !== undefined && !(value > gt)) return false;
  if (gte !== undefined && !(value >= gte)) return false;
  if (lt !== undefined && !(value < lt)) return false;
  return lte === undefined || value <= lte;
}

function exists(keys: SearchKeys, { in: where, param }: Predicate & { op: 'exists' }): boolean {
  switch (where) {
    case 'k':
      return keys.k.some((entry) => entry.startsWith(`${param}|`));
    case 's':
      return keys.s.some((entry) => entry.startsWith(`${param}:`));
    default:
      return keys[where].some(({ p }) => p === param || p.startsWith(`${param}|`));
  }
}
