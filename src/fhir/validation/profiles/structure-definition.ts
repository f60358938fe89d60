// A StructureDefinition as it is published, and its snapshot as a tree: elements, below each its slices.
// https://hl7.org/fhir/R4/structuredefinition.html and https://hl7.org/fhir/R4/profiling.html#slicing
import type { Resource } from '../../model/resource.ts';

export const BASE_URL = 'http://hl7.org/fhir/StructureDefinition/';

export interface PublishedType {
  code: string;
  profile?: string[];
  targetProfile?: string[];
  aggregation?: string[];
}

export interface PublishedConstraint {
  key: string;
  severity: 'error' | 'warning';
  human: string;
  expression?: string;
  source?: string;
}

export interface PublishedBinding {
  strength: 'required' | 'extensible' | 'preferred' | 'example';
  valueSet?: string;
  extension?: { url: string; valueCanonical?: string }[];
}

export interface PublishedDiscriminator {
  type: string;
  path: string;
}

export interface PublishedElement {
  id?: string;
  path: string;
  sliceName?: string;
  min?: number;
  max?: string;
  type?: PublishedType[];
  contentReference?: string;
  constraint?: PublishedConstraint[];
  binding?: PublishedBinding;
  slicing?: { discriminator?: PublishedDiscriminator[]; ordered?: boolean; rules?: string };
  maxLength?: number;
  isModifier?: boolean;
  /** fixed[x], pattern[x], minValue[x], maxValue[x] */
  [element: string]: unknown;
}

export interface StructureDefinition extends Resource {
  url: string;
  version?: string;
  name?: string;
  type: string;
  kind: string;
  derivation?: string;
  abstract?: boolean;
  baseDefinition?: string;
  context?: { type: string; expression: string }[];
  contextInvariant?: string[];
  snapshot?: { element: PublishedElement[] };
}

export interface Tree {
  /** the last step of the path: `component`, `value[x]` */
  name: string;
  element: PublishedElement;
  children: Tree[];
  slices: Tree[];
}

/** `value[x]` of `fixedQuantity`, `patternCodeableConcept`, `minValueDate` …, undefined where there is none */
export function choiceOf(element: PublishedElement, prefix: 'fixed' | 'pattern' | 'minValue' | 'maxValue'): unknown {
  for (const key in element) {
    if (key.startsWith(prefix) && key.length > prefix.length && /[A-Z]/.test(key[prefix.length]!)) return element[key];
  }
  return undefined;
}

export const withoutVersion = (canonical: string): string => canonical.replace(/[|#].*$/, '');

/** A snapshot is a list; the path of each element says below which one it hangs. */
export function treeOf({ snapshot, url }: StructureDefinition): Tree {
  const elements = snapshot?.element ?? [];
  const [first] = elements;
  if (first === undefined) throw new Error(`${url} has no snapshot`);
  const root: Tree = { name: first.path, element: first, children: [], slices: [] };
  /** the latest element of each path: what comes next hangs below it */
  const latest = new Map([[first.path, root]]);
  for (const element of elements.slice(1)) {
    const at = element.path.lastIndexOf('.');
    const parent = latest.get(element.path.slice(0, at));
    if (parent === undefined) throw new Error(`${url}: nothing in the snapshot holds ${element.path}`);
    const tree: Tree = { name: element.path.slice(at + 1), element, children: [], slices: [] };
    latest.set(element.path, tree);
    const main = element.sliceName === undefined ? undefined : sliced(parent, tree.name);
    if (main === undefined) parent.children.push(tree);
    else holderOf(main, element.sliceName!).slices.push(tree);
  }
  return root;
}

/** The element of which another is a slice; `valueQuantity` is one of `value[x]`. */
function sliced({ children }: Tree, name: string): Tree | undefined {
  return (
    children.find((child) => child.name === name) ??
    children.find((child) => child.name.endsWith('[x]') && isTyped(name, child.name.slice(0, -3)))
  );
}

const isTyped = (name: string, choice: string): boolean =>
  name.startsWith(choice) && /^[A-Z]/.test(name.slice(choice.length));

/** `a/b` is a slice of the slice `a` */
function holderOf(main: Tree, sliceName: string): Tree {
  for (let at = sliceName.lastIndexOf('/'); at > 0; at = sliceName.lastIndexOf('/', at - 1)) {
    const wanted = sliceName.slice(0, at);
    const found = allSlices(main).find(({ element }) => element.sliceName === wanted);
    if (found !== undefined) return found;
  }
  return main;
}

const allSlices = ({ slices }: Tree): Tree[] => slices.flatMap((slice) => [slice, ...allSlices(slice)]);
