// Which slice an item belongs to: discriminators, compiled against what the slice says of the element that they point at.
// https://hl7.org/fhir/R4/profiling.html#discriminator
import { deepEqual, fits } from '../deep-equal.ts';
import { isNode, type Node } from '../node.ts';
import { bindingOf } from './base-types.ts';
import { isMember } from './bindings.ts';
import { baseElements, type Compiling, childItems, collectItems, type Place, placeOf, typeCode } from './elements.ts';
import type { Item } from './plan.ts';
import type { Run } from './run.ts';
import {
  BASE_URL,
  choiceOf,
  type PublishedDiscriminator,
  type Tree,
  treeOf,
  withoutVersion,
} from './structure-definition.ts';

/** undefined: cannot be told */
type Matcher = (item: Item, run: Run) => boolean | undefined;

export async function compileMatcher(
  slice: Tree,
  place: Place,
  discriminators: readonly PublishedDiscriminator[],
  compiling: Compiling,
): Promise<Matcher> {
  const matchers: Matcher[] = [];
  for (const discriminator of discriminators) {
    const matcher = await oneDiscriminator(slice, place, discriminator, compiling);
    if (matcher === undefined) {
      const { type, path } = discriminator;
      compiling.flaws.push(
        `slice ${slice.element.id ?? slice.element.sliceName} says nothing that its discriminator (${type} of ${path}) could go by`,
      );
      return () => undefined;
    }
    matchers.push(matcher);
  }
  if (matchers.length === 0) {
    compiling.flaws.push(`${slice.element.id ?? slice.element.path} is a slice without a discriminator`);
    return () => undefined;
  }
  const [only] = matchers;
  if (matchers.length === 1 && only !== undefined) return only;
  return (item, run) => {
    let result: boolean | undefined = true;
    for (const matches of matchers) {
      const one = matches(item, run);
      if (one === false) return false;
      if (one === undefined) result = undefined;
    }
    return result;
  };
}

interface Step {
  kind: 'name' | 'resolve' | 'ofType' | 'extension';
  argument: string;
}

const STEP = /^(?:(resolve)\(\)|(ofType|extension|as)\(\s*'?([^')]*)'?\s*\)|([A-Za-z][A-Za-z0-9]*)(?:\[x\])?)(?:\.|$)/;

/** `$this`, `code.coding`, `resolve().code`, `extension('url').value`; undefined: not of the allowed kind */
export function readPath(path: string): Step[] | undefined {
  const steps: Step[] = [];
  let rest = path.replace(/^\$this(?:\.|$)/, '');
  while (rest !== '') {
    const match = STEP.exec(rest);
    if (match === null) return undefined;
    const [whole, resolve, call, argument, name] = match;
    if (resolve !== undefined) steps.push({ kind: 'resolve', argument: '' });
    else if (call !== undefined)
      steps.push({ kind: call === 'extension' ? 'extension' : 'ofType', argument: argument! });
    else steps.push({ kind: 'name', argument: name! });
    rest = rest.slice(whole.length);
  }
  return steps;
}

/** What a slice says of the element at the end of a path. */
interface Target {
  /** undefined: nothing that is written down there */
  tree: Tree | undefined;
  place: Place;
  /** what a fixed value or pattern further up says of it */
  implied?: { value: unknown; isFixed: boolean };
}

type Values = (item: Item, run: Run) => Item[];

async function oneDiscriminator(
  slice: Tree,
  place: Place,
  { type, path }: PublishedDiscriminator,
  compiling: Compiling,
): Promise<Matcher | undefined> {
  const steps = readPath(path);
  if (steps === undefined) return undefined;
  let target: Target = { tree: slice, place };
  let values: Values = (item) => [item];
  for (const [at, step] of steps.entries()) {
    const next = await follow(target, step, values, compiling);
    if (next === undefined) return undefined;
    const isUrl = at === steps.length - 1 && step.argument === 'url' && target.place.type === 'Extension';
    if (isUrl && next.target.tree === undefined && next.target.implied === undefined) {
      const profile = target.tree?.element.type?.[0]?.profile?.[0];
      if (profile !== undefined) next.target.implied = { value: withoutVersion(profile), isFixed: true };
    }
    ({ target, values } = next);
  }
  const test = await testOf(type, target, compiling);
  if (test === undefined) return undefined;
  return steps.length === 0 ? test.one : (item, run) => test.some(values(item, run), run);
}

async function follow(
  target: Target,
  step: Step,
  values: Values,
  compiling: Compiling,
): Promise<{ target: Target; values: Values } | undefined> {
  if (step.kind === 'resolve') return followReference(target, values, compiling);
  if (step.kind === 'ofType') {
    const type = typeCode(step.argument);
    return {
      target: { ...target, place: { ...target.place, type } },
      values: (item, run) => values(item, run).filter((each) => each.type === type || resourceTypeOf(each) === type),
    };
  }
  const name = step.kind === 'extension' ? 'extension' : step.argument;
  const { definitions } = compiling;
  let base = baseElements(name, target.place.type, definitions);
  if (base.length === 0) base = baseElements(`${name}[x]`, target.place.type, definitions);
  if (base.length === 0) return undefined;
  const tree = await childTree(target.tree, name, step, compiling);
  const place = await placeOf(tree ?? { name, element: { path: name }, children: [], slices: [] }, base, compiling);
  const url = step.kind === 'extension' ? step.argument : undefined;
  const next: Values = (item, run) => {
    const found = values(item, run).flatMap((each) => childItems(each, place.access));
    return url === undefined ? found : found.filter(({ value }) => isNode(value) && value.url === url);
  };
  const implied = impliedBelow(target, name);
  return { target: { tree, place, ...(implied !== undefined && { implied }) }, values: next };
}

async function followReference(
  target: Target,
  values: Values,
  compiling: Compiling,
): Promise<{ target: Target; values: Values } | undefined> {
  const canonicals = target.tree?.element.type?.flatMap(({ targetProfile = [] }) => targetProfile) ?? [];
  const [only] = canonicals;
  const definition = canonicals.length === 1 && only !== undefined ? await compiling.find(only) : undefined;
  const type = definition === undefined ? 'Resource' : typeCode(definition.type);
  const root: Tree = {
    name: type,
    element: {
      path: type,
      type: canonicals.map((canonical) => ({ code: 'Resource', profile: [canonical] })),
    },
    children: definition === undefined ? [] : treeOf(definition).children,
    slices: [],
  };
  const next: Values = (item, run) =>
    values(item, run).flatMap(({ value }) => {
      const reference = isNode(value) ? value.reference : undefined;
      const resource = typeof reference === 'string' ? run.resolve(reference) : undefined;
      return resource === undefined
        ? []
        : [{ value: resource, companion: undefined, property: '', type: String(resource.resourceType), index: -1 }];
    });
  return { target: { tree: root, place: { type, baseline: undefined, access: [] } }, values: next };
}

const resourceTypeOf = ({ value }: Item): unknown => (isNode(value) ? value.resourceType : undefined);

/** in the slice itself, or in the profile that it names for its type */
async function childTree(
  tree: Tree | undefined,
  name: string,
  step: Step,
  compiling: Compiling,
): Promise<Tree | undefined> {
  if (tree === undefined) return undefined;
  const own = tree.children.find((child) => child.name === name || child.name === `${name}[x]`);
  const found =
    own === undefined || step.kind !== 'extension' ? own : own.slices.find((each) => isExtension(each, step));
  if (found !== undefined) return found;
  const [type, ...others] = tree.element.type ?? [];
  const [profile] = type?.profile ?? [];
  if (others.length > 0 || profile === undefined || profile.startsWith(`${BASE_URL}${type?.code}`)) return undefined;
  const definition = await compiling.find(profile);
  return definition === undefined ? undefined : childTree(treeOf(definition), name, step, compiling);
}

const isExtension = ({ element, children }: Tree, { argument }: Step): boolean =>
  element.type?.some(({ profile = [] }) => profile.some((each) => withoutVersion(each) === argument)) === true ||
  children.some((child) => child.name === 'url' && choiceOf(child.element, 'fixed') === argument);

function impliedBelow({ tree, implied }: Target, name: string): Target['implied'] {
  const fixed = tree === undefined ? undefined : choiceOf(tree.element, 'fixed');
  const pattern = tree === undefined ? undefined : choiceOf(tree.element, 'pattern');
  const from =
    fixed !== undefined
      ? { value: fixed, isFixed: true }
      : pattern !== undefined
        ? { value: pattern, isFixed: false }
        : implied;
  if (from === undefined) return undefined;
  const nodes = Array.isArray(from.value) ? from.value : [from.value];
  const below = nodes.flatMap((node) => (isNode(node) && node[name] !== undefined ? [node[name]] : []));
  return below.length === 0 ? undefined : { value: below.length === 1 ? below[0] : below, isFixed: from.isFixed };
}

interface Tested {
  one: Matcher;
  some(items: readonly Item[], run: Run): boolean | undefined;
}

const anyOf = (one: Matcher): Tested => ({
  one,
  some(items, run) {
    let result: boolean | undefined = false;
    for (const item of items) {
      const is = one(item, run);
      if (is === true) return true;
      if (is === undefined) result = undefined;
    }
    return result;
  },
});

async function testOf(kind: string, target: Target, compiling: Compiling): Promise<Tested | undefined> {
  const { tree } = target;
  const { min, max } = tree?.element ?? {};
  if (kind === 'exists') {
    if (max === '0') return { one: () => false, some: (items) => items.length === 0 };
    return min === undefined || min === 0 ? undefined : { one: () => true, some: (items) => items.length > 0 };
  }
  if (kind === 'type') return typeTest(target, compiling);
  if (kind === 'profile') return profileTest(target) ?? typeTest(target, compiling); // no profile: that of the type
  if (kind !== 'value' && kind !== 'pattern') return undefined;
  const test = valueTest(target);
  if (test !== undefined) return anyOf(test);
  // as HL7's validator does where nothing better is said
  if (max === '0') return { one: () => false, some: (items) => items.length === 0 };
  return min === undefined || min === 0 || tree?.children.length === 0
    ? undefined
    : { one: () => true, some: (items) => items.length > 0 };
}

/** What is fixed or bound at the target, or below it. */
function valueTest({ tree, implied, place }: Target): Matcher | undefined {
  if (tree !== undefined) {
    const fixed = choiceOf(tree.element, 'fixed');
    if (fixed !== undefined) return ({ value }) => deepEqual(value, fixed);
    const pattern = choiceOf(tree.element, 'pattern');
    if (pattern !== undefined) return ({ value }) => fits(value, pattern);
  }
  if (implied !== undefined) {
    const { value: wanted, isFixed } = implied;
    return isFixed ? ({ value }) => deepEqual(value, wanted) : ({ value }) => fits(value, wanted);
  }
  if (tree === undefined) return undefined;
  const binding = bindingOf(tree.element.binding, place.type);
  const below = tree.children.flatMap((child) => {
    const test = valueTest({ tree: child, place });
    return test === undefined ? [] : [{ name: child.name, test }];
  });
  if (below.length > 0) {
    return ({ value }, run) => {
      if (!isNode(value)) return false;
      let result: boolean | undefined = true;
      for (const { name, test } of below) {
        const children = childValues(value, name);
        const one = children.some((child) => test(child, run) === true);
        if (!one) result = children.some((child) => test(child, run) === undefined) ? undefined : false;
        if (result === false) return false;
      }
      return result;
    };
  }
  if (binding?.strength === 'required') {
    return ({ value }, run) => isMember(place.type, value, binding.valueSet, run);
  }
  return undefined;
}

function childValues(node: Node, name: string): Item[] {
  const choice = name.endsWith('[x]') ? name.slice(0, -3) : undefined;
  const items: Item[] = [];
  for (const key in node) {
    if (key !== name && (choice === undefined || !key.startsWith(choice))) continue;
    collectItems(node, { property: key, type: '', isPrimitive: false }, items);
  }
  return items;
}

function typeTest({ tree, place }: Target, { definitions }: Compiling): Tested | undefined {
  const types = new Set((tree?.element.type ?? []).map(({ code }) => typeCode(code)));
  // a target of `resolve()` is of the types that the profiles are about
  if (tree !== undefined && types.has('Resource') && place.type !== 'Resource') types.add(place.type);
  for (const { profile = [] } of tree?.element.type ?? []) {
    for (const canonical of profile) {
      const name = canonical.startsWith(BASE_URL) ? canonical.slice(BASE_URL.length) : '';
      if (definitions.resourceTypes.includes(name)) types.add(name);
    }
  }
  if (types.size > 1) types.delete('Resource');
  if (types.size === 0) return undefined;
  return anyOf((item) => types.has(item.type) || types.has(String(resourceTypeOf(item))));
}

function profileTest({ tree }: Target): Tested | undefined {
  const profiles = (tree?.element.type ?? []).flatMap(({ profile = [] }) => profile);
  if (profiles.length === 0) return undefined;
  return anyOf(({ value }, run) => {
    if (!isNode(value)) return false;
    let result: boolean | undefined = false;
    for (const canonical of profiles) {
      const one = run.conforms(value, canonical);
      if (one === true) return true;
      if (one === undefined) result = undefined;
    }
    return result;
  });
}
