// Everything that meets a condition, page by page, so that only a page is in memory.
import type { FindQuery, Match, Store } from './store.ts';

export interface EveryQuery extends Omit<FindQuery, 'sort' | 'limit' | 'total' | 'after' | 'explain'> {
  sort?: FindQuery['sort'];
  /** how many come in one command */
  atOnce: number;
}

export async function* everyMatch(
  store: Pick<Store, 'find'>,
  { sort = [], atOnce, ...query }: EveryQuery,
): AsyncGenerator<Match, void> {
  let after: string | undefined;
  do {
    const page = await store.find({
      ...query,
      sort,
      limit: atOnce,
      total: 'none',
      ...(after !== undefined && { after }),
    });
    yield* page.matches;
    after = page.next;
  } while (after !== undefined);
}
