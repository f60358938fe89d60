// Code systems without a list: a rule says which texts are codes. https://hl7.org/fhir/R4/terminologies-systems.html
import type { CodeSystemSource, Concept, ConceptFilter } from '../../model/concept.ts';
import { FhirError } from '../../model/errors.ts';
import { splitList } from '../graph-filters.ts';
import { matchAll } from '../regex.ts';

export interface CodeRule {
  url: string;
  title: string;
  isCaseSensitive: boolean;
  /** what the code says, or undefined where it is no code of the system */
  read(code: string): { display?: string } | undefined | Promise<{ display?: string } | undefined>;
  /** filters on properties of its own; undefined where it has no such property */
  meets?(code: string, filter: ConceptFilter): boolean | undefined | Promise<boolean | undefined>;
}

export function createRuleSource({ url, title, isCaseSensitive, read, meets }: CodeRule): CodeSystemSource {
  const lookup = async (code: string): Promise<Concept | undefined> => {
    const known = await read(code);
    return known && { code, ...known, isActive: true };
  };
  async function test(code: string, filter: ConceptFilter): Promise<boolean> {
    const { property, op, value } = filter;
    const own = await meets?.(code, filter);
    if (own !== undefined) return own;
    if (property === 'code' || property === 'concept') {
      if (op === '=' || op === 'is-a' || op === 'generalizes') return code === value;
      if (op === 'in') return splitList(value).includes(code);
      if (op === 'not-in') return !splitList(value).includes(code);
      if (op === 'is-not-a') return code !== value;
      if (op === 'descendent-of') return false;
      if (op === 'regex') return matchAll(value, [code])[0]!;
    }
    throw new FhirError('not-supported', `The code system ${url} has no filter '${property} ${op}'`);
  }
  const cannotList = (): never => {
    throw new FhirError('too-costly', `The codes of ${url} follow a grammar and cannot be listed`);
  };
  async function choose(codes: readonly string[] | undefined, filters: readonly ConceptFilter[]): Promise<Concept[]> {
    const chosen: Concept[] = [];
    for (const code of codes ?? cannotList()) {
      const concept = await lookup(code);
      if (concept === undefined) continue;
      const results = await Promise.all(filters.map((filter) => test(code, filter)));
      if (results.every(Boolean)) chosen.push(concept);
    }
    return chosen;
  }
  return {
    url,
    title,
    isCaseSensitive,
    isComplete: true,
    isListed: false,
    lookup,
    lookupMany: (codes) => choose(codes, []),
    test: async (codes, filters) => new Set((await choose(codes, filters)).map(({ code }) => code)),
    async select({ codes, filters, offset, count }) {
      const chosen = await choose(codes, filters);
      return { concepts: chosen.slice(offset, offset + count), total: chosen.length };
    },
    async *each({ codes, filters }) {
      yield await choose(codes, filters);
    },
    subsumes: async (ancestor, descendant) => ancestor === descendant && (await lookup(ancestor)) !== undefined,
    ancestors: async (code) => ((await lookup(code)) === undefined ? [] : [code]),
    children: async (code) => (code === undefined ? cannotList() : []),
  };
}
