// The sliding window, counted one by one: never more than `most` uses in any interval of the window's length, whichever process they
// came through and however its clock goes, because one script on one Redis decides and takes the time.
import type { Redis } from '../../../platform/redis/connect.ts';
import { createScript } from '../../../platform/redis/scripts.ts';
import type { Rate } from './rates.ts';

export interface Taken {
  allowed: boolean;
  /** how many more are possible now */
  remaining: number;
  /** until one of those that count now leaves the window */
  resetSeconds: number;
}

/** Times of use in µs; a refused use leaves no trace. A use exactly one window old does not count any more. */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window = ARGV[1] * 1000000
local most = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local used = redis.call('ZCARD', KEYS[1])
if used >= most then
  local blocking = redis.call('ZRANGE', KEYS[1], used - most, used - most, 'WITHSCORES')
  return { 0, 0, blocking[2] + window - now }
end
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[1] + 1)
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { 1, most - used - 1, oldest[2] + window - now }`;

export type Take = (key: string, rate: Rate, use: string) => Promise<Taken>;

/** `use` names this one use: no two may share it. */
export function createSlidingWindow(redis: Redis): Take {
  const run = createScript(redis, TAKE);
  return async (key, { most, seconds }, use) => {
    const [allowed, remaining, micros] = (await run([key], [seconds, most, use])) as [number, number, number];
    return { allowed: allowed === 1, remaining, resetSeconds: Math.max(1, Math.ceil(micros / 1e6)) };
  };
}
