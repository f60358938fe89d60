// Our own pages in a real browser: by keyboard alone, as people meet them, and checked by axe-core for what keeps people out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { IdentityProvider } from '../../src/platform/config/parse.ts';
import { letSignInAt, otherProviders, startTestOauth, type TestOauth } from '../support/oauth.ts';
import { allowApp, openPages, type Pages } from '../support/pages.ts';
import { freshEmail, PASSWORD, type Person } from '../support/people.ts';
import { CALLBACK, createSmartApp } from '../support/smart-app.ts';
import { needChromium, startChromium } from './chromium.ts';

const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 800 };
const MOST_TABS = 80;

describe('pages in a browser', function () {
  this.timeout(300_000);
  let pages: Pages;
  let browser: Browser;
  let elsewhere: TestOauth;
  let directory: IdentityProvider;
  let admin: Person;
  let mary: Person;
  let ada: Person;
  before(async function () {
    needChromium(this, 'pages in a browser');
    elsewhere = await startTestOauth('pages_in_a_browser_elsewhere');
    directory = { ...otherProviders(elsewhere)[0]!, name: 'the hospital directory' };
    pages = await openPages('pages_in_a_browser', {
      audit: true,
      identityProviders: () => [directory],
    });
    await letSignInAt(elsewhere, pages.oauth);
    browser = await startChromium();
    admin = await pages.person('admin');
    await admin.put('/Organization/h1', { resourceType: 'Organization', id: 'h1', name: 'First Hospital' });
    mary = await pages.register({ firstName: 'Mary', lastName: 'Seacole', role: 'nurse' });
    ada = await pages.register({ firstName: 'Ada', lastName: 'Lovelace' });
  });
  after(async () => {
    await browser?.close();
    await pages?.close();
    await elsewhere?.close();
  });

  let context: BrowserContext;
  let page: Page;
  afterEach(() => context?.close());
  async function open(options: Parameters<Browser['newContext']>[0]): Promise<void> {
    context = await browser.newContext(options);
    page = await context.newPage();
  }

  /** what the element in focus is called, and whether that can be seen */
  const focused = (): Promise<{ name: string; isSeen: boolean }> =>
    page.evaluate(`(() => {
      const element = document.activeElement ?? document.body;
      const label = element.labels?.[0]?.textContent ?? element.textContent ?? '';
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return { name: label.replace(/\\s+/g, ' ').trim(), isSeen: outlineStyle !== 'none' && outlineWidth !== '0px' };
    })()`);

  /** presses Tab until this has the focus */
  async function tabTo(name: RegExp): Promise<void> {
    const passed: string[] = [];
    for (let i = 0; i < MOST_TABS; i++) {
      await page.keyboard.press('Tab');
      const { name: here, isSeen } = await focused();
      if (here !== '') assert.ok(isSeen, `the focus on "${here}" cannot be seen`);
      if (name.test(here)) return;
      passed.push(here);
    }
    assert.fail(`no Tab leads to ${name}: ${passed.join(' · ')}`);
  }
  const follow = async (name: RegExp): Promise<void> => {
    await tabTo(name);
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
  };
  const type = async (label: RegExp, text: string): Promise<void> => {
    await tabTo(label);
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(text);
  };
  const heading = (): Promise<string> => page.locator('h1').innerText();
  const told = (): Promise<string> => page.locator('[role=status]').innerText();

  /** has the focus as soon as the page is drawn */
  const firstField = (): Promise<unknown> => page.locator('input:focus').waitFor();

  async function signIn(email: string, path: string, arrival = `**${path}`): Promise<void> {
    await page.goto(`${pages.root}${path}`);
    await firstField();
    await page.keyboard.insertText(email);
    await type(/^Password$/, PASSWORD);
    await Promise.all([page.waitForURL('**/code'), page.keyboard.press('Enter')]);
    const code = await pages.codeFor(email);
    await firstField();
    await page.keyboard.insertText(code);
    await Promise.all([page.waitForURL(arrival), page.keyboard.press('Enter')]);
  }

  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

  /** the rules of WCAG 2.2 AA, and good practice; no page is wider than its window, and each has one heading of the first order */
  async function check(what: string): Promise<void> {
    await page.evaluate(axe);
    const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })');
    const found = violations.map(
      ({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ html }) => html.slice(0, 120)).join(' · ')})`,
    );
    assert.deepEqual(found, [], what);
    assert.equal(await page.locator('h1').count(), 1, what);
    const excess = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    assert.ok(excess <= 0, `${what} is ${excess} px too wide`);
  }

  it('let an administrator invite, approve, deactivate, search the audit and change a policy by keyboard alone', async () => {
    await open({ viewport: DESK });
    const complaints: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await signIn(admin.email, '/admin');

    const email = freshEmail();
    await follow(/^People$/);
    await follow(/^Invite somebody$/);
    await type(/^E-mail address$/, email);
    await tabTo(/^Role$|^Role Admin/);
    await page.keyboard.type('Nur');
    await follow(/^Send the invitation$/);
    assert.equal(await heading(), 'Invitations');
    assert.match(await told(), /The invitation is on its way/);
    await pages.mailTo(email, /nurse|Nurse/);

    await follow(/^People$/);
    await type(/^Name, address or telephone$/, 'seacole');
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
    await follow(/^Mary Seacole$/);
    await follow(/^Approve the role Nurse$/);
    assert.match(await told(), /The role is active/);
    assert.equal((await mary.call('profile')).account.role.status, 'active');
    await type(/^Why the account is deactivated/, 'left us');
    await follow(/^Deactivate the account$/);
    assert.match(await told(), /deactivated/);
    assert.equal((await mary.get('/$profile')).status, 401);

    await follow(/^Audit$/);
    await type(/^Who/, 'hopper');
    await tabTo(/^What/);
    await page.keyboard.type('roles');
    await follow(/^Search$/);
    assert.match(await page.locator('tbody').innerText(), /Changed roles: \$approve/);

    await follow(/^Roles$/);
    await follow(/^Blood donor$|^Donor$/);
    const policy = JSON.parse(await page.locator('textarea').inputValue());
    await type(/^Policy$/, JSON.stringify({ ...policy, title: 'Giver of blood', colour: 'red' }));
    await follow(/^Save, and put it in force$/);
    assert.match(await page.title(), /^Error: /);
    assert.match(await page.locator('[role=alert]').innerText(), /A policy has no 'colour'/);
    await type(/^Policy$/, JSON.stringify({ ...policy, title: 'Giver of blood' }));
    await follow(/^Save, and put it in force$/);
    assert.equal(await heading(), 'Giver of blood');
    await follow(/^Put it back in force/);
    assert.equal(await heading(), policy.title);

    await follow(/^Sign out$/);
    assert.equal(await heading(), 'You are signed out');
    const refusals = complaints.filter((text) => !/status of 4\d\d/.test(text));
    assert.deepEqual(refusals, [], 'what the policy of the page forbids, the browser complains about');
  });

  it('let a patient end a session and revoke an app by keyboard alone, on a phone', async () => {
    const app = await allowApp(pages, ada.email);
    await open({ viewport: PHONE, hasTouch: true, isMobile: true });
    await signIn(ada.email, '/account');
    await follow(/^Sessions and apps$/);
    await follow(/^End the session of/);
    assert.match(await told(), /The session has ended/);
    assert.equal((await ada.get('/$profile')).status, 401);
    await tabTo(/^What it may do$/);
    await page.keyboard.press('Enter');
    assert.match(await page.locator('details[open]').innerText(), /read and search everything/);
    await follow(/^Revoke the access of Growth chart/);
    assert.match(await told(), /The app has no access any more/);
    assert.equal((await app.refresh()).status, 400);
  });

  it('let a nurse of two hospitals who cares for a patient choose where and for whom, by keyboard alone', async () => {
    await admin.put('/Organization/h2', { resourceType: 'Organization', id: 'h2', name: 'Second Hospital' });
    const florence = await pages.register({ firstName: 'Florence', role: 'nurse', organization: 'Organization/h1' });
    await admin.call('approve', { account: florence.account });
    await admin.call('approve', { account: florence.account, role: 'doctor', organization: 'Organization/h2' });
    // her session before may have ended
    ada = await pages.signIn(ada.email);
    await ada.call('add-carer', { email: florence.email });
    const token = await pages.inMailTo(florence.email, /\/invitation\/(\S+)/);
    await pages.guest().call('accept-invitation', { token, password: PASSWORD });

    await open({ viewport: PHONE, hasTouch: true, isMobile: true, bypassCSP: true });
    await signIn(florence.email, '/account', '**/account/place?*');
    assert.equal(await heading(), 'Where do you work now?');
    await check('where somebody works');
    await follow(/^Second Hospital Doctor$/);
    assert.match(await told(), /You work at Second Hospital now/);
    await follow(/^At: Second Hospital$/);
    await follow(/^All of them/);
    await follow(/^Act for Ada Lovelace$/);
    assert.match((await page.getByRole('complementary').textContent()) ?? '', /^You act for Ada Lovelace\./);
    await check('somebody who acts for another');
    await follow(/^Act for yourself again$/);
    assert.equal(await page.getByRole('complementary').count(), 0);
  });

  it('begin with a way past what is on every page', async () => {
    await open({ viewport: PHONE });
    await signIn(ada.email, '/account');
    await page.keyboard.press('Tab');
    assert.equal((await focused()).name, 'Skip to the content');
    await page.keyboard.press('Enter');
    await tabTo(/^Profile$/);
  });

  for (const [name, options] of [
    ['a phone', { viewport: PHONE, hasTouch: true, isMobile: true }],
    ['a desk', { viewport: DESK }],
  ] as const) {
    it(`ask whether an account elsewhere is the same person’s, by keyboard alone, on ${name}`, async () => {
      const grace = await pages.register({ firstName: 'Grace' });
      elsewhere.accounts.add({ id: 'grace', name: 'Grace Hopper' });
      const client = `linking-${name.replace(' ', '-')}`;
      await pages.oauth.clients.register({
        client_id: client,
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
      });
      const app = await createSmartApp(pages.oauth, client);
      await open({ ...options, bypassCSP: true });
      const show = async (email: string, password: string, code: () => Promise<string> | string): Promise<void> => {
        await firstField();
        // an address that is known already is there, and the password is next
        if ((await focused()).name === 'Password') await page.keyboard.press('Shift+Tab');
        await page.keyboard.press('Control+A');
        await page.keyboard.insertText(email);
        await type(/^Password$/, password);
        await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
        await firstField();
        await page.keyboard.insertText(await code());
        await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
      };
      const { url } = await app.begin({ scope: 'openid user/*.rs' });
      await page.goto(url.href);
      await follow(/^Sign in with the hospital directory$/);
      const there = 'grace@example.org';
      await show(there, 'Secret-grace-1', () => elsewhere.accounts.codeFor(there));
      await follow(/^Allow$/);
      assert.match(await page.locator('main').innerText(), /You signed in with the hospital directory as grace@/);
      await show(grace.email, PASSWORD, () => pages.codeFor(grace.email));
      assert.equal(await heading(), 'Link the two accounts?');
      await check('the question about the link');
      assert.match(
        await page.locator('main').innerText(),
        /Grace Hopper \(grace@example\.org\) with your Wardgate account/,
      );
      await tabTo(/^Link$/);
      await follow(/^Do not link$/);
      assert.equal(await heading(), 'Allow access?');
      assert.deepEqual(await pages.oauth.links.of(grace.account), []);
    });
  }

  describe('keep nobody out', () => {
    let event: string;
    let invitation: string;
    let ofCarer: string;
    before(async () => {
      await allowApp(pages, admin.email);
      const email = freshEmail();
      await admin.call('invite', { email, role: 'doctor', organization: 'Organization/h1' });
      invitation = await pages.inMailTo(email, /hospital\.example(\/invitation\/\S+)/);
      // her session before may have ended
      ada = await pages.signIn(ada.email);
      const carer = freshEmail();
      await ada.call('add-carer', { email: carer });
      ofCarer = await pages.inMailTo(carer, /hospital\.example(\/invitation\/\S+)/);
      for (const { account } of [admin, mary]) {
        const there = {
          provider: directory.name,
          issuer: directory.issuer,
          subject: account,
          email: 'me@login.example',
        };
        await pages.oauth.links.link(there, account, { address: '192.0.2.1', since: Number.POSITIVE_INFINITY });
      }
      event = (await admin.get('/AuditEvent?_count=1')).body.entry[0].resource.id;
    });

    async function checkAt(what: string, path?: string): Promise<void> {
      if (path !== undefined) await page.goto(`${pages.root}${path}`);
      await check(what);
    }

    // colours are the same everywhere: in the dark it is enough to see each of them once
    for (const [name, options, isChosen] of [
      ['a small phone', { viewport: { width: 360, height: 740 }, colorScheme: 'light' }, () => true],
      [
        'a desk, in the dark',
        { viewport: DESK, colorScheme: 'dark' },
        (path: string) => /^\/$|users$|users\/|clients$|audit|sessions|links/.test(path),
      ],
    ] as const) {
      it(`on ${name}`, async () => {
        // what axe needs is not in the policy of the pages
        await open({ ...options, bypassCSP: true });
        for (const path of [
          '/',
          '/account/sign-in',
          '/account/register',
          '/account/forgot',
          '/account/signed-out',
        ].filter(isChosen))
          await checkAt(path, path);
        await page.goto(`${pages.root}/account/sign-in?to=/admin`);
        await page.fill('#email', admin.email);
        await page.fill('#password', 'Wrong-Horse-7');
        await page.click('button:has-text("Sign in")');
        await checkAt('a sign-in that was refused');
        await page.fill('#password', PASSWORD);
        await page.keyboard.press('Enter');
        await page.waitForURL('**/code');
        await checkAt('the code');
        await page.fill('#code', await pages.codeFor(admin.email));
        await page.keyboard.press('Enter');
        await page.waitForURL('**/admin');
        const paths = [
          invitation,
          ofCarer,
          '/admin',
          '/admin/users',
          '/admin/users?status=pending&role=donor',
          `/admin/users/${mary.account}`,
          `/admin/users/${admin.account}`,
          '/admin/users/invite',
          '/admin/invitations',
          '/admin/clients',
          `/admin/clients/app-${admin.email.replace(/\W/g, '-')}`,
          '/admin/register-client',
          '/admin/policies',
          '/admin/policies/donor',
          '/admin/policies/admin',
          '/admin/new-role',
          '/admin/audit',
          `/admin/audit/${event}`,
          '/admin/nothing-of-the-kind/',
          '/account',
          '/account/email',
          '/account/password',
          '/account/sessions',
          '/account/links',
        ];
        for (const path of paths.filter(isChosen)) await checkAt(path, path);
        await page.goto(`${pages.root}/admin/policies/donor`);
        await page.fill('#policy', '{"role":"donor"}');
        await page.click('text=Save, and put it in force');
        await checkAt('a policy that was refused');
        await page.goto(`${pages.root}/account/links`);
        await page.click('summary:has-text("Remove")');
        await page.fill('#password-0', 'Wrong-Horse-7');
        await page.click('text=Remove it');
        await checkAt('the end of another sign-in, refused');
        await page.goto(`${pages.root}/admin/audit`);
        await page.click('text=Verify the chain');
        await checkAt('a check of the audit trail');
      });
    }
  });
});
