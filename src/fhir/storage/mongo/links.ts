// Joins, in two steps: the ids (or references) of the one side first, then the other side by `$in`. Where the first step is
// large, the search starts from the other side and looks each candidate up ($lookup): never refused, never wrong.
// https://hl7.org/fhir/R4/search.html#chaining
import type { Document } from 'mongodb';
import type { Predicate } from '../../model/predicate.ts';
import { filterOf, type Resolved, successor } from './filter.ts';

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
  /** documents whose keys are outdated cannot be looked up by the database */
  mustListAll(type: string): boolean;
}

/** Up to here two steps cost less than looking up; a sorted `$in` of 1,000 keys takes 5 ms. */
const CAP = 1_000;

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
      default:
        return part;
    }
  }

  async function linked({ param, types, where }: Extract<Predicate, { op: 'linked' }>): Promise<Resolved> {
    const keys: string[] = [];
    const fields: Resolved[] = [];
    for (const target of types) {
      const joined = await resolveLinks(source, target, where);
      const prefix = `${param}|${target}/`;
      const ids = await source.idsOf(target, joined, capFor(target));
      if (ids) for (const id of ids) keys.push(prefix + id);
      else fields.push(lookUp(target, 'idsReferredTo', joined, prefix));
    }
    return { op: 'or', of: [{ op: 'oneOf', keys }, ...fields] };
  }

  async function linkedFrom(part: Extract<Predicate, { op: 'linkedFrom' }>): Promise<Resolved> {
    const joined = await resolveLinks(source, part.type, part.where);
    const prefix = `${part.param}|${type}/`;
    const references = await source.referencesOf(part.type, joined, prefix, capFor(part.type));
    if (!references) return lookUp(part.type, 'ownKey', joined, prefix);
    return { op: 'ids', ids: [...new Set(references.map((key) => key.slice(prefix.length)))] };
  }

  /** Stale documents anywhere in the search mean that the predicate must be one that memory can test. */
  const capFor = (other: string): number =>
    source.mustListAll(type) || source.mustListAll(other) ? Number.POSITIVE_INFINITY : CAP;

  function lookUp(from: string, by: 'idsReferredTo' | 'ownKey', joined: Joined, prefix: string): Resolved {
    const field = `l${lookups.length}`;
    const local = `${field}k`;
    lookups.push(
      { $set: { [local]: by === 'ownKey' ? { $concat: [prefix, '$_id'] } : idsReferredTo(prefix) } },
      {
        $lookup: {
          from,
          localField: local,
          foreignField: by === 'ownKey' ? 'k' : '_id',
          pipeline: [...lookupStages(joined), { $limit: 1 }, { $project: { _id: 1 } }],
          as: field,
        },
      },
    );
    return { op: 'joined', field };
  }

  const where = await resolve(predicate);
  return { where, lookups };
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
