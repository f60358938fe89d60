// Makes the snapshot of a StructureDefinition from its differential and its base. https://hl7.org/fhir/R4/profiling.html#snapshot
import { FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import {
  copyOf,
  type Element,
  elementsOf,
  isStep,
  type Node,
  type Slicing,
  type Step,
  stepsOf,
  type TypeRef,
  treeOf,
} from './element-tree.ts';
import { mergeElement } from './merge-element.ts';

export interface StructureDefinition extends Resource {
  url?: string;
  name?: string;
  kind?: string;
  type?: string;
  abstract?: boolean;
  derivation?: string;
  baseDefinition?: string;
  snapshot?: { element: readonly Element[] };
  differential?: { element: readonly Element[] };
}

export interface SnapshotDeps {
  /** with its own snapshot; undefined where it is unknown */
  find(canonical: string): Promise<StructureDefinition | undefined>;
}

const TYPE = 'http://hl7.org/fhir/StructureDefinition/';

const SYSTEM_TYPE = 'http://hl7.org/fhirpath/System.';
const EXTENSIONS = new Set(['extension', 'modifierExtension']);
const BY_URL: Slicing = {
  discriminator: [{ type: 'value', path: 'url' }],
  description: 'Extensions are always sliced by (at least) url',
  rules: 'open',
};
const BY_TYPE: Slicing = { discriminator: [{ type: 'type', path: '$this' }], ordered: false, rules: 'open' };

/** Throws `business-rule` with the element's place where the differential does not fit its base. */
export async function snapshotOf(definition: StructureDefinition, deps: SnapshotDeps): Promise<Element[]> {
  const base = await baseOf(definition, deps);
  const tree = treeOf(base.snapshot!.element.map((element) => ({ ...element })));
  const isNewType = definition.derivation === 'specialization' && definition.type !== undefined;
  if (isNewType) renameRoot(tree, definition.type!.slice(definition.type!.lastIndexOf('/') + 1));
  await createBuilder(tree, deps, isNewType).apply(definition.differential?.element ?? []);
  return elementsOf(tree);
}

async function baseOf({ baseDefinition }: StructureDefinition, { find }: SnapshotDeps): Promise<StructureDefinition> {
  const at = { expression: 'StructureDefinition.baseDefinition' };
  if (baseDefinition === undefined)
    throw new FhirError('business-rule', 'Without a baseDefinition and without a snapshot it says nothing', at);
  const base = await find(baseDefinition);
  if (!base?.snapshot?.element.length)
    throw new FhirError(
      'business-rule',
      `Its base ${baseDefinition} is not known here; load the package that has it, or post it first`,
      at,
    );
  return base;
}

function renameRoot(tree: Node, name: string): void {
  tree.name = name;
  tree.element = { ...tree.element, path: name };
}

const refusal = (message: string, index: number, part = ''): FhirError =>
  new FhirError('business-rule', message, { expression: `StructureDefinition.differential.element[${index}]${part}` });

function createBuilder(root: Node, { find }: SnapshotDeps, isNewType: boolean) {
  /** as the base has it: a new slice begins as what its base says, not as what is said of all slices beside it */
  const original = copyOf(root);

  async function apply(differential: readonly Element[]): Promise<void> {
    /** slices that elements without an id stand in, by path */
    const current = new Map<string, string>();
    for (const [index, own] of differential.entries()) {
      const steps = own.id === undefined ? stepsWithin(own, current) : stepsOf(own);
      if (steps[0]?.name !== root.name) {
        // a differential of one type may be written for the abstract type of its base
        if (steps.length > 1 || index > 0) throw refusal(`${own.path} is not of ${root.name}`, index, '.path');
      }
      if (steps.length === 1) {
        root.element = mergeElement(root.element, own);
        continue;
      }
      await applyOne(own, steps.slice(1), index);
    }
  }

  async function applyOne(own: Element, steps: readonly Step[], index: number): Promise<void> {
    let node = root;
    let parent = root;
    for (const [at, step] of steps.entries()) {
      const isLast = at === steps.length - 1;
      parent = node;
      node = await childOf(node, step, { index, own, isLast });
    }
    const types = own.type;
    if (types !== undefined && !isNewType) await refuseOtherTypes(node.element, types, index);
    refuseMoreThan(node.element, own, index);
    const template = await templateFor(node, own);
    node.element = mergeElement(template ?? node.element, own);
    closeChoice(parent, node, own);
  }

  /** Where one type of a choice must be there, no other can be. https://hl7.org/fhir/R4/profiling.html#choice */
  function closeChoice(parent: Node, { name, slice, element }: Node, { min = 0 }: Element): void {
    const choice = slice === undefined ? undefined : parent.children.find((node) => isStep(node, { name }));
    if (!choice?.name.endsWith('[x]') || min < 1 || element.type?.length !== 1 || choice.element.max !== '1') return;
    // where the author says how it is sliced, that counts
    if (choice.element.slicing !== BY_TYPE) return;
    choice.element.slicing = { ...BY_TYPE, rules: 'closed' };
    choice.element.type = element.type;
    choice.element.min = Math.max(choice.element.min ?? 0, min);
  }

  /** The child that a step names: there, or made as a slice, or found inside the type. */
  async function childOf(parent: Node, step: Step, context: Context): Promise<Node> {
    const found = parent.children.find((node) => isStep(node, step));
    if (found !== undefined) return found;
    if (parent.children.length === 0) await expand(parent, context);
    return (
      parent.children.find((node) => isStep(node, step)) ??
      sliceOf(parent, step) ??
      choiceOf(parent, step) ??
      newElement(parent, step, context) ??
      fail(parent, step, context)
    );
  }

  function fail(parent: Node, { name, slice }: Step, { index, own }: Context): never {
    const types = new Set(parent.element.type?.map(({ code }) => code));
    if (types.size > 1)
      throw refusal(
        `${own.path}: ${parent.name} can be of the types ${[...types].join(', ')}; say which one before its elements`,
        index,
        '.path',
      );
    const known = parent.children.filter((node) => node.slice === undefined).map((node) => node.name);
    const what = slice === undefined || !known.includes(name) ? `an element ${name}` : `a slice ${slice} of ${name}`;
    throw refusal(`${own.path}: the base has not ${what}; it has ${known.join(', ')}`, index, '.path');
  }

  /** a logical model and a new type say what their base has not */
  function newElement(parent: Node, { name, slice }: Step, { own, isLast }: Context): Node | undefined {
    if (!isNewType || slice !== undefined || !isLast) return undefined;
    const base = { path: own.path, min: own.min ?? 0, max: own.max ?? '1' };
    const node: Node = { name, element: { path: own.path, base }, children: [] };
    parent.children.push(node);
    return node;
  }

  function sliceOf(parent: Node, { name, slice }: Step): Node | undefined {
    if (slice === undefined) return undefined;
    const outer = outerSlice(parent, name, slice);
    const sliced = parent.children.find((node) => node.name === name && node.slice === outer);
    if (sliced === undefined) return undefined;
    if (isSingle(sliced)) {
      // a slice of what is there once at most is that element under a name
      sliced.slice = slice;
      return sliced;
    }
    sliced.element.slicing ??= implicitSlicing(name);
    const before = (outer === undefined ? originalOf(parent, name) : undefined) ?? sliced;
    const { slicing: _slicing, ...element } = before.element;
    const { children } = copyOf(sliced);
    return insert(parent, { name, slice, element: { ...element, min: 0 }, children }, outer);
  }

  /** `valueQuantity` in a path: `value[x]` is a Quantity, or one of the types that are named so. https://hl7.org/fhir/R4/profiling.html#choice */
  function choiceOf(parent: Node, { name, slice }: Step): Node | undefined {
    for (const choice of parent.children) {
      if (!choice.name.endsWith('[x]') || choice.slice !== undefined) continue;
      const stem = choice.name.slice(0, -3);
      const type = choice.element.type?.find(({ code }) => stem + upper(code) === name);
      if (type === undefined) continue;
      if (isWithinSlice(parent)) {
        choice.element.type = [type];
        return choice;
      }
      const step = { name: choice.name, slice: slice ?? name };
      const there = parent.children.find((node) => isStep(node, step));
      if (there !== undefined) return there;
      const made = sliceOf(parent, step);
      if (made !== undefined) made.element.type = [type];
      return made;
    }
    return undefined;
  }

  const isWithinSlice = (node: Node): boolean => pathTo(root, node)?.some(({ slice }) => slice !== undefined) ?? false;

  /** What a type, a profile of it, or the element that is referred to has inside. */
  async function expand(node: Node, { index, own }: Context): Promise<void> {
    const { contentReference, type = [] } = node.element;
    if (contentReference !== undefined) {
      const target = nodeAt(contentReference.slice(contentReference.indexOf('#') + 1));
      if (target === undefined) throw refusal(`${own.path}: ${contentReference} is not there`, index);
      node.children = copyOf(target).children;
      const { contentReference: _reference, ...element } = node.element;
      node.element = { ...element, type: target.element.type ?? [] };
      return;
    }
    const codes = new Set(type.map(({ code }) => code));
    if (codes.size === 0) return;
    if (codes.size > 1) {
      // whatever its type, it has an id and extensions
      node.children = copyOf(treeOf((await find(typeUrl('Element')))?.snapshot?.element ?? [node.element])).children;
      return;
    }
    const profiles = type.flatMap(({ profile = [] }) => profile);
    const inside =
      (profiles.length === 1 ? await find(profiles[0]!) : undefined) ?? (await find(typeUrl(type[0]!.code)));
    if (!inside?.snapshot) throw refusal(`${own.path}: the type ${type[0]!.code} is not known here`, index, '.path');
    node.children = copyOf(treeOf(inside.snapshot.element)).children;
  }

  function nodeAt(id: string): Node | undefined {
    const [, ...names] = id.split('.');
    let node: Node | undefined = original;
    for (const name of names) {
      const [plain, slice] = name.split(':');
      node = node?.children.find((child) => isStep(child, { name: plain!, ...(slice === undefined ? {} : { slice }) }));
    }
    return node;
  }

  /** the same element in the base, while the tree has not gone beyond it */
  function originalOf(parent: Node, name: string): Node | undefined {
    const path = pathTo(root, parent);
    let node: Node | undefined = original;
    for (const step of path ?? []) node = node?.children.find((child) => isStep(child, step));
    return node?.children.find((child) => isStep(child, { name }));
  }

  /** An element of a profiled type begins as the root of that profile; of an extension, with its cardinality too. */
  async function templateFor(node: Node, own: Element): Promise<Element | undefined> {
    const [type, ...more] = own.type ?? [];
    const [profile, ...others] = type?.profile ?? [];
    if (type === undefined || profile === undefined || more.length > 0 || others.length > 0) return undefined;
    const definition = await find(profile);
    const root = definition?.snapshot?.element[0];
    if (root === undefined || definition?.kind === 'resource') return undefined;
    const { id: _id, path: _path, sliceName: _slice, base: _base, slicing: _slicing, min, max, ...template } = root;
    const { min: baseMin, max: baseMax, base, path, slicing } = node.element;
    const isExtension = type.code === 'Extension';
    return {
      ...(isExtension ? {} : node.element),
      ...template,
      path,
      ...defined({ min: isExtension ? min : baseMin, max: isExtension ? max : baseMax, base, slicing }),
    };
  }

  async function refuseOtherTypes(
    { type: allowed = [] }: Element,
    types: readonly TypeRef[],
    index: number,
  ): Promise<void> {
    const codes = new Set(allowed.map(({ code }) => code));
    if (codes.size === 0) return;
    for (const { code } of types) {
      if (await isKindOf(code, codes)) continue;
      throw refusal(`The type ${code} is not allowed there; the base allows ${[...codes].join(', ')}`, index, '.type');
    }
  }

  async function isKindOf(code: string, allowed: ReadonlySet<string>): Promise<boolean> {
    // the ids and urls of elements are of a type of FHIRPath, and differentials say what they are in FHIR
    if ([...allowed].every((one) => one.startsWith(SYSTEM_TYPE))) return true;
    for (let name: string | undefined = code, depth = 0; name !== undefined && depth < 10; depth++) {
      if (allowed.has(name)) return true;
      const above: string | undefined = (await find(typeUrl(name)))?.baseDefinition;
      name = above?.slice(above.lastIndexOf('/') + 1);
    }
    return false;
  }

  return { apply };
}

interface Context {
  /** of the element in the differential */
  index: number;
  own: Element;
  isLast: boolean;
}

function stepsWithin(own: Element, current: Map<string, string>): Step[] {
  const names = own.path.split('.');
  for (const path of [...current.keys()])
    if (path === own.path || path.startsWith(`${own.path}.`) || !`${own.path}.`.startsWith(`${path}.`))
      current.delete(path);
  const steps = names.map((name, at): Step => {
    const slice = current.get(names.slice(0, at + 1).join('.'));
    return slice === undefined ? { name } : { name, slice };
  });
  if (own.sliceName !== undefined) {
    current.set(own.path, own.sliceName);
    steps.at(-1)!.slice = own.sliceName;
  }
  return steps;
}

function implicitSlicing(name: string): Slicing {
  if (EXTENSIONS.has(name)) return BY_URL;
  return name.endsWith('[x]') ? BY_TYPE : { rules: 'open' };
}

/** `a` of `a/b`, where there is an `a`: authors use the slash in plain names too */
function outerSlice(parent: Node, name: string, slice: string): string | undefined {
  for (let end = slice.lastIndexOf('/'); end > 0; end = slice.lastIndexOf('/', end - 1)) {
    const outer = slice.slice(0, end);
    if (parent.children.some((node) => isStep(node, { name, slice: outer }))) return outer;
  }
  return undefined;
}

/** after its kin: slices stand in the order of the differential, slices of a slice behind it */
function insert(parent: Node, made: Node, outer: string | undefined): Node {
  const isKin = ({ name, slice }: Node): boolean =>
    name === made.name && (outer === undefined || slice === outer || (slice?.startsWith(`${outer}/`) ?? false));
  const last = parent.children.findLastIndex(isKin);
  parent.children.splice(last + 1, 0, made);
  return made;
}

function pathTo(from: Node, wanted: Node): Step[] | undefined {
  if (from === wanted) return [];
  for (const child of from.children) {
    const rest = pathTo(child, wanted);
    if (rest !== undefined)
      return [{ name: child.name, ...(child.slice === undefined ? {} : { slice: child.slice }) }, ...rest];
  }
  return undefined;
}

const isSingle = ({ name, element: { slicing, max, base } }: Node): boolean =>
  slicing === undefined && (base?.max ?? max) === '1' && !name.endsWith('[x]');

const times = (max: string): number => (max === '*' ? Number.POSITIVE_INFINITY : Number(max));

function refuseMoreThan(base: Element, own: Element, index: number): void {
  const [max, allowed] = [own.max ?? base.max, base.max];
  if (own.max !== undefined && allowed !== undefined && times(own.max) > times(allowed))
    throw refusal(`${own.path}: max ${own.max} is more than the base allows, ${allowed}`, index, '.max');
  if (own.min !== undefined && max !== undefined && own.min > times(max))
    throw refusal(`${own.path}: min ${own.min} is more than max ${max}`, index, '.min');
}

const upper = (code: string): string => code.slice(0, 1).toUpperCase() + code.slice(1);

/** `http://hl7.org/fhirpath/System.String` is what the id of an element is made of; a logical model names its types by URL */
const typeUrl = (code: string): string => (code.includes('://') ? code : TYPE + code);

const defined = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
