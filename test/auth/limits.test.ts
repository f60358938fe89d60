// Rate limits on a real Redis, by several processes' worth of limits on connections of their own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import { addressKey, createLimits, type Limits } from '../../src/fhir/auth/limits/index.ts';
import { ratesFrom } from '../../src/fhir/auth/limits/rates.ts';
import { FhirError } from '../../src/fhir/model/errors.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { rates as readRates } from '../../src/platform/config/parse.ts';
import { connectRedis, type Redis } from '../../src/platform/redis/connect.ts';
import { cuttable } from '../support/cuttable.ts';
import { redisUrl } from '../support/engines.ts';

const microseconds = (): number => (performance.timeOrigin + performance.now()) * 1000;

const aCaller = (more: Partial<Caller> = {}): Caller => ({
  kind: 'account',
  id: 'a1',
  roles: ['doctor'],
  organizations: [],
  client: 'wardgate',
  limits: 'standard',
  address: '192.0.2.7',
  ...more,
});

describe('rate limits', () => {
  const prefix = `test-${randomBytes(4).toString('hex')}`;
  const connections: Redis[] = [];
  /** to look into */
  let redis: Redis;
  const opened: Limits[] = [];
  const said: string[] = [];
  const logger = { warn: (text: string) => said.push(text), info: (text: string) => said.push(text) };

  async function aProcess(limits: string, url?: string): Promise<Limits> {
    const own = await connectRedis(url ?? (await redisUrl()));
    connections.push(own);
    const made = createLimits({ redis: own, prefix, rates: ratesFrom(readRates(limits)), logger });
    opened.push(made);
    return made;
  }

  before(async () => {
    redis = await connectRedis(await redisUrl());
  });
  after(async () => {
    for (const limits of opened) await limits.close();
    const keys = await redis.keys(`*${prefix}*`);
    if (keys.length > 0) await redis.del(keys);
    for (const one of [redis, ...connections]) one.disconnect();
  });

  describe('counted one by one', () => {
    it('admit never more than the limit in any window, and refuse only when it is reached, over several processes', async () => {
      const MOST = 7;
      const WINDOW = 1_000_000;
      const processes = await Promise.all([1, 2, 3].map(() => aProcess(`otp=${MOST}/1s`)));
      const admitted = new Map<string, number>();
      const refusals: { sent: number; received: number }[] = [];
      const until = microseconds() + 4 * WINDOW;
      const watch = async (): Promise<void> => {
        while (microseconds() < until + WINDOW / 5) {
          const [key] = await redis.keys(`${prefix}:take:otp:*`);
          const pairs = key === undefined ? [] : await redis.zrangebyscore(key, '-inf', '+inf', 'WITHSCORES');
          for (let i = 0; i < pairs.length; i += 2) admitted.set(pairs[i]!, Number(pairs[i + 1]));
          await sleep(100);
        }
      };
      // in bursts with pauses: what a fixed window, or two weighted buckets, would let through at their seams
      const hammer = async (limits: Limits): Promise<number> => {
        let count = 0;
        while (microseconds() < until) {
          const sent = microseconds();
          if ((await limits.take('otp', 'somebody')).allowed) count++;
          else refusals.push({ sent, received: microseconds() });
          await sleep(Math.random() < 0.1 ? 300 * Math.random() : 3);
        }
        return count;
      };
      const [counts] = await Promise.all([Promise.all(processes.map(hammer)), watch()]);
      const times = [...admitted.values()].sort((a, b) => a - b);
      assert.equal(
        counts.reduce((a, b) => a + b),
        times.length,
        'every admitted use was seen in Redis',
      );
      assert.ok(times.length >= 3 * MOST, `the limit was used several times over: ${times.length}`);
      for (let i = MOST; i < times.length; i++) {
        const width = times[i]! - times[i - MOST]!;
        assert.ok(width >= WINDOW, `${MOST + 1} uses within ${width} µs`);
      }
      assert.ok(refusals.length > 20);
      for (const { sent, received } of refusals) {
        const counted = times.filter((time) => time > sent - WINDOW && time <= received).length;
        assert.ok(counted >= MOST, `refused with ${counted} uses in the window`);
      }
    });

    it('say when the next one is possible, and keep the word', async () => {
      const limits = await aProcess('login=2/2s');
      const first = microseconds();
      assert.deepEqual(await limits.take('login', 'ada'), { allowed: true, remaining: 1, resetSeconds: 2 });
      await sleep(700);
      assert.deepEqual(await limits.take('login', 'ada'), { allowed: true, remaining: 0, resetSeconds: 2 });
      const refused = await limits.take('login', 'ada');
      assert.deepEqual(refused, { allowed: false, remaining: 0, resetSeconds: 2 });
      await assert.rejects(limits.demand('login', 'ada'), (error: FhirError) => {
        assert.equal(error.kind, 'throttled');
        assert.equal(error.headers['Retry-After'], '2');
        assert.equal(error.headers.RateLimit, '"login";r=0;t=2');
        return true;
      });
      await sleep(2000 - (microseconds() - first) / 1000 + 20);
      assert.equal((await limits.take('login', 'ada')).allowed, true);
      assert.equal((await limits.take('login', 'ada')).allowed, false, 'the second one is still in the window');
    });

    it('count each account and each address by itself, an IPv6 address by its network', async () => {
      const limits = await aProcess('registration=1/1m');
      assert.equal((await limits.take('registration', '192.0.2.1')).allowed, true);
      assert.equal((await limits.take('registration', '192.0.2.2')).allowed, true);
      assert.equal((await limits.take('registration', '192.0.2.1')).allowed, false);
      assert.equal((await limits.take('registration', '2001:db8:1:2::1')).allowed, true);
      assert.equal((await limits.take('registration', '2001:db8:1:2:ffff::9')).allowed, false);
      assert.equal((await limits.take('registration', '2001:db8:1:3::1')).allowed, true);
      const keys = await redis.keys(`${prefix}*registration*`);
      assert.ok(keys.length > 0 && !keys.some((key) => key.includes('192.0.2')), 'Redis is not told who it is');
    });

    it('are one count for 200 that arrive at the same moment', async () => {
      const processes = await Promise.all([1, 2].map(() => aProcess('chat=25/1d')));
      const taken = await Promise.all(
        Array.from({ length: 200 }, (_, index) => processes[index % 2]!.take('chat', 'a crowd')),
      );
      assert.equal(taken.filter(({ allowed }) => allowed).length, 25);
    });
  });

  describe('of requests', () => {
    const spend = async (limits: Limits, caller = aCaller()): Promise<boolean> => (await limits.spend(caller))!.allowed;

    it('admit never more than the limit in any window over several processes, and nearly all of it', async () => {
      const MOST = 300;
      const WINDOW_MS = 3000;
      const processes = await Promise.all([1, 2, 3].map(() => aProcess(`premium=${MOST}/3s`)));
      const caller = aCaller({ id: 'hammer', limits: 'premium' });
      const times: number[] = [];
      const until = performance.now() + 3.2 * WINDOW_MS;
      const hammer = async (limits: Limits): Promise<void> => {
        while (performance.now() < until) {
          for (let i = 0; i < 3; i++) if (await spend(limits, caller)) times.push(performance.now());
          await sleep(Math.random() < 0.05 ? 200 * Math.random() : 1);
        }
      };
      await Promise.all(processes.map(hammer));
      times.sort((a, b) => a - b);
      for (let i = MOST; i < times.length; i++) {
        const width = times[i]! - times[i - MOST]!;
        // a use is counted before it is written down here
        assert.ok(width >= WINDOW_MS - 5, `${MOST + 1} uses within ${width} ms`);
      }
      assert.ok(times.length >= 2.5 * MOST, `three windows admitted ${times.length} uses of ${3 * MOST}`);
    });

    it('are exact for a caller of one process', async () => {
      const limits = await aProcess('standard=400/1h');
      const caller = aCaller({ id: 'exact' });
      const answers: boolean[] = [];
      for (let i = 0; i < 410; i++) answers.push(await spend(limits, caller));
      assert.deepEqual(
        answers,
        Array.from({ length: 410 }, (_, index) => index < 400),
      );
    });

    it('mostly need no answer of Redis', async () => {
      const limits = await aProcess('');
      const caller = aCaller({ id: 'quick' });
      await limits.spend(caller);
      let atOnce = 0;
      for (let i = 0; i < 500; i++) {
        const spent = limits.spend(caller);
        if (!(spent instanceof Promise)) atOnce++;
        else await spent;
        // a request takes some time, in which the next portion arrives
        if (i % 5 === 0) await sleep(1);
      }
      assert.ok(atOnce > 450, `${atOnce} of 500 at once`);
    });

    it('give back what a process leased and did not use', async () => {
      const [one, other] = [await aProcess('standard=10/2s'), await aProcess('standard=10/2s')];
      const caller = aCaller({ id: 'moves' });
      assert.equal(await spend(one, caller), true);
      await one.close();
      const answers = [];
      for (let i = 0; i < 10; i++) answers.push(await spend(other, caller));
      assert.equal(answers.filter(Boolean).length, 9);
    });

    it('are of the caller’s class: none for administrators, far higher for apps, standard for an unknown class', async () => {
      const limits = await aProcess('app-board=3/1h,standard=2/1h');
      assert.equal(limits.spend(aCaller({ limits: 'admin' })), undefined);
      const policyOf = async (name: string) => (await limits.spend(aCaller({ id: name, limits: name })))!;
      assert.equal((await policyOf('app')).rate.most, 50_000);
      assert.equal((await policyOf('backend')).rate.most, 1_000_000);
      assert.equal((await policyOf('app-board')).rate.most, 3);
      const unknown = await policyOf('no-such-class');
      assert.deepEqual([unknown.policy, unknown.rate.most], ['standard', 2]);
    });

    it('are an app’s for each person, and a person’s whatever the client', async () => {
      const limits = await aProcess('app=1/1h,standard=1/1h');
      const app = { client: 'chart', limits: 'app' };
      assert.equal(await spend(limits, aCaller({ id: 'p1', ...app })), true);
      assert.equal(await spend(limits, aCaller({ id: 'p2', ...app })), true);
      assert.equal(await spend(limits, aCaller({ id: 'p1', ...app })), false);
      assert.equal(await spend(limits, aCaller({ id: 'p3', client: 'one' })), true);
      assert.equal(await spend(limits, aCaller({ id: 'p3', client: 'two' })), false);
    });
  });

  for (const how of ['cut', 'silence'] as const) {
    it(`refuse sign-in and let requests go on while Redis is away (${how}), and count again when it is back`, async () => {
      const line = await cuttable(await redisUrl());
      const limits = await aProcess('standard=5/1h,login=5/1h', line.url);
      const caller = aCaller({ id: `away-${how}` });
      assert.equal((await limits.spend(caller))!.allowed, true);
      line[how]();
      await assert.rejects(limits.take('login', 'ada'), (error: FhirError) => {
        assert.ok(error instanceof FhirError);
        assert.equal(error.status, 503);
        assert.equal(error.headers['Retry-After'], '5');
        return true;
      });
      const answers: boolean[] = [];
      for (let i = 0; i < 7; i++) answers.push((await limits.spend(caller))!.allowed);
      assert.deepEqual(answers, [true, true, true, true, true, false, false], 'each process has the budget for itself');
      line.mend();
      const deadline = performance.now() + 15_000;
      let allowed = false;
      while (!allowed && performance.now() < deadline) {
        await sleep(200);
        allowed = (await limits.spend(caller))!.allowed;
      }
      assert.ok(allowed, 'Redis knows of one use only');
      assert.equal((await limits.take('login', `grace-${how}`)).allowed, true);
      assert.ok(said.some((text) => text.startsWith('Redis does not answer')));
      await limits.close();
      await line.close();
    });
  }

  it('are settings: a wrong one says what it could be', () => {
    assert.throws(() => readRates('standard=5'), /must be limits such as standard=2000\/h/);
    assert.throws(() => readRates('standard=0/h'), /must be limits/);
    assert.throws(() => ratesFrom(readRates('standrad=5/h')), /RATE_LIMITS knows no "standrad"/);
    assert.deepEqual(readRates('login=10/15m, app=none'), [
      { name: 'login', rate: { most: 10, seconds: 900 } },
      { name: 'app', rate: 'none' },
    ]);
  });

  it('know the network of an IPv6 address', () => {
    const rows: [string, string][] = [
      ['192.0.2.1', '192.0.2.1'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:db8::1', '2001:db8:0:0::/64'],
      ['::1', '0:0:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ];
    for (const [address, key] of rows) assert.equal(addressKey(address), key);
  });
});
