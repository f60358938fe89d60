// $clients, $register-client, $change-client, $disable-client, $enable-client, $remove-client: applications, as administrators keep them.
import assert from 'node:assert/strict';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { Reply } from '../support/fhir-client.ts';
import { openPeople, type People, type Person, refusalOf } from '../support/people.ts';

// biome-ignore lint/suspicious/noExplicitAny: parameters of every shape
const paramsOf = ({ body }: Reply): any =>
  Object.fromEntries(
    (body.parameter ?? []).map(({ name, part, ...value }: { name: string; part?: { name: string }[] }) => [
      name,
      part === undefined ? Object.values(value)[0] : partsOf(part),
    ]),
  );
const partsOf = (parts: { name: string }[]): Record<string, unknown> =>
  Object.fromEntries(parts.map(({ name, ...value }) => [name, Object.values(value)[0]]));

describe('clients', () => {
  let people: People;
  let admin: Person;
  before(async () => {
    people = await openPeople('clients_operations');
    admin = await people.person('admin');
  });
  after(() => people.close());

  const register = (given: object): Promise<Reply> => admin.post('/$register-client', given);
  const tokenFor = (id: string, secret: string, form: Record<string, string>): Promise<Response> =>
    fetch(`${people.oauth.root}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams(form),
    });
  const isKnown = async (id: string, secret: string): Promise<boolean> =>
    (
      (await (await tokenFor(id, secret, { grant_type: 'refresh_token', refresh_token: 'x' })).json()) as {
        error: string;
      }
    ).error !== 'invalid_client';

  async function keyOf(): Promise<{ jwk: JWK; sign: (id: string) => Promise<string> }> {
    const { privateKey, publicKey } = await generateKeyPair('ES384');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES384', use: 'sig' };
    const aud = `${people.oauth.root}/oauth/token`;
    return {
      jwk,
      sign: (id) =>
        new SignJWT({})
          .setProtectedHeader({ alg: 'ES384', kid: 'k1', typ: 'JWT' })
          .setIssuer(id)
          .setSubject(id)
          .setAudience(aud)
          .setJti(`${Math.random()}`)
          .setExpirationTime('2m')
          .sign(privateKey),
    };
  }
  const backendToken = async (id: string, assertion: string): Promise<{ access_token?: string; error?: string }> => {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'system/Patient.rs',
      client_id: id,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    });
    return (await (await fetch(`${people.oauth.root}/oauth/token`, { method: 'POST', body })).json()) as object;
  };

  it('are registered with a secret that is told once, listed, and changed', async () => {
    const reply = await register({
      name: 'Growth chart',
      id: 'growth-chart',
      authentication: 'secret',
      redirectUri: ['https://chart.example/index.html'],
      launchUri: 'https://chart.example/launch.html',
      signOutUri: ['https://chart.example/bye'],
      scope: 'launch openid patient/*.rs',
    });
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.headers.get('cache-control'), 'no-store');
    const { client, secret } = paramsOf(reply);
    assert.match(secret, /^[\w-]{43}$/);
    assert.equal(client.authentication, 'secret');
    assert.equal(client.registered, 'administrator');
    assert.equal(await isKnown('growth-chart', secret), true);
    assert.equal(await isKnown('growth-chart', 'another'), false);

    const listed = await admin.get('/$clients');
    assert.ok(!listed.text.includes(secret) && !/sha256:/.test(listed.text));
    assert.match(listed.text, /"Growth chart"/);
    const one = paramsOf(await admin.get('/$clients?id=growth-chart')).client;
    assert.equal(one.scope, 'launch openid patient/*.rs');
    assert.equal(one.signOutUri, 'https://chart.example/bye');

    const changed = paramsOf(
      await admin.post('/$change-client', {
        id: 'growth-chart',
        name: 'Growth',
        without: ['launchUri', 'signOutUri', 'scope'],
        newSecret: true,
      }),
    );
    assert.equal(changed.client.name, 'Growth');
    assert.equal(changed.client.launchUri, undefined);
    assert.equal(changed.client.signOutUri, undefined);
    assert.equal(changed.client.scope, undefined);
    assert.equal(changed.client.redirectUri, 'https://chart.example/index.html');
    assert.equal(await isKnown('growth-chart', secret), false);
    assert.equal(await isKnown('growth-chart', changed.secret), true);
  });

  it('that act for themselves sign in with their key; a new key, a disabling or a removal ends what they hold', async () => {
    const [first, second] = [await keyOf(), await keyOf()];
    const made = await register({
      name: 'Lab',
      id: 'lab',
      backend: true,
      scope: 'system/Patient.rs',
      jwks: JSON.stringify(first.jwk),
      role: ['lab-technician'],
      organization: ['h1'],
    });
    assert.equal(made.status, 200, made.text);
    const holds = async (token: string | undefined): Promise<number> =>
      (await people.guest().get('/Patient?_summary=count', { authorization: `Bearer ${token}` })).status;
    const before = await backendToken('lab', await first.sign('lab'));
    assert.equal(await holds(before.access_token), 200, JSON.stringify(before));

    await admin.post('/$change-client', { id: 'lab', jwks: JSON.stringify({ keys: [second.jwk] }) });
    assert.equal(await holds(before.access_token), 401);
    assert.equal((await backendToken('lab', await first.sign('lab'))).error, 'invalid_client');
    const after = await backendToken('lab', await second.sign('lab'));
    assert.equal(await holds(after.access_token), 200);

    assert.equal(paramsOf(await admin.post('/$disable-client', { id: 'lab' })).client.disabled, true);
    assert.equal(await holds(after.access_token), 401);
    assert.equal((await backendToken('lab', await second.sign('lab'))).error, 'invalid_client');
    assert.equal(paramsOf(await admin.post('/$enable-client', { id: 'lab' })).client.disabled, false);
    assert.equal(await holds((await backendToken('lab', await second.sign('lab'))).access_token), 200);

    assert.equal((await admin.post('/$remove-client', { id: 'lab' })).status, 200);
    assert.equal(refusalOf(await admin.get('/$clients?id=lab')), '404 not-found at id');
  });

  const app = { name: 'App', redirectUri: ['https://app.example/'] };
  const rows: [what: string, operation: string, input: object, refusal: string][] = [
    ['a name that is taken', 'register-client', { ...app, id: 'growth-chart' }, '409 duplicate at id'],
    ['the id of our own pages', 'register-client', { ...app, id: 'wardgate' }, '409 duplicate at id'],
    ['an id with spaces', 'register-client', { ...app, id: 'my app' }, '400 value at id'],
    ['no name', 'register-client', { redirectUri: app.redirectUri }, '400 required at name'],
    ['an app that nobody can come back to', 'register-client', { name: 'App' }, '400 value at redirectUri'],
    [
      'a launch that is no web address',
      'register-client',
      { ...app, launchUri: 'javascript:x' },
      '400 value at launchUri',
    ],
    [
      'a sign-out that leads to no web address',
      'register-client',
      { ...app, signOutUri: ['javascript:x'] },
      '400 value at signOutUri',
    ],
    ['a scope that there is not', 'register-client', { ...app, scope: 'patient/Bogus.rs' }, '400 value at scope'],
    [
      'a way to sign in that there is not',
      'register-client',
      { ...app, authentication: 'hope' },
      '400 code-invalid at authentication',
    ],
    ['a key that is none', 'register-client', { ...app, jwks: '{' }, '400 structure at jwks'],
    [
      'keys in two places',
      'register-client',
      { ...app, jwks: '{}', jwksUri: 'https://a.example/' },
      '400 value at jwksUri',
    ],
    [
      'a system without a key',
      'register-client',
      { name: 'S', backend: true, scope: 'system/*.rs' },
      '400 required at jwks',
    ],
    [
      'a system without scopes',
      'register-client',
      { name: 'S', backend: true, jwksUri: 'https://a.example/' },
      '400 required at scope',
    ],
    ['a role that there is not', 'register-client', { ...app, role: ['wizard'] }, '400 code-invalid at role'],
    ['limits that there are not', 'register-client', { ...app, limits: 'admin' }, '400 code-invalid at limits'],
    ['a change of nobody', 'change-client', { id: 'nobody', name: 'x' }, '404 not-found at id'],
    [
      'another scope that there is not',
      'change-client',
      { id: 'growth-chart', scope: 'patient/Bogus.rs' },
      '400 value at scope',
    ],
    [
      'to take away what must be',
      'change-client',
      { id: 'growth-chart', without: ['name'] },
      '400 code-invalid at without',
    ],
    ['to disable nobody', 'disable-client', { id: 'nobody' }, '404 not-found at id'],
    ['to enable nobody', 'enable-client', { id: 'nobody' }, '404 not-found at id'],
    ['to remove nobody', 'remove-client', { id: 'nobody' }, '404 not-found at id'],
  ];
  for (const [what, operation, input, refusal] of rows) {
    it(`refuse ${what}`, async () => assert.equal(refusalOf(await admin.post(`/$${operation}`, input)), refusal));
  }

  it('give a new secret only to who has one', async () => {
    await register({ ...app, id: 'public-app' });
    assert.equal(
      refusalOf(await admin.post('/$change-client', { id: 'public-app', newSecret: true })),
      '422 business-rule at newSecret',
    );
  });

  for (const [who, role, organization] of [
    ['an administrator of one hospital', 'hospital-admin', 'h1'],
    ['a doctor', 'doctor', 'h1'],
  ] as const) {
    it(`are not for ${who}`, async () => {
      const person = await people.person(role, organization);
      assert.equal((await person.get('/$clients')).status, 403);
      for (const operation of ['register-client', 'change-client', 'disable-client', 'enable-client', 'remove-client'])
        assert.equal((await person.post(`/$${operation}`, { id: 'growth-chart', ...app })).status, 403, operation);
    });
  }
});
