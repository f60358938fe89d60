// Signing in to our own pages, and the pages of the own account, as a browser without scripts uses them.
import assert from 'node:assert/strict';
import { sleep } from '../../src/platform/clock/clock.ts';
import { cuttable } from '../support/cuttable.ts';
import { redisUrl } from '../support/engines.ts';
import { allowApp, type Browser, openPages, type Pages } from '../support/pages.ts';
import { freshEmail, PASSWORD, type Person } from '../support/people.ts';
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts';

const COOKIE = 'wardgate';
const MINUTE = 60_000;

const cookieOf = ({ cookies }: Visitor, name = COOKIE) => cookies.find((one) => one.name === name);
const pathOf = ({ url }: Page): string => new URL(url).pathname;

describe('pages of who is signed in', () => {
  let pages: Pages;
  let ada: Person;
  before(async () => {
    pages = await openPages('own_pages');
    ada = await pages.register({ firstName: 'Ada', lastName: 'Lovelace' });
  });
  after(() => pages.close());

  describe('the way in', () => {
    it('leads to the sign-in and back to the page that was asked for', async () => {
      const browser = await pages.enter(ada.email, '/account/sessions');
      assert.equal(pathOf(browser.first), '/account/sessions');
      assert.match(browser.first.title, /^Sessions and apps/);
      const again = await browser.open('/account/sign-in?to=/account/password');
      assert.equal(pathOf(again), '/account/password');
    });

    for (const to of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/account/../../evil',
      '/account/sign-out',
      '/oauth/logout',
      '/account?x=https://evil.example',
      'javascript:alert(1)',
    ]) {
      it(`never leads to ${to}`, async () => {
        const visitor = createVisitor(pages.root);
        const page = await visitor.open(`${pages.root}/account/sign-in?to=${encodeURIComponent(to)}`);
        const fields = Object.fromEntries(page.forms[0]!.fields);
        assert.equal(fields.to, '/account');
        const after = await visitor.submit(page, '/sign-in', { email: ada.email, password: PASSWORD, to });
        const home = await visitor.submit(after, '/code', { code: await pages.codeFor(ada.email) });
        assert.equal(home.url, `${pages.root}/account`);
      });
    }

    it('tells the same of a wrong password and of an unknown address, and keeps what was typed', async () => {
      const visitor = createVisitor(pages.root);
      const first = await visitor.open(`${pages.root}/account/sign-in`);
      const wrong = await visitor.submit(first, '/sign-in', { email: ada.email, password: 'Wrong-Horse-7' });
      const unknown = await visitor.submit(wrong, '/sign-in', { email: freshEmail(), password: 'Wrong-Horse-7' });
      for (const page of [wrong, unknown]) {
        assert.equal(page.status, 401);
        assert.match(page.text, /role="alert"[^>]*>E-mail address or password is wrong/);
        assert.ok(!page.text.includes('Wrong-Horse'));
      }
      assert.ok(wrong.text.includes(`value="${ada.email}"`));
    });

    it('says what is wrong with a code, sends another, and begins anew', async () => {
      const visitor = createVisitor(pages.root);
      let page = await visitor.open(`${pages.root}/account`);
      page = await visitor.submit(page, '/sign-in', { email: ada.email, password: PASSWORD });
      const code = await pages.codeFor(ada.email);
      page = await visitor.submit(page, '/code', { code: code === '000000' ? '000001' : '000000' });
      assert.match(page.text, /The code is wrong; 4 tries are left/);
      page = await visitor.submit(page, '/resend');
      assert.equal(page.status, 429, 'a code was sent just now');
      page = await visitor.submit(page, '/start-over');
      assert.match(page.title, /^Sign in/);
      assert.match((await visitor.open(`${pages.root}/account/sign-in/code`)).title, /^Sign in/);
    });

    it('lets nobody in who is deactivated, and says so', async () => {
      const { email, account } = await pages.register();
      const admin = await pages.person('admin');
      await admin.call('deactivate', { account });
      const visitor = createVisitor(pages.root);
      const page = await visitor.open(`${pages.root}/account`);
      const refused = await visitor.submit(page, '/sign-in', { email, password: PASSWORD });
      assert.equal(refused.status, 403);
      assert.match(refused.text, /This account is deactivated/);
    });
  });

  describe('the session', () => {
    it('is a random cookie that no script reads and no other site sends, and that nothing is known by in Redis', async () => {
      const browser = await pages.enter(ada.email);
      const cookie = cookieOf(browser)!;
      assert.match(cookie.value, /^[\w-]{43}$/);
      assert.match(cookie.attributes, /HttpOnly/);
      assert.match(cookie.attributes, /SameSite=Lax/);
      assert.match(cookie.attributes, /Path=\//);
      assert.doesNotMatch(cookie.attributes, /Secure|Domain|Expires|Max-Age/);
      const keys = await pages.redis.keys(`{${pages.space}:pages}:*`);
      const texts = await Promise.all(keys.map((key) => pages.redis.get(key)));
      const all = [...keys, ...texts].join('\n');
      for (const secret of [cookie.value, ada.email, ada.account]) assert.ok(!all.includes(secret));
      assert.ok(!/eyJ[\w-]+\.eyJ/.test(all), 'a token stands there openly');
    });

    it('has the cookie of HTTPS where people come by HTTPS', async () => {
      const secure = await openPages('own_pages_https', { origin: 'https://hospital.example' });
      try {
        const { email } = await secure.register();
        const { cookies } = await secure.enter(email);
        const cookie = cookies.find(({ name }) => name === '__Host-wardgate');
        assert.match(cookie?.attributes ?? '', /Path=\/.*HttpOnly.*Secure|Path=\/.*Secure/);
      } finally {
        await secure.close();
      }
    });

    it('is never one that the browser brought along (fixation)', async () => {
      const planted = 'A'.repeat(43);
      const visitor = createVisitor(pages.root);
      for (const name of [COOKIE, 'wardgate_arrival'])
        visitor.cookies.push({ name, value: planted, path: '/', attributes: '' });
      let page = await visitor.open(`${pages.root}/account`);
      page = await visitor.submit(page, '/sign-in', { email: ada.email, password: PASSWORD });
      assert.notEqual(cookieOf(visitor, 'wardgate_arrival')?.value, planted);
      page = await visitor.submit(page, '/code', { code: await pages.codeFor(ada.email) });
      assert.match(page.title, /^Your account/);
      assert.notEqual(cookieOf(visitor)?.value, planted);
      const thief = createVisitor(pages.root);
      thief.cookies.push({ name: COOKIE, value: planted, path: '/', attributes: '' });
      assert.match((await thief.open(`${pages.root}/account`)).title, /^Sign in/);
    });

    it('ends with the sign-out, wherever its cookie is', async () => {
      const browser = await pages.enter(ada.email);
      const copy = createVisitor(pages.root);
      copy.cookies.push({ ...cookieOf(browser)! });
      assert.match((await copy.open(`${pages.root}/account`)).title, /^Your account/);
      const out = await browser.submit(browser.first, '/sign-out');
      assert.match(out.title, /^You are signed out/);
      assert.equal(cookieOf(browser), undefined);
      assert.match((await copy.open(`${pages.root}/account`)).title, /^Sign in/);
    });

    it('ends with a deactivation, a new password elsewhere, and when the grant is ended elsewhere', async () => {
      const admin = await pages.person('admin');
      const ends: ((person: Person) => Promise<unknown>)[] = [
        ({ account }) => admin.call('deactivate', { account }),
        (person) => person.call('change-password', { currentPassword: PASSWORD, newPassword: 'New-Horse-8' }),
        (person) => person.call('end-session', { others: true }),
      ];
      for (const end of ends) {
        const person = await pages.register();
        const browser = await pages.enter(person.email);
        assert.match(browser.first.title, /^Your account/);
        await end(person);
        assert.match((await browser.open('/account')).title, /^Sign in/);
      }
    });

    it('ends half an hour after the last request, and twelve hours after the sign-in however busy it is', async () => {
      const realNow = Date.now;
      const started = pages.clock.now;
      // the OAuth library asks the machine what time it is
      const wait = (minutes: number): void => {
        pages.clock.now = started + minutes * MINUTE;
        Date.now = () => realNow() + minutes * MINUTE;
      };
      try {
        const browser = await pages.enter(ada.email);
        for (const key of await pages.redis.keys(`{${pages.space}:pages}:*`)) {
          const left = await pages.redis.ttl(key);
          assert.ok(left > 0 && left <= 30 * 60, `${left} s`);
        }
        for (let minutes = 25; minutes < 12 * 60; minutes += 25) {
          wait(minutes);
          assert.match((await browser.open('/account/password')).title, /^Password/, `after ${minutes} minutes`);
        }
        wait(12 * 60);
        assert.match((await browser.open('/account/password')).title, /^Sign in/);

        const idle = await pages.enter(ada.email);
        // Redis counts by its own clock, but the grant ends as well
        wait(12 * 60 + 36);
        assert.match((await idle.open('/account')).title, /^Sign in/);
      } finally {
        wait(0);
        Date.now = realNow;
      }
    });

    it('goes on when several pages renew it at once', async () => {
      const browser = await pages.enter(ada.email);
      pages.clock.now += 6 * MINUTE;
      const all = await Promise.all(Array.from({ length: 6 }, () => browser.open('/account')));
      for (const page of all) assert.match(page.title, /^Your account/);
      pages.clock.now += 6 * MINUTE;
      assert.match((await browser.open('/account')).title, /^Your account/);
    });

    it('is one among those that $sessions lists, and is counted by the limits', async () => {
      const limited = await openPages('own_pages_limits', {
        limits: 'anonymous=none,standard=5/1m,login=none,otp=none,registration=none',
      });
      try {
        const { email } = await limited.register();
        const browser = await limited.enter(email);
        let page = browser.first;
        for (let i = 0; i < 6 && page.status === 200; i++) page = await browser.open('/account/password');
        assert.equal(page.status, 429);
        assert.match(page.text, /The limit &quot;standard&quot; is 5 in one minute/);
        assert.ok(Number(page.headers.get('retry-after')) > 0);
      } finally {
        await limited.close();
      }
    });
  });

  describe('a form', () => {
    let browser: Browser;
    before(async () => {
      browser = await pages.enter(ada.email);
    });

    it('is refused without the token of its session, or with that of another', async () => {
      const other = await pages.enter((await pages.register()).email);
      const page = await browser.open('/account');
      const foreign = other.first.forms
        .find(({ action }) => action.endsWith('/profile'))!
        .fields.find(([name]) => name === '_token')![1];
      for (const _token of ['', 'x', foreign]) {
        const refused = await browser.submit(page, '/account/profile', { _token, firstName: 'Eve' });
        assert.equal(refused.status, 403);
        assert.match(refused.text, /another sign-in/);
      }
      const { account } = await ada.call('profile');
      assert.equal(account.firstName, 'Ada');
    });

    it('is refused from another site, even with the token', async () => {
      const page = await browser.open('/account');
      const [form] = page.forms.filter(({ action }) => action.endsWith('/account/profile'));
      const headers = {
        cookie: `${COOKIE}=${cookieOf(browser)!.value}`,
        'content-type': 'application/x-www-form-urlencoded',
      };
      for (const from of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
        const reply = await fetch(form!.action, {
          method: 'POST',
          body: new URLSearchParams(form!.fields),
          headers: { ...headers, ...from } as Record<string, string>,
          redirect: 'manual',
        });
        assert.equal(reply.status, 403);
      }
      const reply = await fetch(form!.action, {
        method: 'POST',
        body: new URLSearchParams(form!.fields),
        headers,
        redirect: 'manual',
      });
      assert.equal(reply.status, 303);
    });

    it('of the sign-in is refused without the token of its page', async () => {
      const visitor = createVisitor(pages.root);
      const page = await visitor.open(`${pages.root}/account/sign-in`);
      const refused = await visitor.submit(page, '/sign-in', { email: ada.email, password: PASSWORD, _token: '' });
      assert.equal(refused.status, 403);
    });

    it('is not read where it is too large, and tells nothing of how that is done', async () => {
      const cookie = `${COOKIE}=${cookieOf(browser)!.value}`;
      const send = (headers: Record<string, string>): Promise<Response> =>
        fetch(`${pages.root}/account/profile`, {
          method: 'POST',
          redirect: 'manual',
          headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
          body: `firstName=${'a'.repeat(600_000)}`,
        });
      const reply = await send({ cookie });
      assert.equal(reply.status, 413);
      assert.doesNotMatch(await reply.text(), /node_modules/);
      assert.equal((await send({})).status, 303);
    });

    it('leads to the sign-in where nobody is signed in', async () => {
      const page = await createVisitor(pages.root).submit(browser.first, '/account/profile', {});
      assert.match(page.title, /^Sign in/);
      assert.equal(new URL(page.url).searchParams.get('to'), '/account');
    });
  });

  describe('the own account', () => {
    let grace: Person;
    let browser: Browser;
    beforeEach(async () => {
      grace = await pages.register({ firstName: 'Grace', lastName: 'Hopper', phone: '+493012345678' });
      browser = await pages.enter(grace.email);
    });

    it('shows and changes the profile, and says beside each field what is wrong', async () => {
      let page = browser.first;
      for (const text of ['Patient', grace.email, 'value="Grace"', 'value="+493012345678"'])
        assert.ok(page.text.includes(text), text);
      page = await browser.submit(page, '/account/profile', { firstName: '<b>', phone: '1' });
      assert.equal(page.status, 400);
      assert.match(page.text, /id="firstName"[^>]*aria-describedby="firstName-wrong" aria-invalid="true"/);
      assert.match(page.text, /id="firstName-wrong">firstName is no name/);
      assert.match(page.text, /id="phone-wrong">phone is no telephone number/);
      assert.match(page.text, /value="&lt;b&gt;"/);
      page = await browser.submit(page, '/account/profile', { firstName: 'Grace B.', phone: '+1 555 0100' });
      assert.match(page.text, /role="status"><p>Your profile is changed/);
      assert.ok(page.text.includes('value="Grace B."'));
      assert.doesNotMatch((await browser.open('/account')).text, /Your profile is changed/, 'told once');
      const { account } = await grace.call('profile');
      assert.equal(account.phone, '+15550100');
    });

    it('changes the password, keeps this session under another cookie and ends the others', async () => {
      const before = cookieOf(browser)!.value;
      let page = await browser.open('/account/password');
      page = await browser.submit(page, '/account/password', {
        currentPassword: 'Wrong-Horse-7',
        newPassword: 'New-Horse-8',
      });
      assert.match(page.text, /id="currentPassword-wrong">The password is wrong/);
      assert.ok(!page.text.includes('New-Horse-8'));
      page = await browser.submit(page, '/account/password', { currentPassword: PASSWORD, newPassword: 'short' });
      assert.match(page.text, /id="newPassword-wrong">The password needs at least 8 characters/);
      page = await browser.submit(page, '/account/password', { currentPassword: PASSWORD, newPassword: 'New-Horse-8' });
      assert.match(page.text, /all other sessions have ended/);
      assert.notEqual(cookieOf(browser)!.value, before);
      assert.equal((await grace.get('/$profile')).status, 401);
      const copy = createVisitor(pages.root);
      copy.cookies.push({ name: COOKIE, value: before, path: '/', attributes: '' });
      assert.match((await copy.open(`${pages.root}/account`)).title, /^Sign in/);
    });

    it('moves to another address by a code that came there, which stands in no address of a page', async () => {
      const next = freshEmail();
      let page = await browser.open('/account/email');
      page = await browser.submit(page, '/account/email', { newEmail: next, password: PASSWORD });
      assert.match(page.text, new RegExp(`six digits to <strong>${next}`));
      assert.ok(!page.url.includes(next) && !page.url.includes('example.org'));
      const code = await pages.codeFor(next);
      page = await browser.submit(page, '/email/confirm', { code: code === '000000' ? '000001' : '000000' });
      assert.match(page.text, /The code is wrong; 4 tries are left/);
      page = await browser.submit(page, '/email/confirm', { code });
      assert.match(page.text, /Your account has the new address/);
      await pages.signIn(next);
    });

    it('lists where one is signed in, and ends one session, or all others', async () => {
      const elsewhere = await pages.enter(grace.email);
      let page = await browser.open('/account/sessions');
      assert.equal(page.text.match(/>End<span/g)?.length, 2, 'the one of registration, and the other browser');
      assert.equal(page.text.match(/this one/g)?.length, 1);
      const [other] = page.forms.filter(({ action, fields }) => action.endsWith('/end') && !isCurrent(page, fields));
      page = await browser.submit({ ...page, forms: [other!] }, '/sessions/end');
      assert.match(page.text, /The session has ended/);
      page = await browser.submit(page, '/sessions/end-others');
      assert.match((await elsewhere.open('/account')).title, /^Sign in/);
      assert.equal((await grace.get('/$profile')).status, 401);
      assert.match((await browser.open('/account/sessions')).text, /No app has access/);
      const [own] = (await browser.open('/account/sessions')).forms.filter(({ action }) =>
        action.endsWith('/sessions/end'),
      );
      const out = await browser.submit({ ...page, forms: [own!] }, '/sessions/end');
      assert.match(out.title, /^You are signed out/);
      assert.match((await browser.open('/account')).title, /^Sign in/);
    });

    it('ends nobody else’s session', async () => {
      const page = await browser.open('/account/sessions');
      const strange = (await ada.call('sessions')).session;
      const { id } = Array.isArray(strange) ? strange[0] : strange;
      const refused = await browser.submit(page, '/sessions/end', { id });
      assert.equal(refused.status, 404);
      assert.equal((await ada.get('/$profile')).status, 200);
    });
  });

  it('answer 503 and sign nobody in while Redis is away, and go on afterwards', async () => {
    const line = await cuttable(await redisUrl());
    const away = await openPages('own_pages_away', { redisUrl: line.url });
    try {
      const { email } = await away.register();
      const browser = await away.enter(email);
      const stranger = createVisitor(away.root);
      const form = await stranger.open(`${away.root}/account/sign-in`);
      line.cut();
      const page = await browser.open('/account');
      assert.equal(page.status, 503);
      assert.match(page.text, /Please try again in a moment/);
      assert.equal(page.headers.get('retry-after'), '5');
      assert.equal((await stranger.submit(form, '/sign-in', { email, password: PASSWORD })).status, 503);
      line.mend();
      let again = await browser.open('/account');
      for (let i = 0; i < 100 && again.status === 503; i++) {
        await sleep(50);
        again = await browser.open('/account');
      }
      assert.match(again.title, /^Your account/);
    } finally {
      line.mend();
      await away.close();
      await line.close();
    }
  });

  it('say so where there is nothing, as a page to people and as text to programs', async () => {
    const page = await createVisitor(pages.root).open(`${pages.root}/account/<b>nothing`);
    assert.equal(page.status, 404);
    assert.match(page.title, /^There is nothing here/);
    const reply = await fetch(`${pages.root}/account/nothing`);
    assert.match(reply.headers.get('content-type') ?? '', /^text\/plain/);
  });

  it('list the apps that were allowed, with what they may do, and revoke them', async () => {
    const { email } = await pages.register();
    const app = await allowApp(pages, email);
    assert.equal((await app.refresh()).status, 200);
    const browser = await pages.enter(email);
    let page = await browser.open('/account/sessions');
    assert.match(page.text, /<strong>Growth chart<\/strong>/);
    assert.match(page.text, /read and search everything in the record of this patient/);
    const [form] = page.forms.filter(({ fields }) =>
      fields.some(([name, value]) => name === 'what' && value === 'app'),
    );
    page = await browser.submit({ ...page, forms: [form!] }, '/sessions/end');
    assert.match(page.text, /The app has no access any more/);
    assert.match(page.text, /No app has access/);
    assert.equal((await app.refresh()).status, 400);
  });

  it('are for patients to choose who cares for them', async () => {
    const [patient, carer] = [await pages.register(), await pages.register({ firstName: 'Mary' })];
    const browser = await pages.enter(patient.email);
    let page = await browser.open('/account/carers');
    assert.match(page.text, /Nobody\./);
    page = await browser.submit(page, '/account/carers', { email: 'nonsense' });
    assert.match(page.text, /id="email-wrong">/);
    page = await browser.submit(page, '/account/carers', { email: carer.email, relationship: 'sister' });
    assert.match(page.text, /The request is on its way/);
    const path = await pages.inMailTo(carer.email, /hospital\.example(\/invitation\/\S+)/);
    const invited = createVisitor(pages.root);
    const welcome = await invited.submit(await invited.open(`${pages.root}${path}`), path, { password: PASSWORD });
    assert.match(welcome.title, /^Welcome/);
    page = await browser.open('/account/carers');
    assert.match(page.text, /<strong>Mary Lovelace<\/strong>/);
    assert.match((await (await pages.enter(carer.email)).open('/account')).text, /You care for/);
    page = await browser.submit(page, '/carers/remove');
    assert.match(page.text, /Nobody\./);

    const nurse = await pages.enter((await pages.person('nurse')).email);
    assert.ok(!nurse.first.text.includes('/account/carers'));
    assert.equal((await nurse.open('/account/carers')).status, 403);
  });
});

const isCurrent = ({ text }: Page, fields: readonly (readonly [string, string])[]): boolean => {
  const id = fields.find(([name]) => name === 'id')![1];
  return text.slice(0, text.indexOf(id)).lastIndexOf('this one') > text.slice(0, text.indexOf(id)).lastIndexOf('<li>');
};
