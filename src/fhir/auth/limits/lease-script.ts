// Portions of a caller's budget that processes hold for a short time. Redis keeps, for each caller, lumps of uses and when each leaves
// the window; a portion is a lump that leaves one window after the portion's own end, as if all of it were used at its last moment.
// So whatever a process does with it, no interval of a window's length ever has more than `most` uses.
import type { Redis } from '../../../platform/redis/connect.ts';
import { createScript } from '../../../platform/redis/scripts.ts';
import type { Rate } from './rates.ts';

/** What became of a portion: unused uses come back, used ones leave the window by the time of the last of them. */
export interface Settlement {
  lease: string;
  used: number;
  /** since the last use */
  ageMs: number;
}

export interface Grant {
  /** uses in this portion; 0 where the budget is spent */
  uses: number;
  /** uses that nobody holds */
  free: number;
  /** until a lump leaves the window */
  nextMs: number;
}

export interface Ask {
  rate: Rate;
  /** names this portion; '' asks for none and only settles */
  lease: string;
  leaseMs: number;
  settled: readonly Settlement[];
}

/** A portion is at most this part of the budget, and of what is free: small where little is left, single uses at the very end. */
const OF_BUDGET = 50;
const OF_FREE = 8;

/**
 * KEYS: a sorted set of lumps by the time they leave, ms; a hash of their sizes, with their sum under `sum`.
 * Settled uses share lumps of a thousandth of the window, so that a caller never has more than a thousand of them and a few.
 */
const LEASE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = ARGV[1] * 1000
local most = tonumber(ARGV[2])
local lease = ARGV[3]
local step = math.ceil(window / 1000)
local sum = tonumber(redis.call('HGET', KEYS[2], 'sum') or '0')
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
for _, lump in ipairs(gone) do
  sum = sum - tonumber(redis.call('HGET', KEYS[2], lump) or '0')
  redis.call('HDEL', KEYS[2], lump)
  redis.call('ZREM', KEYS[1], lump)
end
for i = 5, #ARGV, 3 do
  local held = redis.call('HGET', KEYS[2], ARGV[i])
  if held then
    redis.call('HDEL', KEYS[2], ARGV[i])
    redis.call('ZREM', KEYS[1], ARGV[i])
    local used = tonumber(ARGV[i + 1])
    sum = sum - tonumber(held) + used
    if used > 0 then
      local leaves = math.ceil((now - ARGV[i + 2] + window) / step) * step
      local lump = string.format('%.0f', leaves)
      redis.call('ZADD', KEYS[1], leaves, lump)
      redis.call('HINCRBY', KEYS[2], lump, used)
    end
  end
end
local uses = 0
if lease ~= '' then
  local free = most - sum
  if free > 0 then
    uses = math.max(1, math.min(math.ceil(most / ${OF_BUDGET}), math.floor(free / ${OF_FREE})))
    redis.call('ZADD', KEYS[1], now + ARGV[4] + window, lease)
    redis.call('HSET', KEYS[2], lease, uses)
    sum = sum + uses
  end
end
redis.call('HSET', KEYS[2], 'sum', sum)
redis.call('PEXPIRE', KEYS[1], window + ARGV[4] + step)
redis.call('PEXPIRE', KEYS[2], window + ARGV[4] + step)
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local next = 0
if first[2] then next = first[2] - now end
return { uses, math.max(0, most - sum), next }`;

export type LeaseUses = (name: string, ask: Ask) => Promise<Grant>;

/** Soon, or not at all: a request waits for it. */
const PATIENCE_MS = 250;

export function createLeaseScript(redis: Redis): LeaseUses {
  const run = createScript(redis, LEASE, PATIENCE_MS);
  return async (name, { rate, lease, leaseMs, settled }) => {
    const keys = [`{${name}}:leaves`, `{${name}}:sizes`];
    const past = settled.flatMap(({ lease: ended, used, ageMs }) => [ended, used, Math.floor(ageMs)]);
    const answer = await run(keys, [rate.seconds, rate.most, lease, leaseMs, ...past]);
    const [uses, free, nextMs] = answer as [number, number, number];
    return { uses, free, nextMs };
  };
}
