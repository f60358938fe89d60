// Unique, nearly time-ordered numbers below 2^53: the tie-breaker `n` of every version and the stem of server-assigned ids.
// Unique by construction: 36 bits of 16 ms ticks, 8 bits of leased worker id (worker-lease.ts), 9 bits of sequence.
import { randomInt } from 'node:crypto';

const EPOCH = Date.UTC(2025, 0, 1);
const TICK_MS = 16;
export const WORKERS = 256;
const PER_TICK = 512;
const ID_RANDOM = 36 ** 5;

export interface Sequence {
  next(): number;
  /** 16 characters, ordered by time so that new ids land on the right edge of the index, with a part that cannot be guessed */
  newId(): string;
}

export function createSequence(workerId: number, now: () => number): Sequence {
  if (!Number.isInteger(workerId) || workerId < 0 || workerId >= WORKERS)
    throw new RangeError(`the worker id ${workerId} is not between 0 and ${WORKERS - 1}`);
  let tick = 0;
  let used = 0;
  function next(): number {
    const current = Math.floor((now() - EPOCH) / TICK_MS);
    if (current > tick) {
      tick = current;
      used = 0;
    } else if (++used === PER_TICK) {
      // more than 32,000 a second: borrow from the future, as when the clock steps back
      tick += 1;
      used = 0;
    }
    return (tick * WORKERS + workerId) * PER_TICK + used;
  }
  return {
    next,
    newId: () => next().toString(36).padStart(11, '0') + randomInt(ID_RANDOM).toString(36).padStart(5, '0'),
  };
}
