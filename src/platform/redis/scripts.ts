// Small Lua scripts: each is one step that nothing comes between. An answer comes soon, or RedisAway is thrown: nobody waits for a
// Redis that is gone.
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** Keys of one script must carry one hash tag (`{…}`), so that a cluster keeps them on one node. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

export class RedisAway extends Error {
  constructor(cause?: unknown) {
    super('Redis does not answer', { cause });
    this.name = 'RedisAway';
  }
}

const TIMEOUT_MS = 1500;

export function createScript(redis: Redis, lua: string, timeoutMs = TIMEOUT_MS): Script {
  const sha = createHash('sha1').update(lua).digest('hex');

  async function run(keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error as Error).message?.startsWith('NOSCRIPT')) throw error;
      return redis.eval(lua, keys.length, ...keys, ...args);
    }
  }

  return (keys, args) => soon(redis, () => run(keys, args), timeoutMs);
}

/** Any command, under the same promise. */
export async function soon<T>(redis: Redis, command: () => Promise<T>, timeoutMs = TIMEOUT_MS): Promise<T> {
  // what waits in the client's own queue would be done later, when the caller was long told that it was not
  if (redis.status !== 'ready') throw new RedisAway();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RedisAway()), timeoutMs);
  });
  const answer = command();
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw isAway(error) ? new RedisAway(error) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Replies of Redis itself (a wrong script, wrong arguments) are mistakes of ours; everything else is the connection. */
const isAway = (error: unknown): boolean =>
  !(error instanceof RedisAway) &&
  ((error as Error).name !== 'ReplyError' ||
    /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|OOM|MISCONF)/.test((error as Error).message));
