// What has ended before its time: grants, and single access tokens. The list is in the database; every process looks every second, and
// without a look for too long nothing counts as known, so an end is known everywhere within five seconds or nothing is let in.
import type { Grants } from '../../storage/grants.ts';
import { REMEMBER_END_MS } from '../../storage/grants.ts';

export interface Ended {
  /** false: look first */
  isKnown(): boolean;
  has(id: string): boolean;
  /** reads what is new; throws where the database cannot say */
  look(): Promise<void>;
  /** what this process ended itself, before it reads so */
  add(id: string): void;
  /** called with ids that were not known before */
  onEnd(listener: (id: string) => void): void;
  close(): Promise<void>;
}

export interface EndedDeps {
  grants: Pick<Grants, 'endedSince'>;
  now: () => number;
  onError: (error: unknown) => void;
}

const LOOK_EVERY_MS = 1000;
/** what was read is believed for so long; with the time a look takes, and one that is just over, it stays below five seconds */
const BELIEVE_MS = 3500;
/** writes may be seen a little later than their time says */
const OVERLAP_MS = 10_000;

export async function createEnded({ grants, now, onError }: EndedDeps): Promise<Ended> {
  /** id → when it may be forgotten */
  const ended = new Map<string, number>();
  const listeners: ((id: string) => void)[] = [];
  let latest: Date | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  async function read(): Promise<void> {
    const startedAt = performance.now();
    const since = latest === undefined ? undefined : new Date(latest.getTime() - OVERLAP_MS);
    for (const { id, endedAt, expiresAt } of await grants.endedSince(since)) {
      if (latest === undefined || endedAt > latest) latest = endedAt;
      if (ended.has(id)) continue;
      ended.set(id, expiresAt.getTime());
      for (const listener of listeners) listener(id);
    }
    lookedAt = startedAt;
    for (const [id, until] of ended) if (until < now()) ended.delete(id);
  }

  function look(): Promise<void> {
    looking ??= read().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  await look();
  const timer = setInterval(() => void look().catch(onError), LOOK_EVERY_MS);
  timer.unref();

  return {
    isKnown: () => performance.now() - lookedAt < BELIEVE_MS,
    has: (id) => ended.has(id),
    look,
    add(id) {
      ended.set(id, now() + REMEMBER_END_MS);
    },
    onEnd(listener) {
      listeners.push(listener);
    },
    async close() {
      clearInterval(timer);
      await looking?.catch(() => undefined);
    },
  };
}
