// The elements of a StructureDefinition as a tree: a node is an element or a slice of one. https://hl7.org/fhir/R4/elementdefinition.html#id

export interface TypeRef {
  code: string;
  profile?: readonly string[];
  targetProfile?: readonly string[];
  [name: string]: unknown;
}

export interface Slicing {
  discriminator?: readonly { type: string; path: string }[];
  ordered?: boolean;
  rules: string;
  [name: string]: unknown;
}

/** ElementDefinition as far as this room reads it; all else is carried along */
export interface Element {
  id?: string;
  path: string;
  sliceName?: string;
  min?: number;
  max?: string;
  base?: { path: string; min: number; max: string };
  type?: readonly TypeRef[];
  contentReference?: string;
  slicing?: Slicing;
  constraint?: readonly { key: string; [name: string]: unknown }[];
  [name: string]: unknown;
}

export interface Node {
  /** the last part of the path */
  name: string;
  /** of a slice: `a`, of a slice of a slice `a/b` */
  slice?: string;
  element: Element;
  children: Node[];
}

/** `Patient.name:official.given` → its parts */
export interface Step {
  name: string;
  slice?: string;
}

/** A slice's name may hold dots (an extension is often named by its URL); after the colon the next dot that begins a name ends it. */
export function stepsOf({ id, path, sliceName }: Element): Step[] {
  const names = path.split('.');
  const parts = id === undefined ? undefined : splitId(id, names);
  if (parts !== undefined) {
    const last = parts.at(-1)!;
    if (sliceName !== undefined && last.slice === undefined) last.slice = sliceName;
    return parts;
  }
  const steps = names.map((name): Step => ({ name }));
  if (sliceName !== undefined) steps.at(-1)!.slice = sliceName;
  return steps;
}

/** undefined: the id is not one of this path */
function splitId(id: string, names: readonly string[]): Step[] | undefined {
  const steps: Step[] = [];
  let rest = id;
  for (const [at, name] of names.entries()) {
    const isLast = at === names.length - 1;
    const own = ownName(rest, name);
    if (own === undefined) return undefined;
    rest = rest.slice(own.length);
    if (rest.startsWith(':')) {
      const next = names[at + 1];
      const end = isLast ? rest.length : endOfSlice(rest, next!);
      if (end === -1) return undefined;
      steps.push({ name: own, slice: rest.slice(1, end) });
      rest = rest.slice(end);
    } else steps.push({ name: own });
    if (isLast) return rest === '' ? steps : undefined;
    if (!rest.startsWith('.')) return undefined;
    rest = rest.slice(1);
  }
  return undefined;
}

/** The id may say `value[x]:valueQuantity` where the path says `valueQuantity`. */
function ownName(text: string, name: string): string | undefined {
  if (text.startsWith(name) && (text.length === name.length || '.:'.includes(text[name.length]!))) return name;
  const choice = /^[A-Za-z0-9_]+\[x\](?=:|\.|$)/.exec(text)?.[0];
  return choice !== undefined && name.startsWith(choice.slice(0, -3)) ? choice : undefined;
}

function endOfSlice(text: string, next: string): number {
  for (let at = text.indexOf('.'); at !== -1; at = text.indexOf('.', at + 1))
    if (ownName(text.slice(at + 1), next) !== undefined) return at;
  return -1;
}

export const isStep = (node: Node, { name, slice }: Step): boolean => node.name === name && node.slice === slice;

export function treeOf(elements: readonly Element[]): Node {
  const [first, ...others] = elements;
  if (first === undefined) throw new Error('a snapshot without elements');
  const root: Node = { name: first.path, element: first, children: [] };
  for (const element of others) {
    const steps = stepsOf(element);
    let parent = root;
    for (const step of steps.slice(1, -1)) parent = parent.children.find((node) => isStep(node, step)) ?? parent;
    const { name, slice } = steps.at(-1)!;
    parent.children.push({ name, ...(slice === undefined ? {} : { slice }), element, children: [] });
  }
  return root;
}

/** In order, each with the path and id of its place. */
export function elementsOf(root: Node): Element[] {
  const found: Element[] = [];
  const add = (node: Node, path: string, id: string): void => {
    const { id: _id, path: _path, sliceName: _name, ...element } = node.element;
    found.push({ id, path, ...(node.slice === undefined ? {} : { sliceName: node.slice }), ...element });
    for (const child of node.children) {
      const slice = child.slice === undefined ? '' : `:${child.slice}`;
      add(child, `${path}.${child.name}`, `${id}.${child.name}${slice}`);
    }
  };
  add(root, root.name, root.name);
  return found;
}

export const copyOf = (node: Node): Node => ({
  ...node,
  element: { ...node.element },
  children: node.children.map(copyOf),
});
