// What the capability statement says of loaded packages.
import type { CanonicalEntry, Canonicals } from '../conformance/canonicals.ts';
import type { PackagedFacts } from './capability-statement.ts';

export function packagedFacts({ list }: Pick<Canonicals, 'list'>): PackagedFacts {
  const guides = list('ImplementationGuide').filter(({ origin }) => origin.kind === 'package');
  const profiles = new Map<string, string[]>();
  for (const entry of list('StructureDefinition')) {
    if (entry.profileOf === undefined) continue;
    profiles.set(entry.profileOf, [...(profiles.get(entry.profileOf) ?? []), canonicalOf(entry)]);
  }
  for (const canonicals of profiles.values()) canonicals.sort();
  return { guides: guides.map(canonicalOf).sort(), profiles };
}

const canonicalOf = ({ url, version }: CanonicalEntry): string => (version === undefined ? url : `${url}|${version}`);
