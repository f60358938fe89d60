// The search parameters that the specification lists for its types (not those that come with examples and extensions).
// https://hl7.org/fhir/R4/searchparameter-registry.html
import { readSearchParameter, type SearchParameterResource } from '../../fhir/definitions/read-search-parameter.ts';
import type { SlimParameter } from '../../fhir/definitions/slim.ts';
import type { Packages } from './packages.ts';
import { isType, type StructureDefinition } from './structure-definition.ts';

export function searchParameters(packages: Packages): SlimParameter[] {
  const registry = packages.readOne<{ entry: { resource: SearchParameterResource }[] }>(
    'hl7.fhir.r4.examples',
    'Bundle-searchParams.json',
  );
  // Parameters is the one concrete type that is never stored, so "any" is all but it.
  const storable = packages
    .read<StructureDefinition>('hl7.fhir.r4.examples', 'StructureDefinition')
    .filter((definition) => isType(definition) && definition.kind === 'resource' && !definition.abstract)
    .map(({ name }) => name)
    .filter((name) => name !== 'Parameters');
  return registry.entry
    .map(({ resource }) => readSearchParameter(resource))
    .map((parameter) =>
      isAny(parameter.targets ?? [], storable) ? { ...parameter, targets: 'any' as const } : parameter,
    )
    .sort((a, b) => (a.url < b.url ? -1 : 1));
}

function isAny(targets: SlimParameter['targets'], storable: readonly string[]): boolean {
  return storable.every((name) => targets?.includes(name));
}
