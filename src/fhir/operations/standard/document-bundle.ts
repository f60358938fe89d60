// A Bundle that is a document. https://hl7.org/fhir/R4/bundle.html: bdl-9 (an identifier), bdl-10 (a date), bdl-11 (a Composition first)
import { randomUUID } from 'node:crypto';
import type { Resource } from '../../model/resource.ts';

export function documentOf(resources: readonly Resource[], { base, now }: { base: string; now: number }): Resource {
  return {
    resourceType: 'Bundle',
    identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` },
    type: 'document',
    timestamp: new Date(now).toISOString(),
    entry: resources.map((resource) => ({ fullUrl: `${base}/${resource.resourceType}/${resource.id}`, resource })),
  };
}
