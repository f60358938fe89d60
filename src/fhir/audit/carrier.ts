// Takes blocks of a chain to the database, in their order, each once, whoever took some of it there before.
import type { AuditBlock, AuditLog } from '../storage/audit-log.ts';
import { blockOf } from './block.ts';
import { type Frame, keyName, readFrames } from './chain.ts';
import { BLOCK_BYTES } from './segments.ts';

export interface Carrier {
  append(block: AuditBlock): Promise<void>;
  /** frames of any size, as blocks */
  appendAll(chain: string, frames: readonly Frame[]): Promise<void>;
}

export function createCarrier({ log, key }: { log: AuditLog; key: Buffer }): Carrier {
  const name = keyName(key);

  /** What is not there yet: somebody else may have carried some of it, in blocks that end elsewhere. */
  async function restOf(block: AuditBlock): Promise<AuditBlock | undefined> {
    const { chain, first, last, frames } = block;
    const head = (await log.head(chain))?.n ?? 0;
    const there = head < first ? undefined : await log.blockOf(chain, Math.min(head, last));
    if (there === undefined) return block;
    const rest = readFrames(frames).frames.filter((frame) => frame.last > there.last);
    return rest.length === 0 ? undefined : blockOf(chain, rest);
  }

  async function append(block: AuditBlock): Promise<void> {
    for (let open = await restOf(block); open !== undefined; ) {
      if (await log.append(open, name)) return;
      const rest = await restOf(open);
      if (rest?.first === open.first)
        throw new Error(`The audit log ${open.chain} has another record at ${open.first}`);
      open = rest;
    }
  }

  return {
    append,
    async appendAll(chain, frames) {
      let some: Frame[] = [];
      let bytes = 0;
      for (const [index, frame] of frames.entries()) {
        some.push(frame);
        bytes += frame.lines.length;
        if (bytes < BLOCK_BYTES && index < frames.length - 1) continue;
        await append(blockOf(chain, some));
        some = [];
        bytes = 0;
      }
    },
  };
}
