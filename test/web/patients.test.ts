// Patients by pages: who finds whom, and the app that is opened for one of them, as the person who is signed in already.
import assert from 'node:assert/strict';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { aPatient } from '../support/fhir-client.ts';
import { type Browser, openPages, type Pages } from '../support/pages.ts';
import { PASSWORD } from '../support/people.ts';
import { CALLBACK, createSmartApp } from '../support/smart-app.ts';
import { createVisitor } from '../support/visitor.ts';

const owned = (hospital: string) => ({ meta: { security: [{ system: OWNER_SYSTEM, code: hospital }] } });

describe('the pages of patients', () => {
  let pages: Pages;
  let doctor: Browser;
  before(async () => {
    pages = await openPages('patients_pages', { audit: true });
    const admin = await pages.person('admin');
    const put = async (path: string, body: object): Promise<void> => {
      const { status, text } = await admin.put(path, body);
      assert.ok(status < 300, text);
    };
    for (const id of ['h1', 'h2']) await put(`/Organization/${id}`, { resourceType: 'Organization', id, name: id });
    await put(
      '/Patient/p1',
      aPatient({
        id: 'p1',
        ...owned('h1'),
        name: [{ family: 'Okafor', given: ['<b>Ada'] }],
        identifier: [{ value: '4711' }],
      }),
    );
    await put('/Patient/p2', aPatient({ id: 'p2', ...owned('h2'), name: [{ family: 'Okafor', given: ['Ben'] }] }));
    await put('/Encounter/e1', {
      resourceType: 'Encounter',
      id: 'e1',
      ...owned('h1'),
      status: 'in-progress',
      class: { code: 'IMP', display: 'inpatient' },
      subject: { reference: 'Patient/p1' },
    });
    await pages.oauth.clients.register({
      client_id: 'growth',
      client_name: 'Growth chart',
      redirect_uris: [CALLBACK],
      launch_uri: 'https://app.example/launch?v=2',
      token_endpoint_auth_method: 'none',
    });
    const { email } = await pages.person('doctor', 'h1');
    doctor = await pages.enter(email, '/patients');
  });
  after(() => pages.close());

  it('list those whose records the person may see, and find them by name and number', async () => {
    assert.equal(doctor.first.title, 'Patients – Wardgate');
    assert.match(doctor.first.text, /&lt;b&gt;Ada Okafor/);
    assert.doesNotMatch(doctor.first.text, /Ben/);
    for (const [text, found] of [
      ['okafor', true],
      ['4711', true],
      ['Ben', false],
      ['zzz|,$', false],
    ] as const) {
      const page = await doctor.submit(doctor.first, '/patients', { text });
      assert.equal(page.text.includes('/patients/p1'), found, text);
      assert.ok(!page.url.includes(encodeURIComponent(text)), 'what was searched is not in the address');
    }
  });

  it('are not there for patients of others', async () => {
    const page = await doctor.open('/patients/p2');
    assert.equal(page.status, 404);
    assert.doesNotMatch(page.text, /Okafor/);
  });

  it('are an area of their own, after a sign-in', async () => {
    const { email } = await pages.person('admin');
    assert.match((await pages.enter(email)).first.text, /href="\/patients"/);
    const stranger = createVisitor(pages.root);
    assert.match((await stranger.open(`${pages.root}/patients/p1`)).url, /\/account\/sign-in\?to=%2Fpatients%2Fp1$/);
  });

  it('open an app for the patient and the encounter, without another sign-in', async () => {
    const page = await doctor.open('/patients/p1');
    assert.match(page.headers.get('content-security-policy') ?? '', /form-action 'self' https:\/\/app\.example;/);
    const there = await doctor.submit(page, '/launch', { app: 'growth', encounter: 'e1' });
    const { origin, pathname, searchParams } = new URL(there.url);
    assert.deepEqual([origin + pathname, searchParams.get('v')], ['https://app.example/launch', '2']);
    assert.equal(searchParams.get('iss'), pages.oauth.base);

    const app = await createSmartApp(pages.oauth, 'growth');
    const { url, verifier } = await app.begin({
      scope: 'launch openid fhirUser patient/*.rs',
      launch: searchParams.get('launch')!,
    });
    // the browser has one jar for both
    const browser = createVisitor(pages.oauth.root, { cookie: jarOf(doctor) });
    const consent = await browser.open(url.href);
    assert.equal(consent.title, 'Allow access? – Wardgate');
    assert.match(consent.text, /Ada Okafor/);
    const tokens = await app.redeem((await browser.submit(consent, '/allow')).url, verifier);
    assert.deepEqual([tokens.patient, tokens.encounter], ['p1', 'e1']);
  });

  for (const more of [{ prompt: 'login' }, { max_age: '60' }] as Record<string, string>[]) {
    it(`ask for the password again where the app wants it: ${Object.keys(more)}`, async () => {
      const app = await createSmartApp(pages.oauth, 'growth');
      const { url } = await app.begin({ scope: 'openid user/*.rs', ...more });
      const browser = createVisitor(pages.oauth.root, { cookie: jarOf(doctor) });
      assert.equal((await browser.open(url.href)).title, 'Sign in – Wardgate');
    });
  }

  it('ask for the password again where it was changed in the session: a sign-in before that opens no app', async () => {
    const { email } = await pages.person('doctor', 'h1');
    const mine = await pages.enter(email);
    pages.clock.now++;
    const page = await mine.submit(await mine.open('/account/password'), '/account/password', {
      currentPassword: PASSWORD,
      newPassword: 'Another-Horse-8',
    });
    assert.equal(page.status, 200);
    const app = await createSmartApp(pages.oauth, 'growth');
    const { url } = await app.begin({ scope: 'openid user/*.rs' });
    const browser = createVisitor(pages.oauth.root, { cookie: jarOf(mine) });
    assert.equal((await browser.open(url.href)).title, 'Sign in – Wardgate');
  });

  it('end with the sign-out everywhere in the browser: no app finds the person, or goes on where it was not to', async () => {
    const { email } = await pages.person('doctor', 'h1');
    const mine = await pages.enter(email);
    const app = await createSmartApp(pages.oauth, 'growth');
    const elsewhere = createVisitor(pages.oauth.root, { cookie: jarOf(mine) });
    const held = [];
    for (const scope of ['openid user/*.rs online_access', 'openid user/*.rs offline_access']) {
      const { url, verifier } = await app.begin({ scope, prompt: 'consent' });
      const page = await elsewhere.submit(await elsewhere.open(url.href), '/allow');
      held.push(await app.redeem(page.url, verifier));
    }
    const [online, offline] = held.map(({ access_token: token }) => token);
    const cookie = jarOf(mine);
    // one jar again: the sign-in to apps is in it as well
    const found = elsewhere.cookies.filter(({ name }) => name.startsWith('wardgate_session'));
    const whole = [cookie, ...found.map(({ name, value }) => `${name}=${value}`)].join('; ');
    await fetch(`${pages.root}/account/sign-out`, {
      method: 'POST',
      headers: { cookie: whole },
      body: new URLSearchParams(mine.first.forms.find(({ action }) => action.endsWith('/sign-out'))!.fields),
      redirect: 'manual',
    });
    const { url } = await app.begin({ scope: 'openid user/*.rs' });
    const after = await createVisitor(pages.oauth.root, { cookie: whole }).open(url.href);
    assert.equal(after.title, 'Sign in – Wardgate');
    // every process knows it within five seconds
    await until(async () => (await statusOf(() => pages.oauth.tokens.verify(online!))) === 'ended', 20_000);
    assert.ok(await pages.oauth.tokens.verify(offline!));
  });

  it('leave the browser’s sign-in to apps to the same person, and end it where another one signs in', async () => {
    const [first, second] = [await pages.person('doctor', 'h1'), await pages.person('doctor', 'h1')];
    const app = await createSmartApp(pages.oauth, 'growth');
    let browser = createVisitor(pages.oauth.root);
    for (const scope of ['openid user/*.rs online_access', 'openid user/*.rs offline_access']) {
      const { url, verifier } = await app.begin({ scope, prompt: 'consent' });
      let page = await browser.open(url.href);
      if (page.title.startsWith('Sign in')) {
        page = await browser.submit(page, '/sign-in', { email: first.email, password: PASSWORD });
        page = await browser.submit(page, '/code', { code: await pages.codeFor(first.email) });
      }
      await app.redeem((await browser.submit(page, '/allow')).url, verifier);
    }
    /** on our own pages, in the same browser; gives whom an app finds there then */
    const enterAs = async (email: string): Promise<string | undefined> => {
      // one jar for both
      const own = createVisitor(pages.root);
      own.cookies.push(...browser.cookies.filter(({ name }) => name.startsWith('wardgate_session')));
      let page = await own.open(`${pages.root}/account`);
      page = await own.submit(page, '/sign-in', { email, password: PASSWORD });
      page = await own.submit(page, '/code', { code: await pages.codeFor(email) });
      assert.match(page.title, /^Your account/);
      const { url, verifier } = await app.begin({ scope: 'openid user/*.rs', prompt: 'consent' });
      browser = createVisitor(pages.oauth.root);
      browser.cookies.push(...own.cookies);
      const asked = await browser.open(url.href);
      assert.match(asked.title, /^Allow access/);
      return (await app.redeem((await browser.submit(asked, '/allow')).url, verifier)).claims()?.sub;
    };
    const mayStay = async (): Promise<string[]> => {
      const allowed = (await pages.oauth.tokens.sessions(first.account)).flatMap(({ scopes }) => scopes);
      return allowed.filter((scope) => scope.endsWith('_access')).sort();
    };
    assert.equal(await enterAs(first.email), first.account);
    assert.deepEqual(await mayStay(), ['offline_access', 'online_access'], 'the same person goes on');
    assert.equal(await enterAs(second.email), second.account);
    assert.deepEqual(await mayStay(), ['offline_access']);
  });

  const statusOf = async (verify: () => unknown): Promise<'good' | 'ended'> => {
    try {
      await verify();
      return 'good';
    } catch {
      return 'ended';
    }
  };

  async function until(is: () => Promise<boolean>, ms: number): Promise<void> {
    for (const ends = performance.now() + ms; !(await is()); await sleep(50))
      assert.ok(performance.now() < ends, `not within ${ms} ms`);
  }

  const jarOf = ({ cookies }: Browser): string => cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
});
