// Micro-batched reads of current and superseded versions, sliced from raw replies.
import type { ClientSession, Collection, Document } from 'mongodb';
import type { ReadOptions, Version } from '../store.ts';
import { createBatcher, perKey } from './batcher.ts';
import type { Collections } from './collections.ts';
import { historyId } from './document.ts';
import { type RawDocument, readRaw } from './raw.ts';

export interface Reader {
  read(type: string, id: string, options?: ReadOptions): Promise<Version | undefined>;
  vread(type: string, id: string, version: number): Promise<Version | undefined>;
}

const FIELDS = { j: 1, v: 1, u: 1, n: 1, m: 1 } as const;
const FIELDS_AND_KEYS = { ...FIELDS, k: 1, t: 1, kv: 1 } as const;

export function createReader(collections: Collections, keyVersion: (type: string) => string): Reader {
  const batcherOf = (collection: (type: string) => Collection<{ _id: string }>, fields: Document = FIELDS) =>
    perKey((type) =>
      createBatcher<string, RawDocument | undefined>({
        async run(ids) {
          const found = await readDocuments(collection(type), ids, { fields });
          return ids.map((id) => found.get(id));
        },
      }),
    );
  const current = batcherOf((type) => collections.current(type) as unknown as Collection<{ _id: string }>);
  const keyed = batcherOf(
    (type) => collections.current(type) as unknown as Collection<{ _id: string }>,
    FIELDS_AND_KEYS,
  );
  const superseded = batcherOf((type) => collections.history(type) as unknown as Collection<{ _id: string }>);

  return {
    async read(type, id, { wantKeys } = {}) {
      const raw = await (wantKeys ? keyed : current)(type)(id);
      if (!raw) return undefined;
      const version: Version = rawVersion(type, id, raw);
      if (wantKeys && raw.j && raw.kv === keyVersion(type)) {
        version.keys = raw.k ?? NO_KEYS;
        version.tokens = raw.t ?? NO_KEYS;
      }
      return version;
    },
    async vread(type, id, version) {
      const newest = await current(type)(id);
      if (!newest || version > newest.v) return undefined;
      // the current version first: after a crash its copy may be in the history already
      const raw = newest.v === version ? newest : await superseded(type)(historyId(id, version));
      return raw && rawVersion(type, id, raw);
    },
  };
}

const NO_KEYS: readonly string[] = [];

export const rawVersion = (type: string, id: string, raw: RawDocument): Version => ({
  type,
  id,
  version: raw.v,
  lastUpdated: raw.u,
  bytes: raw.j ?? null,
  method: raw.m,
});

/** By `_id`, those that exist. */
export async function readDocuments(
  collection: Collection<{ _id: string }>,
  ids: readonly string[],
  { fields = FIELDS, session }: { fields?: Document; session?: ClientSession } = {},
): Promise<Map<string, RawDocument>> {
  const unique = ids.length === 1 ? ids : [...new Set(ids)];
  const cursor = collection.find(unique.length === 1 ? { _id: unique[0]! } : { _id: { $in: unique as string[] } }, {
    projection: fields,
    raw: true,
    batchSize: unique.length + 1,
    ...(session ? { session } : {}),
  });
  const found = new Map<string, RawDocument>();
  for (const one of await cursor.toArray()) {
    const raw = readRaw(one);
    found.set(raw._id, raw);
  }
  return found;
}
