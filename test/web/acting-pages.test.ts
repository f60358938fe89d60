// Pages of who acts for somebody else, or works at several hospitals: chosen, seen on every page, and ended.
import assert from 'node:assert/strict';
import { type Browser, openPages, type Pages } from '../support/pages.ts';
import { freshEmail, PASSWORD, type Person, refusalOf } from '../support/people.ts';
import type { Page } from '../support/visitor.ts';

describe('pages of who acts for others', function () {
  this.timeout(60_000);
  let pages: Pages;
  let admin: Person;
  before(async () => {
    pages = await openPages('acting_pages');
    admin = await pages.person('admin');
    for (const [id, name] of [
      ['h1', 'First Hospital'],
      ['h2', 'Second Hospital'],
    ])
      assert.equal((await admin.put(`/Organization/${id}`, { resourceType: 'Organization', id, name })).status, 201);
  });
  after(() => pages.close());

  const banner = ({ text }: Page): string | undefined =>
    /<aside class="acting"[^>]*>\s*<p>([\s\S]*?)<\/p>/.exec(text)?.[1]?.replace(/<[^>]*>/g, '');
  const place = ({ text }: Page): string | undefined => /<p class="place"><a[^>]*>([^<]*)/.exec(text)?.[1];
  const cookie = ({ cookies }: Browser): string | undefined => cookies.find(({ name }) => name === 'wardgate')?.value;
  /** the account that a patient's link made, or which took it */
  async function careFor(patient: Person, email: string): Promise<void> {
    await patient.call('add-carer', { email });
    const token = await pages.inMailTo(email, /\/invitation\/(\S+)/);
    const who = { firstName: 'Anna', lastName: 'Small', password: PASSWORD };
    await pages.guest().call('accept-invitation', { token, ...who });
  }
  /** presses the button of this form */
  const choose = (browser: Browser, page: Page, field: [string, string]): Promise<Page> => {
    const form = page.forms.find(({ fields }) =>
      fields.some(([name, value]) => name === field[0] && value === field[1]),
    );
    assert.ok(form, page.text);
    return browser.submit({ ...page, forms: [form] }, '/act-for');
  };

  it('let a carer choose whose record it is, say so on every page, and end it', async () => {
    const emil = await pages.register({ firstName: 'Emil', lastName: 'Small' });
    const anna = await pages.register({ firstName: 'Anna', lastName: 'Small' });
    await careFor(emil, anna.email);
    const chart = (await emil.call('profile')).account.fhirUser.reference;
    const own = (await anna.call('profile')).account.fhirUser.reference;

    const browser = await pages.enter(anna.email);
    let page = browser.first;
    assert.equal(banner(page), undefined);
    assert.match(page.text, /<strong>Your own<\/strong> <span class="tag">now/);
    const before = cookie(browser);
    page = await choose(browser, page, ['patient', chart]);
    assert.match(page.text, /You act for Emil Small now/);
    assert.equal(banner(page), 'You act for Emil Small.');
    assert.notEqual(cookie(browser), before, 'whoever had the old cookie does not act along');
    for (const path of ['/account/sessions', '/admin/audit', '/account/nothing'])
      assert.equal(
        banner(await browser.open(path)),
        path.endsWith('nothing') ? undefined : 'You act for Emil Small.',
        path,
      );
    assert.match((await browser.open('/admin/audit')).title, /^Who looked at the record of Emil Small/);
    // it is so after the session was renewed
    pages.clock.now += 6 * 60_000;
    assert.equal(banner(await browser.open('/account/sessions')), 'You act for Emil Small.');
    assert.equal((await browser.open('/account/carers')).status, 400, 'carers are the patient’s to choose');

    page = await browser.open('/account');
    page = await browser.submit(
      { ...page, forms: page.forms.filter(({ action }) => action.endsWith('/act-for')) },
      '/act-for',
    );
    assert.match(page.text, /You act for yourself again/);
    assert.equal(banner(page), undefined);
    assert.match((await browser.open('/account/carers')).text, /Who cares for you/);

    // a form that names somebody else
    const form = { ...page, forms: page.forms.filter(({ action }) => action.endsWith('/act-for')) };
    const refused = await browser.submit(form, '/act-for', { patient: 'Patient/somebody' });
    assert.equal(refused.status, 403);
    assert.match(refused.text, /You do not care for this patient/);
    assert.notEqual(own, chart);
  });

  it('tell who is nothing here but a carer from the beginning for whom it is, and end with the care', async () => {
    const emil = await pages.register({ firstName: 'Emil', lastName: 'Small' });
    const minna = await pages.register({ firstName: 'Minna', lastName: 'Small' });
    const email = freshEmail();
    await careFor(emil, email);
    const browser = await pages.enter(email);
    assert.equal(banner(browser.first), 'You act for Emil Small.');
    assert.doesNotMatch(browser.first.text, /Your own|for yourself/);
    await careFor(minna, email);
    const [of] = ((await minna.call('carers')).carer ? [await minna.call('carers')] : []) as [
      { carer: { id: string } },
    ];
    let page = await browser.open('/account');
    page = await choose(browser, page, ['patient', (await minna.call('profile')).account.fhirUser.reference]);
    assert.equal(banner(page), 'You act for Minna Small.');
    await minna.call('remove-carer', { id: of.carer.id });
    assert.match((await browser.open('/account')).title, /^Sign in/);
  });

  it('ask somebody of several hospitals where they work, at the sign-in and in the header', async () => {
    const nurse = await pages.register({ role: 'nurse', organization: 'Organization/h1' });
    await admin.call('approve', { account: nurse.account });
    await admin.call('approve', { account: nurse.account, role: 'hospital-admin', organization: 'Organization/h2' });
    const browser = await pages.enter(nurse.email, '/account/sessions');
    let page = browser.first;
    assert.match(page.title, /^Where do you work now/);
    assert.equal(place(page), 'At: All 2 hospitals');
    assert.match(page.text, /<strong>First Hospital<\/strong> <span class="hint">Nurse/);
    page = await browser.submit(page, '/account/place', { organization: 'Organization/h1' });
    assert.match(page.title, /^Sessions and apps/);
    assert.equal(place(page), 'At: First Hospital');
    assert.match(page.text, /You work at First Hospital now/);
    assert.doesNotMatch(page.text, /href="\/admin\/users"/);
    page = await browser.submit(await browser.open('/account/place'), '/account/place', {
      organization: 'Organization/h2',
    });
    assert.equal(place(page), 'At: Second Hospital');
    assert.match(page.text, /href="\/admin\/users"/);
    page = await browser.submit(await browser.open('/account/place'), '/account/place', { organization: '' });
    assert.equal(place(page), 'At: All 2 hospitals');
    const refused = await browser.submit(await browser.open('/account/place'), '/account/place', {
      organization: 'Organization/h3',
    });
    assert.equal(refused.status, 403);
    assert.match(refused.text, /You have no role there/);

    const one = await pages.enter((await pages.person('nurse', 'h1')).email);
    assert.match(one.first.title, /^Your account/);
    assert.equal(place(one.first), undefined);
  });

  it('let administrators of the server change the limits of an account', async () => {
    const person = await pages.register();
    const browser = await pages.enter(admin.email, `/admin/users/${person.account}`);
    let page = browser.first;
    assert.match(page.text, /<option value="standard" selected>/);
    page = await browser.submit(page, '/limits', { limits: 'premium' });
    assert.match(page.text, /The limits are changed/);
    assert.match(page.text, /<option value="premium" selected>/);
    assert.equal((await admin.call('users', { account: person.account })).account.limits, 'premium');
    const wrong = await browser.submit(page, '/limits', { limits: 'endless' });
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /id="limits-wrong">/);
    const chief = await pages.person('hospital-admin', 'h1');
    const nurse = await pages.person('nurse', 'h1');
    assert.equal(
      refusalOf(await chief.post('/$set-limits', { account: nurse.account, limits: 'premium' })),
      '403 forbidden',
    );
    const own = await pages.enter(chief.email, `/admin/users/${nurse.account}`);
    assert.doesNotMatch(own.first.text, /Class of limits/);
  });
});
