// What comes with the server: the files in profiles/.
import type { Profiles } from '../definitions/profiles.ts';
import type { Resource } from '../model/resource.ts';
import type { CanonicalEntry } from './canonicals.ts';
import type { Source } from './source.ts';

interface ShippedEntry extends CanonicalEntry {
  resource: Resource;
}

export function createShipped(profiles: Profiles): Source {
  const entries = profiles.resources.flatMap((resource): ShippedEntry[] => {
    const { resourceType: type, url, version } = resource;
    if (typeof url !== 'string') return [];
    const origin = { kind: 'shipped' } as const;
    return [{ type, url, ...(typeof version === 'string' ? { version } : {}), origin, resource }];
  });
  return {
    versions: (type, url) => entries.filter((entry) => entry.type === type && entry.url === url),
    list: (type) => entries.filter((entry) => entry.type === type),
    // they are in memory anyway
    read: async (entry) => ({ resource: (entry as ShippedEntry).resource, bytes: 0 }),
  };
}
