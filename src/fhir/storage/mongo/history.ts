// Versions, newest first, at three levels: what is current and what was superseded, merged. A version that is in both (its copy was
// made by a change that then lost or crashed) is shown once. https://hl7.org/fhir/R4/http.html#history
import type { Collection, Document } from 'mongodb';
import type { HistoryPage, HistoryQuery, Version } from '../store.ts';
import type { Collections } from './collections.ts';
import { decodeCursor, encodeCursor, type Values } from './cursor.ts';
import { historyId } from './document.ts';
import { groupBy } from './group-by.ts';
import { type RawDocument, readRaw } from './raw.ts';
import { rawVersion, readDocuments } from './reader.ts';

type Raws = Collection<{ _id: string }>;
type Range = Pick<HistoryQuery, 'since' | 'at'>;

const FIELDS = { j: 1, v: 1, u: 1, n: 1, m: 1 } as const;
const NEWEST_FIRST = { u: -1, n: -1 } as const;

export function createHistory(
  collections: Collections,
  searchMs: number,
): (query: HistoryQuery) => Promise<HistoryPage> {
  const currentOf = (type: string): Raws => collections.current(type) as unknown as Raws;
  const historyOf = (type: string): Raws => collections.history(type) as unknown as Raws;
  const options = { raw: true, maxTimeMS: searchMs } as const;

  async function ofInstance(type: string, id: string, query: HistoryQuery): Promise<HistoryPage> {
    const [before] = query.after === undefined ? [] : decodeCursor('instance', query.after, 1);
    const upTo = typeof before === 'number' ? historyId(id, before - 1) : historyId(id, 9_999_999_999);
    const unfiltered = query.since === undefined && query.at === undefined;
    const [current, copies] = await Promise.all([
      readDocuments(currentOf(type), [id]),
      historyOf(type)
        .find(
          { _id: { $gte: historyId(id, 0), $lte: upTo } },
          {
            ...options,
            projection: FIELDS,
            sort: { _id: -1 },
            // a bound on time needs the version that was current at its beginning too, so it reads on
            ...(unfiltered ? { limit: query.limit + 2 } : {}),
          },
        )
        .toArray(),
    ]);
    const newest = current.get(id);
    const superseded = copies.map(readRaw).filter(({ v }) => v !== newest?.v);
    const all = newest && (typeof before !== 'number' || newest.v < before) ? [newest, ...superseded] : superseded;
    const versions = within(all, query).map((raw) => rawVersion(type, id, raw));
    const matches = versions.slice(0, query.limit);
    const last = matches.at(-1);
    const more = versions.length > query.limit;
    const page: HistoryPage = { versions: matches };
    if (more && last) page.next = encodeCursor('instance', [last.version]);
    if (unfiltered) {
      if (newest) page.total = newest.v;
      else if (query.after === undefined) page.total = 0;
    } else if (!more && query.after === undefined) page.total = matches.length;
    return page;
  }

  /** The newest `limit + 1` versions of a type after the cursor; `fields` leaves the bytes out where only the order is wanted. */
  async function newestOf(type: string, query: HistoryQuery, position: Values | undefined, fields: Document) {
    const filter = timeFilter(query, position);
    const limit = query.limit + 1;
    const supersededBy = query.at ? currentUntilAfter(type, query.at.lo) : [];
    const [current, superseded] = await Promise.all([
      currentOf(type)
        .find(filter, { ...options, projection: fields, sort: NEWEST_FIRST, limit, batchSize: limit + 1 })
        .toArray(),
      historyOf(type)
        .aggregate(
          [{ $match: filter }, { $sort: NEWEST_FIRST }, ...supersededBy, { $limit: limit }, { $project: fields }],
          { ...options, batchSize: limit + 1, allowDiskUse: true },
        )
        .toArray(),
    ]);
    return merged([...current, ...superseded].map((one) => ({ type, raw: readRaw(one) })));
  }

  async function ofType(type: string, query: HistoryQuery): Promise<HistoryPage> {
    const position = query.after === undefined ? undefined : decodeCursor('times', query.after, 2);
    return pageOf(await newestOf(type, query, position, FIELDS), query, async (entries) =>
      entries.map(({ raw }) => rawVersion(type, resourceId(raw), raw)),
    );
  }

  /** Times first, over all types; then the bytes of the one page. */
  async function ofSystem(query: HistoryQuery): Promise<HistoryPage> {
    const position = query.after === undefined ? undefined : decodeCursor('times', query.after, 2);
    const types = await collections.refresh();
    const found: Entry[] = [];
    // a few at a time: a hundred commands at once would take every connection
    for (let at = 0; at < types.length; at += 8) {
      const some = await Promise.all(
        types.slice(at, at + 8).map((type) => newestOf(type, query, position, { v: 1, u: 1, n: 1, m: 1 })),
      );
      found.push(...some.flat());
    }
    return pageOf(merged(found), query, bytesOf);
  }

  async function bytesOf(entries: readonly Entry[]): Promise<Version[]> {
    const versions = new Map<number, Version>();
    for (const [type, group] of groupBy(entries, (entry) => entry.type)) {
      const wanted = new Set(group.map(({ raw }) => raw.n));
      const [current, superseded] = await Promise.all([
        readDocuments(
          currentOf(type),
          group.map(({ raw }) => resourceId(raw)),
        ),
        readDocuments(
          historyOf(type),
          group.map(({ raw }) => historyId(resourceId(raw), raw.v)),
        ),
      ]);
      for (const raw of [...superseded.values(), ...current.values()])
        if (wanted.has(raw.n)) versions.set(raw.n, rawVersion(type, resourceId(raw), raw));
    }
    return entries.flatMap(({ raw }) => versions.get(raw.n) ?? []);
  }

  return (query) => {
    const { scope } = query;
    if (scope.level === 'instance') return ofInstance(scope.type, scope.id, query);
    return scope.level === 'type' ? ofType(scope.type, query) : ofSystem(query);
  };
}

interface Entry {
  type: string;
  raw: RawDocument;
}

/** Newest first, each version once: `n` is unique. */
function merged(entries: readonly Entry[]): Entry[] {
  const seen = new Set<number>();
  return entries
    .filter(({ raw }) => !seen.has(raw.n) && seen.add(raw.n))
    .sort((a, b) => b.raw.u - a.raw.u || b.raw.n - a.raw.n);
}

async function pageOf(
  entries: readonly Entry[],
  query: HistoryQuery,
  versionsOf: (entries: readonly Entry[]) => Promise<Version[]>,
): Promise<HistoryPage> {
  const shown = entries.slice(0, query.limit);
  const page: HistoryPage = { versions: await versionsOf(shown) };
  const last = shown.at(-1);
  if (entries.length > query.limit && last) page.next = encodeCursor('times', [last.raw.u, last.raw.n]);
  else if (query.after === undefined) page.total = shown.length;
  return page;
}

function timeFilter({ since, at }: Range, position: Values | undefined): Document {
  const parts: Document[] = [];
  if (since !== undefined) parts.push({ u: { $gte: since } });
  if (at) parts.push({ u: { $lte: at.hi } });
  if (position) {
    const [u, n] = position;
    parts.push({ u: { $lte: u } }, { $or: [{ u: { $lt: u } }, { n: { $lt: n } }] });
  }
  return parts.length === 0 ? {} : { $and: parts };
}

/** Of superseded versions, those whose successor (in the history or current) came after `lo`. */
function currentUntilAfter(type: string, lo: number): Document[] {
  const successor = { $add: ['$v', 1] };
  return [
    {
      $set: {
        i: { $substrBytes: ['$_id', 0, { $indexOfBytes: ['$_id', '/'] }] },
        w: successor,
      },
    },
    {
      $set: {
        y: {
          $concat: ['$i', '/', { $substrBytes: [{ $toString: { $toLong: { $add: [10_000_000_000, '$w'] } } }, 1, -1] }],
        },
      },
    },
    {
      $lookup: { from: `${type}_h`, localField: 'y', foreignField: '_id', pipeline: [{ $project: { u: 1 } }], as: 'h' },
    },
    { $lookup: { from: type, localField: 'i', foreignField: '_id', pipeline: [{ $project: { u: 1 } }], as: 'c' } },
    { $match: { $expr: { $gt: [{ $ifNull: [{ $first: '$h.u' }, { $first: '$c.u' }] }, lo] } } },
  ];
}

/** Versions of one resource, newest first, within the bounds. */
function within(versions: readonly RawDocument[], { since, at }: Range): RawDocument[] {
  return versions.filter((version, index) => {
    if (since !== undefined && version.u < since) return false;
    if (!at) return true;
    const until = index === 0 ? Number.POSITIVE_INFINITY : versions[index - 1]!.u;
    return version.u <= at.hi && until > at.lo;
  });
}

const resourceId = ({ _id }: RawDocument): string => {
  const slash = _id.indexOf('/');
  return slash < 0 ? _id : _id.slice(0, slash);
};
