// Finds the elements a FHIRPath of a patch names, as places in the resource's JSON. https://hl7.org/fhir/R4/fhirpatch.html
import fhirpath, { type ResourceNode } from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import type { Resource } from '../model/resource.ts';
import { propertyIn } from './element-model.ts';
import { type Container, isContainer } from './number-texts.ts';

/** One element of the resource, or the resource itself. */
export interface Target {
  /** where its children are defined: `HumanName`, `Patient.contact`, `Element` for primitives */
  path: string;
  /** its JSON object; undefined for primitives */
  node?: Container;
  /** where it hangs; undefined for the resource itself */
  spot?: Spot;
}

export interface Spot {
  parent: Target;
  /** the parent's JSON object, or the `_property` object of a primitive parent */
  container: Container;
  /** its name in FHIRPath: `value` */
  name: string;
  /** the JSON property: `valueQuantity` */
  property: string;
  /** the place in a list, or -1 */
  index: number;
}

type Compiled = (resource: unknown, environment: Record<string, unknown>) => unknown[];

/** Reading an expression costs a millisecond, and clients send the same few. */
const compiled = new Map<string, Compiled>();
const MAX_COMPILED = 500;

function compile(expression: string): Compiled {
  let known = compiled.get(expression);
  if (known === undefined) {
    known = fhirpath.compile(expression, r4, { resolveInternalTypes: false, traceFn: () => undefined });
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(expression, known);
  }
  return known;
}

/** Throws for broken expressions, and for those that make values instead of finding elements. */
export function findTargets(resource: Resource, expression: string): Target[] {
  const found = compile(expression)(resource, { resource, rootResource: resource });
  return found.map((node) => {
    if (!isResourceNode(node)) throw new Error('it gives a value that is no element of the resource');
    return targetOf(node, resource);
  });
}

const isResourceNode = (node: unknown): node is ResourceNode =>
  isContainer(node) && 'parentResNode' in node && typeof node.path === 'string';

/** fhirpath keeps a primitive's own path, `date` or `System.String`, and wraps numbers */
const isPrimitive = ({ path }: ResourceNode): boolean => /^(?:[a-z]|System\.)/.test(path ?? '');

function targetOf(found: ResourceNode, resource: Resource): Target {
  const above = found.parentResNode;
  if (above === null) return { path: resource.resourceType, node: resource };
  const parent = targetOf(above, resource);
  const container = parent.node ?? above._data;
  const name = found.propName;
  if (!isContainer(container) || typeof name !== 'string') throw new Error('it leads out of the resource');
  const property = propertyIn(container, parent.path, name);
  const spot = { parent, container, name, property, index: found.index ?? -1 };
  if (isPrimitive(found)) return { path: 'Element', spot };
  return { path: found.path ?? '', node: found.data as Container, spot };
}
