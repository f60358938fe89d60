// Runs searches: joins first, then the page by index or aggregation, then the total where it was asked for.
import type { ClientSession, Document, Filter } from 'mongodb';
import type { KeyExtractor } from '../../model/keys.ts';
import type { Predicate } from '../../model/predicate.ts';
import type { Examined, FindPage, FindQuery, Match } from '../store.ts';
import type { Codes } from './codes.ts';
import { type Collections, TIME_INDEX, TOMBSTONE_INDEX } from './collections.ts';
import { speaksOfMainDate } from './date-ranges.ts';
import type { StoredDocument } from './document.ts';
import { addExplained } from './explained.ts';
import { filterOf, type Resolved } from './filter.ts';
import { type Joined, type LinkSource, lookupStages, resolveLinks, split } from './links.ts';
import { type Leg, type Order, orderFrom, orderOf, type Position, PRESENT } from './order.ts';
import { createPageBatch, isCheapPage } from './page-batch.ts';
import { type RawDocument, readRaw, readRawId } from './raw.ts';
import { freshKeys, recheck, widened } from './stale.ts';

export interface Finder {
  find(query: FindQuery, session?: ClientSession): Promise<FindPage>;
  /** the first `limit` from the position on, and where each stands */
  pageFrom(query: FindQuery, position: Position | undefined): Promise<{ placed: Placed[]; examined?: Examined }>;
  /** ids of the first `limit` that match, in no order */
  ids(type: string, where: Predicate, limit: number, session?: ClientSession): Promise<string[]>;
}

/** What a search has sent so far. */
interface Tally {
  commands: number;
  counts: { pipeline: Document[]; hint: { hint?: Document } }[];
}

export interface Placed {
  match: Match;
  position: Position;
}

/** Beyond this an `estimate` is what it says: a lower bound that is cheap to know. */
const ESTIMATE_CAP = 10_000;

export function createFinder(deps: {
  collections: Collections;
  codes: Codes;
  extractor: KeyExtractor;
  searchMs: number;
}): Finder {
  const { collections, codes, extractor, searchMs } = deps;
  const pages = createPageBatch(collections, searchMs);

  async function find(query: FindQuery, session?: ClientSession): Promise<FindPage> {
    const { type, limit } = query;
    const order = orderOf(query.sort, query.after);
    const tally: Tally = { commands: 0, counts: [] };
    const joined = await resolveLinks(sourceFor(session, tally), type, query.where);
    const found = limit > 0 ? await page(query, order, { joined, session, tally }) : [];
    const more = found.length > limit;
    const raws = more ? found.slice(0, limit) : found;
    const result: FindPage = { matches: raws.map((raw) => matchOf(type, raw)) };
    const last = raws.at(-1);
    if (more && last) result.next = order.cursorOf(last);
    if (limit > 0 && !more && query.after === undefined) result.total = raws.length;
    else if (query.total !== 'none') result.total = await count(type, query.total, { joined, session, tally });
    if (query.explain) result.examined = await examined(query, order, joined, tally);
    return result;
  }

  async function pageFrom(query: FindQuery, position: Position | undefined) {
    const order = orderFrom(query.sort, position);
    const tally: Tally = { commands: 0, counts: [] };
    const joined = await resolveLinks(sourceFor(undefined, tally), query.type, query.where);
    const asked = { ...query, limit: query.limit - 1 };
    const found = await page(asked, order, { joined, session: undefined, tally });
    const placed = found.map((raw) => ({ match: matchOf(query.type, raw), position: order.positionOf(raw) }));
    return { placed, ...(query.explain && { examined: await examined(asked, order, joined, tally) }) };
  }

  /** At most one more than the limit. */
  async function page(query: FindQuery, order: Order, run: Run): Promise<RawDocument[]> {
    const found: RawDocument[] = [];
    // what is stale has no order before it is read
    const legs = order.lead && !collections.isStale(query.type) ? ledLegs(query, order, run) : order.legs;
    for await (const leg of legs) {
      const wanted = query.limit + 1 - found.length;
      found.push(...(await runLeg({ ...run, query, order, leg, wanted })));
      // before the next leg is asked for, which costs a question of its own
      if (found.length > query.limit) break;
    }
    return found;
  }

  /**
   * Of an order by several keys, of which the first has an index: its ranges, each as long as a page needs, so that what is sorted in memory
   * is a page and those with the same first value. A range with too few matches is followed by a longer one.
   */
  async function* ledLegs(
    query: FindQuery,
    { lead, legs }: Order,
    { joined, session, tally }: Run,
  ): AsyncIterable<Leg> {
    const { field, descending, from } = lead!;
    const [leg] = legs;
    const [onward, back] = descending ? ['$lt', '$gt'] : ['$gt', '$lt'];
    const filter = filterOf(split(joined.where)[0]);
    let begin: Document = from === undefined ? PRESENT[field] : { [field]: { [`${onward}e`]: from } };
    let size = query.limit + 1;
    while (from !== null) {
      tally.commands++;
      const [last] = await collections
        .current(query.type)
        .find(both(filter, begin), {
          projection: { [field]: 1 },
          sort: { [field]: descending ? -1 : 1 },
          skip: size - 1,
          limit: 1,
          maxTimeMS: searchMs,
          ...(session ? { session } : {}),
        })
        .toArray();
      if (!last) {
        yield { ...leg!, within: begin };
        break;
      }
      const end = { [field]: { [`${back}e`]: last[field] } };
      yield { ...leg!, within: { $and: [begin, end] } };
      begin = { [field]: { [onward]: last[field] } };
      size *= 4;
    }
    if (field !== '_id' && field !== 'u') yield { ...leg!, within: { [field]: null } };
  }

  interface Run {
    joined: Joined;
    session: ClientSession | undefined;
    tally: Tally;
  }

  interface LegRun extends Run {
    query: FindQuery;
    order: Order;
    leg: Leg;
    wanted: number;
  }

  async function runLeg(run: LegRun): Promise<RawDocument[]> {
    const { query, order, leg, joined, wanted, session } = run;
    if (!collections.isStale(query.type)) {
      if (!leg.dates && speaksOfMainDate(joined.where)) return [];
      run.tally.commands++;
      if (!session && isPlain(order, joined) && order.byMainDate && isCheapPage(joined.where, wanted)) {
        const filter = both(filterOf(joined.where), leg.filter);
        return pages(query.type, { filter, sort: leg.sort, limit: wanted, projection: projectionOf(query) });
      }
      return (await open(run, joined.where, wanted).toArray()).map(readRaw);
    }
    const found: RawDocument[] = [];
    run.tally.commands++;
    const cursor = open(run, joined.where, undefined);
    try {
      for await (const one of cursor) {
        const raw = readRaw(one);
        if (raw.kv !== extractor.version(query.type) && !recheck(extractor, joined.where, raw)) continue;
        found.push(raw);
        if (found.length === wanted) break;
      }
    } finally {
      await cursor.close();
    }
    return found;
  }

  function open(run: LegRun, where: Resolved, limit: number | undefined, raw = true) {
    const { query, order, leg, joined, session } = run;
    const { type } = query;
    const stale = collections.isStale(type);
    const fields = projectionOf(query);
    // outdated keys are made anew from the bytes
    if (stale) Object.assign(fields, { kv: 1, j: 1 });
    for (const field of order.fields) fields[field] = 1;
    const options = {
      raw,
      maxTimeMS: searchMs,
      ...(session ? { session } : {}),
      ...(limit === undefined ? {} : { batchSize: limit + 1 }),
    };
    const filtered = (predicate: Resolved): Document =>
      stale ? widened(filterOf(predicate), extractor.version(type)) : filterOf(predicate, leg.dates);
    if (isPlain(order, joined)) {
      return collections.current(type).find(both(filtered(where), leg.filter), {
        ...options,
        projection: fields,
        sort: leg.sort,
        ...(limit === undefined ? {} : { limit }),
      });
    }
    const [before, after] = split(where);
    const indexed = order.compute.length === 0;
    const pipeline: Document[] = [
      { $match: both(filtered(before), (indexed ? leg.filter : leg.within) ?? {}) },
      ...order.compute,
      ...(indexed ? [] : [{ $match: leg.filter }]),
      ...(joined.lookups.length === 0 ? [] : indexed ? [{ $sort: leg.sort }] : []),
      ...(joined.lookups.length === 0 ? [] : [...joined.lookups, { $match: filterOf(after) }]),
      ...(indexed ? [] : [{ $sort: leg.sort }]),
      ...(limit === undefined ? [] : [{ $limit: limit }]),
      { $project: fields },
    ];
    return collections.current(type).aggregate(pipeline, { ...options, allowDiskUse: true });
  }

  async function count(type: string, kind: 'estimate' | 'accurate', run: Run): Promise<number> {
    const { joined, session, tally } = run;
    const collection = collections.current(type);
    const options = { maxTimeMS: searchMs, ...(session ? { session } : {}) };
    if (collections.isStale(type)) return countWhileStale(type, run);
    if (isEverything(joined.where)) {
      const deleted = await counted([{ $match: { x: 1 } }], TOMBSTONE_INDEX);
      if (kind === 'estimate' && !session) {
        tally.commands++;
        return Math.max(0, (await collection.estimatedDocumentCount({ maxTimeMS: searchMs })) - deleted);
      }
      return (await counted([{ $match: {} }], TIME_INDEX)) - deleted;
    }
    const capped = kind === 'estimate' ? [{ $limit: ESTIMATE_CAP }] : [];
    return counted([
      ...lookupStages({ ...joined, where: await withoutConfirmed(type, joined.where, tally) }),
      ...capped,
    ]);

    async function counted(stages: Document[], hint?: Document): Promise<number> {
      const pipeline = [...stages, { $count: 'count' }];
      const counting = { pipeline, hint: hint ? { hint } : {} };
      tally.commands++;
      tally.counts.push(counting);
      const [result] = await collection
        .aggregate<{ count: number }>(pipeline, { ...options, ...counting.hint })
        .toArray();
      return result?.count ?? 0;
    }
  }

  /** Where a code occurs with no other system than the one that is asked for, the index alone counts it. */
  async function withoutConfirmed(type: string, where: Resolved, tally: Tally): Promise<Resolved> {
    const parts = where.op === 'and' ? where.of : [where];
    const confirmed = parts.filter((part) => part.op === 'confirms');
    const found = parts.filter((part) => part.op === 'equals' || part.op === 'oneOf');
    if (confirmed.length !== 1 || found.length !== 1 || parts.length !== 2) return where;
    const [key, confirms] = [found[0]!, confirmed[0]!];
    const keys = key.op === 'equals' ? [key.key] : key.keys;
    const tokens = new Set(confirms.tokens);
    tally.commands++;
    const inUse = await codes.tokensOf(type, keys);
    return keys.every((one) => isOnlyWith(inUse.get(one), tokens)) ? key : where;
  }

  async function countWhileStale(type: string, run: Run): Promise<number> {
    let total = 0;
    for await (const _ of rechecked(type, { j: 1, u: 1, kv: 1 }, run)) total++;
    return total;
  }

  /** Documents that match although their stored keys may be outdated. */
  async function* rechecked(type: string, projection: Document, { joined, session, tally }: Run) {
    tally.commands++;
    const filter = widened(filterOf(joined.where), extractor.version(type));
    const options = { projection, raw: true, maxTimeMS: searchMs, ...(session ? { session } : {}) };
    for await (const one of collections.current(type).find(filter, options)) {
      const raw = readRaw(one);
      if (raw.kv === extractor.version(type) || recheck(extractor, joined.where, raw)) yield raw;
    }
  }

  /** The documents a join's first step needs; undefined where there are more than `cap`. */
  async function firstStep(
    type: string,
    projection: Document,
    cap: number,
    { joined, session, tally }: Run,
  ): Promise<unknown[] | undefined> {
    tally.commands++;
    const limit = Number.isFinite(cap) ? cap + 1 : undefined;
    const options = { raw: true, maxTimeMS: searchMs, ...(session ? { session } : {}) };
    const collection = collections.current(type);
    const cursor =
      joined.lookups.length === 0
        ? collection.find(filterOf(joined.where), {
            ...options,
            projection,
            ...(limit ? { limit, batchSize: limit + 1 } : {}),
          })
        : collection.aggregate(
            [...lookupStages(joined), ...(limit ? [{ $limit: limit }] : []), { $project: projection }],
            options,
          );
    const found = await cursor.toArray();
    return found.length > cap ? undefined : found;
  }

  function sourceFor(session: ClientSession | undefined, tally: Tally): LinkSource {
    return {
      mustListAll: (type) => collections.isStale(type),
      codesOf(type, { param, by }, limit) {
        tally.commands++;
        return codes.keysOf(type, param, by, limit);
      },
      codesWith(type, word, isBeginning, limit) {
        tally.commands++;
        return codes.keysWith(type, word, isBeginning, limit);
      },
      async areFrequent(type, keys, cap) {
        tally.commands++;
        const options = { limit: cap + 1, maxTimeMS: searchMs, ...(session ? { session } : {}) };
        const filter = filterOf({ op: 'oneOf', keys });
        return (await collections.current(type).countDocuments(filter, options)) > cap;
      },
      async idsOf(type, joined, cap) {
        if (!collections.isStale(type))
          return (await firstStep(type, { _id: 1 }, cap, { joined, session, tally }))?.map(readRawId);
        const ids: string[] = [];
        for await (const { _id } of rechecked(type, { j: 1, u: 1, kv: 1 }, { joined, session, tally })) ids.push(_id);
        return ids;
      },
      async referencesOf(type, joined, prefix, cap) {
        const keys: string[] = [];
        const add = (entries: readonly string[] | undefined): void => {
          for (const key of entries ?? []) if (key.startsWith(prefix)) keys.push(key);
        };
        if (collections.isStale(type)) {
          for await (const raw of rechecked(type, { j: 1, u: 1, kv: 1, k: 1 }, { joined, session, tally }))
            add(raw.kv === extractor.version(type) ? raw.k : freshKeys(extractor, raw).k);
          return keys;
        }
        const found = await firstStep(type, { _id: 0, k: 1 }, cap, { joined, session, tally });
        for (const one of found ?? []) add(readRaw(one).k);
        return found && keys;
      },
    };
  }

  async function ids(type: string, where: Predicate, limit: number, session?: ClientSession): Promise<string[]> {
    const page = await find({ type, where, sort: [], limit, total: 'none' }, session);
    return page.matches.map(({ id }) => id);
  }

  /** What the database looks at for this page and its total, by running both once more. */
  async function examined(query: FindQuery, order: Order, joined: Joined, sent: Tally): Promise<Examined> {
    const seen = { keys: 0, documents: 0, indexes: [] as string[], isSorted: false, commands: sent.commands };
    for (const { pipeline, hint } of sent.counts) {
      const cursor = collections.current(query.type).aggregate(pipeline, { ...hint, maxTimeMS: searchMs });
      addExplained(seen, await cursor.explain('executionStats'));
    }
    if (query.limit === 0) return seen;
    const run = { joined, session: undefined, tally: { commands: 0, counts: [] } };
    for await (const leg of order.lead ? ledLegs(query, order, run) : order.legs) {
      if (!leg.dates && speaksOfMainDate(joined.where)) continue;
      const cursor = open({ ...run, query, order, leg, wanted: 0 }, joined.where, query.limit + 1, false);
      const returned = addExplained(seen, await cursor.explain('executionStats'));
      if (returned > query.limit) break;
    }
    return seen;
  }

  return { find, pageFrom, ids };
}

const NO_BYTES = Buffer.alloc(0);

function matchOf(type: string, raw: RawDocument): Match {
  return {
    type,
    id: raw._id,
    version: raw.v,
    lastUpdated: raw.u,
    bytes: raw.j ?? NO_BYTES,
    mainDate: raw.sd,
    ...(raw.k ? { keys: raw.k } : {}),
    ...(raw.t ? { tokens: raw.t } : {}),
  };
}

function both(first: Document, second: Document): Filter<StoredDocument> {
  if (Object.keys(second).length === 0) return first as Filter<StoredDocument>;
  if (Object.keys(first).length === 0) return second as Filter<StoredDocument>;
  return { $and: [first, second] } as Filter<StoredDocument>;
}

const isOnlyWith = (inUse: ReadonlySet<string> | undefined, tokens: ReadonlySet<string>): boolean =>
  inUse !== undefined && [...inUse].every((token) => tokens.has(token));

const isEverything = (where: Resolved): boolean => where.op === 'and' && where.of.every(isEverything);

/** Neither joins nor a computed order: a plain find. */
const isPlain = (order: Order, joined: Joined): boolean => joined.lookups.length === 0 && order.compute.length === 0;

function projectionOf(query: FindQuery): Document {
  const fields: Document = { ...(query.leaveBytes ? {} : { j: 1 }), v: 1, u: 1, n: 1, sd: 1 };
  if (query.wantReferences) fields.k = 1;
  if (query.wantTokens) fields.t = 1;
  return fields;
}
