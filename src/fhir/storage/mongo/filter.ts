// Predicate → MongoDB filter; pure. Every range on an array goes through $elemMatch: without it each bound may be met by another
// entry (measured: 50,000 patients instead of 1,193). Joins are resolved before (links.ts).
import type { Document, Filter } from 'mongodb';
import { EARTH_KILOMETRES } from '../../model/distance.ts';
import type { Bound, Predicate } from '../../model/predicate.ts';
import { NOT_DELETED } from './collections.ts';
import { ALL_DATES, type ClassDates, type DateRange, datesOf } from './date-ranges.ts';
import type { StoredDocument } from './document.ts';
import { gramsOf, hasGrams } from './grams.ts';
import { classesOf, UNIT, type WidthClass } from './width-class.ts';

type Branch = { op: 'and' | 'or' | 'not' | 'linked' | 'linkedFrom' };

/** A predicate whose joins are resolved: to keys, to ids, or to a field that a $lookup stage fills. */
export type Resolved =
  | Exclude<Predicate, Branch>
  | { op: 'and' | 'or'; of: readonly Resolved[] }
  | { op: 'not'; of: Resolved }
  | { op: 'joined'; field: string }
  /** what the index of words knows; beside it stands the condition on the text itself */
  | { op: 'word'; word: string; isBeginning: boolean };

type StoredFilter = Filter<StoredDocument>;

/**
 * The filter for documents that meet the predicate and whose main date begins `within` this range; tombstones never do. Where neither exact
 * keys nor the main date choose the index, the condition lets the index of the whole type compete (collections.ts).
 */
export function filterOf(predicate: Resolved, within: DateRange = ALL_DATES): StoredFilter {
  const filter = translate(predicate) as StoredFilter;
  const dates = datesOf(predicate, within);
  const isKeyed = !outcomes(predicate).holds && hasExactKey(predicate);
  if (dates) return { $and: [isKeyed ? spanning(dates) : eachOf(dates), filter] } as StoredFilter;
  if (isKeyed) return filter;
  const notDeleted = NOT_DELETED as unknown as StoredFilter;
  return Object.keys(filter).length === 0 ? notDeleted : { $and: [filter, notDeleted] };
}

/** A range of the index {w, sd, n} each. */
function eachOf(dates: readonly ClassDates[]): Document {
  const scans = dates.flatMap(({ w, ranges }) => ranges.map((range) => ({ w, ...beginningIn(range) })));
  if (scans.length === 0) return NOTHING;
  return scans.length === 1 ? scans[0]! : { $or: scans };
}

/** All in one, for the index {k, sd, n}. */
function spanning(dates: readonly ClassDates[]): Document {
  const ranges = dates.flatMap((one) => one.ranges);
  if (ranges.length === 0) return NOTHING;
  return beginningIn({
    min: Math.min(...ranges.map(({ min }) => min)),
    max: Math.max(...ranges.map(({ max }) => max)),
  });
}

/** `$gte` leaves out those without a date, even from minus infinity. */
const beginningIn = ({ min, max }: DateRange): Document => ({
  sd: { $gte: min, ...(max === Number.POSITIVE_INFINITY ? {} : { $lte: max }) },
});

/** The same where an exact key beside it already finds the documents. */
export const conditionOf = (predicate: Resolved): StoredFilter => translate(predicate) as StoredFilter;

const NOTHING: Document = { _id: { $in: [] } };

function translate(predicate: Resolved): Document {
  switch (predicate.op) {
    case 'and':
      return allOf(predicate.of);
    case 'or':
      return anyOf(predicate.of);
    case 'not':
      return negated(predicate.of);
    case 'equals':
      return { k: predicate.key };
    case 'oneOf':
      return predicate.keys.length === 1 ? { k: predicate.keys[0] } : { k: { $in: predicate.keys } };
    case 'confirms':
      return { t: oneOf(predicate.tokens) };
    case 'coded':
      return codedFilter(predicate);
    case 'startsWith':
      return prefixFilter(predicate.in, predicate.prefix, predicate.suffix);
    case 'contains':
      return containsFilter(predicate);
    case 'differs':
      return differsFilter(predicate);
    case 'interval':
      return intervalFilter(predicate);
    case 'exists':
      return existsFilter(predicate.in, predicate.param);
    case 'near':
      return nearFilter(predicate);
    case 'words':
      return wordsFilter(predicate);
    case 'word':
      return { f: predicate.isBeginning ? { $elemMatch: beginningWith(predicate.word) } : predicate.word };
    case 'ids':
      return predicate.ids.length === 1 ? { _id: predicate.ids[0] } : { _id: { $in: predicate.ids } };
    case 'updated':
      return { u: operators(predicate.at) };
    case 'joined':
      return { [predicate.field]: { $ne: [] } };
  }
}

function negated(predicate: Resolved): Document {
  if (predicate.op === 'confirms') return { t: { $nin: predicate.tokens } };
  return predicate.op === 'equals' ? { k: { $ne: predicate.key } } : { $nor: [translate(predicate)] };
}

/** What is said of one field is said at once: a command that is shorter is written, sent and read sooner. */
function allOf(parts: readonly Resolved[]): Document {
  const keys: string[] = [];
  const tokens: string[] = [];
  const noTokens: string[] = [];
  const others: Document[] = [];
  for (const part of flatten('and', parts)) {
    if (part.op === 'equals') keys.push(part.key);
    else if (part.op === 'confirms' && part.tokens.length === 1) tokens.push(part.tokens[0]!);
    else if (part.op === 'not' && part.of.op === 'confirms') noTokens.push(...part.of.tokens);
    else others.push(translate(part));
  }
  const own: Document = {};
  if (keys.length > 0) own.k = every(keys);
  if (noTokens.length > 0) own.t = { ...(tokens.length > 0 && { $all: tokens }), $nin: noTokens };
  else if (tokens.length > 0) own.t = every(tokens);
  if (keys.length + tokens.length + noTokens.length > 0) others.unshift(own);
  if (others.length === 0) return {};
  return others.length === 1 ? others[0]! : { $and: others };
}

const every = (texts: readonly string[]): Document | string => (texts.length === 1 ? texts[0]! : { $all: texts });

function anyOf(parts: readonly Resolved[]): Document {
  const flat = flatten('or', parts);
  const keys = flat.flatMap((part) => (part.op === 'equals' ? [part.key] : part.op === 'oneOf' ? part.keys : []));
  const others = flat.filter(({ op }) => op !== 'equals' && op !== 'oneOf').map(translate);
  if (keys.length > 0) others.unshift({ k: keys.length === 1 ? keys[0] : { $in: [...new Set(keys)] } });
  if (others.length === 0) return NOTHING;
  return others.length === 1 ? others[0]! : { $or: others };
}

function flatten(op: 'and' | 'or', parts: readonly Resolved[]): Resolved[] {
  return parts.flatMap((part) => (part.op === op ? flatten(op, part.of) : [part]));
}

const beginningWith = (prefix: string): Document => ({ $gte: prefix, $lt: successor(prefix) });
const oneOf = (texts: readonly string[]): Document | string => (texts.length === 1 ? texts[0]! : { $in: texts });

function prefixFilter(field: 'k' | 't' | 's', prefix: string, suffix: string | undefined): Document {
  const range = beginningWith(prefix);
  if (suffix === undefined) return { [field]: { $elemMatch: range } };
  // an entry that is shorter than both together would meet each by the same characters
  return { [field]: { $elemMatch: { ...range, $regex: `^${escaped(prefix)}.*${escaped(suffix)}$`, $options: 's' } } };
}

function codedFilter({ param, by }: Resolved & { op: 'coded' }): Document {
  if ('tag' in by) return prefixFilter('t', `${param}|`, `|${by.tag}`);
  const prefix = `${param}~:`;
  const $regex = `^${escaped(prefix)}(?:.* )?${escaped(by.text)}`;
  return { t: { $elemMatch: { ...beginningWith(prefix), $regex, $options: 's' } } };
}

/** Half the earth is the farthest that anything can be. */
const FARTHEST = Math.PI;

function nearFilter({ longitude, latitude, kilometres }: Resolved & { op: 'near' }): Document {
  const radius = kilometres / EARTH_KILOMETRES;
  if (radius >= FARTHEST) return { l: { $exists: true } };
  return { l: { $geoWithin: { $centerSphere: [[longitude, latitude], radius] } } };
}

/** Texts are lines of words with one space between. */
function wordsFilter({ in: where, text, isBeginning }: Resolved & { op: 'words' }): Document {
  const inLine = `(?:^|[ \\n])${escaped(text)}${isBeginning ? '' : '(?:$|[ \\n])'}`;
  const narrative = { ft: { $regex: inLine } };
  if (where === 'narrative') return narrative;
  const ofCode = { $regex: `^[^|]*~:(?:.* )?${escaped(text)}${isBeginning ? '' : '(?: |$)'}`, $options: 's' };
  return { $or: [narrative, { fc: { $regex: inLine } }, { t: ofCode }] };
}

/** Keys of `s` are `<param>:<normalised>\u0001<as written>\u0001`; only the normalised part is meant. */
function containsFilter({ in: field, param, text, atEnd }: Resolved & { op: 'contains' }): Document {
  if (field === 'k') {
    const $regex = `^${escaped(param)}\\|.*${escaped(text)}${atEnd ? '$' : ''}`;
    return { k: { $elemMatch: { ...beginningWith(`${param}|`), $regex, $options: 's' } } };
  }
  const $regex = `^[^:]*:[^\u0001]*${escaped(text)}${atEnd ? '\u0001' : ''}`;
  const filter = { s: { $elemMatch: { ...beginningWith(`${param}:`), $regex, $options: 's' } } };
  const trigrams = hasGrams(param) ? gramsOf(param, text) : [];
  return trigrams.length === 0 ? filter : { g: { $all: trigrams }, ...filter };
}

function differsFilter({ in: field, prefix, from, fromBeginnings = [] }: Resolved & { op: 'differs' }): Document {
  const others = fromBeginnings.map((beginning) => new RegExp(`^${escaped(beginning)}`, 's'));
  return { [field]: { $elemMatch: { ...beginningWith(prefix), $nin: [...from, ...others] } } };
}

/**
 * Each width class is a range of its own: an interval of width ≤ W that ends at or after `a` cannot begin before `a - W`, and
 * none that ends before `b` begins after it. So the index is entered and left on `lo`, in one place.
 */
function intervalFilter(predicate: Resolved & { op: 'interval' }): Document {
  const { in: field, param, lo = {}, hi = {}, units, confirms } = predicate;
  const legs = classesOf[field].map((widthClass) => {
    const entry: Document = { p: inUnits(param + widthClass.digit, units) };
    const loBound = operators(narrowed(lo, hi, widthClass));
    if (Object.keys(loBound).length > 0) entry.lo = loBound;
    if (Object.keys(hi).length > 0) entry.hi = operators(hi);
    if (confirms) entry.t = oneOf(confirms);
    return { [field]: { $elemMatch: entry } };
  });
  return { $or: legs };
}

function inUnits(p: string, units: readonly string[] | 'any' | undefined): Document | string {
  if (units === undefined) return p;
  return units === 'any' ? beginningWith(p + UNIT) : oneOf(units.map((unit) => p + UNIT + unit));
}

function narrowed(lo: Bound, hi: Bound, { width }: WidthClass): Bound {
  const bound: Bound = { ...lo };
  const after = Math.max(hi.gte ?? Number.NEGATIVE_INFINITY, hi.gt ?? Number.NEGATIVE_INFINITY);
  // a little wider than the class, because `hi - lo` was rounded
  const earliest = after - width * 1.001;
  if (Number.isFinite(earliest)) bound.gte = Math.max(bound.gte ?? earliest, earliest);
  const latest = Math.min(hi.lte ?? Number.POSITIVE_INFINITY, hi.lt ?? Number.POSITIVE_INFINITY);
  if (Number.isFinite(latest)) bound.lte = Math.min(bound.lte ?? latest, latest);
  return bound;
}

function operators(bound: Bound): Document {
  const result: Document = {};
  if (bound.gt !== undefined) result.$gt = bound.gt;
  if (bound.gte !== undefined) result.$gte = bound.gte;
  if (bound.lt !== undefined) result.$lt = bound.lt;
  if (bound.lte !== undefined) result.$lte = bound.lte;
  return result;
}

function existsFilter(field: 'k' | 's' | 'd' | 'q', param: string): Document {
  if (field === 'k') return prefixFilter('k', `${param}|`, undefined);
  if (field === 's') return prefixFilter('s', `${param}:`, undefined);
  const plain = classesOf[field].map(({ digit }) => param + digit);
  return {
    $or: [
      { [`${field}.p`]: { $in: plain } },
      ...[`${param}|`, ...plain.map((p) => p + UNIT)].map((prefix) => ({
        [field]: { $elemMatch: { p: beginningWith(prefix) } },
      })),
    ],
  };
}

/** The smallest text after all that begin with `prefix`, in code point order, which is also the order of UTF-8 bytes. */
export function successor(prefix: string): string {
  const points = [...prefix];
  const last = points.pop();
  if (last === undefined) return '\u{10ffff}';
  const point = last.codePointAt(0)!;
  if (point === 0x10ffff) return successor(points.join(''));
  return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** What a predicate can come to on a document without any keys. */
function outcomes(predicate: Resolved): { holds: boolean; fails: boolean } {
  switch (predicate.op) {
    case 'and': {
      const parts = predicate.of.map(outcomes);
      return { holds: parts.every(({ holds }) => holds), fails: parts.some(({ fails }) => fails) };
    }
    case 'or': {
      const parts = predicate.of.map(outcomes);
      return { holds: parts.some(({ holds }) => holds), fails: parts.every(({ fails }) => fails) };
    }
    case 'not': {
      const { holds, fails } = outcomes(predicate.of);
      return { holds: fails, fails: holds };
    }
    case 'ids':
    case 'updated':
    case 'joined':
      return { holds: true, fails: true };
    default:
      return { holds: false, fails: true };
  }
}

/** Beyond this many keys MongoDB sorts in memory instead of merging index scans. */
const MERGED_SCANS = 200;

/** Nothing but exact keys, what confirms them, the date they are sorted by and :not decides. */
function hasExactKey(predicate: Resolved): boolean {
  const parts = predicate.op === 'and' ? flatten('and', predicate.of) : [predicate];
  const isExact = (part: Resolved): boolean =>
    part.op === 'equals' || (part.op === 'oneOf' && part.keys.length <= MERGED_SCANS);
  const isBeside = (part: Resolved): boolean =>
    part.op === 'confirms' ||
    part.op === 'coded' ||
    part.op === 'not' ||
    (part.op === 'interval' && part.isMainDate === true);
  return parts.some(isExact) && parts.every((part) => isExact(part) || isBeside(part));
}
