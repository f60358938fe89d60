// What of a search's predicate the tags and times of blocks can tell, so that only blocks are read that may hold something.
import type { Predicate } from '../model/predicate.ts';
import { findableBy, TAGGED } from './tags.ts';

export interface Bounds {
  /** for each set: a record has a tag that is found by one of these */
  tags: readonly (readonly string[])[];
  from: number;
  until: number;
  /** only events with these ids */
  ids?: readonly string[];
}

export const UNBOUNDED: Bounds = { tags: [], from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

const NOTHING: Bounds = { tags: [[]], from: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY };

/** What every event that meets the predicate has; more events may have it too. */
export function boundsOf(predicate: Predicate): Bounds {
  switch (predicate.op) {
    case 'and':
      return predicate.of.map(boundsOf).reduce(both, UNBOUNDED);
    case 'or':
      return predicate.of.length === 0 ? NOTHING : predicate.of.map(boundsOf).reduce(either);
    case 'equals':
      return isTagged(predicate.key) ? { ...UNBOUNDED, tags: [[findableBy(predicate.key)]] } : UNBOUNDED;
    case 'oneOf':
      return predicate.keys.every(isTagged) ? { ...UNBOUNDED, tags: [predicate.keys.map(findableBy)] } : UNBOUNDED;
    case 'ids':
      return { ...UNBOUNDED, ids: predicate.ids };
    case 'updated':
      return { ...UNBOUNDED, ...timesOf(predicate.at) };
    case 'interval':
      return predicate.in === 'd' && predicate.param === 'date'
        ? both({ ...UNBOUNDED, ...timesOf(predicate.lo ?? {}) }, { ...UNBOUNDED, ...timesOf(predicate.hi ?? {}) })
        : UNBOUNDED;
    default:
      return UNBOUNDED;
  }
}

/** Whether the predicate can be judged by tags, times and the id alone, without the AuditEvent. */
export function isTold(predicate: Predicate): boolean {
  switch (predicate.op) {
    case 'and':
    case 'or':
      return predicate.of.every(isTold);
    case 'not':
      return isTold(predicate.of);
    case 'equals':
      return isTagged(predicate.key);
    case 'oneOf':
      return predicate.keys.every(isTagged);
    case 'confirms':
      return predicate.tokens.every((token) => /^(?:type|subtype|_security)\|/.test(token));
    case 'exists':
      return predicate.in === 'k'
        ? TAGGED.has(predicate.param) && !HAS_MORE.has(predicate.param)
        : predicate.param === 'date';
    case 'interval':
      return predicate.in === 'd' && predicate.param === 'date';
    case 'ids':
    case 'updated':
      return true;
    default:
      return false;
  }
}

/** Parameters that have keys which are no tags: `:identifier`. */
const HAS_MORE: ReadonlySet<string> = new Set(['agent', 'entity']);

const isTagged = (key: string): boolean => TAGGED.has(key.slice(0, key.indexOf('|')));

const timesOf = ({ gt, gte, lt, lte }: { gt?: number; gte?: number; lt?: number; lte?: number }) => ({
  from: Math.max(gt ?? Number.NEGATIVE_INFINITY, gte ?? Number.NEGATIVE_INFINITY),
  until: Math.min(lt ?? Number.POSITIVE_INFINITY, lte ?? Number.POSITIVE_INFINITY),
});

const both = (a: Bounds, b: Bounds): Bounds => {
  const ids = a.ids === undefined || b.ids === undefined ? (a.ids ?? b.ids) : a.ids.filter((id) => b.ids!.includes(id));
  return {
    tags: [...a.tags, ...b.tags],
    from: Math.max(a.from, b.from),
    until: Math.min(a.until, b.until),
    ...(ids !== undefined && { ids }),
  };
};

/** One set of each side together is what every event of both sides has one of. */
const either = (a: Bounds, b: Bounds): Bounds => {
  const [one, other] = [narrowest(a), narrowest(b)];
  return {
    tags: one === undefined || other === undefined ? [] : [[...one, ...other]],
    from: Math.min(a.from, b.from),
    until: Math.max(a.until, b.until),
    ...(a.ids !== undefined && b.ids !== undefined && { ids: [...a.ids, ...b.ids] }),
  };
};

const narrowest = ({ tags }: Bounds): readonly string[] | undefined => [...tags].sort((a, b) => a.length - b.length)[0];
