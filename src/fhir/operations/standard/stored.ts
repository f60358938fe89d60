// What the standard operations read of the store: a resource that must be there, and references between stored resources.
import { gone, notFound } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import type { Predicate } from '../../model/predicate.ts';
import type { Name } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import type { Match, Store, Version } from '../../storage/store.ts';

export type StoredVersion = Version & { bytes: Buffer };

/** 404 where it never was, 410 where it was deleted. */
export async function need(store: Pick<Store, 'read'>, type: string, id: string): Promise<StoredVersion> {
  const version = await store.read(type, id);
  if (version === undefined) throw notFound(type, id);
  if (version.bytes === null) throw gone(type, id, version.version);
  return version as StoredVersion;
}

export const contentOf = ({ bytes }: { bytes: Buffer }): Resource => parseJson(bytes) as Resource;

const IDS_AT_ONCE = 1000;

export const nameFrom = (name: string): Name => {
  const slash = name.indexOf('/');
  return { type: name.slice(0, slash), id: name.slice(slash + 1) };
};

/** With their keys; those that are not there are left out. One command for each type and 1,000 ids. */
export async function findByName(
  store: Pick<Store, 'find'>,
  names: readonly Name[],
  since?: Predicate,
): Promise<Match[]> {
  const byType = new Map<string, string[]>();
  for (const { type, id } of names) byType.set(type, [...(byType.get(type) ?? []), id]);
  const found = await Promise.all(
    [...byType].map(async ([type, ids]) => {
      const matches: Match[] = [];
      for (let start = 0; start < ids.length; start += IDS_AT_ONCE) {
        const some: Predicate = { op: 'ids', ids: ids.slice(start, start + IDS_AT_ONCE) };
        const where: Predicate = since === undefined ? some : { op: 'and', of: [some, since] };
        matches.push(
          ...(await store.find({ type, where, sort: [], limit: IDS_AT_ONCE, total: 'none', wantReferences: true }))
            .matches,
        );
      }
      return matches;
    }),
  );
  return found.flat();
}
