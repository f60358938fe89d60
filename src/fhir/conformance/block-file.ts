// A file of blocks that are read one at a time: the number of blocks, their lengths (32 bits each), the blocks.

/** bytes before the first block */
export const headLength = (count: number): number => 4 + 4 * count;

export function joinBlocks(blocks: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(headLength(blocks.length));
  head.writeUInt32LE(blocks.length, 0);
  for (const [at, { length }] of blocks.entries()) head.writeUInt32LE(length, 4 + 4 * at);
  return Buffer.concat([head, ...blocks]);
}

/** where each block begins, and at last where the file ends */
export function readOffsets(head: Buffer): number[] {
  const count = head.readUInt32LE(0);
  const offsets = [headLength(count)];
  for (let at = 0; at < count; at++) offsets.push(offsets[at]! + head.readUInt32LE(4 + 4 * at));
  return offsets;
}

export function splitBlocks(file: Buffer): Buffer[] {
  const offsets = readOffsets(file);
  return offsets.slice(1).map((end, at) => file.subarray(offsets[at], end));
}
