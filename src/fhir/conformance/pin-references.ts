// Several versions of a package may be loaded at once, and its resources name each other without a version. Each means its own kin, as if
// its author had written the version. https://hl7.org/fhir/R4/references.html#canonical
import type { Resource } from '../model/resource.ts';

/** the version of the URL that is nearest; undefined: leave the reference as it is */
export type Nearest = (type: string, url: string) => string | undefined;

interface Node {
  [name: string]: unknown;
}

/** Changes the resource: only for one that was just parsed. */
export function pinReferences(resource: Resource, nearest: Nearest): void {
  const pin = (type: string, canonical: unknown): unknown => {
    if (typeof canonical !== 'string' || canonical.includes('|') || canonical.includes('#')) return canonical;
    const version = nearest(type, canonical);
    return version === undefined ? canonical : `${canonical}|${version}`;
  };
  const pinField = (node: Node, name: string, type: string): void => {
    const value = node[name];
    if (Array.isArray(value)) node[name] = value.map((one) => pin(type, one));
    else if (value !== undefined) node[name] = pin(type, value);
  };

  if (resource.resourceType === 'StructureDefinition') {
    pinField(resource, 'baseDefinition', 'StructureDefinition');
    for (const element of [...elements(resource.snapshot), ...elements(resource.differential)]) {
      for (const type of list(element.type)) {
        pinField(type, 'profile', 'StructureDefinition');
        pinField(type, 'targetProfile', 'StructureDefinition');
      }
      for (const binding of list(element.binding)) pinField(binding, 'valueSet', 'ValueSet');
    }
  }
  if (resource.resourceType === 'ValueSet') {
    const compose = (resource.compose ?? {}) as Node;
    for (const part of [...list(compose.include), ...list(compose.exclude)]) pinField(part, 'valueSet', 'ValueSet');
  }
}

const elements = (part: unknown): Node[] => list((part as Node | undefined)?.element);

function list(value: unknown): Node[] {
  const all = Array.isArray(value) ? value : [value];
  return all.filter((one): one is Node => typeof one === 'object' && one !== null);
}
