// Makes the search keys of stored documents anew, in the background: for a new or corrected search parameter, or on request. Keys are made
// from the stored bytes, so nothing else changes: no new version, no new lastUpdated. It may be stopped at any time and goes on at the next start.
import { isDeepStrictEqual } from 'node:util';
import type { AnyBulkWriteOperation, Filter } from 'mongodb';
import { parseJson } from '../../model/json.ts';
import type { CodeInUse, KeyExtractor } from '../../model/keys.ts';
import type { Resource } from '../../model/resource.ts';
import type { Codes } from './codes.ts';
import type { Collections } from './collections.ts';
import { type StoredDocument, storedKeys } from './document.ts';
import type { KeyView } from './key-view.ts';

export interface ReextractProgress {
  type: string;
  done: number;
  all: number;
}

export interface ReextractOptions {
  /** default: those whose keys were made by another version of the extractor, with `all` every type that there is */
  types?: readonly string[];
  /** documents whose keys are of this version too: after a repair of the database, say */
  all?: boolean;
  progress?: (progress: ReextractProgress) => void | Promise<void>;
  signal?: AbortSignal;
}

export interface ReextractResult {
  /** whose keys were looked at */
  documents: number;
  /** `Type/id` of those that could not be read; they stay as they are and are tested in memory */
  failed: string[];
}

/** At 100 µs each this holds up other requests for 20 ms at most. */
const BATCH = 200;
/** of stored bytes, where resources are large: two batches are in memory at a time */
const BATCH_BYTES = 8 * 1024 * 1024;
const KEY_FIELDS = ['sd', 'w', 'sn', 'sx', 'k', 't', 'd', 'q', 's', 'g', 'l', 'f', 'ft', 'fc'] as const;
const PROJECTION = { j: 1, n: 1, kv: 1, ...Object.fromEntries(KEY_FIELDS.map((field) => [field, 1])) };

export function createReextract(deps: {
  collections: Collections;
  codes: Codes;
  extractor: KeyExtractor;
  isClosed: () => boolean;
  /** a batch is in work until the result is called; throws where this process may not write keys (key-view.ts) */
  enter: KeyView['enter'];
}): (options?: ReextractOptions) => Promise<ReextractResult> {
  const { collections, codes, extractor, isClosed, enter } = deps;

  /** Whether it has to be done once more, because the type's parameters changed meanwhile. */
  async function reextractType(type: string, options: ReextractOptions, result: ReextractResult): Promise<boolean> {
    const { all: isForced = false, signal } = options;
    await collections.bringIndexes(type, isForced);
    const current = collections.current(type);
    const version = extractor.version(type);
    const outdated: Filter<StoredDocument> = { kv: { $ne: version } };
    const wanted = isForced ? {} : outdated;
    const isStale = collections.isStale(type);
    // only while needed: searches of a stale type ask for outdated documents
    if (isStale) await current.createIndex({ kv: 1 });
    await current.updateMany({ x: 1, ...outdated }, { $set: { kv: version } });
    const all = isForced ? await current.estimatedDocumentCount() : await current.countDocuments(outdated);
    const failedBefore = result.failed.length;
    const isStopped = (): boolean => isClosed() || signal?.aborted === true;
    let done = 0;
    let batch = await nextBatch('');
    while (batch.length > 0 && !isStopped()) {
      const following = nextBatch(batch.at(-1)!._id);
      // awaited below; a failure of the update must not leave it unheard
      following.catch(() => undefined);
      await update(batch);
      done += batch.length;
      result.documents += batch.length;
      await options.progress?.({ type, done, all: Math.max(all, done) });
      batch = await following;
    }
    if (isStopped()) return false;
    if (extractor.version(type) !== version) return true;
    // what no one can read is found by nothing: that matters only where all of it is asked for
    if (result.failed.length > failedBefore && isStale) return false;
    await collections.markFresh(type, version);
    if (isStale) await current.dropIndex('kv_1').catch(() => undefined);
    return false;

    async function nextBatch(after: string): Promise<StoredDocument[]> {
      const found: StoredDocument[] = [];
      let bytes = 0;
      const cursor = current.find(
        { _id: { $gt: after }, x: { $exists: false }, ...wanted },
        { projection: PROJECTION, sort: { _id: 1 }, limit: BATCH, promoteBuffers: true },
      );
      for await (const one of cursor) {
        found.push(one as StoredDocument);
        bytes += one.j?.length ?? 0;
        if (bytes > BATCH_BYTES) break;
      }
      return found;
    }

    async function update(documents: readonly StoredDocument[]): Promise<void> {
      const leave = await enter();
      try {
        const same: StoredDocument[] = [];
        const updates: AnyBulkWriteOperation<StoredDocument>[] = [];
        const inUse: CodeInUse[] = [];
        for (const document of documents) {
          const made = keysOf(document.j);
          if (!made) {
            result.failed.push(`${type}/${document._id}`);
            continue;
          }
          const { keys } = made;
          inUse.push(...made.codes);
          const changed = KEY_FIELDS.filter((field) => !isDeepStrictEqual(document[field], keys[field]));
          if (changed.length === 0) same.push(document);
          else updates.push({ updateOne: changeOf(document, keys, changed) });
        }
        const outdatedOnly = same.filter(({ kv }) => kv !== version);
        // `n` is of one version alone: one written meanwhile has its own keys
        if (outdatedOnly.length > 0)
          updates.push({
            updateMany: {
              filter: {
                _id: { $in: outdatedOnly.map(({ _id }) => _id) },
                n: { $in: outdatedOnly.map(({ n }) => n) },
                kv: { $in: [...new Set(outdatedOnly.map(({ kv }) => kv))] },
              },
              update: { $set: { kv: version } },
            },
          });
        await codes.ensure(type, inUse);
        // made by now in another spelling, where parameters changed meanwhile: the next round does it
        if (updates.length > 0 && extractor.version(type) === version)
          await current.bulkWrite(updates, { ordered: false, writeConcern: { w: 'majority' } });
      } finally {
        leave();
      }
    }
  }

  function keysOf(bytes: Buffer | undefined) {
    try {
      if (!bytes) return undefined;
      const resource = parseJson(bytes) as Resource;
      const { codes = [], ...extracted } = extractor.extract(resource);
      return { keys: storedKeys(extracted, extractor.version(resource.resourceType)), codes };
    } catch {
      return undefined;
    }
  }

  return async (options = {}) => {
    const result: ReextractResult = { documents: 0, failed: [] };
    if (options.all) await codes.rebuild();
    const types = options.types ?? (await (options.all ? collections.refresh() : collections.outdatedTypes()));
    for (const type of types) while (await reextractType(type, options, result));
    return result;
  };
}

type Keys = ReturnType<typeof storedKeys>;

/** `kv` as it was read: two processes may be at the same document, and the one that is late must not undo what the other did. */
function changeOf({ _id, n, kv }: StoredDocument, keys: Keys, changed: readonly (keyof Keys)[]) {
  const set: Partial<StoredDocument> = { kv: keys.kv };
  const unset: Partial<Record<keyof Keys, 1>> = {};
  for (const field of changed) {
    if (keys[field] === undefined) unset[field] = 1;
    else Object.assign(set, { [field]: keys[field] });
  }
  return {
    filter: { _id, n, kv },
    update: { $set: set, ...(Object.keys(unset).length === 0 ? {} : { $unset: unset }) },
  };
}
