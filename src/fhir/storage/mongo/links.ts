// Joins, in two steps: the ids (or references) of the one side first, then the other side by `$in`. Where the first step is
// large, the search starts from the other side and looks each candidate up ($lookup), by one seek where a key holds both the patient and the
// code: never refused, never wrong.
// https://hl7.org/fhir/R4/search.html#chaining
import type { Document } from 'mongodb';
import type { ContainedLink, Predicate, SeekKeys } from '../../model/predicate.ts';
import { conditionOf, filterOf, type Resolved, successor } from './filter.ts';

export interface Joined {
  where: Resolved;
  /** $lookup stages that fill the fields `where` speaks of */
  lookups: Document[];
}

export interface LinkSource {
  /** ids of those that match; undefined where there are more than `cap` */
  idsOf(type: string, joined: Joined, cap: number): Promise<string[] | undefined>;
  /** what the matching resources refer to, as entries of `k` that begin with `prefix`; undefined where more than `cap` match */
  referencesOf(type: string, joined: Joined, prefix: string, cap: number): Promise<string[] | undefined>;
  /** keys of the codes in use that can meet it; undefined where there are more than `limit` */
  codesOf(type: string, predicate: Extract<Predicate, { op: 'coded' }>, limit: number): Promise<string[] | undefined>;
  /** keys of the codes in use whose texts have the word; undefined where there are more than `limit` */
  codesWith(type: string, word: string, isBeginning: boolean, limit: number): Promise<string[] | undefined>;
  /** whether more than `cap` documents have one of the keys; read from the index alone */
  areFrequent(type: string, keys: readonly string[], cap: number): Promise<boolean>;
  /** documents whose keys are outdated cannot be looked up by the database */
  mustListAll(type: string): boolean;
}

/** Up to here two steps cost less than looking up; a sorted `$in` of 1,000 keys takes 5 ms. */
const CAP = 1_000;

/** No longer one is in the index of words. */
const LONGEST_WORD = 40;

/** More are found as fast by going through what has the parameter, in the order of the main date. */
const MOST_CODES = 1_000;

export async function resolveLinks(source: LinkSource, type: string, predicate: Predicate): Promise<Joined> {
  const lookups: Document[] = [];

  async function resolve(part: Predicate): Promise<Resolved> {
    switch (part.op) {
      case 'and':
      case 'or': {
        const of: Resolved[] = [];
        for (const inner of part.of) of.push(await resolve(inner));
        return { op: part.op, of };
      }
      case 'not':
        return { op: 'not', of: await resolve(part.of) };
      case 'linked':
        return linked(part);
      case 'linkedFrom':
        return linkedFrom(part);
      case 'coded':
        return coded(part);
      case 'words':
        return words(part);
      default:
        return part;
    }
  }

  /** By the codes in use that it can be. Many codes are most of what there is: these are met soon in any order. */
  async function coded(part: Extract<Predicate, { op: 'coded' }>): Promise<Resolved> {
    const { param } = part;
    const keys = source.mustListAll(type) ? undefined : await source.codesOf(type, part, MOST_CODES);
    const candidates: Resolved[] = [keys ? { op: 'oneOf', keys } : { op: 'exists', in: 'k', param }];
    if ('text' in part.by && (await hasTyped(part)))
      candidates.push({ op: 'startsWith', in: 's', prefix: `${param}~:${part.by.text}` });
    return { op: 'and', of: [candidates.length === 1 ? candidates[0]! : { op: 'or', of: candidates }, part] };
  }

  /** By its longest word: in the index of words, or among the texts of codes, which that index leaves out. */
  async function words(part: Extract<Predicate, { op: 'words' }>): Promise<Resolved> {
    if (source.mustListAll(type)) return part;
    const all = part.text.split(' ');
    const [word = '', at] = all.reduce<[string, number]>(
      (best, one, index) => (one.length > best[0].length && one.length <= LONGEST_WORD ? [one, index] : best),
      ['', 0],
    );
    if (word === '') return part;
    const isBeginning = part.isBeginning && at === all.length - 1;
    const candidates: Resolved[] = [{ op: 'word', word, isBeginning }];
    if (part.in === 'content') {
      const keys = await source.codesWith(type, word, isBeginning, MOST_CODES);
      // so many codes have it that it is met everywhere
      if (!keys) return part;
      if (keys.length > 0) candidates.unshift({ op: 'oneOf', keys });
    }
    return { op: 'and', of: [candidates.length === 1 ? candidates[0]! : { op: 'or', of: candidates }, part] };
  }

  /** Texts without a code are strings of their own, where there are any. */
  async function hasTyped({ param }: Extract<Predicate, { op: 'coded' }>): Promise<boolean> {
    if (source.mustListAll(type)) return true;
    const typed = await source.codesOf(type, { op: 'coded', param: `${param}~`, by: { tag: '' } }, 1);
    return typed === undefined || typed.length > 0;
  }

  async function linked(link: Extract<Predicate, { op: 'linked' }>): Promise<Resolved> {
    const { param, types, where, contained = [] } = link;
    const keys: string[] = [];
    const fields: Resolved[] = [];
    for (const target of types) {
      const joined = await resolveLinks(source, target, where);
      const prefix = `${param}|${target}/`;
      const ids = await source.idsOf(target, joined, capFor(target));
      if (ids) for (const id of ids) keys.push(prefix + id);
      else fields.push(lookUp(target, 'idsReferredTo', joined, prefix));
    }
    if (await mayContain(contained)) {
      for (const { marker, where: within } of contained)
        fields.push({ op: 'and', of: [{ op: 'equals', key: marker }, await resolve(within)] });
    }
    return { op: 'or', of: [{ op: 'oneOf', keys }, ...fields] };
  }

  /** Nearly always nothing is contained, and the index of keys stays the only one that is asked. */
  async function mayContain(contained: readonly ContainedLink[]): Promise<boolean> {
    const markers = contained.map(({ marker }) => marker);
    return markers.length > 0 && (source.mustListAll(type) || (await source.areFrequent(type, markers, 0)));
  }

  async function linkedFrom({ type: from, param, where, seek }: LinkedFrom): Promise<Resolved> {
    const cap = capFor(from);
    const prefix = `${param}|${type}/`;
    if (!seek || !Number.isFinite(cap)) {
      const joined = await resolveLinks(source, from, where);
      const references = await source.referencesOf(from, joined, prefix, cap);
      return references ? idsIn(references, prefix) : lookUp(from, 'ownKey', joined, prefix);
    }
    const keys = seek.keys.map(({ key }) => key);
    // what else is asked for may be rare, and have an index of its own
    if (!isDecidedByKeys(seek.rest) || !(await source.areFrequent(from, keys, cap))) {
      const references = await source.referencesOf(from, await resolveLinks(source, from, where), prefix, cap);
      if (references) return idsIn(references, prefix);
    }
    return seekEach(from, seek.keys, await resolveLinks(source, from, seek.rest));
  }

  /** Stale documents anywhere in the search mean that the predicate must be one that memory can test. */
  const capFor = (other: string): number =>
    source.mustListAll(type) || source.mustListAll(other) ? Number.POSITIVE_INFINITY : CAP;

  function lookUp(from: string, by: 'idsReferredTo' | 'ownKey', joined: Joined, prefix: string): Resolved {
    const stages = lookupStages(joined);
    if (by === 'ownKey') return lookUpBy({ from, local: { $concat: [prefix, '$_id'] }, foreignField: 'k', stages });
    return lookUpBy({ from, local: idsReferredTo(prefix), foreignField: '_id', stages });
  }

  /** One seek in the index for each candidate, whatever else points to it. */
  function seekEach(from: string, keys: SeekKeys['keys'], joined: Joined): Resolved {
    const spelled = keys.map(({ before, after }) => ({ $concat: [literal(before), '$_id', literal(after)] }));
    return lookUpBy({ from, local: spelled, foreignField: 'k', stages: keyedStages(joined) });
  }

  function lookUpBy({ from, local, foreignField, stages }: LookUp): Resolved {
    const as = `l${lookups.length}`;
    const localField = `${as}k`;
    const pipeline = [...stages, { $limit: 1 }, { $project: { _id: 1 } }];
    lookups.push({ $set: { [localField]: local } }, { $lookup: { from, localField, foreignField, pipeline, as } });
    return { op: 'joined', field: as };
  }

  const where = await resolve(predicate);
  return { where, lookups };
}

type LinkedFrom = Extract<Predicate, { op: 'linkedFrom' }>;

const idsIn = (references: readonly string[], prefix: string): Resolved => ({
  op: 'ids',
  ids: [...new Set(references.map((key) => key.slice(prefix.length)))],
});

/** Codes of different systems rarely meet (docs/adr/0004), so what confirms them leaves most. */
const isDecidedByKeys = (rest: Predicate): boolean =>
  rest.op === 'confirms' || (rest.op === 'and' && rest.of.every(isDecidedByKeys));

interface LookUp {
  from: string;
  local: Document | Document[];
  foreignField: 'k' | '_id';
  stages: Document[];
}

/** What follows `$` in a search's value must not be read as a field. */
const literal = (text: string): Document => ({ $literal: text });

/** As `lookupStages` of documents found by their key: no other index may compete, and a tombstone has no keys. */
function keyedStages({ where, lookups }: Joined): Document[] {
  const [before, after] = split(where);
  const first = { $match: conditionOf(before) };
  return lookups.length === 0 ? [first] : [first, ...lookups, { $match: filterOf(after) }];
}

/** As pipeline stages: what needs no look-up first. */
export function lookupStages({ where, lookups }: Joined): Document[] {
  if (lookups.length === 0) return [{ $match: filterOf(where) }];
  const [before, after] = split(where);
  return [{ $match: filterOf(before) }, ...lookups, { $match: filterOf(after) }];
}

/** The conjuncts that can be tested before the look-ups, and the others. */
export function split(where: Resolved): [before: Resolved, after: Resolved] {
  const parts = where.op === 'and' ? where.of : [where];
  const after = parts.filter(speaksOfJoins);
  return [
    { op: 'and', of: parts.filter((part) => !after.includes(part)) },
    { op: 'and', of: after },
  ];
}

function speaksOfJoins(part: Resolved): boolean {
  if (part.op === 'joined') return true;
  if (part.op === 'not') return speaksOfJoins(part.of);
  return (part.op === 'and' || part.op === 'or') && part.of.some(speaksOfJoins);
}

const idsReferredTo = (prefix: string): Document => ({
  $map: {
    input: {
      $filter: {
        input: { $ifNull: ['$k', []] },
        cond: { $and: [{ $gte: ['$$this', prefix] }, { $lt: ['$$this', successor(prefix)] }] },
      },
    },
    in: { $substrBytes: ['$$this', prefix.length, -1] },
  },
});
