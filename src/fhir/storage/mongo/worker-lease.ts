// A worker id of its own for each process, so that sequence.ts is unique by construction. The least recently used id is taken, so an
// id is not met again before all others were, and never before its last holder's time is over.
import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { isDuplicateKey } from './failures.ts';
import { WORKERS } from './sequence.ts';

interface WorkerDocument {
  _id: number;
  owner: string;
  /** by the database's clock: free again after it */
  until: Date;
  /** by the holder's clock: the latest time its numbers may carry */
  used: number;
}

export interface WorkerLease {
  workerId: number;
  release(): Promise<void>;
}

export const LEASE_MS = 60_000;
const HEARTBEAT_MS = 15_000;

/** `onLost`: another process may have the id now; this one must stop writing. */
export async function leaseWorkerId(deps: {
  db: Db;
  now: () => number;
  onLost: (reason: string) => void;
}): Promise<WorkerLease> {
  const { db, now, onLost } = deps;
  const workers = db.collection<WorkerDocument>('workers', { writeConcern: { w: 'majority' } });
  const owner = randomUUID();
  const workerId = await take();
  let confirmedAt = performance.now();
  const timer = setInterval(() => void beat(), HEARTBEAT_MS);
  timer.unref();

  const lease = () => [{ $set: { owner, until: { $add: ['$$NOW', LEASE_MS] }, used: now() + LEASE_MS } }];

  async function take(): Promise<number> {
    for (;;) {
      const fresh = await unusedId();
      if (fresh !== undefined) {
        if (await insert(fresh)) return fresh;
        continue;
      }
      const taken = await workers.findOneAndUpdate(
        { $expr: { $and: [{ $lt: ['$until', '$$NOW'] }, { $lt: ['$used', now()] }] } },
        [{ $set: { owner, until: { $add: ['$$NOW', LEASE_MS] }, used: now() + LEASE_MS } }],
        { sort: { until: 1 }, returnDocument: 'after' },
      );
      if (taken) return taken._id;
      throw new Error(`All ${WORKERS} worker ids are in use; wait a minute after stopping other servers`);
    }
  }

  async function unusedId(): Promise<number | undefined> {
    const used = new Set((await workers.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id));
    for (let id = 0; id < WORKERS; id++) if (!used.has(id)) return id;
    return undefined;
  }

  async function insert(_id: number): Promise<boolean> {
    try {
      await workers.updateOne(
        { _id, owner },
        [{ $set: { owner, until: { $add: ['$$NOW', LEASE_MS] }, used: now() + LEASE_MS } }],
        { upsert: true },
      );
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async function beat(): Promise<void> {
    try {
      const { matchedCount } = await workers.updateOne({ _id: workerId, owner }, lease());
      if (matchedCount === 1) confirmedAt = performance.now();
      else lost('its document belongs to another');
    } catch {
      if (performance.now() - confirmedAt > LEASE_MS - HEARTBEAT_MS) lost('the database did not answer in time');
    }
  }

  function lost(reason: string): void {
    clearInterval(timer);
    onLost(`the lease of worker id ${workerId} is lost: ${reason}`);
  }

  return {
    workerId,
    async release() {
      clearInterval(timer);
      await workers.updateOne({ _id: workerId, owner }, [{ $set: { until: '$$NOW', used: now() + 1000 } }]);
    },
  };
}
