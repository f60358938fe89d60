// Pages over several types in one order: each type gives its next page, and what comes first of all is taken. A place in the whole is the
// last match's values, its type and its `n`; by them every type knows where it goes on, whether it had a match there or not.
import type { Examined, FindAcrossQuery, FindPage, SortKey } from '../store.ts';
import type { Collections } from './collections.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { Finder, Placed } from './find.ts';
import { compareValues, type Position, type SortValue } from './order.ts';

/** pages are asked of so many types at a time */
const AT_ONCE = 8;

const together = (all: readonly Examined[]): Examined => ({
  keys: all.reduce((sum, { keys }) => sum + keys, 0),
  documents: all.reduce((sum, { documents }) => sum + documents, 0),
  indexes: [...new Set(all.flatMap(({ indexes }) => indexes))],
  isSorted: all.some(({ isSorted }) => isSorted),
  commands: all.reduce((sum, { commands }) => sum + commands, 0),
});

interface Place {
  values: readonly SortValue[];
  type: string;
  n: number;
}

export function createFindAcross(deps: { collections: Collections; finder: Pick<Finder, 'pageFrom'> }) {
  const { collections, finder } = deps;

  return async ({ queries, limit, after, explain = false }: FindAcrossQuery): Promise<FindPage> => {
    const sort = queries[0]?.sort ?? [];
    const name = `across${sort.map(({ descending }) => (descending ? '-' : '+')).join('')}`;
    const place = after === undefined ? undefined : readPlace(name, sort.length, after);
    const existing = new Set(await collections.refresh());
    const wanted = queries.filter(({ type }) => existing.has(type));
    const pages: Placed[][] = [];
    const examined: Examined[] = [];
    for (let at = 0; at < wanted.length; at += AT_ONCE) {
      const some = wanted
        .slice(at, at + AT_ONCE)
        .map((query) =>
          finder.pageFrom({ ...query, limit: limit + 1, explain }, place && positionIn(query.type, place)),
        );
      for (const page of await Promise.all(some)) {
        pages.push(page.placed);
        if (page.examined) examined.push(page.examined);
      }
    }
    const merged = merge(pages, sort, limit + 1);
    const matches = merged.slice(0, limit).map(({ match }) => match);
    const last = merged[limit - 1];
    const page = { matches, ...(explain && { examined: together(examined) }) };
    if (merged.length <= limit || !last) return page;
    const { values, n } = last.position;
    return { ...page, next: encodeCursor(name, [...values, last.match.type, n]) };
  };
}

function readPlace(name: string, keys: number, after: string): Place {
  const read = decodeCursor(name, after, keys + 2);
  return { values: read.slice(0, keys) as SortValue[], type: String(read[keys]), n: Number(read[keys + 1]) };
}

/** Of equal values, types follow one another by name, and within a type its own order decides. */
function positionIn(type: string, place: Place): Position {
  const n = type === place.type ? place.n : type < place.type ? 'after' : 'before';
  return { values: place.values, n };
}

/** Few pages, and short ones: whichever is first is looked for each time. */
function merge(pages: readonly Placed[][], sort: readonly SortKey[], limit: number): Placed[] {
  const heads = pages.map((page) => ({ page, at: 0 }));
  const merged: Placed[] = [];
  while (merged.length < limit) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.at < head.page.length && (!first || comesBefore(head.page[head.at]!, first.page[first.at]!, sort)))
        first = head;
    }
    if (!first) break;
    merged.push(first.page[first.at++]!);
  }
  return merged;
}

function comesBefore(a: Placed, b: Placed, sort: readonly SortKey[]): boolean {
  const order = compareValues(a.position.values, b.position.values, sort);
  return order === 0 ? a.match.type < b.match.type : order < 0;
}
