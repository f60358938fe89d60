// The logs of other processes: those that ended are carried on, and all are noted, so that one that is cut off or taken away is missed.
import { findLeftovers, type Leftover } from '../../platform/spool/spool.ts';
import type { AuditLog } from '../storage/audit-log.ts';
import { createCarrier } from './carrier.ts';
import { readFrames } from './chain.ts';
import type { Journal, JournalDeps } from './journal.ts';
import type { Head } from './record.ts';

export interface Neighbours {
  /** carries on what processes left behind that are gone */
  adopt(): Promise<void>;
  /** writes down where other chains are */
  link(code: 'start' | 'link', write: Journal['write']): Promise<void>;
}

export function createNeighbours(chain: string, deps: JournalDeps): Neighbours {
  const { log, folder, logger } = deps;
  const carrier = createCarrier(deps);

  async function adoptOne({ name, read, remove }: Leftover): Promise<void> {
    const { frames } = readFrames(read());
    await carrier.appendAll(name, frames);
    remove();
    const { last } = frames.at(-1) ?? {};
    if (last !== undefined) logger.info('the audit log of a server that ended is complete', { chain: name, last });
  }

  return {
    async adopt() {
      for (const leftover of findLeftovers(folder)) {
        await adoptOne(leftover).catch((error: unknown) =>
          logger.warn('an audit log that a server left behind could not be carried on yet', { error: String(error) }),
        );
      }
    },
    async link(code, write) {
      const open = await unnoted(log, chain);
      if (open.length === 0 && code === 'link') return;
      const heads: Head[] = open.map(({ chain: of, n, hash }) => ({ chain: of, n, hash }));
      await write([{ kind: 'log', code, status: 200, address: '', ...(heads.length > 0 && { heads }) }]);
      await log.markLinked(open);
    },
  };
}

const unnoted = async (log: AuditLog, chain: string) =>
  (await log.heads()).filter((head) => head.chain !== chain && head.n > head.linked);
