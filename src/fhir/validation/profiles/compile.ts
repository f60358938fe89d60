// Compiles a profile into what it adds to its base type. https://hl7.org/fhir/R4/profiling.html
import type { Definitions } from '../../definitions/definitions.ts';
import { deepEqual } from '../deep-equal.ts';
import { bindingOf, readConstraints, sameValueSet } from './base-types.ts';
import { compileMatcher } from './discriminators.ts';
import { baseElements, type CompileDeps, type Compiling, type Place, placeOf, typeCode } from './elements.ts';
import type {
  Access,
  BindingRule,
  Constraint,
  ProfileElement,
  ProfilePlan,
  Slice,
  Slicing,
  TargetRule,
} from './plan.ts';
import {
  BASE_URL,
  choiceOf,
  type PublishedElement,
  type StructureDefinition,
  type Tree,
  treeOf,
  withoutVersion,
} from './structure-definition.ts';

const IMPLIED: ReadonlySet<string> = new Set(['ele-1', 'ext-1']);

export async function compileProfile(definition: StructureDefinition, deps: CompileDeps): Promise<ProfilePlan> {
  const { url, type: named, context = [], contextInvariant = [] } = definition;
  const type = named.startsWith(BASE_URL) ? named.slice(BASE_URL.length) : named;
  if (deps.definitions.type(type) === undefined) throw new Error(`it is about ${named}, which is no type of R4`);
  const compiling: Compiling = { ...deps, url, flaws: [] };
  const tree = treeOf(definition);
  const isBase = url === `${BASE_URL}${type}`;
  const root = isBase
    ? emptyElement(type, type)
    : await elementOf(tree, { type, baseline: (await deps.elementsOf(type)).get(type), access: [] }, compiling);
  return {
    url,
    type,
    isBase,
    isModifier: tree.element.isModifier === true,
    root,
    context,
    contextInvariants: contextInvariant,
    flaws: compiling.flaws,
  };
}

const emptyElement = (name: string, id: string): ProfileElement => ({
  name,
  id,
  access: [],
  min: 0,
  max: Number.POSITIVE_INFINITY,
  constraints: [],
  children: [],
});

async function elementOf(tree: Tree, place: Place, compiling: Compiling): Promise<ProfileElement> {
  const { element } = tree;
  const { baseline, access } = place;
  const name = tree.name.endsWith('[x]') ? tree.name.slice(0, -3) : tree.name;
  const types = restrictedTypes(element, access, compiling.definitions);
  const binding = newBinding(element, baseline, place.type);
  const targets = await newTargets(element, baseline, compiling);
  const profiles = newProfiles(element, baseline);
  const slicing = await slicingOf(tree, place, compiling);
  const max = maxOf(element);
  const optional: Partial<ProfileElement> = {
    ...(types !== undefined && { types }),
    ...(binding !== undefined && { binding }),
    ...(targets !== undefined && { targets }),
    ...(profiles !== undefined && { profiles }),
    ...(slicing !== undefined && { slicing }),
    ...(element.maxLength !== undefined && { maxLength: element.maxLength }),
  };
  for (const [prefix, key] of [
    ['fixed', 'fixed'],
    ['pattern', 'pattern'],
    ['minValue', 'minValue'],
    ['maxValue', 'maxValue'],
  ] as const) {
    const value = choiceOf(element, prefix);
    if (value !== undefined) optional[key] = value;
  }
  return {
    name,
    id: element.id ?? element.path,
    access,
    min: element.sliceName === undefined && element.min === baseline?.min ? 0 : (element.min ?? 0),
    max: element.sliceName === undefined && element.max === baseline?.max ? Number.POSITIVE_INFINITY : max,
    ...optional,
    constraints: await newConstraints(element, place, compiling),
    children: await childrenOf(tree, place.type, compiling),
  };
}

const maxOf = ({ max }: PublishedElement): number =>
  max === undefined || max === '*' ? Number.POSITIVE_INFINITY : Number(max);

async function childrenOf(tree: Tree, type: string, compiling: Compiling): Promise<ProfileElement[]> {
  const children: ProfileElement[] = [];
  for (const child of tree.children) {
    const element = await childOf(child, type, compiling);
    if (element !== undefined && saysAnything(element)) children.push(element);
  }
  return children;
}

/** Undefined where the base type has no such element, which is a flaw of the profile. */
async function childOf(child: Tree, type: string, compiling: Compiling): Promise<ProfileElement | undefined> {
  const base = baseElements(child.name, type, compiling.definitions);
  const [first] = base;
  if (first === undefined) {
    if (!isIgnorable(child)) compiling.flaws.push(`${child.element.id ?? child.element.path} is no element of ${type}`);
    return undefined;
  }
  return elementOf(child, await placeOf(child, base, compiling), compiling);
}

/** Attributes of the XML form, and what the tables of this server do not list, are nothing to check. */
const isIgnorable = ({ name, element }: Tree): boolean =>
  name === 'id' || (name === 'value' && element.type?.[0]?.code.startsWith('http://hl7.org/fhirpath/System.') === true);

/** `Resource` stands for all resources, and an element without types for those of its base. */
function restrictedTypes(
  { type = [] }: PublishedElement,
  access: readonly Access[],
  definitions: Definitions,
): ReadonlySet<string> | undefined {
  const codes = new Set(type.map(({ code }) => typeCode(code)));
  if (codes.size === 0 || codes.has('Resource') || codes.has('DomainResource')) return undefined;
  const isResource = access.some((each) => definitions.type(each.type)?.kind === 'resource');
  if (isResource) return codes;
  return access.length > 1 && access.some((each) => !codes.has(each.type)) ? codes : undefined;
}

function newBinding(
  { binding, type: types = [] }: PublishedElement,
  baseline: PublishedElement | undefined,
  type: string,
): BindingRule | undefined {
  const bound = types.map(({ code }) => bindingOf(binding, typeCode(code))).find((each) => each !== undefined);
  const rule = bound ?? bindingOf(binding, type);
  const before = baseline?.binding;
  if (rule === undefined || before?.valueSet === undefined) return rule;
  const isSame = before.strength === rule.strength && sameValueSet(before.valueSet, rule.valueSet);
  return isSame && rule.maxValueSet === bindingOf(before, 'code')?.maxValueSet ? undefined : rule;
}

async function newTargets(
  { type: types = [] }: PublishedElement,
  baseline: PublishedElement | undefined,
  { find, definitions }: Compiling,
): Promise<TargetRule | undefined> {
  const reference = types.find(({ code }) => code === 'Reference');
  if (reference === undefined) return undefined;
  const { targetProfile = [], aggregation = [] } = reference;
  const before = baseline?.type?.find(({ code }) => code === 'Reference');
  const isSame =
    deepEqual(before?.targetProfile ?? [], targetProfile) && deepEqual(before?.aggregation ?? [], aggregation);
  if (before !== undefined && isSame) return undefined;
  if (targetProfile.length === 0)
    return aggregation.length === 0 ? undefined : { types: undefined, profiles: [], aggregation };
  const allowed = new Set<string>();
  let isAny = false;
  let isBase = true;
  for (const canonical of targetProfile) {
    const name = canonical.startsWith(BASE_URL) ? withoutVersion(canonical).slice(BASE_URL.length) : '';
    if (name === 'Resource' || name === 'DomainResource') isAny = true;
    else if (definitions.resourceTypes.includes(name)) allowed.add(name);
    else {
      isBase = false;
      const profile = await find(canonical);
      if (profile === undefined) isAny = true;
      else allowed.add(typeCode(profile.type));
    }
  }
  return { types: isAny ? undefined : allowed, profiles: isBase ? [] : targetProfile, aggregation };
}

function newProfiles(
  { type: types = [] }: PublishedElement,
  baseline: PublishedElement | undefined,
): ReadonlyMap<string, readonly string[]> | undefined {
  const found = new Map<string, readonly string[]>();
  for (const { code, profile = [] } of types) {
    if (profile.length === 0) continue;
    const before = baseline?.type?.find((type) => type.code === code)?.profile ?? [];
    if (!deepEqual(before, profile)) found.set(typeCode(code), profile);
  }
  return found.size === 0 ? undefined : found;
}

/** Not those which the base type states of the element or of its type: walking the base type asks them. */
async function newConstraints(element: PublishedElement, place: Place, compiling: Compiling): Promise<Constraint[]> {
  const { definitions, expressions, elementsOf, url } = compiling;
  const known = new Set((place.baseline?.constraint ?? []).map(({ key }) => key));
  const type = definitions.type(place.type);
  if (type !== undefined && type.kind !== 'primitive') {
    const ofType = (await elementsOf(place.type.replace(/\..*/, ''))).get(place.type);
    for (const { key } of ofType?.constraint ?? []) known.add(key);
  }
  const isChoice = place.access.length > 1 && (element.type ?? []).length !== 1;
  const isNew = (key: string): boolean => !known.has(key) && !IMPLIED.has(key);
  if (!isChoice) return readConstraints(expressions, element, place.type, url, isNew);
  // each type of a choice is a context of its own
  const byType = new Map(
    place.access.map(({ type: each }) => [each, readConstraints(expressions, element, each, url, isNew)] as const),
  );
  return [...byType].flatMap(([each, constraints]) => constraints.map((constraint) => ({ ...constraint, type: each })));
}

function saysAnything(element: ProfileElement): boolean {
  const { min, max, constraints, children, slicing, ...rest } = element;
  const rules = Object.keys(rest).filter((key) => key !== 'name' && key !== 'id' && key !== 'access');
  return (
    min > 0 ||
    max !== Number.POSITIVE_INFINITY ||
    constraints.length > 0 ||
    children.length > 0 ||
    slicing !== undefined ||
    rules.length > 0
  );
}

const RULES: ReadonlySet<string> = new Set(['open', 'closed', 'openAtEnd']);

async function slicingOf(tree: Tree, place: Place, compiling: Compiling): Promise<Slicing | undefined> {
  const { slicing } = tree.element;
  if (tree.slices.length === 0 && slicing?.rules !== 'closed') return undefined;
  const rules = RULES.has(slicing?.rules ?? '') ? (slicing!.rules as Slicing['rules']) : 'open';
  const discriminators = slicing?.discriminator ?? impliedDiscriminators(tree, place);
  const slices: Slice[] = [];
  for (const slice of tree.slices) {
    const base = place.access.map(({ property, type }) => ({ name: property, type }));
    const typed = slice.name === tree.name ? undefined : base.find(({ name }) => name === slice.name);
    const access = typed === undefined ? place.access : place.access.filter(({ property }) => property === typed.name);
    const [only, ...others] = slice.element.type ?? [];
    const named = others.length === 0 && only !== undefined ? typeCode(only.code) : undefined;
    const isAccess = place.access.find(({ type }) => type === named);
    const isResource = compiling.definitions.type(place.access[0]?.type ?? '')?.kind === 'resource';
    const type = typed?.type ?? isAccess?.type ?? (isResource && named !== undefined ? named : place.type);
    const within: Place = { type, baseline: place.baseline, access };
    const element = await withoutImpliedProfile(await elementOf(slice, within, compiling), slice, compiling);
    const matches = await compileMatcher(slice, within, discriminators, compiling);
    if (rules === 'open' && !slicing?.ordered && !saysAnything(element)) continue;
    slices.push({ name: slice.element.sliceName ?? slice.name, element, matches });
  }
  if (slices.length === 0 && rules !== 'closed') return undefined;
  return { rules, isOrdered: slicing?.ordered === true, slices };
}

/** https://hl7.org/fhir/R4/profiling.html#slicing: extensions are always sliced by url, and choices by type */
function impliedDiscriminators({ name }: Tree, place: Place): { type: string; path: string }[] {
  if (name === 'extension' || name === 'modifierExtension') return [{ type: 'value', path: 'url' }];
  return place.access.length > 1 || name.endsWith('[x]') ? [{ type: 'type', path: '$this' }] : [];
}

/**
 * An extension is checked against the definition that its url names wherever it stands; a slice need not say so again. A profile of an
 * extension has a url of its own, and stays.
 */
async function withoutImpliedProfile(
  element: ProfileElement,
  { element: published }: Tree,
  { find }: Compiling,
): Promise<ProfileElement> {
  const [type] = published.type ?? [];
  const [profile, ...others] = type?.profile ?? [];
  if (type?.code !== 'Extension' || profile === undefined || others.length > 0) return element;
  const definition = await find(profile);
  const url = definition && treeOf(definition).children.find(({ name }) => name === 'url')?.element;
  if (url !== undefined && choiceOf(url, 'fixed') !== withoutVersion(profile)) return element;
  const { profiles: _, ...rest } = element;
  return rest;
}
