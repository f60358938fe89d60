// Resource types, datatypes, primitives and backbone elements, from the published StructureDefinitions.
import type { SlimElement, SlimIndex, SlimType } from '../../fhir/definitions/slim.ts';
import type { Packages } from './packages.ts';
import {
  isType,
  lastSegment,
  type PublishedElement,
  type StructureDefinition,
  withoutVersion,
} from './structure-definition.ts';

const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const REGEX = 'http://hl7.org/fhir/StructureDefinition/regex';
const KIND = { 'primitive-type': 'primitive', 'complex-type': 'complex', resource: 'resource' } as const;

export function types(packages: Packages): SlimIndex['types'] {
  const found: Record<string, SlimType> = {};
  for (const definition of packages.read<StructureDefinition>('hl7.fhir.r4.examples', 'StructureDefinition')) {
    if (isType(definition)) Object.assign(found, typesOf(definition));
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** the type itself and its backbone elements */
function typesOf(definition: StructureDefinition): Record<string, SlimType> {
  const { name, kind, baseDefinition, snapshot } = definition;
  if (kind === 'logical') return {};
  const children = new Map<string, PublishedElement[]>();
  for (const element of snapshot.element) {
    const parent = element.path.slice(0, Math.max(0, element.path.lastIndexOf('.')));
    children.set(parent, [...(children.get(parent) ?? []), element]);
  }
  const isBackbone = (path: string) => children.has(path);
  const elementsOf = (path: string) =>
    (children.get(path) ?? [])
      .filter((element) => !(kind === 'primitive-type' && element.path === `${name}.value`))
      .map((element) => slimElement(element, isBackbone));
  const pattern = snapshot.element
    .find((element) => kind === 'primitive-type' && element.path === `${name}.value`)
    ?.type?.[0]?.extension?.find(({ url }) => url === REGEX)?.valueString;
  const found: Record<string, SlimType> = {
    [name]: {
      kind: KIND[kind],
      ...(definition.abstract && { abstract: true as const }),
      ...(baseDefinition && { base: lastSegment(baseDefinition) }),
      ...(pattern !== undefined && { pattern }),
      elements: elementsOf(name),
    },
  };
  for (const { path, type } of snapshot.element) {
    if (path === name || !isBackbone(path)) continue;
    found[path] = { kind: 'backbone', base: type?.[0]?.code ?? 'BackboneElement', elements: elementsOf(path) };
  }
  return found;
}

function slimElement(element: PublishedElement, isBackbone: (path: string) => boolean): SlimElement {
  const { path, min, max, base, binding, contentReference } = element;
  const isArray = (base?.max ?? max) !== '1';
  const targets = Object.fromEntries(
    (element.type ?? []).flatMap(({ code, targetProfile }) => {
      const names = (targetProfile ?? []).map(lastSegment).sort();
      return names.length === 0 || names.includes('Resource') ? [] : [[code, names]];
    }),
  );
  return {
    name: lastPart(path),
    types: isBackbone(path)
      ? [path]
      : contentReference
        ? [contentReference.slice(contentReference.indexOf('#') + 1)]
        : (element.type ?? []).map((type) => typeName(type, base?.path)),
    ...(min > 0 && { min }),
    ...(max !== '1' && { max: max === '*' ? '*' : Number(max) }),
    ...(isArray !== (max !== '1') && { isArray }),
    ...(binding?.strength === 'required' && binding.valueSet && { binding: withoutVersion(binding.valueSet) }),
    ...(Object.keys(targets).length > 0 && { targets }),
    ...(element.isSummary && { summary: true as const }),
    ...(element.isModifier && { modifier: true as const }),
  };
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/**
 * `id` and `url` name a FHIRPath system type and give the FHIR type in an extension. The snapshots of 4.0.1 say `string` for a resource's
 * id, where the specification's pages say `id`: https://hl7.org/fhir/R4/resource.html
 */
function typeName(type: NonNullable<PublishedElement['type']>[number], base: string | undefined): string {
  if (base === 'Resource.id') return 'id';
  const named = type.extension?.find(({ url }) => url === FHIR_TYPE)?.valueUrl;
  return named ?? (type.code.startsWith('http://hl7.org/fhirpath/System.') ? 'string' : type.code);
}
