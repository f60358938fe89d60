// `wardgate token`: an access token for who has the server's database and its secret, beside a server that runs.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAuditVerify } from '../../src/cli/audit.ts';
import { credentialFor } from '../../src/cli/credential.ts';
import { demoEmail } from '../../src/cli/seed/demo-accounts.ts';
import { runToken } from '../../src/cli/token.ts';
import type { RoleCode } from '../../src/fhir/auth/accounts/roles.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { createLogger } from '../../src/platform/logger/logger.ts';
import { StartError } from '../../src/platform/start-error.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { type FreshDatabase, freshDatabase, mongodbUri, redisUrl } from '../support/engines.ts';
import { createFhirClient, type Reply } from '../support/fhir-client.ts';

const DOCTOR = demoEmail('doctor');
const ADMIN = demoEmail('admin');
const LEFT = 'left@hospital.example';

const claimsOf = (token: string): { jti: string } =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

describe('npm run token', () => {
  let database: FreshDatabase;
  let server: RunningServer;
  let folder: string;
  let environment: Record<string, string>;
  const ids: Record<string, string> = {};

  before(async () => {
    database = await freshDatabase('token');
    folder = mkdtempSync(join(tmpdir(), 'wardgate-token-'));
    const uri = new URL(await mongodbUri());
    uri.pathname = `/${database.db.databaseName}`;
    environment = {
      AUTH: 'on',
      MONGODB_URI: uri.href,
      REDIS_URL: await redisUrl(),
      DATA_DIR: folder,
      SERVER_SECRET: randomBytes(32).toString('hex'),
    };
    const logger = createLogger({ level: 'error', format: 'text' });
    server = await startServer(readConfig({ ...environment, PORT: '0' }), logger, { onLost: assert.fail });
    environment.BASE_URL = server.base;
    const { book } = server.service.accounts!;
    const add = async (email: string, code: RoleCode): Promise<void> => {
      const held = { code, status: 'active' as const, since: new Date() };
      const who = { email, firstName: 'Ada', lastName: 'Lovelace', password: 'no hash', roles: [held] };
      ids[email] = (await book.add(who))._id;
    };
    await add(DOCTOR, 'doctor');
    await add(ADMIN, 'admin');
    await add(LEFT, 'nurse');
    await book.change(ids[LEFT]!, ({ account }) => void Object.assign(account, { status: 'deactivated' }));
  });
  after(async () => {
    await server.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** what a command writes to standard output, and to standard error */
  async function run(work: () => Promise<number>): Promise<{ code: number; out: string; err: string }> {
    const { log, error } = console;
    const out: string[] = [];
    const err: string[] = [];
    console.log = (line: string) => void out.push(line);
    console.error = (line: string) => void err.push(line);
    try {
      const code = await work();
      return { code, out: out.join('\n'), err: err.join('\n') };
    } finally {
      Object.assign(console, { log, error });
    }
  }
  const token = (email?: string, more: Record<string, string> = {}) =>
    run(() => runToken(readConfig({ ...environment, ...more }), email));
  const ending = (email?: string) => run(() => runToken(readConfig(environment), email, { end: true }));
  async function untilRefused(bearer: string, path = '/$profile'): Promise<void> {
    const began = performance.now();
    while ((await get(path, bearer)).status !== 401) {
      assert.ok(performance.now() - began < 5000, 'it is good for more than five seconds');
      await sleep(50);
    }
  }
  const get = (path: string, authorization: string): Promise<Reply> =>
    createFhirClient(server.base).get(path, { authorization });

  it('prints a token of the account and nothing else, and says on standard error whose it is', async () => {
    const { code, out, err } = await token(` ${DOCTOR.toUpperCase()} `);
    assert.equal(code, 0);
    assert.match(out, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.match(err, /^doctor@hospital\.example \(Doctor\), until \d\d:\d\dZ, for http:/);
    const { body, status } = await get('/$profile', `Bearer ${out}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.match(JSON.stringify(body), /"doctor@hospital\.example"/);
    assert.equal((await get('/$users', `Bearer ${out}`)).status, 403, 'it may what the role may');
  });

  it('makes a session of the person, which ends as others do', async () => {
    const bearer = `Bearer ${(await token(DOCTOR)).out}`;
    const { body } = await get('/$sessions', bearer);
    assert.match(JSON.stringify(body), /"client","valueString":"Wardgate".*wardgate token, on the command line/);
    await server.service.accounts!.tokens.endAllOf(ids[DOCTOR]!);
    const { status, body: outcome } = await get('/$profile', bearer);
    assert.equal(status, 401);
    assert.equal(outcome.issue[0].code, 'login');
  });

  it('is on record, with the token', async () => {
    const { out } = await token(DOCTOR);
    const { jti } = claimsOf(out);
    const admin = `Bearer ${(await token(ADMIN)).out}`;
    const { body } = await get(`/AuditEvent?altid=${ids[DOCTOR]}&subtype=110122&_count=1`, admin);
    const { agent, outcome } = body.entry[0].resource;
    assert.equal(outcome, '0');
    assert.deepEqual(agent[0].policy, [`urn:ietf:params:oauth:jti:${jti}`]);
    assert.equal(agent[1].who.identifier.value, 'wardgate-cli');
  });

  it('refuses who is deactivated, and that is on record', async () => {
    await assert.rejects(token(LEFT), /^StartError: left@hospital\.example is deactivated, and gets no token/);
    const admin = `Bearer ${(await token(ADMIN)).out}`;
    const { body } = await get(`/AuditEvent?altid=${ids[LEFT]}&_count=1`, admin);
    assert.equal(body.entry[0].resource.outcomeDesc, '403 forbidden');
    assert.equal(await database.db.collection('oauth_grants').countDocuments({ account: ids[LEFT] }), 0);
  });

  it('lists the accounts of the demo hospital where none is named, where no script takes them for a token', async () => {
    const { code, out, err } = await token();
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /^ {2}admin@hospital\.example +Administrator\n {2}doctor@hospital\.example +Doctor$/m);
    assert.doesNotMatch(err, /nurse/);
  });

  it('ends those that it made for an account, and no other session of it', async () => {
    const [first, second] = [`Bearer ${(await token(DOCTOR)).out}`, `Bearer ${(await token(DOCTOR)).out}`];
    const admin = `Bearer ${(await token(ADMIN)).out}`;
    const { tokens, signIn } = server.service.accounts!;
    const { id: account, ...who } = (await signIn.account(ids[DOCTOR]!))!;
    const own = await tokens.issue({ account, ...who, amr: ['pwd', 'otp'], since: Date.now(), address: '192.0.2.1' });
    assert.equal((await get('/$profile', first)).status, 200);
    const { code, out, err } = await ending(DOCTOR);
    assert.deepEqual([code, out], [0, '']);
    assert.match(
      err,
      /^\d tokens made by this command for doctor@hospital\.example have ended, everywhere within five seconds\.$/,
    );
    await untilRefused(first);
    assert.equal((await get('/$profile', second)).status, 401);
    assert.equal((await get('/$profile', `Bearer ${own.accessToken}`)).status, 200);
    const { body } = await get(`/AuditEvent?altid=${account}&subtype=110123&_count=1`, admin);
    assert.equal(body.entry[0].resource.agent[1].who.identifier.value, 'wardgate-cli');
    assert.match((await ending(DOCTOR)).err, /^No tokens made/);
    await assert.rejects(ending('nobody@hospital.example'), /There is no account nobody@/);
  });

  it('ends those of the command line itself', async () => {
    const bearer = (await credentialFor(readConfig(environment), server.base).authorization())!;
    const admin = `Bearer ${(await token(ADMIN)).out}`;
    assert.equal((await get('/Practitioner?_summary=count', bearer)).status, 200);
    assert.match(
      (await ending()).err,
      /^One token of commands themselves has ended|^\d tokens of commands themselves have/,
    );
    await untilRefused(bearer, '/Practitioner?_summary=count');
    assert.equal((await get('/$profile', admin)).status, 200);
    // the next command makes another
    const next = (await credentialFor(readConfig(environment), server.base).authorization())!;
    assert.equal((await get('/Practitioner?_summary=count', next)).status, 200);
  });

  const refusals: [what: string, email: string | undefined, settings: Record<string, string>, line: RegExp][] = [
    [
      'an address that has no account',
      'nobody@hospital.example',
      {},
      /^There is no account nobody@hospital\.example\./,
    ],
    ['what is no address', 'doctor', {}, /^'doctor' is no e-mail address\.$/],
    ['to make one where nobody signs in', DOCTOR, { AUTH: 'off' }, /^With AUTH=off nobody needs a token\.$/],
    ['to guess where the server is', DOCTOR, { PORT: '0', BASE_URL: '' }, /^With PORT=0 set BASE_URL/],
    ['another SERVER_SECRET', DOCTOR, { SERVER_SECRET: 'x'.repeat(32) }, /^The signing keys .* SERVER_SECRET must be/],
    ['to go without the SERVER_SECRET', DOCTOR, { SERVER_SECRET: '' }, /^The signing keys .* SERVER_SECRET must be/],
  ];
  for (const [what, email, settings, line] of refusals) {
    it(`refuses ${what} in one line`, async () => {
      await assert.rejects(token(email, settings), (error: Error) => {
        assert.ok(error instanceof StartError, String(error));
        assert.match(error.message, line);
        return true;
      });
    });
  }

  it('leaves the audit log whole', async () => {
    const { code, out } = await run(() => runAuditVerify(readConfig(environment), []));
    assert.equal(code, 0, out);
  });

  describe('commands', () => {
    it('make one of their own where they have the database, one for many requests', async () => {
      const { authorization } = credentialFor(readConfig(environment), server.base);
      const [first, second] = await Promise.all([authorization(), authorization()]);
      assert.equal(first, second);
      const { body, status } = await get('/Practitioner?_summary=count', first!);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.total, 3);
      assert.equal((await get('/$access-policies', first!)).status, 200);
      const { jti } = claimsOf(first!);
      const event = (await get('/AuditEvent?altid=wardgate-cli&subtype=110122&_count=1', first!)).body.entry[0]
        .resource;
      assert.deepEqual(event.agent[0].policy, [`urn:ietf:params:oauth:jti:${jti}`]);
    });

    it('say what to do where the server does not take it', async () => {
      const { MONGODB_URI: _, ...elsewhere } = environment;
      const rows: [settings: Record<string, string>, line: RegExp][] = [
        [{ ...environment, WARDGATE_TOKEN: 'x' }, /does not take this token: y\. `npm run -s token -- EMAIL` prints/],
        [environment, /does not take the token that was made for it: y\. It must be the server of this database/],
        [elsewhere, /wants to know who asks\. Set WARDGATE_TOKEN, or give --token/],
      ];
      for (const [settings, line] of rows) {
        assert.match(credentialFor(readConfig(settings), server.base).refused('y').message, line);
      }
    });
  });
});
