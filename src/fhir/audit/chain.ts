// The chain of a log. Each process that writes has one. Its lines come in frames, as many as were written at once; a frame ends with a
// seal: the place of its last line and a keyed hash over the frame and the hash before it. So nothing before a known hash can be
// changed, left out or put elsewhere without the key. What is cut off at the end is missing where another chain, a note beside the log
// or the operator knows a later hash. docs/adr/0022
import { createHmac, randomBytes } from 'node:crypto';
import type { AuditRecord } from './record.ts';

const HASH_BYTES = 24;
const SEAL = /^=(\d+) ([A-Za-z0-9_-]{32})$/;

export interface Frame {
  /** the lines, each with its line feed */
  lines: string;
  /** place of the first and the last line */
  first: number;
  last: number;
  hash: string;
}

/** Begins with the time, so that chains sort by their beginnings. */
export const newChainId = (now: number): string =>
  now.toString(36).padStart(9, '0') + (randomBytes(4).readUInt32LE() % 36 ** 5).toString(36).padStart(5, '0');

export const firstHash = (key: Buffer, chain: string): string => hashOf(key, chain, '');

/** base64url */
export const hashOf = (key: Buffer, before: string, lines: string): string =>
  createHmac('sha256', key)
    .update(before)
    .update('\n')
    .update(lines)
    .digest()
    .subarray(0, HASH_BYTES)
    .toString('base64url');

export const sealLine = (last: number, hash: string): string => `=${last} ${hash}\n`;

/** Tells which key a chain was made with, and nothing about the key. */
export const keyName = (key: Buffer): string =>
  createHmac('sha256', key).update('name').digest('base64url').slice(0, 8);

export interface ReadFrames {
  frames: Frame[];
  /** bytes that are whole frames; what follows was never finished */
  bytes: number;
}

/** Frames as they are written, unjudged. */
export function readFrames(content: Buffer): ReadFrames {
  const frames: Frame[] = [];
  let start = 0;
  for (let at = 0, line = 0; ; at = line) {
    const end = content.indexOf(10, at);
    if (end < 0) return { frames, bytes: start };
    line = end + 1;
    if (content[at] !== 61) continue;
    const seal = SEAL.exec(content.toString('latin1', at, end));
    const lines = content.toString('utf8', start, at);
    if (seal === null || lines === '') return { frames, bytes: start };
    const last = Number(seal[1]);
    frames.push({ lines, first: last - countLines(lines) + 1, last, hash: seal[2]! });
    start = line;
  }
}

export const writeFrames = (frames: readonly Frame[]): Buffer =>
  Buffer.from(frames.map(({ lines, last, hash }) => lines + sealLine(last, hash)).join(''));

export const recordsIn = ({ lines }: Pick<Frame, 'lines'>): AuditRecord[] =>
  lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditRecord);

function countLines(lines: string): number {
  let count = 0;
  for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) count++;
  return count;
}
