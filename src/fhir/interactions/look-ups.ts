// Answers what a search plan must know beforehand, from terminology and from the caller's own store, so that nothing leaks by a list or a tree.
import { FhirError } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { type LookedUp, type Lookups, MOST_CODES, MOST_RESOURCES, planWith, type Question } from '../search/index.ts';
import { everyMatch } from '../storage/every-match.ts';
import type { Store } from '../storage/store.ts';
import type { Code, Terminology } from '../terminology/terminology.ts';
import type { Call, Engine } from './call.ts';

type Finder = Pick<Store, 'find'>;

/** A plan that may need to know more than the request says. */
export const planned = <Plan>(
  engine: Engine,
  call: Pick<Call, 'store'>,
  plan: (lookups: Lookups) => Plan | Promise<Plan>,
): Promise<Plan> => planWith(plan, (question) => lookUp(engine, call.store, question));

function lookUp(engine: Engine, store: Finder, question: Question): Promise<LookedUp> {
  switch (question.ask) {
    case 'value-set':
      return codesOfValueSet(engine, store, question.valueSet);
    case 'concepts':
      return concepts(engine.terminology, question);
    case 'tree':
      return question.direction === 'below' ? below(store, question) : above(store, question);
    case 'list':
      return itemsOf(store, question.id);
  }
}

const tooMany = (what: string): LookedUp => ({
  refused: `${what} has more than ${MOST_CODES} codes`,
  kind: 'too-costly',
});

async function codesOfValueSet({ terminology, settings }: Engine, store: Finder, text: string): Promise<LookedUp> {
  const base = settings.baseUrl === undefined ? undefined : `${settings.baseUrl}/`;
  const named = base !== undefined && text.startsWith(base) ? text.slice(base.length) : text;
  const id = /^ValueSet\/([A-Za-z0-9\-.]{1,64})$/.exec(named)?.[1];
  const local = id === undefined ? undefined : await readOne(store, 'ValueSet', id);
  const valueSet = id === undefined ? text : typeof local?.url === 'string' ? local.url : local;
  if (valueSet === undefined) return { refused: `there is no ${named}`, kind: 'invalid' };
  try {
    if (typeof valueSet === 'string') {
      const codes = await terminology.codesOf(valueSet, MOST_CODES);
      if (codes) return { codes };
    }
    // says what is wrong with it, or what its size is
    const expanded = await terminology.expand(valueSet, { count: MOST_CODES + 1 });
    const codes = [...codesIn((expanded.expansion as Expansion | undefined)?.contains)];
    return codes.length > MOST_CODES ? tooMany(`the value set ${text}`) : { codes };
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    if (error.kind === 'too-costly') return tooMany(`the value set ${text}`);
    return { refused: `the value set ${text} cannot be used: ${error.message}`, kind: 'invalid' };
  }
}

interface Expansion {
  contains?: Contained[];
}

interface Contained extends Code {
  abstract?: boolean;
  contains?: Contained[];
}

function* codesIn(contains: readonly Contained[] = []): Iterable<Code> {
  for (const one of contains) {
    if (one.code !== undefined && one.abstract !== true) yield one;
    yield* codesIn(one.contains);
  }
}

async function concepts(
  terminology: Terminology,
  { system, code, direction }: Question & { ask: 'concepts' },
): Promise<LookedUp> {
  const codes = await terminology.closure(system, code, direction, MOST_CODES);
  if (codes) return { codes };
  if (await terminology.codeSystem(system)) return tooMany(`what is ${direction} ${system}|${code}`);
  return {
    refused: `the code system ${system} is not known here, so nothing is known to be ${direction} ${code}`,
    kind: 'invalid',
  };
}

async function readOne(store: Finder, type: string, id: string): Promise<Resource | undefined> {
  const { matches } = await store.find({ type, where: { op: 'ids', ids: [id] }, sort: [], limit: 1, total: 'none' });
  return matches[0] && (parseJson(matches[0].bytes) as Resource);
}

type Tree = Question & { ask: 'tree' };

const PAGE = 1_000;

/** Generation by generation; who is his own ancestor is met once. */
async function grow(
  tree: Tree,
  next: (ids: readonly string[], found: (id: string) => void) => Promise<void>,
): Promise<LookedUp> {
  const seen = new Set([tree.id]);
  let generation = [tree.id];
  while (generation.length > 0) {
    const born: string[] = [];
    await next(generation, (id) => {
      if (seen.has(id)) return;
      seen.add(id);
      born.push(id);
    });
    if (seen.size > MOST_RESOURCES)
      return {
        refused: `more than ${MOST_RESOURCES} resources are ${tree.direction} ${tree.type}/${tree.id}`,
        kind: 'too-costly',
      };
    generation = born;
  }
  return { references: [...seen].map((id) => `${tree.type}/${id}`) };
}

const below = (store: Finder, tree: Tree): Promise<LookedUp> =>
  grow(tree, async (ids, found) => {
    const keys = tree.parents.flatMap((parent) => ids.map((id) => `${parent}|${tree.type}/${id}`));
    const where = { op: 'oneOf', keys } as const;
    for await (const { id } of everyMatch(store, { type: tree.type, where, atOnce: PAGE, leaveBytes: true })) found(id);
  });

const above = (store: Finder, tree: Tree): Promise<LookedUp> =>
  grow(tree, async (ids, found) => {
    const prefixes = tree.parents.map((parent) => `${parent}|${tree.type}/`);
    const where = { op: 'ids', ids } as const;
    const query = { type: tree.type, where, atOnce: PAGE, wantReferences: true, leaveBytes: true };
    for await (const { keys = [] } of everyMatch(store, query)) {
      for (const prefix of prefixes)
        for (const key of keys)
          if (key.startsWith(prefix) && !key.includes('/', prefix.length)) found(key.slice(prefix.length));
    }
  });

interface ListEntry {
  deleted?: boolean;
  item?: { reference?: string };
}

/** https://hl7.org/fhir/R4/list.html — an entry that is marked as deleted is no item */
async function itemsOf(store: Finder, id: string): Promise<LookedUp> {
  const list = await readOne(store, 'List', id);
  const entries = (list?.entry ?? []) as ListEntry[];
  return { references: entries.flatMap(({ deleted, item }) => (deleted === true ? [] : (item?.reference ?? []))) };
}
