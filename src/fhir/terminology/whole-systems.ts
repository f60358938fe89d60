// CodeSystem.valueSet: the value set of all codes, where nobody wrote it as a resource. https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.valueSet
import type { CodeSystem } from 'fhir/r4.js';
import type { CanonicalEntry, Canonicals } from '../conformance/canonicals.ts';
import { canonicalOf, readCanonical } from './versions.ts';

interface WholeSystem {
  url: string;
  version?: string;
}

/** By the value set's URL. All code systems are read once for it, and those that users may change after each change. */
export function createWholeSystems(canonicals: Canonicals): (valueSet: string) => Promise<WholeSystem | undefined> {
  const fixed = new Map<string, string | undefined>();
  let known: { revision: number; systems: Promise<ReadonlyMap<string, WholeSystem>> } | undefined;

  async function valueSetOf(entry: CanonicalEntry): Promise<string | undefined> {
    const canonical = canonicalOf(entry);
    if (fixed.has(canonical)) return fixed.get(canonical);
    const resource = (await canonicals.find('CodeSystem', canonical)) as unknown as CodeSystem | undefined;
    const valueSet = resource?.valueSet === undefined ? undefined : readCanonical(resource.valueSet).url;
    if (entry.origin.kind !== 'stored') fixed.set(canonical, valueSet);
    return valueSet;
  }

  async function read(): Promise<ReadonlyMap<string, WholeSystem>> {
    const systems = new Map<string, WholeSystem>();
    for (const entry of canonicals.list('CodeSystem')) {
      const valueSet = await valueSetOf(entry);
      if (valueSet !== undefined && !systems.has(valueSet)) systems.set(valueSet, entry);
    }
    return systems;
  }

  return async (valueSet) => {
    const { revision } = canonicals;
    if (known?.revision !== revision) known = { revision, systems: read() };
    try {
      return (await known.systems).get(valueSet);
    } catch (error) {
      known = undefined;
      throw error;
    }
  };
}
