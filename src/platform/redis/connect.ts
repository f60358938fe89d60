// Redis connections. Nothing that must not be lost lives here: see docs/operations.md.
import { Redis } from 'ioredis';
import { StartError } from '../start-error.ts';

export type { Redis } from 'ioredis';

/** Opens a connection and waits for its first answer, so that a wrong REDIS_URL is told at the start. */
export async function connectRedis(url: string, timeoutMs = 5000): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: timeoutMs, retryStrategy: () => null });
  // Without a listener ioredis prints a stack for every failed attempt.
  let last: Error | undefined;
  redis.on('error', (error) => {
    last = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    const reason = (last ?? (error as Error)).message.split('\n')[0];
    throw new StartError(`REDIS_URL (${placeOf(url)}) cannot be used: ${reason}.`, 1, { cause: error });
  }
  redis.options.retryStrategy = (attempts) => Math.min(50 * attempts, 2000);
  return redis;
}

const placeOf = (url: string): string => /^[^:]+:\/\/(?:[^@/]*@)?([^/?]*)/.exec(url)?.[1] ?? 'unreadable';
