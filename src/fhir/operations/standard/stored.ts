// What the standard operations read of the store: a resource that must be there, and references between stored resources.
import { gone, notFound } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import { ID, type Resource } from '../../model/resource.ts';
import type { Store, Version } from '../../storage/store.ts';

export type StoredVersion = Version & { bytes: Buffer };

export interface Name {
  type: string;
  id: string;
}

export const nameOf = ({ type, id }: Name): string => `${type}/${id}`;

/** 404 where it never was, 410 where it was deleted. */
export async function need(store: Pick<Store, 'read'>, type: string, id: string): Promise<StoredVersion> {
  const version = await store.read(type, id);
  if (version === undefined) throw notFound(type, id);
  if (version.bytes === null) throw gone(type, id, version.version);
  return version as StoredVersion;
}

export const contentOf = ({ bytes }: { bytes: Buffer }): Resource => parseJson(bytes) as Resource;

const LITERAL = /^([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** `Patient/1`, the same below `base`, and of a version of it: the resource of this server that is meant; undefined for all others. */
export function localName(reference: string, base: string): Name | undefined {
  const [, type, id] =
    LITERAL.exec(reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference) ?? [];
  return type === undefined || id === undefined ? undefined : { type, id };
}

export const isId = (text: string): boolean => ID.test(text);
