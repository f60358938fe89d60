// `_explain=true`: with the result comes how the database found it, question by question, for whoever looks after the server.
import type { Issue } from '../model/errors.ts';
import type { Examined, FindPage, Store } from '../storage/store.ts';
import type { Call } from './call.ts';

type Finder = Pick<Store, 'find' | 'findAcross'>;

interface Answered extends Examined {
  /** of what was asked: a type, or several */
  subject: string;
}

/** A store that remembers how each question was answered. */
export function explainedStore(call: Call, isAsked: boolean): { store: Finder; explanation: () => Issue[] } {
  const { store } = call;
  if (!isAsked) return { store, explanation: () => [] };
  const answered: Answered[] = [];
  const remember = (subject: string, page: FindPage): FindPage => {
    if (page.examined) answered.push({ subject, ...page.examined });
    return page;
  };
  return {
    store: {
      find: async (query) => remember(query.type, await store.find({ ...query, explain: true })),
      findAcross: async (query) =>
        remember(`${query.queries.length} types`, await store.findAcross({ ...query, explain: true })),
    },
    explanation: () => explanationOf(answered),
  };
}

/** The store leaves it out for callers who may not know (auth/access). */
function explanationOf(answered: readonly Answered[]): Issue[] {
  if (answered.length === 0) return [];
  // over all types, most have nothing that could be looked at
  const looked = answered.filter(({ keys, documents }) => keys + documents > 0);
  const shown = looked.length > 0 ? looked : answered.slice(0, 1);
  const commands = answered.reduce((sum, { commands }) => sum + commands, 0);
  const lines = shown.flatMap(({ subject, keys, documents, indexes, isSorted }) => [
    `${subject}: ${keys} keys and ${documents} documents examined`,
    `${subject}: ${indexes.length === 0 ? 'no index' : `index ${indexes.join(', ')}`}`,
    `${subject}: ${isSorted ? 'sorted in memory' : 'not sorted in memory'}`,
  ]);
  return [...lines, `${commands} database commands`].map((diagnostics) => ({
    severity: 'information',
    code: 'informational',
    diagnostics,
  }));
}
