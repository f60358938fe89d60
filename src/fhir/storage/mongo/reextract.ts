// A new key extractor (a new search parameter, a corrected one) makes new keys for stored documents in the background. Keys are made
// from the stored bytes, so nothing else changes: no new version, no new lastUpdated. It may be stopped at any time and goes on at the next start.
import { parseJson } from '../../model/json.ts';
import type { KeyExtractor } from '../../model/keys.ts';
import type { Resource } from '../../model/resource.ts';
import type { Collections } from './collections.ts';
import { storedKeys } from './document.ts';
import { readRaw } from './raw.ts';

export interface ReextractProgress {
  type: string;
  done: number;
  all: number;
}

export interface ReextractResult {
  documents: number;
  /** `Type/id` of those that could not be read; they stay as they are and are tested in memory */
  failed: string[];
}

const BATCH = 500;
const KEY_FIELDS = ['w', 'k', 't', 'd', 'q', 's', 'g'] as const;

export function createReextract(deps: {
  collections: Collections;
  extractor: KeyExtractor;
  isClosed: () => boolean;
}): (progress?: (progress: ReextractProgress) => void) => Promise<ReextractResult> {
  const { collections, extractor, isClosed } = deps;
  const outdated = { kv: { $ne: extractor.version } };

  async function reextractType(type: string, progress: (done: number, all: number) => void): Promise<ReextractResult> {
    const current = collections.current(type);
    // only while needed: searches of the type ask for outdated documents
    await current.createIndex({ kv: 1 });
    await current.updateMany({ x: 1, ...outdated }, { $set: { kv: extractor.version } });
    const all = await current.countDocuments(outdated);
    const result: ReextractResult = { documents: 0, failed: [] };
    let after = '';
    while (!isClosed()) {
      const batch = await current
        .find(
          { _id: { $gt: after }, ...outdated },
          { raw: true, projection: { j: 1, n: 1 }, sort: { _id: 1 }, limit: BATCH, batchSize: BATCH + 1 },
        )
        .toArray();
      if (batch.length === 0) break;
      const updates = batch.map(readRaw).flatMap((raw) => {
        after = raw._id;
        const keys = keysOf(raw.j);
        if (!keys) {
          result.failed.push(`${type}/${raw._id}`);
          return [];
        }
        const gone = KEY_FIELDS.filter((field) => keys[field] === undefined);
        const unset = gone.length === 0 ? {} : { $unset: Object.fromEntries(gone.map((field) => [field, 1 as const])) };
        // a version written meanwhile has new keys already
        return [{ updateOne: { filter: { _id: raw._id, n: raw.n }, update: { $set: keys, ...unset } } }];
      });
      if (updates.length > 0)
        await current.bulkWrite(updates as never, { ordered: false, writeConcern: { w: 'majority' } });
      result.documents += updates.length;
      progress(result.documents, all);
    }
    if (!isClosed() && result.failed.length === 0) {
      await collections.markFresh(type);
      await current.dropIndex('kv_1').catch(() => undefined);
    }
    return result;
  }

  function keysOf(bytes: Buffer | undefined) {
    try {
      return bytes && storedKeys(extractor, parseJson(bytes) as Resource);
    } catch {
      return undefined;
    }
  }

  return async (progress) => {
    const total: ReextractResult = { documents: 0, failed: [] };
    for (const type of collections.staleTypes()) {
      if (isClosed()) break;
      const { documents, failed } = await reextractType(type, (done, all) => progress?.({ type, done, all }));
      total.documents += documents;
      total.failed.push(...failed);
    }
    return total;
  };
}
