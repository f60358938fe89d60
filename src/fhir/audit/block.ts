// Frames as one block, with what it is found by.
import type { AuditBlock } from '../storage/audit-log.ts';
import { type Frame, readFrames, recordsIn, writeFrames } from './chain.ts';
import type { NewRecord } from './record.ts';
import { findableBy, tagsOf } from './tags.ts';

/** What records are found by together. */
export interface Summary {
  tags: Set<string>;
  from: number;
  until: number;
}

export const emptySummary = (): Summary => ({
  tags: new Set(),
  from: Number.POSITIVE_INFINITY,
  until: Number.NEGATIVE_INFINITY,
});

export function summarise(record: NewRecord, at: number, summary: Summary): void {
  for (const tag of tagsOf(record)) summary.tags.add(findableBy(tag));
  if (at < summary.from) summary.from = at;
  if (at > summary.until) summary.until = at;
}

export const summaryIn = (frames: Buffer): Summary => summaryOf(readFrames(frames).frames);

export const foundBy = ({ tags, from, until }: Summary) => ({ tags: [...tags], from, until });

export function blockOf(chain: string, frames: readonly Frame[]): AuditBlock {
  const { last, hash } = frames.at(-1)!;
  return { chain, first: frames[0]!.first, last, ...foundBy(summaryOf(frames)), frames: writeFrames(frames), hash };
}

function summaryOf(frames: readonly Frame[]): Summary {
  const summary = emptySummary();
  for (const frame of frames) for (const record of recordsIn(frame)) summarise(record, record.at, summary);
  return summary;
}
