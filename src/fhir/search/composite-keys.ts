// How a composite's element is stored: `<param>|<part>$<part>`, exact parts first, each in the spelling of its own type without the
// parameter's name; an interval's unit comes after the last `$`. Two numbers in a row (start and end of a window) share one interval.
import type { Interval, SearchKeys } from '../model/keys.ts';
import { compositePart, shortenKey } from './keys.ts';
import type { Parameter } from './search-type.ts';

/** the keys of a part begin with `|`, because the parameter's name before it is empty */
export const partOf = (key: string): string => compositePart(key.slice(1));

/** What one element stores, from the keys of its parts. */
export function composeKeys(
  code: string,
  types: readonly Parameter['type'][],
  parts: readonly SearchKeys[],
  keys: SearchKeys,
): void {
  let heads: string[] = [''];
  let interval: Interval[] | undefined;
  let texts: string[] | undefined;
  for (const [index, part] of parts.entries()) {
    const where = types[index]?.keys ?? 'k';
    if (where === 'k') {
      const exact = part.k.filter((key) => !key.startsWith('|*|')).map(partOf);
      heads = heads.flatMap((head) => exact.map((key) => (head === '' ? key : `${head}$${key}`)));
    } else if (where === 's') texts = part.s;
    else interval = interval ? meet(interval, part[where]) : part[where];
  }
  for (const head of heads) {
    if (interval) {
      for (const { p, lo, hi } of interval) {
        keys[types.at(-1)?.keys === 'd' ? 'd' : 'q'].push({ p: intervalKey(code, head, p), lo, hi });
      }
    } else if (texts) for (const text of texts) keys.s.push(`${code}|${head}$${text}`);
    else keys.k.push(shortenKey(`${code}|${head}`));
  }
}

export const intervalKey = (code: string, head: string, unit: string): string =>
  shortenKey(`${code}|${head}$${compositePart(unit.slice(1))}`);

/** A begin and an end: one interval for each pair. */
const meet = (starts: readonly Interval[], ends: readonly Interval[]): Interval[] =>
  starts.flatMap((start) => ends.map((end) => ({ p: '', lo: start.lo, hi: end.hi })));
