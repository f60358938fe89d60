// SMART Backend Services: a system signs in by itself, with a key. http://hl7.org/fhir/smart-app-launch/backend-services.html
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import * as client from 'openid-client';
import { startTestOauth, type TestOauth } from '../../support/oauth.ts';

interface Key {
  alg: string;
  kid: string;
  privateKey: CryptoKey;
  publicJwk: JWK;
}
type CryptoKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

async function newKey(alg: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const kid = randomUUID();
  return { alg, kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Where a client publishes its keys. */
async function serveKeys(jwks: () => unknown) {
  let asked = 0;
  const server = http.createServer((_req, res) => {
    asked++;
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(jwks()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    asked: () => asked,
    close: () => server.close(),
  };
}

describe('a backend service', () => {
  let oauth: TestOauth;
  let rsa: Key;
  let ec: Key;
  /** a good key, but another client's */
  let foreign: Key;
  let elsewhere: Awaited<ReturnType<typeof serveKeys>>;
  before(async () => {
    // key sets of this test are on loopback
    oauth = await startTestOauth('backend', { fetchAllowedHosts: ['127.0.0.1'] });
    [rsa, ec] = await Promise.all([newKey('RS384'), newKey('ES384')]);
    await register('lab-system', { jwks: { keys: [rsa.publicJwk, ec.publicJwk] } });
    foreign = await newKey('RS384');
    await register('other-system', { jwks: { keys: [foreign.publicJwk] } });
    elsewhere = await serveKeys(() => ({ keys: [foreign.publicJwk] }));
  });
  after(async () => {
    elsewhere.close();
    await oauth.close();
  });

  const register = (id: string, more: object) =>
    oauth.clients.register({
      client_id: id,
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      smart_scopes: 'system/Observation.rs system/Patient.cruds',
      roles: ['lab-technician'],
      organizations: ['o1'],
      ...more,
    });

  const seconds = (): number => Math.floor(Date.now() / 1000);

  const assertionOf = (
    key: Key,
    changes: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
  ): Promise<string> =>
    new SignJWT({
      iss: 'lab-system',
      sub: 'lab-system',
      aud: `${oauth.root}/oauth/token`,
      exp: seconds() + 240,
      jti: randomUUID(),
      ...changes,
    })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
      .sign(key.privateKey);

  async function ask(assertion: string, scope: string | null = 'system/Observation.rs') {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      ...(scope !== null && { scope }),
    });
    const reply = await fetch(`${oauth.root}/oauth/token`, { method: 'POST', body });
    return { status: reply.status, body: (await reply.json()) as Record<string, string> };
  }

  for (const [name, pick] of [
    ['RS384', () => rsa],
    ['ES384', () => ec],
  ] as const) {
    it(`gets a token with an assertion of ${name}`, async () => {
      const { status, body } = await ask(await assertionOf(pick()));
      assert.deepEqual(
        [status, body.scope, body.expires_in, body.refresh_token],
        [200, 'system/Observation.rs', 3600, undefined],
      );
      const { id, expires, ...token } = await oauth.tokens.verify(body.access_token!);
      assert.deepEqual(token, {
        grant: 'client:lab-system:0',
        client: 'lab-system',
        roles: ['lab-technician'],
        organizations: ['o1'],
        scopes: ['system/Observation.rs'],
        limits: 'backend',
      });
    });
  }

  it('does so with openid-client', async () => {
    const auth = client.PrivateKeyJwt({ key: ec.privateKey as never, kid: ec.kid });
    const config = await client.discovery(new URL(`${oauth.root}/oauth`), 'lab-system', undefined, auth, {
      execute: [client.allowInsecureRequests],
    });
    const tokens = await client.clientCredentialsGrant(config, { scope: 'system/Patient.rs' });
    assert.equal(tokens.scope, 'system/Patient.rs');
  });

  const refusals: [name: string, make: () => Promise<string>, error: string][] = [
    ['for another audience', () => assertionOf(rsa, { aud: 'https://other.example/token' }), 'invalid_client'],
    ['for no audience', () => assertionOf(rsa, { aud: undefined }), 'invalid_client'],
    ['of another issuer', () => assertionOf(rsa, { iss: 'someone' }), 'invalid_client'],
    ['of an unknown client', () => assertionOf(rsa, { iss: 'nobody', sub: 'nobody' }), 'invalid_client'],
    ['that has expired', () => assertionOf(rsa, { exp: seconds() - 60 }), 'invalid_client'],
    ['that is valid for an hour', () => assertionOf(rsa, { exp: seconds() + 3600 }), 'invalid_client'],
    ['without an end', () => assertionOf(rsa, { exp: undefined }), 'invalid_client'],
    ['without jti', () => assertionOf(rsa, { jti: undefined }), 'invalid_client'],
    ['by another key', async () => assertionOf(await newKey('RS384')), 'invalid_client'],
    [
      'by another key under a known kid',
      async () => assertionOf({ ...(await newKey('RS384')), kid: rsa.kid }),
      'invalid_client',
    ],
    [
      'of the algorithm none',
      async () => {
        const [, payload] = (await assertionOf(rsa)).split('.');
        return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
      },
      'invalid_client',
    ],
    [
      'of HS256 with its public key as the secret',
      async () => {
        const pem = await exportSPKI((await importJWK(rsa.publicJwk, 'RS384')) as CryptoKey);
        return assertionOf({ ...rsa, alg: 'HS256', privateKey: new TextEncoder().encode(pem) as never });
      },
      'invalid_client',
    ],
    ['of another client', () => assertionOf(foreign, {}, { kid: foreign.kid }), 'invalid_client'],
    ['with a path as kid', () => assertionOf(foreign, {}, { kid: '../../../dev/null' }), 'invalid_client'],
    ['with an address as kid', () => assertionOf(foreign, {}, { kid: elsewhere.url }), 'invalid_client'],
    ['that says where its key is (jku)', () => assertionOf(foreign, {}, { jku: elsewhere.url }), 'invalid_client'],
    ['that says where its key is (x5u)', () => assertionOf(foreign, {}, { x5u: elsewhere.url }), 'invalid_client'],
    ['that brings its key', () => assertionOf(foreign, {}, { jwk: foreign.publicJwk }), 'invalid_client'],
    ['that is no JWT', async () => 'nonsense', 'invalid_request'],
  ];
  for (const [name, make, error] of refusals) {
    it(`is refused with an assertion ${name}`, async () => {
      const { status, body } = await ask(await make());
      assert.deepEqual([status >= 400 && status < 500, body.error, body.access_token], [true, error, undefined]);
    });
  }

  it('sends for no key that an assertion names', () => assert.equal(elsewhere.asked(), 0));

  it('is refused with an assertion that was used before', async () => {
    const assertion = await assertionOf(rsa);
    assert.equal((await ask(assertion)).status, 200);
    assert.equal((await ask(assertion)).body.error, 'invalid_client');
  });

  it('gets one token for one assertion, of eight times at the same moment on two servers', async () => {
    const other = await oauth.another();
    const assertion = await assertionOf(rsa);
    const roots = Array.from({ length: 8 }, (_, i) => (i % 2 ? oauth : other).root);
    const statuses = await Promise.all(
      roots.map(async (root) => {
        const body = new URLSearchParams({
          grant_type: 'client_credentials',
          scope: 'system/Patient.rs',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        });
        return (await fetch(`${root}/oauth/token`, { method: 'POST', body })).status;
      }),
    );
    assert.deepEqual(statuses.toSorted(), [200, ...Array(7).fill(401)]);
  });

  const scopes: [asked: string | null, expected: string][] = [
    ['system/Observation.r', 'system/Observation.r'],
    ['system/Observation.rs system/Encounter.rs', 'system/Observation.rs'],
    ['system/Patient.read system/Patient.write', 'system/Patient.read system/Patient.write'],
    ['system/*.rs', 'invalid_scope'],
    ['system/Encounter.rs', 'invalid_scope'],
    ['patient/Observation.rs', 'invalid_scope'],
    ['user/Observation.rs system/Observation.rs', 'invalid_scope'],
    ['openid', 'invalid_scope'],
    ['launch/patient system/Patient.rs', 'system/Patient.rs'],
    ['system/Bogus.rs', 'invalid_scope'],
    [null, 'invalid_scope'],
  ];
  for (const [asked, expected] of scopes) {
    it(`that asks for ${asked ?? 'no scope'} gets ${expected}`, async () => {
      const { body } = await ask(await assertionOf(ec), asked);
      assert.equal(body.error ?? body.scope, expected);
    });
  }

  it('can use nothing else: no pages, no refresh', async () => {
    const page = await fetch(
      `${oauth.root}/oauth/authorize?client_id=lab-system&response_type=code&redirect_uri=https://x.example&scope=openid`,
    );
    assert.equal(page.status, 400);
  });

  it('whose tokens are ended can get new ones', async () => {
    const { body } = await ask(await assertionOf(rsa));
    await oauth.tokens.verify(body.access_token!);
    await oauth.clients.disable('lab-system');
    await assert.rejects(async () => oauth.tokens.verify(body.access_token!), /revoked/);
    assert.equal((await ask(await assertionOf(rsa))).body.error, 'invalid_client');
    await oauth.clients.enable('lab-system');
    const again = await ask(await assertionOf(rsa));
    assert.equal((await oauth.tokens.verify(again.body.access_token!)).grant, 'client:lab-system:1');
  });

  describe('with its keys at an address', () => {
    it('is known by them, which are fetched once', async () => {
      const served = await serveKeys(() => ({ keys: [rsa.publicJwk] }));
      await register('by-url', { jwks_uri: served.url });
      for (let i = 0; i < 3; i++) {
        assert.equal((await ask(await assertionOf(rsa, { iss: 'by-url', sub: 'by-url' }))).status, 200);
      }
      assert.equal(served.asked(), 1);
      served.close();
    });

    it('is known by new ones within a minute, whatever its server says of caching', async () => {
      const { withoutCaching } = await import('../../../src/fhir/auth/oauth/key-fetch.ts');
      const lasting = { 'cache-control': 'max-age=86400', expires: 'Fri, 01 Jan 2100 00:00:00 GMT', etag: '"1"' };
      const reply = withoutCaching(new Response('{}', { headers: lasting }));
      assert.deepEqual([...reply.headers.keys()], ['content-type', 'etag']);
    });

    it('is not sent for where the address is in our own network', async () => {
      const guarded = await startTestOauth('backend-guarded');
      const served = await serveKeys(() => ({ keys: [rsa.publicJwk] }));
      await guarded.clients.register({
        client_id: 'inside',
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        smart_scopes: 'system/*.rs',
        jwks_uri: served.url,
      });
      const assertion = await assertionOf(rsa, { iss: 'inside', sub: 'inside', aud: `${guarded.root}/oauth/token` });
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'system/*.rs',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      });
      const reply = await fetch(`${guarded.root}/oauth/token`, { method: 'POST', body });
      assert.equal(((await reply.json()) as { error: string }).error, 'invalid_client');
      assert.equal(served.asked(), 0);
      served.close();
      await guarded.close();
    });
  });
});
