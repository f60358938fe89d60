// Claims decide between concurrent equal conditional requests (storage-wide, across processes and transactions). A claim is a
// document named by the criteria, held for the request; it expires, so that a crash frees it. It never makes a lasting rule:
// duplicate identifiers are legal FHIR.
import { randomUUID } from 'node:crypto';
import type { ClientSession, Db } from 'mongodb';
import { FhirError } from '../../model/errors.ts';
import { isDuplicateKey } from './failures.ts';
import { createLocks } from './locks.ts';
import { RestartTransaction } from './restart.ts';

interface ClaimDocument {
  _id: string;
  owner: string;
  /** by the database's clock */
  until: Date;
}

export interface Claims {
  prepare(): Promise<void>;
  /** `before` answers without a claim where it can; `held` runs while no other holds `key`, and asks `stillHeld` before it writes */
  hold<T>(key: string, work: { before(): Promise<T | undefined>; held(stillHeld: () => void): Promise<T> }): Promise<T>;
  /** makes two transactions with one of these keys conflict, so that the later one starts again and finds what the earlier wrote */
  touch(keys: readonly string[], session: ClientSession): Promise<void>;
}

const HOLD_MS = 20_000;
/** what is left for the write itself: a holder who is later than this does not write */
const SAFE_MS = HOLD_MS / 2;
const WAIT_MS = 30_000;
/** longer than any transaction lives, so that an old snapshot always meets the document it must conflict with */
const KEEP_SECONDS = 600;

export function createClaims(db: Db): Claims {
  const collection = db.collection<ClaimDocument>('claims', { writeConcern: { w: 'majority' } });
  const locks = createLocks();

  async function acquire(key: string, owner: string): Promise<boolean> {
    const free = { $lt: [{ $ifNull: ['$until', new Date(0)] }, '$$NOW'] };
    const update = [
      {
        $set: {
          owner: { $cond: [free, owner, '$owner'] },
          until: { $cond: [free, { $add: ['$$NOW', HOLD_MS] }, '$until'] },
        },
      },
    ];
    try {
      const claim = await collection.findOneAndUpdate({ _id: key }, update, { upsert: true, returnDocument: 'after' });
      return claim?.owner === owner;
    } catch (error) {
      // two upserts of a new claim at once
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  const release = (key: string, owner: string) =>
    collection.updateOne({ _id: key, owner }, [{ $set: { owner: '', until: { $subtract: ['$$NOW', 1] } } }]);

  async function compete<T>(key: string, work: Parameters<Claims['hold']>[1]): Promise<T> {
    const owner = randomUUID();
    const start = performance.now();
    for (let tries = 0; ; tries++) {
      const answer = await work.before();
      if (answer !== undefined) return answer as T;
      const asked = performance.now();
      if (await acquire(key, owner)) {
        try {
          return (await work.held(() => {
            if (performance.now() - asked > SAFE_MS) throw busy();
          })) as T;
        } finally {
          await release(key, owner);
        }
      }
      if (performance.now() - start > WAIT_MS) throw busy();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(200, 5 * 2 ** tries)));
    }
  }

  return {
    async prepare() {
      await collection.createIndex({ until: 1 }, { expireAfterSeconds: KEEP_SECONDS });
    },
    hold: (key, work) => locks.run([key], () => compete(key, work)),
    async touch(keys, session) {
      const held = await collection
        .find(
          { _id: { $in: [...keys] }, $expr: { $gt: ['$until', '$$NOW'] } },
          { session, projection: { _id: 1 }, limit: 1 },
        )
        .toArray();
      if (held.length > 0) throw new RestartTransaction('a claim is held by another request');
      // a new owner each time, so that no touch is a change of nothing, which would not conflict
      const update = [{ $set: { owner: `transaction ${randomUUID()}`, until: { $subtract: ['$$NOW', 1] } } }];
      await collection.bulkWrite(
        keys.map((_id) => ({ updateOne: { filter: { _id }, update, upsert: true } })),
        { session, ordered: false },
      );
    },
  };
}

const busy = (): FhirError =>
  new FhirError('transient', 'An equal conditional request is still being worked on', {
    headers: { 'Retry-After': '1' },
  });
