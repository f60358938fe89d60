// Callers' budgets in this process: requests are counted here, against portions leased from Redis (lease-script.ts), so that most of them
// need no round trip. Where Redis does not answer, the budget is counted in this process alone.
import { RedisAway } from '../../../platform/redis/scripts.ts';
import type { Grant, LeaseUses, Settlement } from './lease-script.ts';
import type { Rate } from './rates.ts';
import type { Taken } from './sliding-window.ts';

export interface BudgetsDeps {
  lease: LeaseUses;
  /** names this process among all, now and before */
  processId: string;
  /** ms, never going back */
  elapsed: () => number;
  /** Redis went away, or is back */
  onChange(isAway: boolean): void;
}

export interface Budgets {
  /** at once on the common path */
  spend(name: string, rate: Rate): Taken | Promise<Taken>;
  /** gives back what is not used, and forgets callers that are gone; to be called now and then */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

interface Lease {
  id: string;
  uses: number;
  left: number;
  /** it can be used until then */
  until: number;
  lastUsed: number;
  /** of a lease that Redis does not know */
  lump?: Lump;
}

/** Uses counted in this process alone, and when they leave the window. */
interface Lump {
  leaves: number;
  uses: number;
}

interface Budget {
  name: string;
  rate: Rate;
  leases: Lease[];
  /** ended, and not settled yet */
  ended: Lease[];
  /** of what nobody holds, as Redis said last */
  free: number;
  /** when a lump leaves the window, as Redis said last */
  nextAt: number;
  /** the budget is spent: Redis is not asked again before then */
  refusedUntil: number;
  asking: Promise<void> | undefined;
  /** what was used while Redis is away */
  alone: Lump[];
}

/** Of an hour: a minute, long enough for a person who reads and clicks to come back within it. */
const leaseMs = ({ seconds }: Rate): number => Math.min(60_000, Math.floor((seconds * 1000) / 60));
/** A refused caller's other uses may come back meanwhile, from processes that did not need theirs. */
const ASK_AGAIN_MS = 1000;
/** Redis is left alone for so long after it did not answer. */
const REST_MS = 1000;
/** The next portion is asked for when so much is left of this one. */
const LOW = 4;

export function createBudgets({ lease, processId, elapsed, onChange }: BudgetsDeps): Budgets {
  const budgets = new Map<string, Budget>();
  let leases = 0;
  let awayUntil = -1;
  let isAway = false;

  function budgetOf(name: string, rate: Rate): Budget {
    let budget = budgets.get(name);
    if (budget === undefined) {
      budget = {
        name,
        rate,
        leases: [],
        ended: [],
        free: rate.most,
        nextAt: 0,
        refusedUntil: -1,
        asking: undefined,
        alone: [],
      };
      budgets.set(name, budget);
    }
    return budget;
  }

  /** The lease that the next use comes from; those that ended are put aside. */
  function current(budget: Budget, now: number): Lease | undefined {
    for (;;) {
      const first = budget.leases[0];
      if (first === undefined || (first.left > 0 && now < first.until)) return first;
      budget.leases.shift();
      if (first.lump === undefined) budget.ended.push(first);
      else first.lump.uses -= first.left;
    }
  }

  function taken(budget: Budget, allowed: boolean, now: number): Taken {
    let remaining = budget.free;
    for (const { left } of budget.leases) remaining += left;
    const until = allowed ? budget.nextAt : Math.max(budget.refusedUntil, budget.nextAt);
    return { allowed, remaining: allowed ? remaining : 0, resetSeconds: Math.max(1, Math.ceil((until - now) / 1000)) };
  }

  function use(budget: Budget, from: Lease, now: number): Taken {
    from.left -= 1;
    from.lastUsed = now;
    const isLow = from.left * LOW <= from.uses && from.uses > 1 && budget.leases.length === 1;
    // a mistake of ours is told to the request that has to wait for an answer
    if (isLow && now >= budget.refusedUntil) ask(budget).catch(() => undefined);
    return taken(budget, true, now);
  }

  function ask(budget: Budget): Promise<void> {
    budget.asking ??= askRedis(budget).finally(() => {
      budget.asking = undefined;
    });
    return budget.asking;
  }

  async function askRedis(budget: Budget): Promise<void> {
    const sent = elapsed();
    if (sent < awayUntil) return leaseAlone(budget, sent);
    const id = `${processId}${(leases++).toString(36)}`;
    try {
      const grant = await settle(budget, id);
      const now = elapsed();
      budget.free = grant.free;
      budget.nextAt = now + grant.nextMs;
      budget.alone = [];
      if (grant.uses > 0) {
        const { uses } = grant;
        budget.leases.push({ id, uses, left: uses, until: sent + leaseMs(budget.rate), lastUsed: sent });
      } else budget.refusedUntil = Math.min(budget.nextAt, now + ASK_AGAIN_MS);
    } catch (error) {
      if (!(error instanceof RedisAway)) throw error;
      markAway(true);
      leaseAlone(budget, elapsed());
    }
  }

  function markAway(away: boolean): void {
    if (away) awayUntil = elapsed() + REST_MS;
    if (away !== isAway) onChange(away);
    isAway = away;
  }

  /** Settles what ended and, with an id, asks for a new lease. What was sent in vain is sent again: a second time changes nothing. */
  async function settle(budget: Budget, id: string): Promise<Grant> {
    const ended = budget.ended.splice(0);
    const now = elapsed();
    const settled: Settlement[] = ended.map(({ id: of, uses, left, lastUsed }) => ({
      lease: of,
      used: uses - left,
      ageMs: now - lastUsed,
    }));
    try {
      const grant = await lease(budget.name, { rate: budget.rate, lease: id, leaseMs: leaseMs(budget.rate), settled });
      markAway(false);
      return grant;
    } catch (error) {
      budget.ended.push(...ended);
      throw error;
    }
  }

  /** The same window, in lumps, in this process. */
  function leaseAlone(budget: Budget, now: number): void {
    const { most, seconds } = budget.rate;
    budget.alone = budget.alone.filter(({ leaves }) => leaves > now);
    const used = budget.alone.reduce((sum, { uses }) => sum + uses, 0);
    const uses = Math.min(most - used, Math.max(1, Math.ceil(most / 1000)));
    budget.free = Math.max(0, most - used - uses);
    budget.nextAt = budget.alone[0]?.leaves ?? now + seconds * 1000;
    if (uses <= 0) {
      budget.refusedUntil = Math.min(budget.nextAt, now + ASK_AGAIN_MS);
      return;
    }
    const until = now + REST_MS;
    const lump = { leaves: until + seconds * 1000, uses };
    budget.leases.push({ id: '', uses, left: uses, until, lastUsed: now, lump });
    budget.alone.push(lump);
  }

  async function spendSlowly(budget: Budget): Promise<Taken> {
    for (;;) {
      const now = elapsed();
      const from = current(budget, now);
      if (from !== undefined) return use(budget, from, now);
      if (now < budget.refusedUntil) return taken(budget, false, now);
      await ask(budget);
    }
  }

  return {
    spend(name, rate) {
      const budget = budgetOf(name, rate);
      const now = elapsed();
      const from = current(budget, now);
      if (from !== undefined) return use(budget, from, now);
      if (now < budget.refusedUntil) return taken(budget, false, now);
      return spendSlowly(budget);
    },
    async sweep() {
      const now = elapsed();
      for (const budget of budgets.values()) {
        if (current(budget, now) !== undefined || budget.asking !== undefined) continue;
        if (budget.ended.length > 0 && now >= awayUntil) {
          await settle(budget, '').catch((error: unknown) => {
            if (error instanceof RedisAway) markAway(true);
          });
        }
        const isIdle = budget.leases.length === 0 && budget.ended.length === 0 && budget.asking === undefined;
        const isCounted = budget.alone.some(({ leaves }) => leaves > elapsed());
        if (isIdle && !isCounted && elapsed() >= budget.refusedUntil) budgets.delete(budget.name);
      }
    },
    async close() {
      for (const budget of budgets.values()) {
        budget.ended.push(...budget.leases.splice(0).filter(({ lump }) => lump === undefined));
        if (budget.ended.length > 0) await settle(budget, '').catch(() => undefined);
      }
    },
  };
}
