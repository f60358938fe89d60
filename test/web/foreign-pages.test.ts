// Signing in to our own pages by another identity provider. The other one is a second server of ours, which is one as good as any.
import assert from 'node:assert/strict';
import { letSignInAt, otherProviders, startTestOauth, type TestOauth } from '../support/oauth.ts';
import { openPages, type Pages } from '../support/pages.ts';
import { PASSWORD, type Person } from '../support/people.ts';
import { signIn } from '../support/smart-app.ts';
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts';

describe('the pages’ own sign-in by another identity provider', function () {
  this.timeout(60_000);
  let elsewhere: TestOauth;
  let pages: Pages;
  let ada: Person;
  before(async () => {
    elsewhere = await startTestOauth('pages_elsewhere');
    for (const id of ['dana', 'eve']) elsewhere.accounts.add({ id });
    pages = await openPages('foreign_pages', {
      audit: true,
      identityProviders: () => otherProviders(elsewhere),
    });
    await letSignInAt(elsewhere, pages.oauth);
    ada = await pages.register({ firstName: 'Ada' });
  });
  after(async () => {
    await pages.close();
    await elsewhere.close();
  });

  /** gives the address that the browser comes back with */
  async function goThere(visitor: Visitor, account: string, answer = '/allow'): Promise<string> {
    const page = await visitor.open(`${pages.root}/account/sessions`);
    const [, link = ''] = /href="([^"]*)">Sign in with the directory/.exec(page.text) ?? [];
    const there = createVisitor(elsewhere.root);
    const sent = await visitor.open(new URL(link.replaceAll('&amp;', '&'), page.url).href);
    const asked = await signIn(there, await there.open(sent.url), { account, accounts: elsewhere.accounts });
    // the tests' pages and authorization server have a port each
    return (await there.submit(asked, answer)).url.replace(pages.oauth.root, pages.root);
  }

  it('knows a person after both were shown once, whatever the addresses say', async () => {
    const visitor = createVisitor(pages.root);
    let page: Page = await visitor.open(await goThere(visitor, 'dana'));
    assert.match(page.title, /^Sign in/);
    assert.match(page.text, /You signed in with the directory as <strong>dana@example\.org<\/strong>/);
    assert.doesNotMatch(page.text, /Sign in with the directory/);
    page = await visitor.submit(page, '/sign-in', { email: ada.email, password: 'Wrong-Horse-7' });
    assert.match(page.text, /You signed in with the directory/);
    page = await visitor.submit(page, '/sign-in', { email: ada.email, password: PASSWORD });
    page = await visitor.submit(page, '/code', { code: await pages.codeFor(ada.email) });
    assert.match(page.title, /^Link the two accounts\?/);
    page = await visitor.submit(page, '/link');
    assert.match(page.title, /^Sessions and apps/);

    const later = createVisitor(pages.root);
    assert.match((await later.open(await goThere(later, 'dana'))).title, /^Sessions and apps/);
    const event = pages.oauth.events.at(-1);
    assert.deepEqual([event?.act, event?.account, event?.status], ['login', ada.account, 200]);
    // another person there is nobody here
    const other = createVisitor(pages.root);
    assert.match((await other.open(await goThere(other, 'eve'))).title, /^Sign in/);
  });

  it('lets nobody in whose account here was deactivated', async () => {
    const admin = await pages.person('admin');
    await admin.call('deactivate', { account: ada.account });
    const visitor = createVisitor(pages.root);
    assert.match((await visitor.open(await goThere(visitor, 'dana'))).title, /^Sign in/);
    await admin.call('reactivate', { account: ada.account });
    pages.clock.now++;
  });

  it('says that the other side refused, or does not answer', async () => {
    const visitor = createVisitor(pages.root);
    const back = await visitor.open(await goThere(visitor, 'dana', '/cancel'));
    assert.match(back.text, /the directory did not sign you in/);
    const gone = await visitor.open(`${pages.root}/account/sign-in/with/gone`);
    assert.equal(gone.status, 503);
    assert.equal((await visitor.open(`${pages.root}/account/sign-in/with/nobody`)).status, 404);
  });

  it('takes who comes back once, and only in the browser that went there', async () => {
    const visitor = createVisitor(pages.root);
    const address = await goThere(visitor, 'dana');
    const victim = createVisitor(pages.root);
    assert.equal((await victim.open(address)).status, 404);
    assert.match((await victim.open(`${pages.root}/account`)).title, /^Sign in/);
    assert.equal((await visitor.open(address)).status, 200, 'the attempt ended nothing');
    assert.equal((await visitor.open(address)).status, 404);
  });

  it('is linked to nobody who says that it is somebody else, at a workstation that others use', async () => {
    const mary = await pages.register({ firstName: 'Mary' });
    const visitor = createVisitor(pages.root);
    let page = await visitor.open(await goThere(visitor, 'eve'));
    page = await visitor.submit(page, '/start-over');
    assert.match(page.title, /^Sign in/);
    assert.doesNotMatch(page.text, /You signed in with/);
    page = await visitor.submit(page, '/sign-in', { email: mary.email, password: PASSWORD });
    page = await visitor.submit(page, '/code', { code: await pages.codeFor(mary.email) });
    assert.match((await visitor.open(`${pages.root}/account/links`)).text, /Nothing besides your password/);
    const later = createVisitor(pages.root);
    assert.match((await later.open(await goThere(later, 'eve'))).title, /^Sign in/);
  });

  /** at the question, after password and code here */
  async function questionTo({ email }: Person): Promise<{ visitor: Visitor; page: Page }> {
    const visitor = createVisitor(pages.root);
    let page = await visitor.open(await goThere(visitor, 'eve'));
    page = await visitor.submit(page, '/sign-in', { email, password: PASSWORD });
    page = await visitor.submit(page, '/code', { code: await pages.codeFor(email) });
    assert.match(
      page.text.replaceAll(/<[^>]+>/g, ''),
      new RegExp(`account eve \\(eve@example.org\\) with your .* account ${email}`),
    );
    return { visitor, page };
  }

  it('signs in without a link whoever does not want one', async () => {
    const mary = await pages.register({ firstName: 'Mary' });
    const { visitor, page } = await questionTo(mary);
    assert.match((await visitor.submit(page, '/do-not-link')).title, /^Sessions and apps/);
    assert.match((await visitor.open(`${pages.root}/account/links`)).text, /Nothing besides your password/);
    const later = createVisitor(pages.root);
    assert.match((await later.open(await goThere(later, 'eve'))).title, /^Sign in/);
  });

  it('takes no answer that another site sends, nor without the form of the page, nor twice', async () => {
    const mary = await pages.register({ firstName: 'Mary' });
    const { visitor, page } = await questionTo(mary);
    const foreign = createVisitor(pages.root, { 'sec-fetch-site': 'cross-site' });
    foreign.cookies.push(...visitor.cookies);
    assert.equal((await foreign.submit(page, '/link')).status, 403);
    const bare = { ...page, forms: page.forms.map((form) => ({ ...form, fields: [] })) };
    assert.equal((await visitor.submit(bare, '/link')).status, 403);
    assert.match((await visitor.submit(page, '/do-not-link')).title, /^Sessions and apps/);
    await visitor.submit(page, '/link');
    assert.deepEqual(await pages.oauth.links.of(mary.account), []);
  });

  it('neither links nor signs in who answers after the account was shut', async () => {
    for (const answer of ['/link', '/do-not-link']) {
      const mary = await pages.register({ firstName: 'Mary' });
      const { visitor, page } = await questionTo(mary);
      await pages.oauth.tokens.endAllOf(mary.account);
      const after = await visitor.submit(page, answer);
      assert.match(after.title, /^Error: Sign in/);
      assert.match(after.text, /This sign-in is over; begin again/);
      assert.deepEqual(await pages.oauth.links.of(mary.account), []);
      assert.match((await visitor.open(`${pages.root}/account`)).title, /^Sign in/);
    }
  });

  it('tells by a mail that the account is linked, and lets its owner end that with the password', async () => {
    const grace = await pages.register({ firstName: 'Grace' });
    const visitor = createVisitor(pages.root);
    let page = await visitor.open(await goThere(visitor, 'eve'));
    page = await visitor.submit(page, '/sign-in', { email: grace.email, password: PASSWORD });
    page = await visitor.submit(page, '/code', { code: await pages.codeFor(grace.email) });
    await visitor.submit(page, '/link');
    await pages.mailTo(grace.email, /signs in with the directory as eve@example\.org is signed in to your account/);
    page = await visitor.open(`${pages.root}/account/links`);
    assert.match(page.text, /href="\/account\/links" aria-current="page">Other sign-ins/);
    assert.match(page.text, /<strong>the directory<\/strong>\s*<p class="hint">As eve@example\.org, since /);
    page = await visitor.submit(page, '/links/remove', { password: 'Wrong-Horse-7' });
    assert.match(page.text, /<details open>.*id="password-0-wrong">The password is wrong/s);
    page = await visitor.submit(page, '/links/remove', { password: PASSWORD });
    assert.match(page.text, /It does not open your account any more/);
    assert.match(page.text, /Nothing besides your password and a code/);
    await pages.mailTo(grace.email, /sign-in with the directory does not open your account any more/);
    const later = createVisitor(pages.root);
    assert.match((await later.open(await goThere(later, 'eve'))).title, /^Sign in/);
  });

  it('is ended by an administrator on the person’s page', async () => {
    const admin = await pages.enter((await pages.person('admin')).email, `/admin/users/${ada.account}`);
    assert.match(admin.first.text, /<h2 id="links">Other sign-ins.*<strong>the directory<\/strong>/s);
    const page = await admin.submit(admin.first, '/unlink');
    assert.match(page.text, /It does not open the account any more/);
    assert.doesNotMatch(page.text, /<h2 id="links">/);
    const visitor = createVisitor(pages.root);
    assert.match((await visitor.open(await goThere(visitor, 'dana'))).title, /^Sign in/);
  });
});
