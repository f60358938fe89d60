// Between stored versions and the FHIR types that the wards speak.
import type { FhirResource, Reference } from 'fhir/r4.js';
import type { Store, Version, Write } from '../../fhir/index.ts';
import { FhirError, gone, notFound } from '../../fhir/model/errors.ts';
import { parseJson } from '../../fhir/model/json.ts';
import { localName } from '../../fhir/model/references.ts';
import type { Resource } from '../../fhir/model/resource.ts';

/** A store or a transaction. */
export type Reader = Pick<Store, 'read' | 'readMany'>;

/** The content of a version, without the version's own marks; undefined where there is none. */
export function contentOf<T extends FhirResource>(version: Version | undefined): T | undefined {
  if (!version?.bytes) return undefined;
  const resource = parseJson(version.bytes) as Resource;
  if (resource.meta !== undefined) {
    const { versionId: _, lastUpdated: _at, ...meta } = resource.meta;
    if (Object.keys(meta).length > 0) resource.meta = meta;
    else delete resource.meta;
  }
  return resource as unknown as T;
}

export async function find<T extends FhirResource>(
  reader: Reader,
  type: T['resourceType'],
  id: string,
): Promise<T | undefined> {
  return contentOf<T>(await reader.read(type, id));
}

/** The resource that an operation was called on or was given: 404 or 410 where it is not there. */
export async function need<T extends FhirResource>(reader: Reader, type: T['resourceType'], id: string): Promise<T> {
  const version = await reader.read(type, id);
  if (version === undefined) throw notFound(type, id);
  if (version.bytes === null) throw gone(type, id, version.version);
  return contentOf<T>(version)!;
}

/** A version as it is served, with its number and time. */
export const asStored = <T extends FhirResource>(version: Version): T => parseJson(version.bytes!) as T;

export const creation = (resource: FhirResource): Write => ({
  kind: 'create',
  type: resource.resourceType,
  ...(resource.id === undefined ? {} : { id: resource.id }),
  resource: resource as unknown as Resource,
});

export const update = (resource: FhirResource): Write => ({
  kind: 'update',
  type: resource.resourceType,
  id: resource.id!,
  resource: resource as unknown as Resource,
});

/** The id of a literal reference to a resource of this server of that type; undefined for any other reference. */
export function idOf(reference: Reference | undefined, type: string, base?: string): string | undefined {
  const name = localName(reference?.reference ?? '', base);
  return name?.type === type ? name.id : undefined;
}

/** The id that a parameter of an operation must name. */
export function needId(reference: Reference, type: string, call: { base: string }, parameter: string): string {
  const id = idOf(reference, type, call.base);
  if (id !== undefined) return id;
  const given = reference.reference === undefined ? 'it has no reference' : `'${reference.reference}' is not one`;
  throw new FhirError('value', `${parameter} must refer to a ${type} of this server, as ${type}/123; ${given}`, {
    expression: parameter,
  });
}
