// The pages of accounts and the development mailbox, as a browser without scripts uses them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createMailbox } from '../../src/platform/mail/mailbox.ts';
import { addAccountPages } from '../../src/web/account/routes.ts';
import { addMailbox } from '../../src/web/dev/mail.ts';
import { guestForms } from '../../src/web/security/guest-forms.ts';
import { freshEmail, openPeople, PASSWORD, type People } from '../support/people.ts';

describe('pages of accounts', () => {
  let people: People;
  let server: http.Server;
  let root: string;
  before(async () => {
    people = await openPeople('account_pages');
    const app = express();
    const logger = {
      error: console.error,
      warn: console.error,
      info: () => undefined,
      debug: () => undefined,
      child: () => logger,
    };
    const visitorOf = (): { address: string } => ({ address: '192.0.2.1' });
    addAccountPages(app, {
      accounts: people.server.service.accounts!,
      visitorOf,
      forms: guestForms({ key: randomBytes(32), origin: 'https://hospital.example', now: () => people.clock.now }),
      logger,
    });
    addMailbox(app, createMailbox({ db: people.db, now: Date.now }));
    server = http.createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await people.close();
  });

  interface Page {
    status: number;
    html: string;
    title: string | undefined;
    headers: Headers;
    /** hidden fields */
    fields: Record<string, string>;
  }
  let cookie = '';
  let token = '';
  /** a form carries the token of the last page, and the browser its cookie */
  async function open(
    path: string,
    form?: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Page> {
    const reply = await fetch(`${root}${path}`, {
      headers: { cookie, ...headers },
      ...(form && { method: 'POST', body: new URLSearchParams({ _token: token, ...form }) }),
    });
    const html = await reply.text();
    cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
    token = /name="_token" value="([^"]*)"/.exec(html)?.[1] ?? token;
    assert.ok(!html.includes('undefined'), html);
    const fields = [...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)];
    return {
      status: reply.status,
      html,
      title: /<h1>(.*?)<\/h1>/.exec(html)?.[1],
      headers: reply.headers,
      fields: Object.fromEntries(fields.map(([, name, value]) => [name, value])),
    };
  }
  const person = (email: string) => ({
    firstName: 'Ada',
    lastName: 'O’Brien',
    email,
    password: PASSWORD,
    role: 'patient',
  });

  it('register somebody', async () => {
    const email = freshEmail();
    assert.equal((await open('/account/register')).title, 'Register');
    const asked = await open('/account/register', person(email));
    assert.equal(asked.title, 'Enter the code');
    const wrong = await open('/account/confirm', { ...asked.fields, code: '000000' });
    assert.equal(wrong.status, 401);
    assert.match(wrong.html, /role="alert".*The code is wrong; 4 tries are left/);
    const done = await open('/account/confirm', { ...wrong.fields, code: await people.codeFor(email) });
    assert.equal(done.title, 'Welcome');
    await people.signIn(email);
  });

  it('ask who works here at which of several hospitals, and nobody else', async () => {
    assert.doesNotMatch((await open('/account/register')).html, /name="organization"/);
    for (const [id, name] of [
      ['h1', 'First Hospital'],
      ['h2', 'Second Hospital'],
    ] as const) {
      const resource = { resourceType: 'Organization', id, name };
      await people.server.service.store.write({ kind: 'update', type: 'Organization', id, resource });
      await people.person('hospital-admin', id);
    }
    people.clock.now += 31_000;
    assert.match((await open('/account/register')).html, /<option value="h1">First Hospital<\/option>/);
    for (const [role, expected] of [
      ['nurse', 'h2'],
      ['patient', undefined],
    ] as const) {
      const email = freshEmail();
      const asked = await open('/account/register', { ...person(email), role, organization: 'h2' });
      const done = await open('/account/confirm', { ...asked.fields, code: await people.codeFor(email) });
      assert.match(done.html, /<a class="button" href="\/account">Sign in/);
      const account = await people.server.service.accounts!.book.findByEmail(email);
      assert.equal(account?.roles[0]?.organization, expected);
    }
    const again = await open('/account/register', { ...person('x'), role: 'nurse', organization: 'h2' });
    assert.match(again.html, /<option value="h2" selected>/);
  });

  it('show again what was typed, besides the password, with everything that is wrong', async () => {
    const page = await open('/account/register', { ...person('"><script>'), firstName: '<b>', password: 'short' });
    assert.equal(page.status, 400);
    assert.match(page.html, /is no e-mail address/);
    assert.match(page.html, /The password needs/);
    assert.ok(page.html.includes('value="&quot;&gt;&lt;script&gt;"') && page.html.includes('O’Brien'));
    assert.ok(!page.html.includes('<script>') && !page.html.includes('short'));
  });

  it('set a new password', async () => {
    const { email } = await people.register();
    assert.equal((await open('/account/forgot')).title, 'Forgot password');
    const asked = await open('/account/forgot', { email });
    const code = await people.codeFor(email);
    const refused = await open('/account/reset', { ...asked.fields, code, password: PASSWORD });
    assert.match(refused.html, /one of the last 5 passwords/);
    const done = await open('/account/reset', { ...refused.fields, code, password: 'New-Horse-8' });
    assert.equal(done.title, 'The password is changed');
    await people.mailTo(email);
    await people.signIn(email, 'New-Horse-8');
  });

  it('accept an invitation by its link', async () => {
    const admin = await people.person('admin');
    const email = freshEmail();
    await admin.call('invite', {
      email,
      role: 'nurse',
      organization: 'Organization/h1',
      firstName: 'Mary',
      lastName: 'Seacole',
    });
    const path = await people.inMailTo(email, /hospital\.example(\/invitation\/\S+)/);
    const page = await open(path);
    assert.match(page.html, /invited as <strong>nurse<\/strong> with the address/);
    assert.match(page.html, /value="Mary"/);
    const done = await open(path, { firstName: 'Mary', lastName: 'Seacole', password: PASSWORD });
    assert.equal(done.title, 'Welcome');
    await people.signIn(email);
    const again = await open(path);
    assert.equal(again.status, 404);
    assert.match(again.html, /used already/);
  });

  it('say which patient a carer is asked to act for, and nothing else of them', async () => {
    const patient = await people.register({ firstName: 'Emil', lastName: 'Small', phone: '+493012345678' });
    const { resource } = await patient.call('profile');
    const admin = await people.person('admin');
    const named = [
      { use: 'maiden', given: ['Emil'], family: 'Formerly' },
      { use: 'official', given: ['Emil', 'B.'], family: 'Small' },
    ];
    const known = { ...resource, name: named, birthDate: '1984-05-06', address: [{ city: 'Bergen' }] };
    assert.equal((await admin.put(`/Patient/${resource.id}`, known)).status, 200);
    const email = freshEmail();
    await patient.call('add-carer', { email });
    const path = await people.inMailTo(
      email,
      /asked to act for Emil B\. Small here[\s\S]*hospital\.example(\/invitation\/\S+)/,
    );
    const page = await open(path);
    assert.match(page.html, /asked to act for <strong>Emil B\. Small<\/strong>/);
    for (const secret of [resource.id, 'Formerly', patient.email, '3012345678', '1984', 'Bergen', patient.account])
      assert.ok(!page.html.includes(secret), secret);
    await admin.delete(`/Patient/${resource.id}`);
    const gone = await open(path);
    assert.deepEqual([gone.status, /The patient is not here any more/.test(gone.html)], [404, true]);
    assert.equal((await open(path, { firstName: 'Anna', lastName: 'Small', password: PASSWORD })).status, 404);
  });

  it('allow no script, no frame and no form of another site', async () => {
    const { headers } = await open('/account/register');
    assert.match(
      headers.get('content-security-policy') ?? '',
      /default-src 'none'.*form-action 'self'.*frame-ancestors 'none'/,
    );
    assert.equal(headers.get('cache-control'), 'no-store');
    const foreign = await open('/account/forgot', { email: freshEmail() }, { 'sec-fetch-site': 'cross-site' });
    assert.equal(foreign.status, 403);
    for (const [origin, status] of [
      ['https://evil.example', 403],
      ['https://hospital.example', 200],
    ] as const)
      assert.equal((await open('/account/forgot', { email: freshEmail() }, { origin })).status, status);
  });

  for (const [path, form] of [
    ['/account/register', person(freshEmail())],
    ['/account/confirm', { code: '123456', challenge: 'x' }],
    ['/account/resend', { challenge: 'x' }],
    ['/account/forgot', { email: freshEmail() }],
    ['/account/reset', { code: '123456', challenge: 'x', password: PASSWORD }],
    ['/invitation/x', { password: PASSWORD }],
  ] as const) {
    it(`refuse a form to ${path} that no page of this browser had`, async () => {
      await open('/account/register');
      const strange = /opened too long ago, in another sign-in, or by another site/;
      const [own, good] = [cookie, token];
      for (const [what, fields, headers] of [
        ['without a token', { _token: '' }, {}],
        ['with a made-up token', { _token: good.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) }, {}],
        ['without the cookie', { _token: good }, { cookie: '' }],
        [
          'with the cookie of another browser',
          { _token: good },
          { cookie: own.replace(/.$/, 'x').replace(/=./, '=_') },
        ],
        ['of yesterday', { _token: good }, { cookie: own }],
      ] as const) {
        if (what === 'of yesterday') people.clock.now += 13 * 3_600_000;
        const page = await open(path, { ...form, ...fields }, headers);
        if (what === 'of yesterday') people.clock.now -= 13 * 3_600_000;
        assert.equal(page.status, 403, what);
        assert.match(page.html, strange, what);
        cookie = own;
      }
    });
  }

  it('have a cookie that no script reads and no other site sends', async () => {
    cookie = '';
    const { headers } = await open('/account/register');
    const [line = ''] = headers.getSetCookie();
    assert.match(line, /^__Host-wardgate_guest=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    assert.deepEqual((await open('/account/register')).headers.getSetCookie(), [], 'one is enough');
  });

  describe('the development mailbox', () => {
    it('shows mail to who sits at the machine, as a page and as JSON', async () => {
      const email = freshEmail();
      await people.guest().call('register', person(email));
      await people.mailTo(email);
      const page = await open('/dev/mail');
      assert.equal(page.status, 200);
      assert.match(page.html, new RegExp(email));
      const reply = await fetch(`${root}/dev/mail`, { headers: { accept: 'application/json' } });
      const [newest] = (await reply.json()) as { to: string; text: string }[];
      assert.equal(newest?.to, email);
      assert.match(newest?.text ?? '', /\d{6}/);
      const text = await fetch(`${root}/dev/mail?to=${email}`, { headers: { accept: 'text/plain' } });
      assert.equal(await text.text(), newest?.text);
    });

    for (const [what, headers] of [
      ['another name of the machine (a page that rebinds it)', { host: 'evil.example' }],
      ['a proxy (X-Forwarded-For)', { 'x-forwarded-for': '203.0.113.1' }],
      ['a proxy (Forwarded)', { forwarded: 'for=203.0.113.1' }],
      ['a proxy (Via)', { via: '1.1 proxy' }],
    ] as const) {
      it(`is not there through ${what}`, async () => {
        const status = await new Promise((resolve, reject) => {
          http
            .get(`${root}/dev/mail`, { headers }, (response) => resolve(response.resume().statusCode))
            .on('error', reject);
        });
        assert.equal(status, 404);
      });
    }
  });
});
