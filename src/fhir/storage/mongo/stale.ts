// While a type has documents whose keys were made by another extractor version, a search takes all of those and tests them in
// memory, so that it stays right until the re-extraction (reextract.ts) is through.
import type { Document } from 'mongodb';
import { parseJson } from '../../model/json.ts';
import type { KeyExtractor, SearchKeys } from '../../model/keys.ts';
import { matches } from '../../model/matches.ts';
import type { Predicate } from '../../model/predicate.ts';
import type { Resource } from '../../model/resource.ts';
import { NOT_DELETED } from './collections.ts';
import type { Resolved } from './filter.ts';
import type { RawDocument } from './raw.ts';

export const widened = (filter: Document, version: string): Document => ({
  $and: [NOT_DELETED, { $or: [{ kv: { $ne: version } }, filter] }],
});

export function freshKeys(extractor: KeyExtractor, raw: RawDocument): SearchKeys {
  return extractor.extract(parseJson(raw.j!) as Resource);
}

/** `where` has no look-ups here: links.ts lists everything where a type is stale. */
export function recheck(extractor: KeyExtractor, where: Resolved, raw: RawDocument): boolean {
  return matches(where as Predicate, freshKeys(extractor, raw), { id: raw._id, lastUpdated: raw.u });
}
