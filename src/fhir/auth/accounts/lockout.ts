// Failures to sign in, counted for an address whether it has an account or not, so that a lock tells nothing. After five the next try
// must wait, twice as long after each further failure. In MongoDB: emptying Redis unlocks nobody.
import { keyedHash } from '../../../platform/secrets/secrets.ts';
import { FhirError } from '../../model/errors.ts';
import type { Failures } from './documents.ts';
import type { Models } from './models.ts';

export interface Lockout {
  /**
   * Counts a failure before the password is looked at, so that a thousand tries at once are a thousand failures; throws 'throttled' while
   * locked. `undo` takes it back where the password is right.
   */
  begin(email: string, place?: string): Promise<{ undo(): Promise<void> }>;
  /** a wrong code, after the password was right */
  failed(email: string, place?: string): Promise<void>;
  /** somebody has signed in: nothing is counted any more */
  clear(email: string, place?: string): Promise<void>;
}

export interface LockoutDeps {
  failures: Models['failures'];
  key: Buffer;
  now: () => number;
}

const FREE = 5;
const FIRST_MS = 30_000;
const LONGEST_MS = 30 * 60_000;
const FORGOTTEN_MS = 24 * 3600 * 1000;

export function createLockout({ failures, key, now }: LockoutDeps): Lockout {
  /** a place where this person has signed in before has a count of its own: others cannot lock it */
  const nameOf = (email: string, place = ''): string => keyedHash(key, 'failures', email, place);

  async function count(_id: string): Promise<Failures & { wasLocked: boolean }> {
    const at = new Date(now());
    const isLocked = { $gt: ['$until', at] };
    const isOld = { $lte: [{ $ifNull: ['$endsAt', new Date(0)] }, at] };
    const found = await failures.findOneAndUpdate(
      { _id },
      [
        {
          $set: {
            // a try while locked is not looked at, so it is no failure
            count: { $cond: [isLocked, '$count', { $add: [{ $cond: [isOld, 0, { $ifNull: ['$count', 0] }] }, 1] }] },
            wasLocked: isLocked,
          },
        },
        { $set: { until: { $cond: ['$wasLocked', '$until', untilOf(at)] }, endsAt: new Date(now() + FORGOTTEN_MS) } },
      ],
      { upsert: true, returnDocument: 'after', updatePipeline: true, lean: true },
    );
    return found as unknown as Failures & { wasLocked: boolean };
  }

  return {
    async begin(email, place) {
      const _id = nameOf(email, place);
      const { wasLocked, until } = await count(_id);
      if (wasLocked) throw locked(until.getTime() - now());
      return {
        async undo() {
          await failures.updateOne({ _id, count: { $gt: 0 } }, { $inc: { count: -1 }, $set: { until: new Date(0) } });
        },
      };
    },
    async failed(email, place) {
      await count(nameOf(email, place));
    },
    async clear(email, place) {
      await failures.deleteMany({
        _id: { $in: [nameOf(email), ...(place === undefined ? [] : [nameOf(email, place)])] },
      });
    },
  };
}

/** of `$count`, as the database computes it */
const untilOf = (at: Date) => ({
  $cond: [
    { $lt: ['$count', FREE] },
    new Date(0),
    { $add: [at, { $min: [LONGEST_MS, { $multiply: [FIRST_MS, { $pow: [2, { $subtract: ['$count', FREE] }] }] }] }] },
  ],
});

function locked(ms: number): FhirError {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return new FhirError(
    'throttled',
    `Too many failed tries. Try again in ${inWords(seconds)}, or set a new password with $forgot-password.`,
    {
      headers: { 'Retry-After': String(seconds) },
    },
  );
}

const inWords = (seconds: number): string =>
  seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
