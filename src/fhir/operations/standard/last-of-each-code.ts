// The newest resources of each code (observations, reports) that meet a condition: codes first and without the resources, one command for every
// 5,000, because an old resource may say that two codes are the same; then those that are chosen.
import type { Predicate } from '../../model/predicate.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Match, Store } from '../../storage/store.ts';
import { lastOfEachGroup } from './last-of-each-group.ts';
import { contentOf } from './stored.ts';

const READ_AT_ONCE = 5000;
const FETCH_AT_ONCE = 1000;

export async function lastOfEachCode(
  store: Store,
  type: string,
  where: Predicate,
  max: number,
): Promise<{ id: string }[]> {
  return lastOfEachGroup(await withTexts(store, type, await readAll(store, type, where)), max);
}

async function readAll(store: Store, type: string, where: Predicate): Promise<Match[]> {
  const query = { type, where, atOnce: READ_AT_ONCE, wantTokens: true, wantReferences: true, leaveBytes: true };
  const found: Match[] = [];
  for await (const match of everyMatch(store, query)) found.push(match);
  return found;
}

interface Dated {
  id: string;
  time: number | null;
  /** what its code is known by: codings, or the text where there are none; of one subject */
  names: readonly string[];
}

const CODE = 'code|';
const SUBJECT = 'subject|';

async function withTexts(store: Store, type: string, matches: readonly Match[]): Promise<Dated[]> {
  const isOfCode = (token: string): boolean => token.startsWith(CODE);
  const uncoded = matches.filter(({ tokens = [] }) => !tokens.some(isOfCode));
  const texts = new Map(
    (await fetchInOrder(store, type, uncoded)).map((match) => {
      const { code } = contentOf(match) as { code?: { text?: string } };
      return [match.id, code?.text ?? ''];
    }),
  );
  return matches.map(({ id, mainDate = null, tokens = [], keys = [] }) => {
    const codes = tokens.filter(isOfCode);
    const subject = keys.find((key) => key.startsWith(SUBJECT)) ?? '';
    const names = codes.length > 0 ? codes : [`text ${texts.get(id) ?? ''}`];
    return { id, time: mainDate, names: names.map((name) => `${subject} ${name}`) };
  });
}

/** In the order in which they are named. */
export async function fetchInOrder(store: Store, type: string, named: readonly { id: string }[]): Promise<Match[]> {
  const found = new Map<string, Match>();
  for (let start = 0; start < named.length; start += FETCH_AT_ONCE) {
    const ids = named.slice(start, start + FETCH_AT_ONCE).map(({ id }) => id);
    const where: Predicate = { op: 'ids', ids };
    const query = {
      type,
      where,
      sort: [],
      limit: ids.length,
      total: 'none',
      wantReferences: true,
    } as const;
    for (const match of (await store.find(query)).matches) found.set(match.id, match);
  }
  return named.flatMap(({ id }) => found.get(id) ?? []);
}
