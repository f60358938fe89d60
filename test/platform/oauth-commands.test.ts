// `wardgate clients` and `wardgate keys` as an operator uses them, beside a server that runs on the same database.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import * as client from 'openid-client';
import {
  runClientsAdd,
  runClientsDisable,
  runClientsEnable,
  runClientsList,
  runClientsRemove,
} from '../../src/cli/clients.ts';
import { runKeysList, runKeysRotate } from '../../src/cli/keys.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { type Config, readConfig } from '../../src/platform/config/config.ts';
import { type FreshDatabase, freshDatabase, mongodbUri } from '../support/engines.ts';
import { startTestOauth, type TestOauth } from '../support/oauth.ts';
import { CALLBACK, createSmartApp } from '../support/smart-app.ts';

describe('the commands of the authorization server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wardgate-oauth-commands-'));
  let database: FreshDatabase;
  let config: Config;
  let oauth: TestOauth;
  before(async () => {
    database = await freshDatabase('oauth_commands');
    const uri = (await mongodbUri()).replace('/?', `/${database.db.databaseName}?`);
    config = readConfig({ MONGODB_URI: uri, DATA_DIR: folder });
    oauth = await startTestOauth('oauth_commands', { database });
    oauth.accounts.add({ id: 'd1' });
  });
  after(async () => {
    await oauth.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  /** exit code and what was said */
  async function run(command: () => Promise<number>): Promise<{ code: number; said: string }> {
    const said: string[] = [];
    const { log, error } = console;
    console.log = console.error = (line: unknown) => void said.push(String(line));
    try {
      return { code: await command(), said: said.join('\n') };
    } finally {
      Object.assign(console, { log, error });
    }
  }

  it('register an app that a running server knows at once, and end what it holds', async () => {
    const added = await run(() =>
      runClientsAdd(config, 'Growth chart', { id: 'chart', redirect: [CALLBACK], scope: 'user/*.rs' }),
    );
    assert.deepEqual([added.code, added.said], [0, 'client_id:     chart']);
    const app = await createSmartApp(oauth, 'chart');
    const { access_token: token } = await app.launch({ scope: 'user/*.rs' }, { id: 'd1' });
    await oauth.tokens.verify(token);
    assert.match(
      (await run(() => runClientsList(config))).said,
      /^chart {2}Growth chart, since \d{4}-\d\d-\d\d: user\/\*\.rs$/,
    );
    assert.equal(
      (await run(() => runClientsDisable(config, 'chart'))).said,
      'chart is disabled, and everything it held has ended.',
    );
    const endedAt = performance.now();
    for (;;) {
      const isGood = await Promise.resolve(token)
        .then(oauth.tokens.verify)
        .then(
          () => true,
          () => false,
        );
      if (!isGood) break;
      assert.ok(performance.now() - endedAt < 20_000);
      await sleep(50);
    }
    assert.equal((await run(() => runClientsEnable(config, 'chart'))).code, 0);
    assert.equal((await run(() => runClientsRemove(config, 'chart'))).code, 0);
    assert.deepEqual(await run(() => runClientsRemove(config, 'chart')), { code: 1, said: 'There is no client chart' });
  });

  it('register a backend client with its keys in a file', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true });
    const file = join(folder, 'jwks.json');
    const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES384' };
    writeFileSync(file, JSON.stringify({ keys: [jwk] }));
    const options = { id: 'lab', backend: true, jwks: file, scope: 'system/Observation.rs', role: ['lab-technician'] };
    assert.equal((await run(() => runClientsAdd(config, 'Laboratory', options))).code, 0);
    const app = await createSmartApp(oauth, 'lab', client.PrivateKeyJwt({ key: privateKey as never, kid: 'k1' }));
    const tokens = await client.clientCredentialsGrant(app.config, { scope: 'system/Observation.rs' });
    assert.deepEqual((await oauth.tokens.verify(tokens.access_token)).roles, ['lab-technician']);
  });

  it('print a secret once', async () => {
    const { said } = await run(() => runClientsAdd(config, 'Portal', { redirect: [CALLBACK], confidential: true }));
    assert.match(said, /^client_id: {5}[\w-]{16}\nclient_secret: [\w-]{43} {3}\(shown this once\)$/);
  });

  const refusals: [name: string, options: Parameters<typeof runClientsAdd>[2], expected: RegExp][] = [
    ['without an address', {}, /redirect_uris/],
    [
      'with a scope that there is not',
      { redirect: [CALLBACK], scope: 'user/Bogus.rs' },
      /^No such scope: user\/Bogus\.rs$/,
    ],
    ['under our own name', { id: 'wardgate', redirect: [CALLBACK] }, /^There is a client wardgate already$/],
    ['under a name with spaces', { id: 'my app', redirect: [CALLBACK] }, /^client_id has 3 to 100/],
    ['that acts for itself without scopes', { backend: true, jwks: 'https://x.example/jwks' }, /needs scopes/],
  ];
  for (const [name, options, expected] of refusals) {
    it(`refuse an app ${name}`, async () => {
      const { code, said } = await run(() => runClientsAdd(config, 'App', options));
      assert.equal(code, 1);
      assert.match(said, expected);
    });
  }

  it('change the keys of a running server', async () => {
    const before = oauth.keys.list().find(({ state }) => state === 'next')!.kid;
    assert.match((await run(() => runKeysRotate(config, { compromised: false }))).said, /^The next keys are in use/);
    const listed = (await run(() => runKeysList(config))).said.split('\n');
    assert.equal(listed.length, 6);
    assert.match(listed[0]!, new RegExp(`^current {2}RS256 {2}${before} {2}since `));
    const at = performance.now();
    while (oauth.keys.list()[0]!.kid !== before) {
      assert.ok(performance.now() - at < 20_000);
      await sleep(50);
    }
  });
});
