// The five compartments: which reference parameters put a resource into them. https://hl7.org/fhir/R4/compartmentdefinition.html
import type { SlimIndex } from '../../fhir/definitions/slim.ts';
import type { Packages } from './packages.ts';

interface CompartmentDefinition {
  code: string;
  version?: string;
  resource?: readonly { code: string; param?: readonly string[] }[];
}

/** the resource itself, in the specification's spelling */
const SELF = '{def}';

export function compartments(packages: Packages): SlimIndex['compartments'] {
  return Object.fromEntries(
    packages
      .read<CompartmentDefinition>('hl7.fhir.r4.examples', 'CompartmentDefinition')
      .filter(({ version }) => version !== undefined) // the specification's own; its example has none
      .map(({ code, resource = [] }): [string, Record<string, readonly string[]>] => {
        const members = resource.filter(({ param }) => param).map((type) => [type.code, type.param ?? []] as const);
        const all = Object.fromEntries(members);
        // "The … resource itself" is a member of every compartment, though only three of the five definitions list it.
        all[code] = [SELF, ...(all[code] ?? []).filter((param) => param !== SELF)];
        return [code, Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)))];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
