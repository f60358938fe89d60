// A hospital where people sign in: accounts, codes by mail into the development mailbox, sessions. On real MongoDB and Redis.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Db } from 'mongodb';
import { type Codes, createCodes } from '../../src/fhir/auth/accounts/codes.ts';
import { createLimits } from '../../src/fhir/auth/limits/index.ts';
import { ratesFrom } from '../../src/fhir/auth/limits/rates.ts';
import { capabilitySecurity } from '../../src/fhir/auth/oauth/capability-security.ts';
import { createAddressOf } from '../../src/platform/client-address/client-address.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { rates } from '../../src/platform/config/parse.ts';
import { createMailbox, type KeptMail } from '../../src/platform/mail/mailbox.ts';
import { createMailer } from '../../src/platform/mail/mailer.ts';
import { createQueue } from '../../src/platform/queue/queue.ts';
import { connectRedis, type Redis } from '../../src/platform/redis/connect.ts';
import { createSeal, createSecrets, keyedHash } from '../../src/platform/secrets/secrets.ts';
import { freshDatabase, redisUrl } from './engines.ts';
import { createFhirClient, type FhirClient, type Reply, withHeaders } from './fhir-client.ts';
import { parametersOf } from './hospital.ts';
import { startTestOauth, type TestOauth, type TestOauthOptions } from './oauth.ts';
import { startTestServer, type TestServer } from './server.ts';

export const PASSWORD = 'Correct-Horse-7';

export interface Guest extends FhirClient {
  /** parameters of the answer of a call that must succeed */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  call(operation: string, input?: Record<string, unknown>): Promise<any>;
}

export interface Person extends Guest {
  email: string;
  account: string;
  accessToken: string;
  refreshToken: string;
}

export interface PeopleOptions {
  /** where codes and queue live; the run's Redis where absent */
  redisUrl?: string;
  /** BASE_URL is not set: the server is called by where it listens */
  hasNoBaseUrl?: boolean;
  /** RATE_LIMITS; nothing is limited where absent */
  limits?: string;
  /** everything is on record */
  audit?: boolean;
  personIn?: TestOauthOptions['personIn'];
  identityProviders?: TestOauthOptions['identityProviders'];
}

export interface People {
  server: TestServer;
  /** apps sign people in at its base */
  oauth: TestOauth;
  clock: { now: number };
  redis: Redis;
  db: Db;
  /** the server's own codes, and under which name they are kept */
  codes: Codes;
  space: string;
  /** a code was sent half a minute ago */
  skipResendPause(challenge: string): Promise<void>;
  /** somebody at a network address, not signed in */
  guest(address?: string): Guest;
  /** the newest mail to an address that was not read yet and says this; waits for it, as other mails may be on their way */
  mailTo(email: string, says?: RegExp): Promise<KeptMail>;
  /** what the first group of a pattern finds in such a mail */
  inMailTo(email: string, says: RegExp): Promise<string>;
  /** the digits in the newest mail */
  codeFor(email: string): Promise<string>;
  /** registers and confirms */
  register(given?: Record<string, unknown>): Promise<Person>;
  signIn(email: string, password?: string): Promise<Person>;
  /** somebody with these roles, without the mails */
  person(role: string, organization?: string): Promise<Person>;
  close(): Promise<void>;
}

const LIMITLESS = 'registration=none,login=none,otp=none,anonymous=none,standard=none';

const PATIENCE_MS = 20_000;

let counter = 0;
export const freshEmail = (): string => `person${++counter}@example.org`;

export async function openPeople(name: string, options: PeopleOptions = {}): Promise<People> {
  const fresh = await freshDatabase(name);
  const { db } = fresh;
  const clock = { now: Date.now() };
  const now = (): number => clock.now;
  const redis = await connectRedis(options.redisUrl ?? (await redisUrl()));
  const queue = createQueue({
    redisUrl: await redisUrl(),
    prefix: `${db.databaseName}-mail`,
    onError: () => undefined,
  });
  const mailbox = createMailbox({ db, now: Date.now });
  const mailer = createMailer({
    queue,
    seal: createSeal(randomBytes(32)),
    deliver: mailbox.deliver,
    now,
    logger: {
      warn: console.error,
      error: console.error,
      info: console.error,
      debug: console.error,
      child: () => null!,
    },
  });
  const limits = createLimits({
    redis,
    prefix: db.databaseName,
    rates: ratesFrom(rates(options.limits ?? LIMITLESS)),
    logger: { warn: () => undefined, info: () => undefined },
  });
  const folder = options.audit ? mkdtempSync(join(tmpdir(), 'wardgate-audit-')) : undefined;
  const oauth = await startTestOauth(name, {
    database: fresh,
    now,
    signIn: () => server.service.accounts!.signIn,
    fhir: () => server.service,
    ...(options.personIn && { personIn: options.personIn }),
    ...(options.identityProviders && { identityProviders: options.identityProviders }),
  });
  const { tokens } = oauth;
  const server: TestServer = await startTestServer(name, {
    database: fresh,
    settings: { auth: 'on', [options.hasNoBaseUrl ? 'linkBase' : 'baseUrl']: oauth.base },
    parts: { oauth },
    security: capabilitySecurity(oauth.addresses),
    now,
    ...(folder !== undefined && { audit: { folder, key: randomBytes(32), sync: 'interval' as const } }),
    guard: { verify: tokens.verify, limits, addressOf: createAddressOf(['127.0.0.1']) },
    people: {
      redis,
      secrets: createSecrets({ db }),
      mailer,
      tokens,
      links: oauth.links,
      demand: limits.demand,
      origin: () => 'https://hospital.example',
      passwordCost: { memoryCost: 64, timeCost: 1, parallelism: 1 },
    },
  });
  const accounts = server.service.accounts!;
  const plain = createFhirClient(server.base);
  const read = new Set<string>();

  function guest(address = '192.0.2.1', more: Record<string, string> = {}): Guest {
    const client = withHeaders(plain, { 'x-forwarded-for': address, ...more });
    return {
      ...client,
      async call(operation, input) {
        const reply = await client.send(input === undefined ? 'GET' : 'POST', `/$${operation}`, input);
        if (reply.status !== 200) throw new Error(`$${operation}: ${reply.status} ${reply.text}`);
        return reply.body === undefined ? {} : parametersOf(reply);
      },
    };
  }

  async function mailTo(email: string, says = /^/): Promise<KeptMail> {
    for (const started = performance.now(); performance.now() - started < PATIENCE_MS; ) {
      const mails = (await mailbox.list()).filter(({ to }) => to === email);
      const newest = mails.find(({ id, subject, text }) => !read.has(id) && says.test(`${subject}\n${text}`));
      if (newest !== undefined) {
        for (const { id } of mails) read.add(id);
        return newest;
      }
      await sleep(10);
    }
    throw new Error(`no mail came to ${email} that says ${says}`);
  }

  const inMailTo = async (email: string, says: RegExp): Promise<string> =>
    says.exec((await mailTo(email, says)).text)![1]!;
  const codeFor = (email: string): Promise<string> => inMailTo(email, /\b(\d{6})\b/);

  // biome-ignore lint/suspicious/noExplicitAny: see Guest
  const person = (email: string, { accessToken, refreshToken, account }: any): Person => ({
    ...guest('192.0.2.1', { authorization: `Bearer ${accessToken}` }),
    email,
    account: account.id,
    accessToken,
    refreshToken,
  });

  async function signIn(email: string, password = PASSWORD): Promise<Person> {
    // the clock stands still, and what shut the account in this very millisecond was not before
    clock.now++;
    const { challenge } = await guest().call('login', { email, password });
    return person(email, await guest().call('verify-otp', { code: await codeFor(email), challenge }));
  }

  const key = await createSecrets({ db }).key('accounts');
  const space = db.databaseName;

  return {
    server,
    oauth,
    clock,
    redis,
    db,
    codes: createCodes({ redis, key, space, now }),
    space,
    async skipResendPause(challenge) {
      await redis.hincrby(`{${space}:otp}:request:${keyedHash(key, 'challenge', challenge)}`, 'at', -31);
    },
    guest,
    mailTo,
    inMailTo,
    codeFor,
    async register(given = {}) {
      const email = String(given.email ?? freshEmail());
      const said = { firstName: 'Ada', lastName: 'Lovelace', password: PASSWORD, ...given, email };
      const { challenge } = await guest().call('register', said);
      return person(email, await guest().call('verify-otp', { code: await codeFor(email), challenge }));
    },
    signIn,
    async person(role, organization) {
      const email = freshEmail();
      const { book, passwords } = accounts;
      const held = { code: role as 'admin', status: 'active' as const, since: new Date(now()) };
      await book.add({
        email,
        firstName: 'Grace',
        lastName: 'Hopper',
        password: await passwords.hash(PASSWORD),
        roles: [{ ...held, ...(organization !== undefined && { organization }) }],
      });
      return signIn(email);
    },
    async close() {
      await oauth.close();
      await server.close();
      await queue.close();
      await limits.close();
      redis.disconnect();
      await fresh.drop();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What tests ask of a refusal: status, code and expression. */
export const refusalOf = ({ status, body, text }: Reply): string => {
  const { code, expression } = body?.issue?.[0] ?? {};
  return code === undefined
    ? `${status} ${text}`
    : `${status} ${code}${expression === undefined ? '' : ` at ${expression}`}`;
};
