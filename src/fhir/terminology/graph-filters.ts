// The filters of a value set on a graph of concepts in memory. https://hl7.org/fhir/R4/valueset-filter-operator.html
import type { ConceptFilter, ConceptProperty } from '../model/concept.ts';
import { FhirError } from '../model/errors.ts';
import { type Graph, type GraphNode, reach } from './concept-graph.ts';
import { matchAll } from './regex.ts';

/** What belongs to a filter's answer; asked once per filter, then per node. */
export type NodeTest = (node: GraphNode) => boolean;

export interface Filtered {
  url: string;
  graph: Graph;
  /** codes of properties that the system defines */
  properties: ReadonlySet<string>;
  isCaseSensitive: boolean;
}

export function compileFilter({ property, op, value, ecl }: ConceptFilter, system: Filtered): NodeTest {
  if (ecl !== undefined) throw cannot('relationships of a loaded release, which an ECL expression asks for', system);
  if (HIERARCHY.has(op)) {
    if (!isCode(property)) throw cannot(`filter '${property} ${op}'`, system);
    return hierarchyTest(op, value, system);
  }
  const valuesOf = readerOf(property, system);
  const spelled = (text: string): string => (system.isCaseSensitive || !isCode(property) ? text : text.toLowerCase());
  const oneOf = (wanted: readonly string[]): NodeTest => {
    const set = new Set(wanted.map(spelled));
    return (node) => valuesOf(node).some((text) => set.has(spelled(text)));
  };
  switch (op) {
    case '=':
      return oneOf([value]);
    case 'in':
      return oneOf(splitList(value));
    case 'not-in': {
      const isIn = oneOf(splitList(value));
      return (node) => !isIn(node);
    }
    case 'exists': {
      const wanted = value === 'true';
      if (!wanted && value !== 'false') throw new FhirError('value', "A filter 'exists' has the value true or false");
      return (node) => valuesOf(node).length > 0 === wanted;
    }
    case 'regex':
      return regexTest(value, valuesOf, system.graph);
    default:
      throw cannot(`operator '${op}'`, system);
  }
}

const HIERARCHY: ReadonlySet<string> = new Set(['is-a', 'descendent-of', 'is-not-a', 'generalizes']);

/** R4 writes `concept`, many write `code` */
const isCode = (property: string): boolean => property === 'concept' || property === 'code' || property === '';

export const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

function hierarchyTest(op: string, value: string, { graph }: Filtered): NodeTest {
  const start = graph.find(value);
  // nothing is below a code that is not there, and nothing above
  if (start === undefined) return () => op === 'is-not-a';
  const reached = reach(start, op === 'generalizes' ? 'parents' : 'children');
  if (op === 'is-not-a') return (node) => !reached.has(node);
  if (op === 'descendent-of') return (node) => node !== start && reached.has(node);
  return (node) => reached.has(node);
}

function readerOf(property: string, system: Filtered): (node: GraphNode) => string[] {
  if (isCode(property)) return ({ concept }) => [concept.code];
  if (property === 'display') return ({ concept }) => (concept.display === undefined ? [] : [concept.display]);
  if (property === 'definition') return ({ concept }) => (concept.definition === undefined ? [] : [concept.definition]);
  if (property === 'parent') return ({ parents }) => parents.map(({ concept }) => concept.code);
  if (property === 'child') return ({ children }) => children.map(({ concept }) => concept.code);
  const stated = ({ concept }: GraphNode): string[] =>
    (concept.properties ?? []).filter(({ code }) => code === property).flatMap(textsOf);
  if (system.properties.has(property)) return stated;
  if (property === 'inactive') return ({ concept }) => [String(!concept.isActive)];
  if (property === 'notSelectable' || property === 'abstract')
    return ({ concept }) => [String(concept.isAbstract === true)];
  throw cannot(`property '${property}'`, system);
}

/** A Coding is named by its code, or with its system. */
const textsOf = ({ value }: ConceptProperty): string[] =>
  typeof value === 'object' ? [value.code, `${value.system ?? ''}|${value.code}`] : [String(value)];

function regexTest(pattern: string, valuesOf: (node: GraphNode) => string[], { nodes }: Graph): NodeTest {
  const texts = [...new Set(nodes.flatMap(valuesOf))];
  const results = matchAll(pattern, texts);
  const matching = new Set(texts.filter((_, index) => results[index]));
  return (node) => valuesOf(node).some((text) => matching.has(text));
}

const cannot = (what: string, { url }: Filtered): FhirError =>
  new FhirError('not-supported', `The code system ${url} has no ${what}`);
