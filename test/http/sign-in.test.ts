// Rows A3 and A4: password, then a code; what a code opens, and what it does not.
import assert from 'node:assert/strict';
import { sleep } from '../../src/platform/clock/clock.ts';
import { type CuttableLine, cuttable } from '../support/cuttable.ts';
import { redisUrl } from '../support/engines.ts';
import { countByStatus, parametersOf, postAll } from '../support/hospital.ts';
import { freshEmail, openPeople, PASSWORD, type People, refusalOf } from '../support/people.ts';

const MINUTE = 60_000;

describe('$login', () => {
  let people: People;
  before(async () => {
    people = await openPeople('login');
  });
  after(() => people.close());

  it('sends a code where the password is right, and the code is answered with tokens', async () => {
    const { email } = await people.register();
    const { challenge, expiresIn, message } = await people.guest().call('login', { email, password: PASSWORD });
    assert.equal(expiresIn, 600);
    assert.match(message, /\$verify-otp/);
    const { text, html, subject } = await people.mailTo(email);
    const code = /\d{6}/.exec(text)?.[0] ?? '';
    assert.ok(html.includes(code) && !subject.includes(code));
    const reply = await people.guest().post('/$verify-otp', { code, challenge });
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.headers.get('cache-control'), 'no-store');
  });

  it('answers a wrong password and an unknown address alike', async () => {
    const { email } = await people.register();
    const wrong = await people.guest().post('/$login', { email, password: 'Wrong-Password-1' });
    const unknown = await people.guest().post('/$login', { email: freshEmail(), password: 'Wrong-Password-1' });
    assert.equal(refusalOf(wrong), '401 login');
    assert.deepEqual(wrong.body, unknown.body);
  });

  it('does the same work for both, and for a new password that nobody will get', async () => {
    const { passwords } = people.server.service.accounts!;
    const plain = { ...passwords };
    const work: string[] = [];
    const counted =
      <Args extends unknown[], Result>(name: string, run: (...args: Args) => Result) =>
      (...args: Args): Result => {
        work.push(name);
        return run(...args);
      };
    Object.assign(passwords, {
      verify: counted('verify', plain.verify),
      hash: counted('hash', plain.hash),
      isAmong: counted('isAmong', plain.isAmong),
    });
    try {
      const { email } = await people.register();
      const did = async (operation: string, input: Record<string, string>): Promise<string> => {
        work.length = 0;
        await people.guest('198.51.100.30').post(`/$${operation}`, input);
        return work.join();
      };
      const password = 'Wrong-Password-1';
      assert.equal(await did('login', { email, password }), 'verify');
      assert.equal(await did('login', { email: freshEmail(), password }), 'verify');
      assert.equal(await did('forgot-password', { email }), await did('forgot-password', { email: freshEmail() }));
    } finally {
      Object.assign(passwords, plain);
    }
  });

  it('locks after five failures, longer each time, whether there is an account or not', async () => {
    const { email } = await people.register();
    for (const address of [email, freshEmail()]) {
      const attempt = (password: string) => people.guest('198.51.100.9').post('/$login', { email: address, password });
      for (let time = 0; time < 5; time++) assert.equal((await attempt('Wrong-Password-1')).status, 401);
      const waits: number[] = [];
      for (let time = 0; time < 3; time++) {
        const locked = await attempt(PASSWORD);
        assert.equal(refusalOf(locked), '429 throttled');
        waits.push(Number(locked.headers.get('retry-after')));
        people.clock.now += waits.at(-1)! * 1000;
        assert.equal((await attempt('Wrong-Password-1')).status, 401);
      }
      assert.deepEqual(waits, [30, 60, 120]);
    }
  });

  it('counts failures that come all at once', async () => {
    const { email } = await people.register();
    const attempts = Array.from({ length: 40 }, () =>
      people.guest('198.51.100.10').post('/$login', { email, password: 'Wrong-Password-1' }),
    );
    const statuses = (await Promise.all(attempts)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 401).length, 5);
    assert.equal(statuses.filter((status) => status === 429).length, 35);
  });

  it('is not locked from elsewhere for who has signed in from here before', async () => {
    const { email } = await people.register();
    for (let time = 0; time < 6; time++)
      await people.guest('198.51.100.11').post('/$login', { email, password: 'Wrong-Password-1' });
    assert.equal((await people.guest('198.51.100.11').post('/$login', { email, password: PASSWORD })).status, 429);
    assert.equal((await people.guest().post('/$login', { email, password: PASSWORD })).status, 200);
  });

  it('forgets failures once somebody has signed in', async () => {
    const { email } = await people.register();
    const fail = () => people.guest().post('/$login', { email, password: 'Wrong-Password-1' });
    for (let time = 0; time < 4; time++) await fail();
    await people.signIn(email);
    for (let time = 0; time < 4; time++) assert.equal((await fail()).status, 401);
    await people.signIn(email);
  });

  it('does not forget them for the right password alone', async () => {
    const { email } = await people.register();
    const attempt = (password: string) => people.guest('198.51.100.12').post('/$login', { email, password });
    for (let time = 0; time < 4; time++) await attempt('Wrong-Password-1');
    assert.equal((await attempt(PASSWORD)).status, 200);
    assert.equal((await attempt('Wrong-Password-1')).status, 401);
    assert.equal((await attempt(PASSWORD)).status, 429);
  });

  it('refuses what is no address', async () => {
    assert.equal(
      refusalOf(await people.guest().post('/$login', { email: 'ada', password: 'x' })),
      '400 value at email',
    );
    assert.equal(refusalOf(await people.guest().post('/$login', { email: freshEmail() })), '400 required at password');
  });

  it('is called with POST, so that no password stands in a log', async () => {
    const reply = await people.guest().get('/$login?email=a@example.org&password=x');
    assert.equal(reply.status, 405);
  });

  it('leaves nothing of passwords, codes and addresses in the log', async () => {
    const { email } = await people.register();
    await people.guest().post('/$login', { email, password: 'Wrong-Password-1' });
    const log = JSON.stringify(people.server.lines);
    for (const secret of [email, PASSWORD, 'Wrong-Password-1']) assert.ok(!log.includes(secret));
  });
});

describe('$verify-otp', () => {
  let people: People;
  before(async () => {
    people = await openPeople('otp');
  });
  after(() => people.close());
  /** wrong codes are counted for an address: each test has its own */
  let here = '';
  let addresses = 0;
  beforeEach(() => {
    here = `192.0.2.${10 + ++addresses}`;
  });

  const begin = async (address = here) => {
    const { email } = await people.register();
    const { challenge } = await people.guest(address).call('login', { email, password: PASSWORD });
    return { email, challenge, code: await people.codeFor(email) };
  };
  const other = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

  it('takes a code with its challenge from any address, once', async () => {
    const { challenge, code } = await begin();
    const elsewhere = people.guest('203.0.113.5');
    assert.equal(
      (await elsewhere.post('/$verify-otp', { code: `${code.slice(0, 3)} ${code.slice(3)}`, challenge })).status,
      200,
    );
    assert.equal(refusalOf(await elsewhere.post('/$verify-otp', { code, challenge })), '401 login at code');
  });

  it('takes a code alone from the address that asked for it, once', async () => {
    const { code } = await begin();
    assert.equal((await people.guest(here).post('/$verify-otp', { code })).status, 200);
    assert.equal(refusalOf(await people.guest(here).post('/$verify-otp', { code })), '401 login at code');
  });

  it('takes a code once, though it is sent twenty times at once, with its challenge or alone', async () => {
    for (const isAlone of [false, true]) {
      const { challenge, code } = await begin();
      const sent = isAlone ? { code } : { code, challenge };
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => people.guest(here).post('/$verify-otp', sent)),
      );
      const statuses = replies.map(({ status }) => status);
      assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
    }
  });

  it('does not take a code alone from another address, and the code lives on', async () => {
    const { code } = await begin();
    assert.equal(refusalOf(await people.guest('203.0.113.5').post('/$verify-otp', { code })), '401 login at code');
    assert.equal((await people.guest(here).post('/$verify-otp', { code })).status, 200);
  });

  it('does not take a code with the challenge of another request', async () => {
    const first = await begin();
    const second = await begin();
    const crossed = { code: first.code, challenge: second.challenge };
    assert.equal(refusalOf(await people.guest(here).post('/$verify-otp', crossed)), '401 login at code');
  });

  it('gives a challenge five tries, and then no code opens it, with or without it', async () => {
    const { challenge, code } = await begin();
    const said: string[] = [];
    for (let time = 0; time < 5; time++) {
      const reply = await people.guest(here).post('/$verify-otp', { code: other(code), challenge });
      said.push(reply.body.issue[0].diagnostics);
    }
    assert.deepEqual(said.slice(0, 2), ['The code is wrong; 4 tries are left', 'The code is wrong; 3 tries are left']);
    assert.match(said[4]!, /begin again/);
    assert.equal((await people.guest(here).post('/$verify-otp', { code, challenge })).status, 401);
    assert.equal((await people.guest(here).post('/$verify-otp', { code })).status, 401);
  });

  it('gives five tries to those who send them all at once', async () => {
    const { challenge, code } = await begin();
    const guesses = Array.from({ length: 30 }, () =>
      people.guest(here).post('/$verify-otp', { code: other(code), challenge }),
    );
    await Promise.all(guesses);
    assert.equal((await people.guest(here).post('/$verify-otp', { code, challenge })).status, 401);
  });

  it('counts wrong codes as failures of the account', async () => {
    const { email, challenge, code } = await begin('203.0.113.6');
    for (let time = 0; time < 5; time++)
      await people.guest('203.0.113.6').post('/$verify-otp', { code: other(code), challenge });
    assert.equal((await people.guest('203.0.113.6').post('/$login', { email, password: PASSWORD })).status, 429);
  });

  it('pauses codes alone for an address after five wrong ones; with the challenge they go on', async () => {
    const { challenge, code } = await begin();
    for (let time = 0; time < 5; time++)
      assert.equal((await people.guest(here).post('/$verify-otp', { code: other(code) })).status, 401);
    const paused = await people.guest(here).post('/$verify-otp', { code });
    assert.equal(refusalOf(paused), '429 throttled at challenge');
    assert.ok(Number(paused.headers.get('retry-after')) > 0);
    assert.equal((await people.guest(here).post('/$verify-otp', { code, challenge })).status, 200);
  });

  it('does not open an account by a code for a new password', async () => {
    const { email } = await people.register();
    const { challenge } = await people.guest(here).call('forgot-password', { email });
    const code = await people.codeFor(email);
    assert.equal((await people.guest(here).post('/$verify-otp', { code, challenge })).status, 401);
    assert.equal((await people.guest(here).post('/$verify-otp', { code })).status, 401);
  });

  it('does not take a code once the password was changed after it was entered', async () => {
    const { email, challenge, code } = await begin();
    const reset = await people.guest().call('forgot-password', { email });
    const sent = { code: await people.codeFor(email), challenge: reset.challenge };
    await people.guest().call('reset-password', { ...sent, newPassword: 'Another-Horse-8' });
    assert.equal((await people.guest(here).post('/$verify-otp', { code, challenge })).status, 401);
  });

  it('sends another code, which ends the one before, not at once and not for ever', async () => {
    const { email, challenge, code } = await begin();
    const tooSoon = await people.guest().post('/$resend-otp', { challenge });
    assert.equal(refusalOf(tooSoon), '429 throttled at challenge');
    await people.skipResendPause(challenge);
    await people.guest().call('resend-otp', { challenge });
    const next = await people.codeFor(email);
    assert.equal((await people.guest(here).post('/$verify-otp', { code, challenge })).status, 401);
    assert.equal((await people.guest(here).post('/$verify-otp', { code: next, challenge })).status, 200);
  });

  it('sends another code for an e-mail address from where it was asked for', async () => {
    const { email } = await begin();
    assert.equal(
      refusalOf(await people.guest('203.0.113.7').post('/$resend-otp', { email })),
      '401 login at challenge',
    );
    assert.equal(refusalOf(await people.guest(here).post('/$resend-otp', { email })), '429 throttled at challenge');
    assert.equal(refusalOf(await people.guest().post('/$resend-otp', {})), '400 required at challenge');
  });
});

describe('codes of many people', function () {
  this.timeout(240_000);

  it('are not taken alone by anybody while wrong ones rise in all; with their challenge they go on', async () => {
    const people = await openPeople('codes_paused');
    try {
      const { email } = await people.register();
      const { challenge } = await people.guest().call('login', { email, password: PASSWORD });
      const code = await people.codeFor(email);
      const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
      for (let time = 0; time < 20; time++)
        await people.guest(`198.51.100.${1 + Math.floor(time / 4)}`).post('/$verify-otp', { code: wrong });
      assert.equal(refusalOf(await people.guest().post('/$verify-otp', { code })), '429 throttled at challenge');
      assert.equal((await people.guest().post('/$verify-otp', { code, challenge })).status, 200);
    } finally {
      await people.close();
    }
  });

  it('are never the same, though a thousand sign in at once', async () => {
    const people = await openPeople('codes_crowd');
    try {
      const { email, account } = await people.register();
      const { db } = people;
      const known = await db.collection<{ _id: string; email: string }>('accounts').findOne({ _id: account });
      const everybody = Array.from({ length: 1000 }, (_, index) => ({
        ...known!,
        _id: `a${index}`,
        email: `${index}.${email}`,
      }));
      await db.collection<{ _id: string }>('accounts').insertMany(everybody);
      const replies = await postAll(
        people.server.base,
        everybody.map((one) => ({ path: '/$login', body: { email: one.email, password: PASSWORD } })),
      );
      assert.deepEqual(countByStatus(replies), { 200: 1000 });

      const mails = db.collection<{ to: string; text: string }>('dev_mailbox');
      while ((await mails.countDocuments()) < 1001) await sleep(50);
      const codes = new Map<string, string>();
      for await (const { to, text } of mails.find()) codes.set(/\d{6}/.exec(text)?.[0] ?? '', to);
      const sent = everybody.map((one) => [...codes].find(([, to]) => to === one.email)?.[0]);
      assert.equal(new Set(sent).size, 1000);
      const challenges = replies.map((reply) => parametersOf(reply).challenge);
      const verify = (bodies: readonly object[]) =>
        postAll(
          people.server.base,
          bodies.map((body) => ({ path: '/$verify-otp', body })),
        );
      // a code opens nothing with the challenge of another, though both are right
      const crossed = await verify(
        sent.slice(0, 250).map((code, index) => ({ code, challenge: challenges[(index + 1) % 1000] })),
      );
      assert.deepEqual(countByStatus(crossed), { 401: 250 });
      // each opens the account it was sent to, and no other: with its challenge, or alone
      const emailOf = (reply: (typeof crossed)[number]): string =>
        (parametersOf(reply).account as { email: string }).email;
      const together = await verify(sent.slice(0, 100).map((code, index) => ({ code, challenge: challenges[index] })));
      const alone = await verify(sent.slice(900).map((code) => ({ code })));
      for (const [opened, from] of [
        [together, 0],
        [alone, 900],
      ] as const) {
        assert.deepEqual(countByStatus(opened), { 200: 100 });
        assert.deepEqual(
          opened.map(emailOf),
          everybody.slice(from, from + 100).map((one) => one.email),
        );
      }
    } finally {
      await people.close();
    }
  });

  it('stand in Redis neither as they are nor with whom they are for, and end by themselves', async () => {
    const people = await openPeople('codes_kept');
    try {
      const { redis, codes, space } = people;
      const { code, challenge } = await codes.issue({
        purpose: 'login',
        about: 'a1',
        email: 'ada@example.org',
        address: '192.0.2.1',
      });
      const keys = await redis.keys(`{${space}:otp}*`);
      const values = await Promise.all(
        keys.map(async (key) => ((await redis.type(key)) === 'hash' ? redis.hgetall(key) : redis.get(key))),
      );
      const kept = JSON.stringify([keys, values]);
      for (const secret of [code, challenge, 'ada@', '192.0.2.1'])
        assert.ok(!kept.includes(secret), `${secret} in ${kept}`);
      for (const key of keys) {
        const seconds = await redis.ttl(key);
        assert.ok(seconds > 590 && seconds <= 600, `${key} lives ${seconds} s`);
      }
    } finally {
      await people.close();
    }
  });
});

describe('sign-in while Redis is away', () => {
  let line: CuttableLine;
  let people: People;
  before(async () => {
    line = await cuttable(await redisUrl());
    people = await openPeople('redis_away', { redisUrl: line.url });
  });
  after(async () => {
    line.mend();
    await people.close();
    await line.close();
  });

  for (const how of ['cut', 'silence'] as const) {
    it(`is refused clearly and soon (${how}), and works again afterwards`, async () => {
      const person = await people.register();
      const { email } = person;
      const begun = await people.guest().call('login', { email, password: PASSWORD });
      const code = await people.codeFor(email);
      line[how]();
      for (const [operation, input] of [
        ['login', { email, password: PASSWORD }],
        ['verify-otp', { code, challenge: begun.challenge }],
        ['verify-otp', { code }],
        ['forgot-password', { email }],
        ['register', { firstName: 'A', lastName: 'B', email: freshEmail(), password: PASSWORD }],
      ] as const) {
        const started = performance.now();
        const reply = await people.guest().post(`/$${operation}`, input);
        assert.equal(refusalOf(reply), '503 transient', operation);
        assert.ok(reply.headers.get('retry-after'));
        assert.ok(performance.now() - started < 20_000, operation);
      }
      assert.equal((await person.get('/$profile')).status, 200, 'who is signed in goes on');
      line.mend();
      people.clock.now += MINUTE;
      for (;;) {
        const reply = await people.guest().post('/$login', { email, password: PASSWORD });
        if (reply.status === 200) break;
        assert.equal(reply.status, 503, reply.text);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    });
  }
});
