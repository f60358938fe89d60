// A code system together with what supplements say of its concepts. The codes, their hierarchy and their status stay what they are.
import type { CodeSystemSource, Concept, ConceptFilter, Designation, Selection } from '../../model/concept.ts';
import type { Supplement } from './supplement.ts';

export interface Addition {
  supplement: Supplement;
  /** absent: it was asked for, and all of it counts; else only designations for which this is true */
  isWanted?: (designation: Designation) => boolean;
}

type Wish = Omit<Selection, 'offset' | 'count'>;

/** A wish without filters on what supplements add: these allow some codes only, or all but some. */
interface Plain {
  wish: Wish;
  isAllowed?: (code: string) => boolean;
}

export function supplemented(source: CodeSystemSource, additions: readonly Addition[]): CodeSystemSource {
  if (additions.length === 0) return source;
  const asked = additions.flatMap(({ supplement, isWanted }) => (isWanted === undefined ? [supplement] : []));
  const properties = new Map([...asked.flatMap((one) => [...one.properties]), ...(source.properties ?? [])]);
  const designations = (code: string, isAsked: boolean): Designation[] =>
    additions
      .filter(({ isWanted }) => (isWanted === undefined) === isAsked)
      .flatMap(({ supplement, isWanted = () => true }) => supplement.designations(code).filter(isWanted));

  /** What was asked for goes before what the code system says, what only has the right language behind it. */
  function withAll(concept: Concept): Concept {
    const { code } = concept;
    const texts = [...designations(code, true), ...(concept.designations ?? []), ...designations(code, false)];
    const values = [...(concept.properties ?? []), ...asked.flatMap((one) => one.propertiesOf(code))];
    return {
      ...concept,
      ...(texts.length > 0 && { designations: texts }),
      ...(values.length > 0 && { properties: values }),
    };
  }

  /** The supplement that a filter is about, if it is not about the code system. */
  const ownerOf = ({ property }: ConceptFilter): Supplement | undefined =>
    source.properties?.has(property) === true ? undefined : asked.find((one) => one.properties.has(property));

  function plain(wish: Wish): Plain {
    const owned = wish.filters.map((filter) => ({ filter, owner: ownerOf(filter) }));
    let { codes } = wish;
    const tests: ((code: string) => boolean)[] = [];
    for (const { filter, owner } of owned) {
      if (owner === undefined) continue;
      const { meeting, failing, others } = owner.filter(filter);
      if (others) tests.push((code) => !failing.has(code));
      else codes = codes === undefined ? [...meeting] : codes.filter((code) => meeting.has(code));
    }
    const filters = owned.flatMap(({ filter, owner }) => (owner === undefined ? [filter] : []));
    return {
      wish: { ...wish, filters, ...(codes !== undefined && { codes }) },
      ...(tests.length > 0 && { isAllowed: (code: string) => tests.every((test) => test(code)) }),
    };
  }

  const foundBy = (text: string | undefined): string[] =>
    text === undefined
      ? []
      : [...new Set(additions.flatMap(({ supplement, isWanted }) => supplement.find(text, isWanted ?? (() => true))))];

  /** What a designation of a supplement has been found by stands first. */
  async function* each({ wish, isAllowed = () => true }: Plain, found: readonly string[]) {
    const first = await foundOf(wish, found, isAllowed);
    if (first.size > 0) yield [...first.values()];
    for await (const batch of source.each(wish)) {
      const others = batch.filter(({ code }) => !first.has(code) && isAllowed(code));
      if (others.length > 0) yield others.map(withAll);
    }
  }

  async function foundOf(
    { text: _, ...wish }: Wish,
    found: readonly string[],
    isAllowed: (code: string) => boolean,
  ): Promise<Map<string, Concept>> {
    const among = wish.codes && new Set(wish.codes);
    const codes = found.filter((code) => isAllowed(code) && (among === undefined || among.has(code)));
    if (codes.length === 0) return new Map();
    const met: Concept[] = [];
    for await (const batch of source.each({ ...wish, codes })) met.push(...batch);
    const place = new Map(codes.map((code, index) => [code, index]));
    met.sort((a, b) => (place.get(a.code) ?? 0) - (place.get(b.code) ?? 0));
    return new Map(met.map((concept) => [concept.code, withAll(concept)]));
  }

  return {
    ...source,
    properties,
    supplements: [...(source.supplements ?? []), ...additions.map(({ supplement }) => supplement.canonical)],
    async lookup(code) {
      const concept = await source.lookup(code);
      return concept && withAll(concept);
    },
    lookupMany: async (codes) => (await source.lookupMany(codes)).map(withAll),
    async test(codes, filters) {
      const { wish, isAllowed = () => true } = plain({ codes, filters });
      const met = await source.test(wish.codes ?? codes, wish.filters);
      return new Set([...met].filter(isAllowed));
    },
    async select({ offset, count, ...asIs }) {
      const wish = plain(asIs);
      const found = foundBy(asIs.text);
      if (wish.isAllowed === undefined && found.length === 0) {
        const { concepts, ...counted } = await source.select({ ...wish.wish, offset, count });
        return { concepts: concepts.map(withAll), ...counted };
      }
      const concepts: Concept[] = [];
      let total = 0;
      for await (const batch of each(wish, found)) {
        concepts.push(...batch.slice(Math.max(0, offset - total), Math.max(0, offset + count - total)));
        total += batch.length;
        // counting on is not worth the wait
        if (total > offset + count + MOST_COUNTED) return { concepts };
      }
      return { concepts, total };
    },
    each: (wish) => each(plain(wish), foundBy(wish.text)),
    children: async (code) => (await source.children(code)).map(withAll),
  };
}

const MOST_COUNTED = 10_000;
