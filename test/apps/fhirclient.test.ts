// Apps in a real browser: SMART's own JavaScript client, and the pages as people meet them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { aPatient } from '../support/fhir-client.ts';
import { parametersOf } from '../support/hospital.ts';
import { openPeople, PASSWORD, type People, type Person } from '../support/people.ts';
import { type AppServer, hasFhirclient, startAppServer } from './app-server.ts';
import { needChromium, startChromium } from './chromium.ts';

const screenshots =
  process.env.SCREENSHOTS === undefined
    ? undefined
    : fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));

describe('an app in a browser, with fhirclient', function () {
  this.timeout(90_000);
  let people: People;
  let browser: Browser;
  let app: AppServer;
  let doctor: Person;
  before(async function () {
    needChromium(this, 'apps in a browser');
    if (!hasFhirclient()) {
      console.log('    apps in a browser are skipped: npm ci --omit=optional --prefix test/apps installs fhirclient.');
      this.skip();
    }
    people = await openPeople('browser');
    browser = await startChromium();
    app = await startAppServer({
      clientId: 'growth-chart',
      scope: 'launch/patient launch/encounter openid fhirUser offline_access patient/*.rs',
    });
    await people.oauth.clients.register({
      client_id: 'growth-chart',
      client_name: 'Growth chart',
      redirect_uris: [`${app.origin}/index.html`],
      token_endpoint_auth_method: 'none',
      launch_uri: `${app.origin}/launch.html`,
    });
    doctor = await people.person('admin');
    const put = async (path: string, body: object): Promise<void> => {
      const { status, text } = await doctor.put(path, body);
      assert.ok(status < 300, text);
    };
    await put('/Patient/p1', aPatient({ id: 'p1', identifier: [{ type: { text: 'MRN' }, value: '4711' }] }));
    await put(
      '/Patient/p2',
      aPatient({ id: 'p2', name: [{ family: 'Nguyen', given: ['Minh'] }], birthDate: '2019-05-01' }),
    );
    await put('/Encounter/e1', {
      resourceType: 'Encounter',
      id: 'e1',
      status: 'in-progress',
      class: { code: 'IMP', display: 'inpatient' },
      period: { start: '2026-11-20' },
      subject: { reference: 'Patient/p1' },
    });
    const observation = (id: string, patient: string): object => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { text: 'Height' },
      subject: { reference: `Patient/${patient}` },
    });
    await put('/Observation/o1', observation('o1', 'p1'));
    await put('/Observation/o2', observation('o2', 'p2'));
  });
  after(async () => {
    await browser?.close();
    await app?.close();
    await people?.close();
  });

  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    page = await context.newPage();
    complaints = [];
    page.on('console', (message) => {
      if (message.location().url.endsWith('/favicon.ico')) return;
      if (message.type() === 'error' || /Content Security Policy/.test(message.text())) complaints.push(message.text());
    });
  });
  afterEach(() => context.close());

  const shot = async (name: string): Promise<void> => {
    if (screenshots === undefined) return;
    mkdirSync(screenshots, { recursive: true });
    await page.screenshot({ path: `${screenshots}${name}.png` });
  };

  async function signIn({ email }: Person): Promise<void> {
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password').fill(PASSWORD);
    await shot('sign-in');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByLabel('Code', { exact: true }).fill(await people.codeFor(email));
    await shot('code');
    await page.getByRole('button', { name: 'Go on' }).click();
  }

  async function result(): Promise<Record<string, unknown>> {
    await page.waitForFunction('document.title === "ready"');
    return JSON.parse((await page.locator('#out').textContent())!) as Record<string, unknown>;
  }

  const launchUrl = (): string => `${app.origin}/launch.html?iss=${encodeURIComponent(people.oauth.base)}`;

  it('launched by itself reads the patient that was picked, and nobody else', async () => {
    await page.goto(launchUrl());
    await signIn(doctor);
    await page.getByLabel('Name, date of birth or record number').fill('Okafor');
    await shot('patient');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('button', { name: /Ada Okafor/ }).click();
    await shot('encounter');
    await page.getByRole('button', { name: /inpatient/ }).click();
    await shot('consent');
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    const { user, ...read } = await result();
    assert.deepEqual(read, {
      patient: 'Okafor',
      again: 'Okafor',
      encounter: 'e1',
      scope: 'launch/patient launch/encounter openid fhirUser offline_access patient/*.rs',
      isNew: true,
      total: 1,
    });
    assert.match(String(user), /^Practitioner\//);
    assert.deepEqual(complaints, []);
  });

  it('launched from the hospital starts with the patient there, after the sign-in only', async () => {
    const reply = await doctor.post('/Patient/p2/$launch', { app: 'growth-chart' });
    const { url } = parametersOf(reply) as { url: string };
    await page.goto(url);
    await signIn(doctor);
    if (await page.getByRole('heading', { name: 'Choose an encounter' }).isVisible())
      await page.getByRole('button', { name: 'Go on without an encounter' }).click();
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    assert.equal((await result()).patient, 'Nguyen');
    assert.deepEqual(complaints, []);
  });

  it('is sent its code by a form where it asks for one (response_mode=form_post)', async () => {
    await people.oauth.clients.register({
      client_id: 'posted-to',
      redirect_uris: [`${app.origin}/posted`],
      token_endpoint_auth_method: 'none',
    });
    const verifier = 'a-verifier-of-forty-three-characters-or-more-';
    const parameters = new URLSearchParams({
      client_id: 'posted-to',
      response_type: 'code',
      response_mode: 'form_post',
      redirect_uri: `${app.origin}/posted`,
      scope: 'user/*.rs',
      aud: people.oauth.base,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state: 's',
    });
    await page.goto(`${people.oauth.root}/oauth/authorize?${parameters}`);
    await signIn(doctor);
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    const { method, state, code } = await result();
    assert.deepEqual([method, state], ['POST', 's']);
    const reply = await fetch(`${people.oauth.root}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'posted-to',
        code: String(code),
        code_verifier: verifier,
        redirect_uri: `${app.origin}/posted`,
      }),
    });
    assert.equal(reply.status, 200, await reply.text());
    assert.deepEqual(complaints, []);
  });

  it('is used with the keyboard alone', async () => {
    await page.goto(launchUrl());
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.keyboard.type(doctor.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByLabel('Code', { exact: true }).waitFor();
    await page.keyboard.type(await people.codeFor(doctor.email));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Choose a patient' }).waitFor();
    await page.keyboard.type('Nguyen');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Found' }).waitFor();
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const focused = await page.evaluate<string>('document.activeElement.closest("button")?.textContent ?? ""');
        if (name.test(focused)) return void (await page.keyboard.press('Enter'));
        await page.keyboard.press('Tab');
      }
      throw new Error(`the keyboard does not reach ${name}`);
    };
    await tabTo(/Minh Nguyen/);
    await page.getByRole('heading', { name: 'Choose an encounter' }).waitFor();
    await tabTo(/without an encounter/);
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
    await tabTo(/^Allow$/);
    assert.equal((await result()).patient, 'Nguyen');
  });

  it('has pages that fit a narrow phone, say what is wrong, and need no script', async () => {
    const narrow = await browser.newContext({ viewport: { width: 320, height: 640 }, javaScriptEnabled: false });
    try {
      const plain = await narrow.newPage();
      const parameters = new URLSearchParams({
        client_id: 'growth-chart',
        response_type: 'code',
        redirect_uri: `${app.origin}/index.html`,
        scope:
          'openid fhirUser offline_access patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory patient/MedicationRequest.cruds',
        aud: people.oauth.base,
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
        state: 's',
      });
      await plain.goto(`${people.oauth.root}/oauth/authorize?${parameters}`);
      const fits = async (): Promise<void> => {
        const size = '({ wide: document.documentElement.scrollWidth, seen: document.documentElement.clientWidth })';
        const { wide, seen } = await plain.evaluate<{ wide: number; seen: number }>(size);
        assert.ok(wide <= seen, `${await plain.title()} is ${wide} px wide`);
      };
      await fits();
      await plain.getByLabel('E-mail address').fill(doctor.email);
      await plain.getByLabel('Password').fill('Wrong-Password-1');
      await plain.getByRole('button', { name: 'Sign in', exact: true }).click();
      await plain.getByRole('alert').waitFor();
      assert.equal(await plain.getByLabel('E-mail address').inputValue(), doctor.email);
      await fits();
      await plain.getByLabel('Password').fill(PASSWORD);
      await plain.getByRole('button', { name: 'Sign in', exact: true }).click();
      await plain.getByLabel('Code', { exact: true }).fill(await people.codeFor(doctor.email));
      await fits();
      await plain.getByRole('button', { name: 'Go on' }).click();
      await fits();
      await plain.getByRole('button', { name: /Ada Okafor/ }).click();
      await fits();
      await plain.getByRole('checkbox', { name: /medication requests/ }).uncheck();
      await plain.getByRole('button', { name: 'Allow', exact: true }).click();
      assert.match(plain.url(), /index\.html\?code=/);
    } finally {
      await narrow.close();
    }
  });

  it('that begins by a form of another site finds the person signed in', async () => {
    await page.goto(launchUrl());
    await signIn(doctor);
    await page.getByRole('heading', { name: 'Choose a patient' }).waitFor();
    await page.goto(`${app.origin}/post.html`);
    const fields = {
      client_id: 'growth-chart',
      response_type: 'code',
      redirect_uri: `${app.origin}/index.html`,
      scope: 'launch/patient patient/*.rs',
      aud: people.oauth.base,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      state: 's',
    };
    const script = `
      const form = document.forms[0];
      form.action = ${JSON.stringify(`${people.oauth.root}/oauth/authorize`)};
      for (const [name, value] of Object.entries(${JSON.stringify(fields)})) {
        const input = document.createElement('input');
        Object.assign(input, { name, value });
        form.append(input);
      }
      form.submit()`;
    await page.evaluate(script);
    await page.getByRole('heading', { name: 'Choose a patient' }).waitFor();
  });
});
