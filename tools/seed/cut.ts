// Cuts the demo patients and what they refer to out of a folder of Synthea transaction bundles.
// https://github.com/synthetichealth/synthea
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Entry {
  fullUrl?: string;
  resource: { resourceType: string; id: string; [element: string]: unknown };
  request: { method: string; url: string; ifNoneExist?: string };
}

export interface Bundle {
  resourceType: 'Bundle';
  type: 'transaction' | 'batch';
  entry: Entry[];
}

const read = (path: string): Bundle => JSON.parse(readFileSync(path, 'utf8')) as Bundle;

/** An id of its own for every entry: loading a bundle again then finds what is there instead of making it twice. */
const asPut = (entry: Entry): Entry => ({
  ...entry,
  request: { method: 'PUT', url: `${entry.resource.resourceType}/${entry.resource.id}` },
});

export interface Cut {
  hospitals: Bundle;
  practitioners: Bundle;
  patients: Bundle[];
}

export function cutPatients(folder: string, count: number, sizes: { least: number; most: number }): Cut {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const isStaff = (name: string): boolean => /^(hospital|practitioner)/.test(name);
  const candidates = names
    .filter((name) => !isStaff(name))
    .map((name) => ({ name, size: statSync(join(folder, name)).size }))
    .filter(({ size }) => size >= sizes.least && size <= sizes.most)
    .sort((a, b) => a.size - b.size || a.name.localeCompare(b.name));
  const step = candidates.length / count;
  const chosen = Array.from({ length: count }, (_, index) => candidates[Math.floor(index * step)]!.name);
  const patients = chosen.map((name) => {
    const bundle = read(join(folder, name));
    return { ...bundle, entry: bundle.entry.map(asPut) };
  });

  const staff = names.filter(isStaff).flatMap((name) => read(join(folder, name)).entry);
  const isWanted = wantedBy(patients);
  const people = staff.filter(({ resource }) => resource.resourceType === 'Practitioner' && isWanted(resource));
  const roles = staff.filter(
    ({ resource }) => resource.resourceType === 'PractitionerRole' && refersTo(people, resource),
  );
  const places = staff.filter(
    ({ resource }) =>
      ['Organization', 'Location'].includes(resource.resourceType) &&
      (isWanted(resource) || refersTo([{ resource } as Entry], roles)),
  );
  const owners = staff.filter(
    (entry) => entry.resource.resourceType === 'Organization' && !places.includes(entry) && refersTo([entry], places),
  );
  return {
    hospitals: { resourceType: 'Bundle', type: 'transaction', entry: [...owners, ...places] },
    practitioners: { resourceType: 'Bundle', type: 'transaction', entry: [...people, ...roles.map(asPut)] },
    patients,
  };
}

const identifiersOf = (resource: Entry['resource']): string[] =>
  ((resource.identifier ?? []) as { system: string; value: string }[]).map(({ system, value }) => `${system}|${value}`);

/** Named in a conditional reference such as `Practitioner?identifier=system|value`. */
function wantedBy(bundles: Bundle[]): (resource: Entry['resource']) => boolean {
  const text = JSON.stringify(bundles);
  const named = new Set([...text.matchAll(/"reference":"(\w+\?identifier=[^"]+)"/g)].map((match) => match[1]));
  return (resource) => identifiersOf(resource).some((one) => named.has(`${resource.resourceType}?identifier=${one}`));
}

/** Whether `user` names one of `targets` by its identifier. */
function refersTo(targets: Entry[], user: unknown): boolean {
  const text = JSON.stringify(user);
  return targets.some(({ resource }) =>
    ((resource.identifier ?? []) as { system: string; value: string }[]).some(({ system, value }) =>
      text.includes(`"identifier":${JSON.stringify({ system, value })}`),
    ),
  );
}
