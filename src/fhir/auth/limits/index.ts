// How often who may do what. Sign-in and what costs money is counted one by one (`take`); requests of callers come from budgets that
// are leased in portions (`spend`).
import { createHash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Redis } from '../../../platform/redis/connect.ts';
import { RedisAway } from '../../../platform/redis/scripts.ts';
import { FhirError } from '../../model/errors.ts';
import type { Caller } from '../caller.ts';
import { createBudgets } from './budgets.ts';
import { createLeaseScript } from './lease-script.ts';
import { type Rate, type Rates, ratesFrom, type SingleKind } from './rates.ts';
import { createSlidingWindow, type Taken } from './sliding-window.ts';

export type { SingleKind } from './rates.ts';
export type { Taken } from './sliding-window.ts';

export interface Limits {
  /**
   * Counts one use where one is left. `key` names whom it counts for: an address, an account. Refuses with `transient` (503) where Redis
   * does not answer: what cannot be counted is not done.
   */
  take(kind: SingleKind, key: string): Promise<Taken>;
  /** the same, and refuses with `throttled` (429) where none is left */
  demand(kind: SingleKind, key: string): Promise<void>;
  /** counts one request of a caller; undefined where the caller's class has no limit. Goes on where Redis does not answer. */
  spend(caller: Caller): Spent | undefined | Promise<Spent>;
  close(): Promise<void>;
}

export interface Spent extends Taken {
  /** the caller's class */
  policy: string;
  rate: Rate;
}

export interface LimitsDeps {
  redis: Redis;
  /** keeps tenants and tests apart */
  prefix: string;
  /** RATE_LIMITS */
  rates?: Rates;
  logger: { warn(message: string): void; info(message: string): void };
}

const SWEEP_MS = 20_000;

export function createLimits({ redis, prefix, rates = ratesFrom(), logger }: LimitsDeps): Limits {
  const processId = randomBytes(6).toString('base64url');
  const takeOne = createSlidingWindow(redis);
  let uses = 0;
  const budgets = createBudgets({
    lease: createLeaseScript(redis),
    processId,
    elapsed: () => performance.now(),
    onChange: (isAway) =>
      isAway
        ? logger.warn('Redis does not answer: requests are counted in this process alone, sign-in is refused')
        : logger.info('Redis answers again: requests are counted for all processes'),
  });
  const timer = setInterval(() => void budgets.sweep(), SWEEP_MS);
  timer.unref();

  /** The same caller comes again and again. */
  const accounts = new WeakMap<Caller, Account | 'none'>();
  function accountOf(caller: Caller): Account | undefined {
    let account = accounts.get(caller);
    if (account === undefined) {
      const { name: policy, rate } = rates.ofClass(caller.limits);
      account = rate === 'none' ? rate : { name: `${prefix}:spend:${policy}:${keyOf(caller)}`, policy, rate };
      accounts.set(caller, account);
    }
    return account === 'none' ? undefined : account;
  }

  async function take(kind: SingleKind, key: string): Promise<Taken> {
    const rate = rates.single[kind];
    if (rate === 'none') return { allowed: true, remaining: Number.MAX_SAFE_INTEGER, resetSeconds: 0 };
    try {
      return await takeOne(`${prefix}:take:${kind}:${hidden(key)}`, rate, `${processId}${(uses++).toString(36)}`);
    } catch (error) {
      if (!(error instanceof RedisAway)) throw error;
      throw new FhirError('transient', 'This cannot be counted at the moment and so cannot be done; try again soon', {
        headers: { 'Retry-After': '5' },
        cause: error,
      });
    }
  }

  return {
    take,
    async demand(kind, key) {
      const taken = await take(kind, key);
      const rate = rates.single[kind];
      if (!taken.allowed && rate !== 'none') throw throttled({ ...taken, policy: kind, rate });
    },
    spend(caller) {
      const account = accountOf(caller);
      if (account === undefined) return undefined;
      const taken = budgets.spend(account.name, account.rate);
      return taken instanceof Promise ? taken.then((known) => spentOf(known, account)) : spentOf(taken, account);
    },
    async close() {
      clearInterval(timer);
      await budgets.close();
    },
  };
}

/** Where the requests of a caller are counted. */
interface Account {
  name: string;
  policy: string;
  rate: Rate;
}

const spentOf = ({ allowed, remaining, resetSeconds }: Taken, { policy, rate }: Account): Spent => ({
  allowed,
  remaining,
  resetSeconds,
  policy,
  rate,
});

/** An e-mail address is nothing for Redis to know. */
const hidden = (key: string): string => createHash('sha256').update(addressKey(key)).digest('base64url').slice(0, 22);

/** A person's budget is one, whatever app the requests come from; an app's own budgets are one for each person. */
function keyOf({ kind, id, client, limits, address }: Caller): string {
  if (kind === 'anonymous') return addressKey(address);
  if (kind === 'client') return client;
  return limits.startsWith('app') ? `${client} ${id}` : id;
}

/** Who has an IPv6 address has as many as there are in its /64. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  while (tail !== undefined && groups.length + rest.length < 8) groups.push('0');
  return `${[...groups, ...rest]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** The fields of draft-ietf-httpapi-ratelimit-headers-11; `t` and Retry-After say when something comes back. */
export const limitHeaders = ({ policy, rate, remaining, resetSeconds }: Spent): Record<string, string> => ({
  'RateLimit-Policy': `"${policy}";q=${rate.most};w=${rate.seconds}`,
  RateLimit: `"${policy}";r=${remaining};t=${resetSeconds}`,
});

/** Counts one request of a caller; refuses with `throttled` (429) where none is left. */
export async function admit(limits: Pick<Limits, 'spend'>, caller: Caller): Promise<void> {
  const spent = await limits.spend(caller);
  if (spent !== undefined && !spent.allowed) throw throttled(spent);
}

export const throttled = (spent: Spent): FhirError => {
  const { policy, rate, resetSeconds } = spent;
  return new FhirError(
    'throttled',
    `The limit "${policy}" is ${rate.most} in ${spanOf(rate.seconds)}; more is possible in ${waitOf(resetSeconds)}`,
    { headers: { 'Retry-After': String(resetSeconds), ...limitHeaders(spent) } },
  );
};

/** Seconds while they can be counted down, then whole minutes, rounded up. */
const waitOf = (seconds: number): string => spanOf(seconds <= 90 ? seconds : Math.ceil(seconds / 60) * 60);

function spanOf(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ];
  const [size, name] = units.find(([each]) => seconds % each === 0)!;
  const count = seconds / size;
  return count === 1 ? `one ${name}` : `${count} ${name}s`;
}
