// Where an element of a profile is in its base type, and how to get at its values.
import type { Definitions, ElementDefinition } from '../../definitions/definitions.ts';
import type { Expressions } from '../expressions/expression.ts';
import { isNode, type Node } from '../node.ts';
import type { Elements } from './base-types.ts';
import type { Access, Item } from './plan.ts';
import { BASE_URL, type PublishedElement, type StructureDefinition, type Tree } from './structure-definition.ts';

export interface CompileDeps {
  definitions: Definitions;
  expressions: Expressions;
  /** the snapshot of a base type by path */
  elementsOf(type: string): Promise<Elements>;
  find(canonical: string): Promise<StructureDefinition | undefined>;
}

export interface Compiling extends CompileDeps {
  url: string;
  flaws: string[];
}

export interface Place {
  /** the type of the values: a type name, or the path of a backbone element */
  type: string;
  /** what the base type says of the element; undefined: nothing, so everything is kept */
  baseline: PublishedElement | undefined;
  access: readonly Access[];
}

export async function placeOf(tree: Tree, base: readonly ElementDefinition[], compiling: Compiling): Promise<Place> {
  const { definitions } = compiling;
  const [first] = base;
  const { path } = first!;
  const baseline = (await compiling.elementsOf(path.replace(/\..*/, ''))).get(path);
  const access = base.map(({ name, type }) => ({
    property: name,
    type,
    isPrimitive: definitions.type(type)?.kind === 'primitive',
  }));
  const [only, ...others] = tree.element.type ?? [];
  const named = others.length === 0 && only !== undefined ? typeCode(only.code) : undefined;
  const chosen = named === undefined ? undefined : base.find(({ type }) => type === named);
  // a resource within a resource is of the type that the profile names
  const isResource = definitions.type(first!.type)?.kind === 'resource';
  const type = isResource && named !== undefined ? named : (chosen ?? first!).type;
  return { type, baseline, access };
}

/** All properties of an element: several for a choice. `valueQuantity` stands for `value[x]` of one type. */
export function baseElements(name: string, typeName: string, definitions: Definitions): ElementDefinition[] {
  const type = definitions.type(typeName);
  // below a primitive are the elements of Element
  const { elements } = (type?.kind === 'primitive' ? definitions.type('Element') : type) ?? { elements: new Map() };
  const all = [...elements.values()] as ElementDefinition[];
  return name.endsWith('[x]')
    ? all.filter(({ choice }) => choice === name.slice(0, -3))
    : all.filter((element) => element.name === name);
}

export const typeCode = (code: string): string =>
  code.startsWith(BASE_URL)
    ? code.slice(BASE_URL.length)
    : code.startsWith('http://hl7.org/fhirpath/')
      ? 'string'
      : code;

/** The values of an element below an item. */
export function childItems({ value, companion }: Pick<Item, 'value' | 'companion'>, access: readonly Access[]): Item[] {
  const items: Item[] = [];
  const node = isNode(value) ? value : isNode(companion) ? companion : undefined;
  if (node === undefined) return items;
  for (const each of access) collectItems(node, each, items);
  return items;
}

/** All values of one property; of a primitive also those that only have extensions. */
export function collectItems(node: Node, { property, type, isPrimitive }: Access, items: Item[]): void {
  const value = node[property];
  const companion = isPrimitive ? node[`_${property}`] : undefined;
  if (value === undefined && companion === undefined) return;
  if (!Array.isArray(value) && !Array.isArray(companion)) {
    items.push({ value, companion, property, type, index: -1 });
    return;
  }
  const values = Array.isArray(value) ? value : [];
  const companions = Array.isArray(companion) ? companion : [];
  for (let index = 0; index < Math.max(values.length, companions.length); index++) {
    items.push({ value: values[index] ?? undefined, companion: companions[index] ?? undefined, property, type, index });
  }
}
