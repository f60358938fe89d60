// Signing in with another OpenID provider. The other one is a second server of ours, which is one as good as any.
import assert from 'node:assert/strict';
import { letSignInAt, otherProviders, startTestOauth, type TestOauth } from '../../support/oauth.ts';
import { CALLBACK, createSmartApp, type SmartApp, signIn } from '../../support/smart-app.ts';
import { createVisitor, type Page, type Visitor } from '../../support/visitor.ts';

describe('a person with an account at another provider', () => {
  let elsewhere: TestOauth;
  let oauth: TestOauth;
  let app: SmartApp;
  before(async () => {
    elsewhere = await startTestOauth('elsewhere');
    for (const id of ['dana', 'eve', 'finn']) elsewhere.accounts.add({ id });
    oauth = await startTestOauth('federation', {
      identityProviders: () => otherProviders(elsewhere),
    });
    await letSignInAt(elsewhere, oauth);
    // the same people, and the same addresses, which must mean nothing
    for (const id of ['dana', 'eve', 'finn']) oauth.accounts.add({ id });
    await oauth.clients.register({
      client_id: 'my-app',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
    });
    app = await createSmartApp(oauth, 'my-app');
  });
  after(async () => {
    await oauth.close();
    await elsewhere.close();
  });

  /** to the first page here; with its sign-in's address */
  async function begin(visitor: Visitor): Promise<{ page: Page; verifier: string }> {
    const { url, verifier } = await app.begin({ scope: 'openid user/*.rs' });
    return { page: await visitor.open(url.href), verifier };
  }

  const linkTo = ({ text, url }: Page, provider: string): string => {
    const href = new RegExp(`href="([^"]*/with/${provider})"`).exec(text)?.[1];
    assert.ok(href !== undefined, text);
    return new URL(href, url).href;
  };

  /** gives the address that the browser comes back with */
  async function signInElsewhere(visitor: Visitor, page: Page, account: string): Promise<string> {
    const there = createVisitor(elsewhere.root);
    const sent = await visitor.open(linkTo(page, 'directory'));
    assert.ok(sent.url.startsWith(`${elsewhere.root}/oauth/authorize`), sent.url);
    const asked = await signIn(there, await there.open(sent.url), { account, accounts: elsewhere.accounts });
    return (await there.submit(asked, '/allow')).url;
  }

  it('is known here after both were shown once, whatever the addresses say', async () => {
    const visitor = createVisitor(oauth.root);
    const first = await begin(visitor);
    const page = await visitor.open(await signInElsewhere(visitor, first.page, 'dana'));
    assert.match(page.title, /^Sign in/);
    assert.match(page.text, /You signed in with the directory as <strong>dana@example\.org<\/strong>/);
    const question = await signIn(visitor, page, { account: 'dana', accounts: oauth.accounts });
    assert.match(question.title, /^Link the two accounts\?/);
    assert.match(
      question.text.replaceAll(/<[^>]+>/g, ''),
      /Link the directory’s account dana \(dana@example\.org\) with your Wardgate account dana@example\.org\?/,
    );
    assert.deepEqual(await oauth.links.of('dana'), [], 'not before the answer');
    const asked = await visitor.submit(question, '/link');
    const tokens = await app.redeem((await visitor.submit(asked, '/allow')).url, first.verifier);
    assert.deepEqual([tokens.claims()!.sub, tokens.claims()!.amr], ['dana', ['pwd', 'otp']]);

    const later = createVisitor(oauth.root);
    const second = await begin(later);
    const known = await later.open(await signInElsewhere(later, second.page, 'dana'));
    assert.match(known.title, /^Allow/);
    const again = await app.redeem((await later.submit(known, '/allow')).url, second.verifier);
    assert.deepEqual([again.claims()!.sub, again.claims()!.amr], ['dana', ['fed']]);
  });

  it('is nobody here before that, and not after the account here was deactivated', async () => {
    const visitor = createVisitor(oauth.root);
    const { page } = await begin(visitor);
    assert.match((await visitor.open(await signInElsewhere(visitor, page, 'eve'))).title, /^Sign in/);
    oauth.accounts.add({ id: 'dana', isActive: false });
    const other = createVisitor(oauth.root);
    const begun = await begin(other);
    assert.match((await other.open(await signInElsewhere(other, begun.page, 'dana'))).title, /^Sign in/);
    oauth.accounts.add({ id: 'dana' });
  });

  it('is linked to nobody who says that it is somebody else', async () => {
    const visitor = createVisitor(oauth.root);
    const { page } = await begin(visitor);
    const back = await visitor.open(await signInElsewhere(visitor, page, 'eve'));
    const anew = await visitor.submit(back, '/start-over');
    assert.match(anew.title, /^Sign in/);
    assert.doesNotMatch(anew.text, /You signed in with/);
    await signIn(visitor, anew, { account: 'finn', accounts: oauth.accounts });
    assert.deepEqual(await oauth.links.of('finn'), []);
  });

  it('goes on without a link where both are not the same person', async () => {
    const visitor = createVisitor(oauth.root);
    const { page, verifier } = await begin(visitor);
    const back = await visitor.open(await signInElsewhere(visitor, page, 'eve'));
    const question = await signIn(visitor, back, { account: 'finn', accounts: oauth.accounts });
    const asked = await visitor.submit(question, '/do-not-link');
    const tokens = await app.redeem((await visitor.submit(asked, '/allow')).url, verifier);
    assert.equal(tokens.claims()!.sub, 'finn');
    assert.deepEqual(await oauth.links.of('finn'), []);
  });

  it('is asked about the link after password and code, once, and in this browser alone', async () => {
    const visitor = createVisitor(oauth.root);
    const { page } = await begin(visitor);
    const back = await visitor.open(await signInElsewhere(visitor, page, 'eve'));
    const early = await visitor.open(back.url);
    const forged = { ...early, forms: [{ method: 'post', action: `${back.url}/link`, fields: [] }] };
    assert.equal((await visitor.submit(forged, '/link')).status, 409);
    const question = await signIn(visitor, back, { account: 'finn', accounts: oauth.accounts });
    assert.equal((await createVisitor(oauth.root).submit(question, '/link')).status, 404);
    const foreign = createVisitor(oauth.root, { 'sec-fetch-site': 'cross-site' });
    foreign.cookies.push(...visitor.cookies);
    assert.equal((await foreign.submit(question, '/link')).status, 403);
    assert.match((await visitor.open(question.url)).title, /^Link the two/, 'nobody has answered it yet');
    assert.match((await visitor.submit(question, '/do-not-link')).title, /^Allow/);
    await visitor.submit(question, '/link');
    assert.deepEqual(await oauth.links.of('finn'), []);
  });

  const meanwhiles: Record<string, () => Promise<void>> = {
    'the account was shut': () => oauth.tokens.endAllOf('finn'),
    'the account was deactivated': async () => void oauth.accounts.add({ id: 'finn', isActive: false }),
    'ten minutes have passed': async () => {
      oauth.clock.now = Date.now() + 601_000;
    },
  };
  for (const [what, meanwhile] of Object.entries(meanwhiles)) {
    it(`is neither linked nor signed in by an answer after ${what}`, async () => {
      const visitor = createVisitor(oauth.root);
      const { page } = await begin(visitor);
      const back = await visitor.open(await signInElsewhere(visitor, page, 'eve'));
      const question = await signIn(visitor, back, { account: 'finn', accounts: oauth.accounts });
      await meanwhile();
      const after = await visitor.submit(question, '/link');
      oauth.clock.now = undefined;
      oauth.accounts.add({ id: 'finn' });
      assert.match(after.title, /^Error: Sign in/);
      assert.match(after.text, /role="alert"[^>]*>This sign-in is over; begin again/);
      assert.deepEqual(await oauth.links.of('finn'), []);
    });
  }

  it('is told when the other side refuses', async () => {
    const visitor = createVisitor(oauth.root);
    const { page } = await begin(visitor);
    const there = createVisitor(elsewhere.root);
    const sent = await visitor.open(linkTo(page, 'directory'));
    const asked = await signIn(there, await there.open(sent.url), { account: 'finn', accounts: elsewhere.accounts });
    const back = await visitor.open((await there.submit(asked, '/cancel')).url);
    assert.match(back.text, /the directory did not sign you in/);
    assert.match(back.title, /^Sign in/);
  });

  it('is told when the other side does not answer', async () => {
    const visitor = createVisitor(oauth.root);
    const { page } = await begin(visitor);
    const back = await visitor.open(linkTo(page, 'gone'));
    assert.equal(back.status, 503);
    assert.match(back.text, /role="alert"[^>]*>a provider that is gone does not answer/);
  });

  it('comes back once, in the browser that went there', async () => {
    const visitor = createVisitor(oauth.root);
    const { page } = await begin(visitor);
    const address = await signInElsewhere(visitor, page, 'finn');
    // what someone else was sent by an attacker: https://www.rfc-editor.org/rfc/rfc6819#section-4.4.1.8
    assert.equal((await createVisitor(oauth.root).open(address)).status, 404);
    const forged = new URL(address);
    forged.searchParams.set('state', 'x');
    assert.equal((await visitor.open(forged.href)).status, 404);
    const back = await visitor.open(address);
    assert.equal(back.status, 200, 'neither was used up, the state nor the cookie');
    assert.equal((await visitor.open(address)).status, 404);
  });

  it('is not believed with an answer that was changed', async () => {
    for (const change of [
      (url: URL) => url.searchParams.set('state', 'x'),
      (url: URL) => url.searchParams.set('code', 'x'),
      (url: URL) => url.searchParams.set('iss', 'https://other.example'),
    ]) {
      const visitor = createVisitor(oauth.root);
      const { page } = await begin(visitor);
      const url = new URL(await signInElsewhere(visitor, page, 'finn'));
      change(url);
      const back = await visitor.open(url.href);
      assert.ok(back.status === 404 || /did not sign you in/.test(back.text), back.text);
    }
  });
});
