// A CodeSystem resource as a source of concepts: everything in memory, made once for each parsed resource.
// https://hl7.org/fhir/R4/codesystem.html
import type { CodeSystem } from 'fhir/r4.js';
import type { CodeSystemSource, Concept, ConceptFilter, Selection } from '../model/concept.ts';
import type { Resource } from '../model/resource.ts';
import { hasWords, normalise, wordsOf } from '../model/words.ts';
import { buildGraph, type Graph, type GraphNode, reach } from './concept-graph.ts';
import { compileFilter, type NodeTest } from './graph-filters.ts';

/** by the parsed resource: definitions hand out the same object as long as nothing changes */
const made = new WeakMap<Resource, CodeSystemSource>();

const COMPLETE = new Set(['complete']);
/** what is said elsewhere: nothing to look into */
const EMPTY = new Set(['not-present', 'supplement']);

/** Undefined where the resource holds no concepts of its own: the system is licensed elsewhere, or it only adds to another. */
export function sourceOf(resource: Resource): CodeSystemSource | undefined {
  const codeSystem = resource as unknown as CodeSystem;
  if (EMPTY.has(codeSystem.content) || (codeSystem.concept ?? []).length === 0) return undefined;
  let source = made.get(resource);
  if (source === undefined) {
    source = createResourceSource(codeSystem);
    made.set(resource, source);
  }
  return source;
}

function createResourceSource(resource: CodeSystem): CodeSystemSource {
  const { url = '', version, valueSet, property = [] } = resource;
  const isCaseSensitive = resource.caseSensitive !== false;
  const properties = new Map(
    property.map(({ code, uri, type, description }) => [
      code,
      { ...(uri !== undefined && { uri }), type, ...(description !== undefined && { description }) },
    ]),
  );
  let built: Graph | undefined;
  const graph = (): Graph => {
    built ??= buildGraph(resource, isCaseSensitive);
    return built;
  };
  const texts = new Map<GraphNode, string>();
  const textOf = (node: GraphNode): string => {
    let text = texts.get(node);
    if (text === undefined) {
      const { display = '', designations = [] } = node.concept;
      text = [display, ...designations.map(({ value }) => value)].map(normalise).join(' ');
      texts.set(node, text);
    }
    return text;
  };
  const testOf = (filters: readonly ConceptFilter[]): NodeTest => {
    const names = new Set(properties.keys());
    const tests = filters.map((filter) =>
      compileFilter(filter, { url, graph: graph(), properties: names, isCaseSensitive }),
    );
    return (node) => tests.every((test) => test(node));
  };

  function choose({ filters, codes, text, activeOnly }: Omit<Selection, 'offset' | 'count'>): GraphNode[] {
    const meets = testOf(filters);
    const candidates = codes === undefined ? graph().nodes : found(codes, graph());
    const chosen = candidates.filter((node) => (!activeOnly || node.concept.isActive) && meets(node));
    const words = text === undefined ? [] : wordsOf(text);
    if (text === undefined || (words.length === 0 && text.trim() === '')) return chosen;
    const typed = text.trim().toLowerCase();
    const matching = chosen.filter(
      (node) =>
        node.concept.code.toLowerCase().startsWith(typed) || (words.length > 0 && hasWords(textOf(node), words)),
    );
    const rank = rankOf(typed, words);
    const ranks = new Map(matching.map((node) => [node, rank(node.concept)]));
    return matching.sort((a, b) => ranks.get(a)! - ranks.get(b)! || a.order - b.order);
  }

  return {
    url,
    ...(version !== undefined && { version }),
    title: resource.title ?? resource.name ?? url,
    isCaseSensitive,
    isComplete: COMPLETE.has(resource.content),
    properties,
    ...(valueSet !== undefined && { valueSet }),
    lookup: async (code) => graph().find(code)?.concept,
    lookupMany: async (codes) => found(codes, graph()).map(({ concept }) => concept),
    async test(codes, filters) {
      const meets = testOf(filters);
      return new Set(
        codes.filter((code) => {
          const node = graph().find(code);
          return node !== undefined && meets(node);
        }),
      );
    },
    async select(selection) {
      const chosen = choose(selection);
      const page = chosen.slice(selection.offset, selection.offset + selection.count);
      return { concepts: page.map(({ concept }) => concept), total: chosen.length };
    },
    async *each(selection) {
      yield choose(selection).map(({ concept }) => concept);
    },
    async subsumes(ancestor, descendant) {
      const below = graph().find(descendant);
      const above = graph().find(ancestor);
      return below !== undefined && above !== undefined && reach(below, 'parents').has(above);
    },
    async ancestors(code) {
      const node = graph().find(code);
      return node === undefined ? [] : [...reach(node, 'parents')].map(({ concept }) => concept.code);
    },
    async children(code) {
      const nodes = code === undefined ? graph().roots : (graph().find(code)?.children ?? []);
      return nodes.map(({ concept }) => concept);
    },
  };
}

const found = (codes: readonly string[], graph: Graph): GraphNode[] => [
  ...new Set(codes.map((code) => graph.find(code)).filter((node) => node !== undefined)),
];

/** The code itself, then displays with the words before designations, short before long. */
function rankOf(typed: string, words: readonly string[]): (concept: Concept) => number {
  return ({ code, display = '' }) => {
    if (code.toLowerCase() === typed) return 0;
    const shown = normalise(display);
    const class_ = shown === words.join(' ') ? 1 : hasWords(shown, words) ? 2 : 3;
    return class_ * 1e6 + Math.min(display.length, 1e5);
  };
}
