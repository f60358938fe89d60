// Walks over the records of all chains in the order of time, as far as somebody wants them.
import type { AuditBlock, AuditLog } from '../storage/audit-log.ts';
import { readFrames, recordsIn } from './chain.ts';
import type { Bounds } from './criteria.ts';
import { type Part, partsOf } from './parts.ts';
import { placeOf } from './record.ts';
import { findableBy, tagsOf } from './tags.ts';

export interface Found extends Part {
  chain: string;
  tags: readonly string[];
}

/** Where a walk goes on: after this record. */
export interface Place {
  at: number;
  chain: string;
  n: number;
  part: number;
}

/** What the walk did so far. */
export interface Walked {
  blocks: number;
  records: number;
}

export interface WalkOptions {
  bounds: Bounds;
  newestFirst: boolean;
  after?: Place;
  walked: Walked;
}

/** Records within the bounds, by time, then chain, then place; newest first all three fall. */
export async function* walk(log: AuditLog, options: WalkOptions): AsyncGenerator<Found> {
  const { bounds, newestFirst, after } = options;
  const direction = newestFirst ? -1 : 1;
  const before = (a: Found, b: Found): number => direction * compare(placed(a), placed(b));
  const isWanted = (found: Found): boolean => after === undefined || direction * compare(placed(found), after) > 0;
  let waiting: Found[] = [];
  for await (const block of blocksWithin(log, options)) {
    const edge = newestFirst ? block.until : block.from;
    // nothing of this block or a later one comes before these
    const ready = waiting.filter(({ record }) => direction * (record.at - edge) < 0);
    if (ready.length > 0) {
      waiting = waiting.filter(({ record }) => direction * (record.at - edge) >= 0);
      yield* ready.sort(before);
    }
    options.walked.blocks++;
    for (const found of within(block, bounds, options.walked)) if (isWanted(found)) waiting.push(found);
  }
  yield* waiting.sort(before);
}

async function* blocksWithin(log: AuditLog, { bounds, newestFirst, after }: WalkOptions): AsyncGenerator<AuditBlock> {
  if (bounds.ids !== undefined) {
    yield* (await blocksOf(log, bounds.ids)).sort((a, b) => (newestFirst ? b.until - a.until : a.from - b.from));
    return;
  }
  const from = newestFirst || after === undefined ? bounds.from : Math.max(bounds.from, after.at);
  const until = newestFirst && after !== undefined ? Math.min(bounds.until, after.at) : bounds.until;
  if (from > until || bounds.tags.some((set) => set.length === 0)) return;
  yield* log.blocks({
    ...(Number.isFinite(from) && { from }),
    ...(Number.isFinite(until) && { until }),
    tags: bounds.tags,
    newestFirst,
  });
}

async function blocksOf(log: AuditLog, ids: readonly string[]): Promise<AuditBlock[]> {
  const blocks = new Map<string, AuditBlock>();
  for (const id of ids) {
    const place = placeOf(id);
    const block = place && (await log.blockOf(place.chain, place.n));
    if (block) blocks.set(`${block.chain} ${block.first}`, block);
  }
  return [...blocks.values()];
}

export function* within(block: AuditBlock, bounds: Bounds, walked: Walked): Generator<Found> {
  for (const frame of readFrames(block.frames).frames) {
    for (const record of recordsIn(frame)) {
      walked.records++;
      if (record.at < bounds.from || record.at > bounds.until) continue;
      for (const part of partsOf(record)) {
        const tags = tagsOf(part.record);
        if (hasAll(tags, bounds.tags)) yield { chain: block.chain, ...part, tags };
      }
    }
  }
}

/** One of each set. */
function hasAll(tags: readonly string[], sets: Bounds['tags']): boolean {
  if (sets.length === 0) return true;
  const found = tags.map(findableBy);
  return sets.every((set) => set.some((tag) => found.includes(tag)));
}

export const placed = ({ chain, part, record: { at, n } }: Found): Place => ({ at, chain, n, part });

export const compare = (a: Place, b: Place): number =>
  a.at - b.at || (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : a.n - b.n || a.part - b.part);
