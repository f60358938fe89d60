// Micro-batched pages: searches that surely cost a page of index entries share one command, as branches of a union. Measured at eight
// together: a third of the server's CPU and no more of the database's. The answer is as that of each alone, and a failure is asked again alone.
import type { Collection, Document } from 'mongodb';
import { createBatcher, perKey } from './batcher.ts';
import type { Collections } from './collections.ts';
import type { StoredDocument } from './document.ts';
import type { Resolved } from './filter.ts';
import { type RawDocument, readRaw } from './raw.ts';

export interface PageRequest {
  filter: Document;
  sort: Record<string, 1 | -1>;
  limit: number;
  projection: Document;
}

export type PageBatch = (type: string, request: PageRequest) => Promise<RawDocument[]>;

const MOST_BRANCHES = 12;
const MOST_KEYS = 50;
const MOST_PARTS = 3;
const LONGEST_PAGE = 201;
/** longer is not what these searches take; the slow one must not hold up the others */
const BATCH_MS = 1_000;

/**
 * Exact keys only, what confirms them, and labels that few resources have and that keep them from the caller: in the order of the main date
 * such a page reads little more than itself. Few ids, as an _include has them, are little whatever the limit.
 */
export function isCheapPage(where: Resolved, limit: number): boolean {
  const parts = (where.op === 'and' ? where.of : [where]).filter((part) => !isHardlyFelt(part));
  if (parts.length === 0 || parts.length > MOST_PARTS || !parts.every(isFewKeys)) return false;
  return limit <= LONGEST_PAGE || parts.some(({ op }) => op === 'ids');
}

function isHardlyFelt(part: Resolved): boolean {
  return part.op === 'confirms' || (part.op === 'not' && isOfKeys(part.of));
}

function isOfKeys(part: Resolved): boolean {
  if (part.op === 'and' || part.op === 'or') return part.of.every(isOfKeys);
  return part.op === 'equals' || part.op === 'oneOf' || part.op === 'confirms';
}

function isFewKeys(part: Resolved): boolean {
  if (part.op === 'ids') return part.ids.length <= MOST_KEYS;
  return part.op === 'equals' || (part.op === 'oneOf' && part.keys.length <= MOST_KEYS);
}

export function createPageBatch(collections: Collections, searchMs: number): PageBatch {
  async function alone(collection: Collection<StoredDocument>, request: PageRequest): Promise<RawDocument[]> {
    const { filter, sort, limit, projection } = request;
    const options = { raw: true, maxTimeMS: searchMs, batchSize: limit + 1, sort, limit, projection };
    return (await collection.find(filter, options).toArray()).map(readRaw);
  }

  async function together(collection: Collection<StoredDocument>, requests: readonly PageRequest[]) {
    const branches = requests.map(({ filter, sort, limit, projection }, index) => [
      { $match: filter },
      { $sort: sort },
      { $limit: limit },
      { $project: { ...projection, b: { $literal: index } } },
    ]);
    const pipeline = [
      ...branches[0]!,
      ...branches.slice(1).map((branch) => ({ $unionWith: { coll: collection.collectionName, pipeline: branch } })),
    ];
    const batchSize = requests.reduce((sum, { limit }) => sum + limit, 1);
    const pages = requests.map((): RawDocument[] => []);
    for (const one of await collection.aggregate(pipeline, { raw: true, maxTimeMS: BATCH_MS, batchSize }).toArray()) {
      const raw = readRaw(one);
      pages[raw.b]!.push(raw);
    }
    return pages;
  }

  const batchers = perKey((type) => {
    const collection = collections.current(type);
    return createBatcher<PageRequest, RawDocument[]>({
      maxItems: MOST_BRANCHES,
      async run(requests) {
        if (requests.length > 1) {
          try {
            return await together(collection, requests);
          } catch {
            // each alone will say what is wrong with it
          }
        }
        return Promise.all(
          requests.map((request) => alone(collection, request).catch((error: unknown) => error as Error)),
        );
      },
    });
  });

  return (type, request) => batchers(type)(request);
}
