// What comes with the server: the files in profiles/.
import type { Profiles } from '../definitions/profiles.ts';
import type { Resource } from '../model/resource.ts';
import type { CanonicalEntry } from './canonicals.ts';
import type { Source } from './source.ts';

interface ShippedEntry extends CanonicalEntry {
  resource: Resource;
}

/** At start they are written to the database (operations/publish.ts); what is known from there is not told twice. */
export function createShipped(profiles: Profiles, stored?: Source): Source {
  const entries = profiles.resources.flatMap((resource): ShippedEntry[] => {
    const { resourceType: type, url, version } = resource;
    if (typeof url !== 'string') return [];
    const origin = { kind: 'shipped' } as const;
    return [{ type, url, ...(typeof version === 'string' ? { version } : {}), origin, resource }];
  });
  const isStored = ({ type, url, version }: CanonicalEntry): boolean =>
    stored?.versions(type, url).some((entry) => entry.version === version) ?? false;
  const ofType = (type: string): ShippedEntry[] => entries.filter((entry) => entry.type === type && !isStored(entry));
  return {
    versions: (type, url) => ofType(type).filter((entry) => entry.url === url),
    list: ofType,
    // they are in memory anyway
    read: async (entry) => ({ resource: (entry as ShippedEntry).resource, bytes: 0 }),
  };
}
