// What of a log file is to become which block of the database.
import { emptySummary, type Summary, summarise } from './block.ts';
import type { NewRecord } from './record.ts';

export interface Segment {
  /** places of the first and the last record, and the hash after it */
  first: number;
  last: number;
  hash: string;
  /** in the file */
  begin: number;
  end: number;
  /** absent: to be read from the frames */
  summary: Summary | undefined;
  /** it is being carried */
  isClosed?: boolean;
}

export interface Pending {
  record: NewRecord;
  at: number;
}

export const BLOCK_BYTES = 512 * 1024;
const MOST_SUMMARIES = 32;

/** A frame joins those before it until they are a block's worth. */
export function extend(segments: Segment[], frame: Omit<Segment, 'summary'>, records: readonly Pending[]): void {
  let newest = segments.at(-1);
  if (newest?.summary === undefined || newest.isClosed || frame.end - newest.begin > BLOCK_BYTES) {
    newest = { ...frame, summary: emptySummary() };
    segments.push(newest);
    // the database is away for long: what is found in them is read again when it is back
    if (segments.length > MOST_SUMMARIES) segments[segments.length - MOST_SUMMARIES - 1]!.summary = undefined;
  }
  newest.last = frame.last;
  newest.hash = frame.hash;
  newest.end = frame.end;
  for (const { record, at } of records) summarise(record, at, newest.summary!);
}
