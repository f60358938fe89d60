// Which values of a parameter are in use: one resource for each distinct key, found by seeks in the index of exact keys, however many
// resources share a key. A range is asked for any document in it; that one's keys cut the range into smaller ones, until all are empty.
import type { Filter } from 'mongodb';
import { FhirError } from '../../model/errors.ts';
import type { DistinctQuery, Match } from '../store.ts';
import type { Collections } from './collections.ts';
import type { StoredDocument } from './document.ts';
import { successor } from './filter.ts';
import { type RawDocument, readRaw } from './raw.ts';

/** Seeks under way together. */
const AT_ONCE = 8;
type Range = [after: string, before: string];
const FIELDS = { j: 1, v: 1, u: 1, k: 1, t: 1 } as const;

export function createDistinct(deps: {
  collections: Collections;
  searchMs: number;
}): (query: DistinctQuery) => Promise<Match[]> {
  const { collections, searchMs } = deps;

  async function anyIn(type: string, ...ranges: Range[]): Promise<RawDocument | undefined> {
    const either = ranges.map(([after, before]) => ({ k: { $elemMatch: { $gt: after, $lt: before } } }));
    const filter = (either.length === 1 ? either[0] : { $or: either }) as Filter<StoredDocument>;
    const options = { projection: FIELDS, raw: true, limit: 1, maxTimeMS: searchMs };
    const [found] = await collections.current(type).find(filter, options).toArray();
    return found && readRaw(found);
  }

  return async ({ type, params, limit }) => {
    const found = new Map<string, Match>();
    let ranges = params.map((param): Range => [`${param}|`, successor(`${param}|`)]);
    // nearly all types have none of them: one question tells
    if (ranges.length > 1 && (await anyIn(type, ...ranges)) === undefined) return [];
    while (ranges.length > 0) {
      const some = ranges.slice(0, AT_ONCE);
      ranges = ranges.slice(AT_ONCE);
      const raws = await Promise.all(some.map((range) => anyIn(type, range)));
      for (const [index, raw] of raws.entries()) {
        if (raw === undefined) continue;
        const [after, before] = some[index]!;
        const { _id: id, v: version, u: lastUpdated, k: keys = [], t: tokens = [], j } = raw;
        const match: Match = { type, id, version, lastUpdated, bytes: j!, keys, tokens };
        const inside = keys.filter((key) => key > after && key < before).sort();
        for (const key of inside) found.set(key, match);
        const ends = [after, ...inside, before];
        ranges.push(...inside.map((_, at): Range => [ends[at]!, ends[at + 1]!]), [ends.at(-2)!, before]);
      }
      if (found.size > limit) {
        throw new FhirError('too-costly', `${type} has more than ${limit} different values of ${params.join(', ')}`);
      }
    }
    return [...new Set(found.values())];
  };
}
