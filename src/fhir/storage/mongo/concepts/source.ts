// One loaded version of a code system as a source of concepts. It never changes: another load is another collection.
import type { Collection, Db, Filter } from 'mongodb';
import type { CodeSystemSource, Concept, Selection } from '../../../model/concept.ts';
import { normalise } from '../../../model/words.ts';
import type { LoadedSystem } from '../../concepts.ts';
import { type ConceptDocument, conceptOf, isExact, tokenOf } from './document.ts';
import { createConstraints } from './ecl/index.ts';
import { whereOf } from './filters.ts';
import { within } from './within.ts';

type Where = Filter<ConceptDocument>;
type Ranked = Pick<ConceptDocument, '_id' | 'd' | 'r' | 'o'>;
type Wish = Omit<Selection, 'offset' | 'count'>;

export interface SourceDeps {
  db: Db;
  collectionName: string;
  system: LoadedSystem;
}

const LIMIT_MS = 20_000;
const BATCH = 1000;
/** so many documents are ranked in memory; of more, the index's order is taken */
const MOST_RANKED = 2000;
/** so far is counted, and so far where each must be read for it */
const MOST_COUNTED = 50_000;
const MOST_READ = 10_000;
/** codes that begin with the text, before those found by words */
const MOST_BY_CODE = 200;
/** clinical data repeats the same few thousand codes */
const MOST_KEPT = 5000;

const USED = { w: 0, t: 0, k: 0, a: 0, r: 0, l: 0, q: 0, h: 0 } as const;

export function createLoadedSource({ db, collectionName, system }: SourceDeps): CodeSystemSource {
  const collection: Collection<ConceptDocument> = db.collection(collectionName);
  const kept = new Map<string, Concept | undefined>();
  const constrained = createConstraints(collection, system);
  const filtersOf = (wish: Wish): Promise<Where[]> => conditions(wish, { head: system, collection, constrained });

  async function countOf(where: Where, hint?: string): Promise<number | undefined> {
    const most = hint !== undefined || isReadOffIndex(where) ? MOST_COUNTED : MOST_READ;
    const command = { count: collectionName, query: where, limit: most + 1, maxTimeMS: LIMIT_MS };
    const { n } = await within(db.command({ ...command, ...(hint !== undefined && { hint }) }));
    return n > most ? undefined : n;
  }

  const counted = (where: Where): Promise<number | undefined> => {
    const difference = differenceIn(where);
    return difference === undefined ? countOf(where) : countWithout(difference);
  };

  /** Without those that are taken away, which are often few: the index counts both. */
  async function countWithout({ all, without }: Difference): Promise<number | undefined> {
    const [whole, gone] = await Promise.all([countOf(all), countOf(and([all, without]))]);
    return whole === undefined || gone === undefined ? undefined : whole - gone;
  }

  async function page(where: Where, sort: Record<string, 1>, { offset, count }: Selection, hint?: string) {
    if (count === 0) return [];
    const cursor = collection
      .find(where, { projection: USED, maxTimeMS: LIMIT_MS, ...(hint !== undefined && { hint }) })
      .sort(sort)
      .skip(offset)
      .limit(count);
    return (await within(cursor.toArray())).map(conceptOf);
  }

  async function withoutText(selection: Selection): Promise<{ concepts: Concept[]; total?: number }> {
    const where = and(await filtersOf(selection));
    const isAll = Object.keys(where).length === 0;
    const [concepts, total] = await Promise.all([
      page(where, { o: 1 }, selection),
      isAll ? system.concepts : counted(where),
    ]);
    return { concepts, ...(total !== undefined && { total }) };
  }

  async function withText(text: string, selection: Selection): Promise<{ concepts: Concept[]; total?: number }> {
    const filters = await filtersOf(selection);
    const words = normalise(text).split(' ').filter(Boolean);
    const byCode = await beginningWith(text, filters);
    if (words.length === 0) return cut(byCode, selection);
    const rarest = await rarestOf(words);
    const where = and([...filters, { w: rarest.token }, ...words.map((word) => wordWhere(word, rarest.token))]);
    const found = new Set(byCode.map(({ code }) => code));
    if (rarest.count <= MOST_RANKED) {
      const matches = await within(
        collection.find<Ranked>(where, { hint: 'w', maxTimeMS: LIMIT_MS, projection: { d: 1, r: 1, o: 1 } }).toArray(),
      );
      const others = matches
        .filter(({ _id }) => !found.has(_id))
        .sort(bestFirst(words))
        .map(({ _id }) => _id);
      const { concepts, total } = cut<Concept | string>([...byCode, ...others], selection);
      return { concepts: await whole(concepts), total };
    }
    // the codes stand before the words, so that pages of the latter begin where the former end
    const { offset, count } = selection;
    const first = byCode.slice(offset, offset + count);
    const rest = {
      ...selection,
      offset: Math.max(0, offset - byCode.length),
      count: count - first.length,
    };
    const others = found.size === 0 ? where : and([where, { _id: { $nin: [...found] } }]);
    const isCounted = words.length === 1 && isExact(words[0]!) && filters.length === 0 && found.size === 0;
    const [concepts, total] = await Promise.all([
      page(others, { r: 1, o: 1 }, rest, 'w'),
      isCounted ? countOf({ w: rarest.token }, 'w') : undefined,
    ]);
    return { concepts: [...first, ...concepts], ...(total !== undefined && { total }) };
  }

  async function beginningWith(text: string, filters: readonly Where[]): Promise<Concept[]> {
    const typed = text.trim();
    if (typed === '' || /\s/.test(typed)) return [];
    const spellings = [...new Set([typed, typed.toUpperCase()])];
    const ranges = spellings.map((start): Where => ({ _id: { $gte: start, $lt: `${start}\uffff` } }));
    const where = and([...filters, { $or: ranges }]);
    const documents = await within(
      collection
        .find(where, { projection: USED, maxTimeMS: LIMIT_MS, hint: '_id_' })
        .sort({ _id: 1 })
        .limit(MOST_BY_CODE)
        .toArray(),
    );
    return documents.map(conceptOf);
  }

  /** The token of which there are fewest is looked up in the index, the others in what it gives. */
  async function rarestOf(words: readonly string[]): Promise<{ token: string; count: number }> {
    const tokens = [...new Set(words.map(tokenOf))];
    const counted = await Promise.all(
      tokens.map(async (token) => {
        const { n } = await db.command({
          count: collectionName,
          query: { w: token },
          limit: MOST_RANKED + 1,
          hint: 'w',
        });
        return { token, count: Number(n) };
      }),
    );
    // of equally frequent ones, the longest says most
    return counted.sort((a, b) => a.count - b.count || b.token.length - a.token.length)[0]!;
  }

  async function find(codes: readonly string[], where: Where): Promise<ConceptDocument[]> {
    const found: ConceptDocument[] = [];
    for (let start = 0; start < codes.length; start += BATCH) {
      const some = codes.slice(start, start + BATCH);
      const condition = and([{ _id: { $in: some } }, where]);
      found.push(...(await within(collection.find(condition, { projection: USED, maxTimeMS: LIMIT_MS }).toArray())));
    }
    return found;
  }

  /** The concepts in place of the codes that stand for them. */
  async function whole(concepts: readonly (Concept | string)[]): Promise<Concept[]> {
    const codes = concepts.filter((one) => typeof one === 'string');
    const found = new Map((await find(codes, {})).map((document) => [document._id, conceptOf(document)]));
    return concepts.flatMap((one) => (typeof one === 'string' ? (found.get(one) ?? []) : one));
  }

  async function lookup(code: string): Promise<Concept | undefined> {
    if (kept.has(code)) return kept.get(code);
    const document = await within(collection.findOne({ _id: code }, { projection: USED }));
    const concept = document === null ? undefined : conceptOf(document);
    if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!);
    kept.set(code, concept);
    return concept;
  }

  const properties = new Map(
    system.properties.map(({ code, type, description }) => [code, { type, ...(description && { description }) }]),
  );
  return {
    url: system.url,
    version: system.version,
    title: system.title,
    isCaseSensitive: true,
    isComplete: true,
    properties,
    ...(system.valueSet !== undefined && { valueSet: system.valueSet }),
    lookup,
    lookupMany: async (codes) => (await find(codes, {})).map(conceptOf),
    async test(codes, filters) {
      if (filters.length === 0 && codes.length === 1) return new Set((await lookup(codes[0]!)) ? codes : []);
      const where = and(await filtersOf({ filters }));
      return new Set((await find(codes, where)).map(({ _id }) => _id));
    },
    select: (selection) =>
      selection.text === undefined || selection.text.trim() === ''
        ? withoutText(selection)
        : withText(selection.text, selection),
    async *each(wish) {
      const { text } = wish;
      if (text !== undefined && text.trim() !== '') {
        for (let offset = 0; ; offset += BATCH) {
          const { concepts } = await withText(text, { ...wish, offset, count: BATCH });
          if (concepts.length > 0) yield concepts;
          if (concepts.length < BATCH) return;
        }
      }
      const where = and(await filtersOf(wish));
      const cursor = collection.find(where, { projection: USED, batchSize: BATCH }).sort({ o: 1 });
      let batch: Concept[] = [];
      for await (const document of cursor) {
        batch.push(conceptOf(document));
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    },
    async subsumes(ancestor, descendant) {
      const document = await within(collection.findOne({ _id: descendant, a: ancestor }, { projection: { _id: 1 } }));
      return document !== null;
    },
    async ancestors(code) {
      const document = await within(collection.findOne({ _id: code }, { projection: { a: 1 } }));
      return document?.a ?? [];
    },
    async children(code) {
      const where: Where = code === undefined ? { up: { $exists: false } } : { up: code };
      const documents = collection.find(where, { projection: USED, maxTimeMS: LIMIT_MS }).sort({ o: 1 });
      return (await within(documents.toArray())).map(conceptOf);
    },
  };
}

async function conditions({ filters, codes, activeOnly }: Wish, deps: Parameters<typeof whereOf>[1]): Promise<Where[]> {
  return [
    ...(await whereOf(filters, deps)),
    ...(codes === undefined ? [] : [{ _id: { $in: [...codes] } }]),
    ...(activeOnly === true ? [{ x: { $exists: false } }] : []),
  ];
}

const and = (conditions: readonly Where[]): Where => {
  const some = conditions.filter((condition) => Object.keys(condition).length > 0);
  return some.length === 1 ? some[0]! : some.length === 0 ? {} : { $and: some };
};

/** Whether an index alone tells what meets it: one ancestor, key, parent or list of codes, or any of several. */
function isReadOffIndex(where: Where): boolean {
  const { $or, o: _, ...others } = where;
  const [[field, condition] = [], ...more] = Object.entries(others);
  if ($or !== undefined) return field === undefined && $or.every(isReadOffIndex);
  const isPlain = typeof condition === 'string' || (typeof condition === 'object' && '$in' in condition);
  return more.length === 0 && isPlain && ['a', 'k', 'up', '_id'].includes(field ?? '');
}

interface Difference {
  all: Where;
  without: Where;
}

/** `A MINUS B` */
function differenceIn({ $and, ...others }: Where): Difference | undefined {
  if ($and === undefined || Object.keys(others).length > 0) return undefined;
  const isNegative = (condition: Where): boolean => Object.keys(condition).join() === '$nor';
  const negative = $and.filter(isNegative);
  if (negative.length === 0 || negative.length === $and.length) return undefined;
  const without = negative.flatMap(({ $nor = [] }) => $nor);
  return {
    all: and($and.filter((one) => !isNegative(one))),
    without: without.length === 1 ? without[0]! : { $or: without },
  };
}

/** What the chosen token does not already say. */
function wordWhere(word: string, chosen: string): Where {
  if (word === chosen) return {};
  return isExact(word) ? { w: word } : { t: new RegExp(` ${word}`) };
}

/** As in memory: the display that is the text, displays with all words, designations; short before long. */
function bestFirst(words: readonly string[]): (a: Ranked, b: Ranked) => number {
  const text = words.join(' ');
  const ranks = new Map<string, number>();
  const rankOf = ({ _id, d = '', r }: Ranked): number => {
    let rank = ranks.get(_id);
    if (rank === undefined) {
      const shown = normalise(d);
      const grade = shown === text ? 0 : words.every((word) => ` ${shown}`.includes(` ${word}`)) ? 1 : 2;
      rank = grade * 1e6 + r;
      ranks.set(_id, rank);
    }
    return rank;
  };
  return (a, b) => rankOf(a) - rankOf(b) || a.o - b.o;
}

const cut = <T>(concepts: readonly T[], { offset, count }: Selection): { concepts: T[]; total: number } => ({
  concepts: concepts.slice(offset, offset + count),
  total: concepts.length,
});
