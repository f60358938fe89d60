// What strangers may do how often at the authorization server: begin sign-ins, try passwords and codes, register apps. docs/limits.md
import assert from 'node:assert/strict';
import { startTestOauth, type TestOauth } from '../../support/oauth.ts';
import { CALLBACK, createSmartApp, refusalIn, type SmartApp, signIn } from '../../support/smart-app.ts';
import { createVisitor, type Visitor } from '../../support/visitor.ts';

describe('at the authorization server an address', () => {
  let oauth: TestOauth;
  let app: SmartApp;
  before(async () => {
    oauth = await startTestOauth('strangers', {
      registration: { policy: 'open' },
      limits: 'anonymous=5/h,registration=2/h',
    });
    oauth.accounts.add({ id: 'ada' });
    await oauth.clients.register({
      client_id: 'my-app',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
    });
    app = await createSmartApp(oauth, 'my-app');
  });
  after(() => oauth.close());

  const visitorAt = (address: string): Visitor => createVisitor(oauth.root, { 'x-forwarded-for': address });
  const begin = async (visitor: Visitor) => visitor.open((await app.begin({ scope: 'user/*.rs' })).url.href);

  it('begins so many sign-ins in its time, and the app is told of one more', async () => {
    for (let i = 0; i < 5; i++) assert.match((await begin(visitorAt('192.0.2.1'))).title, /^Sign in/);
    const page = await begin(visitorAt('192.0.2.1'));
    assert.match(refusalIn(page), /^temporarily_unavailable: The limit 'anonymous' is 5 in one hour/);
    assert.match((await begin(visitorAt('192.0.2.2'))).title, /^Sign in/);
  });

  it('is not counted for people who are signed in: a hospital has one for all of them', async () => {
    const visitor = visitorAt('192.0.2.3');
    await signIn(visitor, await begin(visitor), { account: 'ada', accounts: oauth.accounts });
    for (let i = 0; i < 6; i++) assert.match((await begin(visitor)).title, /^Allow/);
  });

  it('tries so many passwords in its time, and is told on the page how long to wait', async () => {
    const visitor = visitorAt('192.0.2.4');
    let page = await begin(visitor);
    for (let i = 0; i < 4; i++) {
      page = await visitor.submit(page, '/sign-in', { email: `somebody${i}@example.org`, password: 'Wrong-1' });
      assert.notEqual(page.status, 429);
    }
    page = await visitor.submit(page, '/sign-in', { email: 'ada@example.org', password: 'Secret-ada-1' });
    assert.equal(page.status, 429);
    assert.match(page.title, /^Sign in|^Error: Sign in/);
    assert.match(page.text, /The limit (?:"|&quot;|&#34;)anonymous/);
    assert.ok(Number(page.headers.get('retry-after')) > 0);
  });

  it('registers so many apps in its time', async () => {
    const register = (address: string): Promise<Response> =>
      fetch(`${oauth.root}/oauth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' }),
      });
    const replies = await Promise.all(Array.from({ length: 12 }, () => register('192.0.2.5')));
    assert.deepEqual(replies.map(({ status }) => status).sort(), [201, 201, ...Array(10).fill(429)]);
    const refused = replies.find(({ status }) => status === 429)!;
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    assert.match(refused.headers.get('ratelimit-policy') ?? '', /^"registration";q=2;w=3600$/);
    assert.equal(((await refused.json()) as { error: string }).error, 'temporarily_unavailable');
    assert.equal((await register('192.0.2.6')).status, 201);
  });

  it('is wrong about who it is so often in its time, and right as often as it likes', async () => {
    const { secret = '' } = await oauth.clients.register({
      client_id: 'backend',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      smart_scopes: 'system/*.rs',
    });
    const send = (path: string, authorization: string, form: Record<string, string>): Promise<Response> =>
      fetch(`${oauth.root}/oauth/${path}`, {
        method: 'POST',
        headers: { authorization, 'x-forwarded-for': '192.0.2.7' },
        body: new URLSearchParams(form),
      });
    const basic = (password: string): string => `Basic ${Buffer.from(`backend:${password}`).toString('base64')}`;
    const ask = (password: string): Promise<Response> =>
      send('token', basic(password), { grant_type: 'client_credentials', scope: 'system/*.rs' });
    for (const reply of [
      await ask('wrong'),
      await ask('wrong'),
      await send('revoke', basic('wrong'), { token: 'x' }),
      await send('introspect', basic('wrong'), { token: 'x' }),
      await send('introspect', 'Bearer wrong', { token: 'x' }),
    ])
      assert.equal(reply.status, 401);
    for (const reply of [await ask('wrong'), await send('introspect', 'Bearer wrong', { token: 'x' })]) {
      assert.equal(reply.status, 429);
      assert.match(reply.headers.get('ratelimit-policy') ?? '', /^"anonymous";q=5;w=3600$/);
      assert.equal(((await reply.json()) as { error: string }).error, 'temporarily_unavailable');
    }
    for (let time = 0; time < 7; time++) assert.equal((await ask(secret)).status, 200);
  });
});
