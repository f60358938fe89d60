// What is in profiles/ can be read and searched like any other resource. At start the store is brought in line with the folder:
// what is new or changed is written, what was shipped once and is no longer there is deleted, all else stays untouched.
import type { Profiles } from '../definitions/profiles.ts';
import type { Engine } from '../interactions/call.ts';
import { parseJson, stringifyJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { planCriteria } from '../search/index.ts';
import type { Store, Version, Write } from '../storage/store.ts';

/** Tells what came with the server from what its users added. */
const SHIPPED = { system: 'https://wardgate.dev/fhir/CodeSystem/origin', code: 'shipped' };

const KINDS = ['CodeSystem', 'OperationDefinition', 'SearchParameter', 'StructureDefinition', 'ValueSet'];

/** More of one type than ever will be in the folder. */
const MOST = 1000;

export async function publishProfiles(store: Store, profiles: Profiles, engine: Engine): Promise<void> {
  const wanted = profiles.resources.map(shipped);
  const stored = await store.readMany(wanted.map(({ resourceType, id }) => ({ type: resourceType, id: id! })));
  const changed = wanted.filter((resource, index) => contentOf(stored[index]) !== stringifyJson(resource));
  const writes: Write[] = changed.map((resource) => ({
    kind: 'update',
    type: resource.resourceType,
    id: resource.id!,
    resource,
  }));
  writes.push(...(await obsolete(store, wanted, engine)));
  // micro-batched; each on its own, because another process may be doing the same
  await Promise.all(writes.map((write) => store.write(write)));
}

function shipped({ resourceType, id, meta, ...content }: Resource): Resource {
  return { resourceType, id: id!, meta: { ...meta, tag: [...(meta?.tag ?? []), SHIPPED] }, ...content };
}

function contentOf(version: Version | undefined): string | undefined {
  if (!version?.bytes) return undefined;
  const resource = parseJson(version.bytes) as Resource;
  delete resource.meta?.versionId;
  delete resource.meta?.lastUpdated;
  return stringifyJson(resource);
}

async function obsolete(store: Store, wanted: readonly Resource[], engine: Engine): Promise<Write[]> {
  const { definitions, settings, now } = engine;
  const kept = new Set(wanted.map(({ resourceType, id }) => `${resourceType}/${id}`));
  const query = [['_tag', `${SHIPPED.system}|${SHIPPED.code}`]] as const;
  const types = [...new Set([...KINDS, ...wanted.map(({ resourceType }) => resourceType)])];
  const pages = await Promise.all(
    types.map((type) => {
      const { where } = planCriteria({ definitions, type, query, settings, now: now() });
      return store.find({ type, where, sort: [], limit: MOST, total: 'none' });
    }),
  );
  return pages
    .flatMap(({ matches }) => matches)
    .filter(({ type, id }) => !kept.has(`${type}/${id}`))
    .map(({ type, id }) => ({ kind: 'delete', type, id }));
}
