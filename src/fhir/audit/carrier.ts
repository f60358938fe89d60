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

  async function append(block: AuditBlock): Promise<void> {
    for (let open: AuditBlock | undefined = block; open !== undefined; ) {
      if (await log.append(open, name)) return;
      // some of it is there: carried by who took this process for dead, or before a crash
      const { chain, first }: AuditBlock = open;
      const there = (await log.head(chain))?.n ?? 0;
      const rest: Frame[] = readFrames(open.frames).frames.filter(({ last }) => last > there);
      if (rest[0]?.first === first) throw new Error(`The audit log ${chain} has another record at ${first}`);
      open = rest.length === 0 ? undefined : blockOf(chain, rest);
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
