// The codes that required bindings allow, from the published expansions. https://hl7.org/fhir/R4/terminologies.html#required
import type { SlimIndex, SlimValueSet } from '../../fhir/definitions/slim.ts';
import type { Packages } from './packages.ts';
import { isType, type StructureDefinition, withoutVersion } from './structure-definition.ts';

interface ValueSet {
  url: string;
  compose?: { include?: readonly { system?: string; concept?: readonly unknown[] }[] };
  expansion?: { extension?: readonly { url: string }[]; contains?: readonly Contains[] };
}

interface Contains {
  system?: string;
  code?: string;
  abstract?: boolean;
  contains?: readonly Contains[];
}

export function valueSets(packages: Packages): SlimIndex['value-sets'] {
  const published = new Set(
    packages
      .read<{ url?: string; content?: string }>('hl7.fhir.r4.examples', 'CodeSystem')
      .filter(({ content }) => content === 'complete')
      .map(({ url }) => url),
  );
  const expansions = new Map(
    packages.read<ValueSet>('hl7.fhir.r4.expansions', 'ValueSet').map((valueSet) => [valueSet.url, valueSet]),
  );
  return Object.fromEntries(
    requiredBindings(packages).map((url) => [url, slimValueSet(expansions.get(url), published)]),
  );
}

function requiredBindings(packages: Packages): string[] {
  const urls = packages
    .read<StructureDefinition>('hl7.fhir.r4.examples', 'StructureDefinition')
    .filter(isType)
    .flatMap(({ snapshot }) => snapshot.element)
    .flatMap(({ binding }) => (binding?.strength === 'required' && binding.valueSet ? [binding.valueSet] : []));
  return [...new Set(urls.map(withoutVersion))].sort();
}

/** A set is listed where it names its codes or takes them from a system published whole: others (currencies, mime types, UCUM) grow without us. */
function slimValueSet(valueSet: ValueSet | undefined, published: ReadonlySet<string | undefined>): SlimValueSet {
  const systems: Record<string, string[]> = {};
  const includes = valueSet?.compose?.include ?? [];
  for (const { system } of includes) if (system) systems[system] = [];
  const isListed =
    valueSet?.expansion?.contains !== undefined &&
    includes.every(({ system, concept }) => concept !== undefined || published.has(system));
  if (!isListed) return { isListed, systems };
  const add = (items: readonly Contains[]) => {
    for (const { system, code, abstract, contains } of items) {
      if (system && code !== undefined && !abstract) systems[system] = [...(systems[system] ?? []), code];
      add(contains ?? []);
    }
  };
  add(valueSet.expansion?.contains ?? []);
  return { isListed, systems };
}
