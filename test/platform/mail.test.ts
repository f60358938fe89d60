// Mail through the queue, a real Redis and a real mail server on this machine.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { sleep } from '../../src/platform/clock/clock.ts';
import { createMailbox } from '../../src/platform/mail/mailbox.ts';
import { createMailer, type Mail, type Mailer } from '../../src/platform/mail/mailer.ts';
import { createSmtp, type Smtp } from '../../src/platform/mail/smtp.ts';
import { createQueue, type Queue } from '../../src/platform/queue/queue.ts';
import { createSeal } from '../../src/platform/secrets/secrets.ts';
import { freshDatabase, redisUrl } from '../support/engines.ts';
import { type MailServer, openMailServer } from '../support/mail-server.ts';

const letter: Mail = {
  to: 'ada@example.org',
  subject: 'Grüße\r\nBcc: mallory@example.org',
  text: 'Your code is 123456',
  html: '<p>Your code is <b>123456</b></p>',
};

describe('mail', () => {
  const prefix = `test-mail-${randomBytes(4).toString('hex')}`;
  const warnings: { message: string; fields: unknown }[] = [];
  const failures: string[] = [];
  let now = Date.now();
  let server: MailServer;
  let smtp: Smtp;
  let queue: Queue;
  let mailer: Mailer;
  let redis: Redis;

  before(async () => {
    server = await openMailServer();
    smtp = createSmtp({ url: server.url, from: 'Wardgate <no-reply@hospital.example>' });
    redis = new Redis(await redisUrl());
    queue = createQueue({ redisUrl: await redisUrl(), prefix, onError: ({ message }) => failures.push(message) });
    const keep = (message: string, fields: unknown): void => void warnings.push({ message, fields });
    mailer = createMailer({
      queue,
      seal: createSeal(randomBytes(32)),
      deliver: smtp.deliver,
      now: () => now,
      logger: { warn: keep, error: keep, info: keep, debug: keep, child: () => assert.fail() },
    });
  });
  after(async () => {
    await queue.close();
    smtp.close();
    await server.close();
    redis.disconnect();
  });
  beforeEach(() => {
    server.received.length = 0;
    server.refuseWith = undefined;
    warnings.length = 0;
    failures.length = 0;
  });

  const until = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) await sleep(20);
  };

  it('reaches the mail server as text and HTML, to one recipient whatever the subject says', async () => {
    await mailer.send(letter);
    await until(() => server.received.length > 0);
    const [{ from, to, raw } = assert.fail()] = server.received;
    assert.equal(from, 'no-reply@hospital.example');
    assert.deepEqual(to, ['ada@example.org']);
    assert.match(raw, /^Content-Type: multipart\/alternative/m);
    assert.match(raw, /123456/);
    assert.match(raw, /^Auto-Submitted: auto-generated/m);
    assert.doesNotMatch(raw, /^Bcc:/m);
  });

  it('goes to no second address that an address brings with it', async () => {
    await mailer.send({ ...letter, to: 'ada@example.org, mallory@example.org' });
    await until(() => server.received.length + warnings.length + failures.length > 0);
    assert.deepEqual(
      server.received.flatMap(({ to }) => to).filter((to) => to === 'mallory@example.org'),
      [],
    );
  });

  it('is tried again while the mail server does not take it', async () => {
    server.refuseWith = { code: 450, message: 'try again later' };
    await mailer.send(letter);
    await until(() => failures.length > 0);
    assert.equal(failures[0], 'the mail server did not take a mail: EENVELOPE 450');
    server.refuseWith = undefined;
    await until(() => server.received.length > 0);
  });

  it('is given up where the mail server refuses it for good, and the log does not name the recipient', async () => {
    server.refuseWith = { code: 550, message: 'no such user ada@example.org' };
    await mailer.send(letter);
    await until(() => warnings.length > 0);
    assert.deepEqual(failures, []);
    assert.doesNotMatch(JSON.stringify(warnings), /ada@/);
    assert.match(JSON.stringify(warnings), /EENVELOPE 550/);
  });

  it('is not sent when it came too late to be of use', async () => {
    await mailer.send(letter, { until: now - 1 });
    await until(() => warnings.length > 0);
    assert.match(warnings[0]!.message, /too late/);
    assert.deepEqual(server.received, []);
  });

  it('lies on the queue sealed, and nothing of it is kept once it is sent', async () => {
    server.refuseWith = { code: 450, message: 'try again later' };
    await mailer.send(letter);
    await until(() => failures.length > 0);
    const waiting = await everythingIn(redis, `{${prefix}}:*`);
    assert.match(waiting, /sealed/);
    assert.doesNotMatch(waiting, /123456|ada@/);
    server.refuseWith = undefined;
    await until(() => server.received.length > 0);
    while (/sealed/.test(await everythingIn(redis, `{${prefix}}:mail:*`))) await sleep(20);
  });

  it('stays on the queue of a command that sends none, for the server that does', async () => {
    const url = await redisUrl();
    const [command, later] = ['command', 'server'].map(() =>
      createQueue({ redisUrl: url, prefix: `${prefix}-left`, onError: ({ message }) => failures.push(message) }),
    ) as [Queue, Queue];
    const deps = { seal: createSeal(randomBytes(32)), now: () => now, logger: assert.fail as never };
    try {
      await createMailer({ ...deps, queue: command, deliver: undefined }).send(letter);
      await sleep(500);
      assert.deepEqual([server.received, failures], [[], []]);
      createMailer({ ...deps, queue: later, deliver: smtp.deliver });
      await until(() => server.received.length > 0);
    } finally {
      await command.close();
      await later.close();
    }
  });

  it('is kept in the development mailbox where there is no mail server, once though it is delivered twice', async () => {
    const { db, drop } = await freshDatabase('mailbox');
    try {
      const mailbox = createMailbox({ db, now: () => now++ });
      await mailbox.prepare();
      await mailbox.deliver(letter, 'a');
      await mailbox.deliver(letter, 'a');
      await mailbox.deliver({ ...letter, text: 'second' }, 'b');
      assert.deepEqual(
        (await mailbox.list()).map(({ id, text }) => [id, text]),
        [
          ['b', 'second'],
          ['a', 'Your code is 123456'],
        ],
      );
    } finally {
      await drop();
    }
  });
});

/** every value that Redis holds under these keys, as text */
async function everythingIn(redis: Redis, pattern: string): Promise<string> {
  const keys = await redis.keys(pattern);
  const readers: Record<string, (key: string) => Promise<unknown>> = {
    hash: (key) => redis.hgetall(key),
    string: (key) => redis.get(key),
    list: (key) => redis.lrange(key, 0, -1),
    zset: (key) => redis.zrange(key, '0', '-1'),
    stream: (key) => redis.xrange(key, '-', '+') as Promise<unknown>,
  };
  return JSON.stringify(await Promise.all(keys.map(async (key) => readers[await redis.type(key)]?.(key))));
}
