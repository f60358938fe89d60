// The concepts of a CodeSystem resource as a graph: nested concepts, and the properties that name parents or children.
// https://hl7.org/fhir/R4/codesystem.html#hierarchy
import type { CodeSystem, CodeSystemConcept, CodeSystemConceptProperty } from 'fhir/r4.js';
import type { Code, Concept, ConceptProperty } from '../model/concept.ts';

export interface GraphNode {
  concept: Concept;
  /** place in the hierarchy's order */
  order: number;
  parents: GraphNode[];
  children: GraphNode[];
}

export interface Graph {
  /** in the order of the hierarchy */
  nodes: readonly GraphNode[];
  roots: readonly GraphNode[];
  find(code: string): GraphNode | undefined;
}

const STANDARD = 'http://hl7.org/fhir/concept-properties#';

/** Property codes as this code system spells them, by what they mean; what it does not define counts by its usual name. */
export interface Meanings {
  parent: ReadonlySet<string>;
  child: ReadonlySet<string>;
  notSelectable: ReadonlySet<string>;
  inactive: ReadonlySet<string>;
  status: ReadonlySet<string>;
}

const USUAL: { readonly [M in keyof Meanings]: readonly string[] } = {
  parent: ['parent', 'subsumedBy'],
  child: ['child'],
  notSelectable: ['notSelectable'],
  inactive: ['inactive'],
  status: ['status'],
};

export function meaningsOf({ property = [] }: CodeSystem): Meanings {
  const named = (meaning: keyof Meanings): ReadonlySet<string> => {
    const byUri = property.filter(({ uri }) => uri === STANDARD + meaning).map(({ code }) => code);
    return new Set([...byUri, ...USUAL[meaning]]);
  };
  return {
    parent: named('parent'),
    child: named('child'),
    notSelectable: named('notSelectable'),
    inactive: named('inactive'),
    status: named('status'),
  };
}

const GONE = new Set(['retired', 'deprecated', 'inactive']);

export function buildGraph(resource: CodeSystem, isCaseSensitive: boolean): Graph {
  const meanings = meaningsOf(resource);
  const nodes: GraphNode[] = [];
  const byCode = new Map<string, GraphNode>();
  const keyOf = (code: string): string => (isCaseSensitive ? code : code.toLowerCase());
  const links: [child: string, parent: string][] = [];

  function add(concept: CodeSystemConcept, parent: GraphNode | undefined): void {
    let node = byCode.get(keyOf(concept.code));
    if (node === undefined) {
      node = { concept: readConcept(concept, meanings), order: nodes.length, parents: [], children: [] };
      nodes.push(node);
      byCode.set(keyOf(concept.code), node);
      for (const { code, ...value } of concept.property ?? []) {
        const other = value.valueCode ?? value.valueString ?? value.valueCoding?.code;
        if (other === undefined) continue;
        if (meanings.parent.has(code)) links.push([concept.code, other]);
        if (meanings.child.has(code)) links.push([other, concept.code]);
      }
    }
    if (parent !== undefined) link(node, parent);
    for (const child of concept.concept ?? []) add(child, node);
  }
  for (const concept of resource.concept ?? []) add(concept, undefined);
  for (const [child, parent] of links) {
    const below = byCode.get(keyOf(child));
    const above = byCode.get(keyOf(parent));
    if (below !== undefined && above !== undefined) link(below, above);
  }
  for (const node of nodes) {
    if (node.parents.length > 0)
      node.concept = { ...node.concept, parents: node.parents.map(({ concept }) => concept.code) };
  }
  return {
    nodes,
    roots: nodes.filter(({ parents }) => parents.length === 0),
    find: (code) => byCode.get(keyOf(code)),
  };
}

function link(child: GraphNode, parent: GraphNode): void {
  if (child === parent || child.parents.includes(parent)) return;
  child.parents.push(parent);
  parent.children.push(child);
}

/** The node and all below it, or all above it; a cycle in the data ends the walk. */
export function reach(from: GraphNode, step: 'parents' | 'children'): Set<GraphNode> {
  const seen = new Set([from]);
  for (const node of seen) for (const next of node[step]) seen.add(next);
  return seen;
}

function readConcept(concept: CodeSystemConcept, meanings: Meanings): Concept {
  const { code, display, definition, designation = [], property = [] } = concept;
  const says = (names: ReadonlySet<string>, test: (value: unknown) => boolean): boolean =>
    property.some((item) => names.has(item.code) && test(item.valueBoolean ?? item.valueCode ?? item.valueString));
  const isTrue = (value: unknown): boolean => value === true || value === 'true';
  const isGone =
    says(meanings.inactive, isTrue) || says(meanings.status, (value) => typeof value === 'string' && GONE.has(value));
  const isAbstract = says(meanings.notSelectable, isTrue);
  const designations = designation.map(({ language, use, value }) => ({
    ...(language !== undefined && { language }),
    ...(use !== undefined && { use: use as Code }),
    value,
  }));
  const properties = property.flatMap(readProperty);
  return {
    code,
    ...(display !== undefined && { display }),
    ...(definition !== undefined && { definition }),
    isActive: !isGone,
    ...(isAbstract && { isAbstract }),
    ...(designations.length > 0 && { designations }),
    ...(properties.length > 0 && { properties }),
  };
}

const VALUES = {
  valueCode: 'code',
  valueString: 'string',
  valueInteger: 'integer',
  valueBoolean: 'boolean',
  valueDateTime: 'dateTime',
  valueDecimal: 'decimal',
  valueCoding: 'Coding',
} as const satisfies Partial<Record<keyof CodeSystemConceptProperty, ConceptProperty['type']>>;

function readProperty(property: CodeSystemConceptProperty): ConceptProperty[] {
  for (const [element, type] of Object.entries(VALUES) as [keyof typeof VALUES, ConceptProperty['type']][]) {
    const value = property[element];
    if (value !== undefined) return [{ code: property.code, type, value: value as ConceptProperty['value'] }];
  }
  return [];
}
