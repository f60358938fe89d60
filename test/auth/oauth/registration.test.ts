// Apps that register themselves: RFC 7591, by the operator's policy.
import assert from 'node:assert/strict';
import { startTestOauth, type TestOauth, type TestOauthOptions } from '../../support/oauth.ts';
import { CALLBACK, createSmartApp } from '../../support/smart-app.ts';

const anApp = {
  client_name: 'Growth chart',
  redirect_uris: [CALLBACK],
  token_endpoint_auth_method: 'none',
  scope: 'launch/patient openid fhirUser offline_access patient/*.rs',
};

describe('an app that registers itself', () => {
  const opened: TestOauth[] = [];
  const start = async (registration: TestOauthOptions['registration']): Promise<TestOauth> => {
    const oauth = await startTestOauth('registration', registration === undefined ? {} : { registration });
    oauth.accounts.add({ id: 'ada', roles: ['patient'], fhirUser: { type: 'Patient', id: 'p1' } });
    opened.push(oauth);
    return oauth;
  };
  after(async () => {
    for (const oauth of opened) await oauth.close();
  });

  async function register(oauth: TestOauth, metadata: object, headers: Record<string, string> = {}) {
    const reply = await fetch(`${oauth.root}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(metadata),
    });
    const text = await reply.text();
    return { status: reply.status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} };
  }

  it('finds no way to, where the operator wants none', async () => {
    const oauth = await start(undefined);
    assert.equal((await register(oauth, anApp)).status, 404);
    assert.equal(oauth.smartConfiguration().registration_endpoint, undefined);
  });

  it('needs the operator’s token, where there is one', async () => {
    const oauth = await start({ policy: 'token', token: 'a-long-token-of-the-operator' });
    assert.equal((await register(oauth, anApp)).status, 401);
    assert.equal((await register(oauth, anApp, { authorization: 'Bearer wrong' })).status, 401);
    assert.equal((await register(oauth, anApp, { authorization: 'Bearer a-long-token-of-the-operator' })).status, 201);
  });

  describe('where everyone may', () => {
    let oauth: TestOauth;
    before(async () => {
      oauth = await start({ policy: 'open' });
    });

    it('can be used at once, and people are told that nobody has looked at it', async () => {
      assert.equal(oauth.smartConfiguration().registration_endpoint, `${oauth.root}/oauth/register`);
      const { status, body } = await register(oauth, anApp);
      assert.equal(status, 201, JSON.stringify(body));
      const { client_id: id, client_id_issued_at: at, ...rest } = body;
      assert.deepEqual(
        [rest.scope, rest.client_secret, rest.registration_access_token],
        [anApp.scope, undefined, undefined],
      );
      assert.ok(Number(at) > 0);
      const app = await createSmartApp(oauth, String(id));
      const tokens = await app.launch({ scope: anApp.scope }, { id: 'ada' });
      assert.equal(tokens.scope, anApp.scope);
      assert.equal((await oauth.clients.find(String(id)))!.metadata.registered, 'dynamic');
    });

    it('gets a secret where it can keep one', async () => {
      const { body } = await register(oauth, { ...anApp, token_endpoint_auth_method: 'client_secret_basic' });
      assert.ok(String(body.client_secret).length > 40);
      const stored = (await oauth.clients.find(String(body.client_id)))!.metadata.client_secret;
      assert.match(String(stored), /^sha256:/);
    });

    it('cannot give itself what only an administrator gives', async () => {
      const own = {
        roles: ['admin'],
        organizations: ['o1'],
        limits: 'admin',
        resource_server: true,
        registered: 'administrator',
        generation: 7,
      };
      const { body } = await register(oauth, { ...anApp, ...own });
      const { metadata } = (await oauth.clients.find(String(body.client_id)))!;
      for (const name of ['roles', 'organizations', 'limits', 'resource_server'])
        assert.equal(metadata[name], undefined, name);
      assert.equal(metadata.registered, 'dynamic');
    });

    it('is told which of its scopes are left: those that people can allow', async () => {
      const { body } = await register(oauth, {
        ...anApp,
        scope: 'system/*.rs patient/*.rs nonsense patient/Patient.r?bogus=1',
      });
      assert.equal(body.scope, 'patient/*.rs');
    });

    const refusals: [name: string, change: object][] = [
      ['with a name that turns letters round', { client_name: 'Growth \u202egnp.exe' }],
      ['with a name that hides something', { client_name: 'Growth\u200bchart' }],
      ['with a name of two lines', { client_name: 'Growth chart\nChecked by the hospital' }],
      ['with an empty name', { client_name: ' ' }],
      ['with a name that is no text', { client_name: ['x'] }],
      ['with a name in its address', { redirect_uris: ['https://hospital.example@evil.example/callback'] }],
      ['with a fragment', { redirect_uris: [`${CALLBACK}#x`] }],
      ['with an empty fragment', { redirect_uris: [`${CALLBACK}#`] }],
      ['with scopes as a list', { scope: ['patient/*.rs'] }],
      ['with a number for scopes', { scope: 7 }],
      ['for what only systems do', { scope: 'system/*.rs' }],
      ['to act for itself', { grant_types: ['client_credentials'], scope: 'system/*.rs' }],
      ['with an address that is not encrypted', { redirect_uris: ['http://app.example/callback'] }],
      ['with a script for an address', { redirect_uris: ['javascript:alert(1)'] }],
      ['without an address', { redirect_uris: [] }],
      ['for the implicit flow', { response_types: ['token'], grant_types: ['implicit'] }],
      ['with a secret as its key', { token_endpoint_auth_method: 'client_secret_jwt' }],
    ];
    for (const [name, change] of refusals) {
      it(`is refused ${name}`, async () => {
        const { status, body } = await register(oauth, { ...anApp, ...change });
        assert.equal(status, 400, JSON.stringify(body));
        assert.match(String(body.error), /^invalid_(client_metadata|redirect_uri)$/);
      });
    }
  });
});
