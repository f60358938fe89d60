// How a composite's element is stored: `<param>|<part>$<part>`, exact parts first, each in the spelling of its own type without the
// parameter's name. As for tokens alone, `k` has the codes and `t` the same with their systems; where an interval comes last, it has these
// tokens itself. Two numbers in a row (start and end of a window) share one interval.
import type { Interval, SearchKeys } from '../model/keys.ts';
import { compositePart, shortenKey } from './keys.ts';
import type { Parameter } from './search-type.ts';

/** the keys of a part begin with `|`, because the parameter's name before it is empty */
const partOf = (key: string): string => compositePart(key.slice(1));

/** Each head with each of the next part's keys; one empty head begins. */
export const withPart = (heads: readonly string[], keys: readonly string[]): string[] =>
  heads.flatMap((head) => keys.map((key) => (head === '' ? partOf(key) : `${head}$${partOf(key)}`)));

export const headKey = (code: string, head: string): string => shortenKey(`${code}|${head}`);
export const intervalKey = (code: string, head: string): string => shortenKey(`${code}|${head}$`);

/** What one element stores, from the keys of its parts. */
export function composeKeys(
  code: string,
  types: readonly Parameter['type'][],
  parts: readonly SearchKeys[],
  keys: SearchKeys,
): void {
  let heads: string[] = [''];
  let spelled: string[] = [''];
  let interval: Interval[] | undefined;
  let texts: string[] | undefined;
  for (const [index, part] of parts.entries()) {
    const where = types[index]?.keys ?? 'k';
    if (where === 'k') {
      const exact = part.k.filter((key) => !key.startsWith('|*|'));
      heads = withPart(heads, exact);
      spelled = withPart(spelled, [...exact, ...part.t.filter((token) => token.startsWith('|'))]);
    } else if (where === 's') texts = part.s;
    else interval = interval ? meet(interval, part[where]) : part[where];
  }
  const plain = new Set(heads);
  const withSystem = spelled.filter((head) => !plain.has(head));
  if (interval) {
    const into = keys[types.at(-1)?.keys === 'd' ? 'd' : 'q'];
    const known = withSystem.length > 0 ? { t: withSystem } : {};
    for (const head of plain)
      for (const { c: _order, ...one } of interval) into.push({ ...one, p: intervalKey(code, head) + one.p, ...known });
  } else if (texts) {
    for (const head of spelled) for (const text of texts) keys.s.push(`${code}|${head}$${text}`);
  } else {
    for (const head of plain) keys.k.push(headKey(code, head));
    for (const head of withSystem) keys.t.push(headKey(code, head));
  }
}

/** A begin and an end: one interval for each pair. */
const meet = (starts: readonly Interval[], ends: readonly Interval[]): Interval[] =>
  starts.flatMap((start) => ends.map((end) => ({ p: '', lo: start.lo, hi: end.hi })));
