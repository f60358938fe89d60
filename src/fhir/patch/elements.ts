// Changes to one element or list of a resource's JSON: a primitive's `_property` moves with it, and nothing empty stays behind.
// https://hl7.org/fhir/R4/json.html#primitive
import type { ElementModel } from './element-model.ts';
import type { Spot, Target } from './fhirpath-targets.ts';
import { type Container, isContainer, setText } from './number-texts.ts';

/** An element's JSON: the value, a decimal's text, and what `_property` says beside it. */
export interface ElementValue {
  value?: unknown;
  text?: string;
  companion?: unknown;
}

export const hasElement = (container: Container, property: string): boolean =>
  container[property] !== undefined || container[`_${property}`] !== undefined;

export function setElement(container: Container, property: string, { value, text, companion }: ElementValue): void {
  put(container, property, value);
  put(container, `_${property}`, companion);
  setText(container, property, text);
}

function put(container: Container, property: string, value: unknown): void {
  if (value === undefined) delete container[property];
  else container[property] = value;
}

/** The items of a list, values and companions side by side. */
export function readList(container: Container, property: string): ElementValue[] {
  const values = asArray(container[property]);
  const companions = asArray(container[`_${property}`]);
  const length = Math.max(values.length, companions.length);
  return Array.from({ length }, (_, i) => ({ value: values[i] ?? undefined, companion: companions[i] ?? undefined }));
}

export function writeList(container: Container, property: string, items: readonly ElementValue[]): void {
  put(container, property, filled(items.map(({ value }) => value)));
  put(container, `_${property}`, filled(items.map(({ companion }) => companion)));
}

const asArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** with null in the gaps; undefined where there are only gaps */
const filled = (values: unknown[]): unknown[] | undefined =>
  values.some((value) => value !== undefined) ? values.map((value) => value ?? null) : undefined;

/** Adds a value where the element repeats or does not exist yet; false where it exists. */
export function addElement(
  container: Container,
  { property, isArray, rivals }: ElementModel,
  value: ElementValue,
): boolean {
  if (isArray) {
    writeList(container, property, [...readList(container, property), value]);
    return true;
  }
  if ([property, ...rivals].some((one) => hasElement(container, one))) return false;
  setElement(container, property, value);
  return true;
}

/** The object that holds a target's children; of a primitive its `_property` object, made where missing. */
export function childContainer({ node, spot }: Target): Container {
  if (node !== undefined || spot === undefined) return node ?? {};
  const { container, property, index } = spot;
  const made: Container = {};
  if (index === -1) {
    const known = container[`_${property}`];
    if (isContainer(known)) return known;
    container[`_${property}`] = made;
    return made;
  }
  const items = readList(container, property);
  const item = items[index] ?? {};
  if (isContainer(item.companion)) return item.companion;
  writeList(container, property, items.with(index, { ...item, companion: made }));
  return made;
}

/** Takes an element out, and every object above it that is empty then. */
export function deleteElement({ container, property, index, parent }: Spot): void {
  if (index === -1) setElement(container, property, {});
  else writeList(container, property, readList(container, property).toSpliced(index, 1));
  if (Object.keys(container).length > 0 || parent.spot === undefined) return;
  if (parent.node !== undefined) deleteElement(parent.spot);
  else dropCompanion(parent.spot);
}

/** The primitive stays, its emptied `_property` goes. */
function dropCompanion({ container, property, index }: Spot): void {
  if (index === -1) delete container[`_${property}`];
  else {
    const items = readList(container, property);
    writeList(container, property, items.with(index, { value: items[index]?.value }));
  }
}
