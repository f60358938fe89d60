// The pages on which administrators look after people, as a browser without scripts uses them.
import assert from 'node:assert/strict';
import { type Browser, openPages, type Pages } from '../support/pages.ts';
import { freshEmail, PASSWORD, type Person } from '../support/people.ts';
import type { Page } from '../support/visitor.ts';

const rowsOf = ({ text }: Page): string[] =>
  [...text.matchAll(/<th scope="row"><a[^>]*>([^<]*)<\/a>/g)].map(([, name = '']) => name);

describe('pages about people', () => {
  let pages: Pages;
  let admin: Browser;
  let nurse: Person;
  before(async () => {
    pages = await openPages('admin_users');
    const server = await pages.person('admin');
    for (const [id, name] of [
      ['h1', 'First Hospital'],
      ['h2', 'Second Hospital'],
    ])
      await server.put(`/Organization/${id}`, { resourceType: 'Organization', id, name });
    nurse = await pages.register({ firstName: 'Mary', lastName: 'Seacole', role: 'nurse' });
    for (const [firstName, lastName] of [
      ['Zoe', 'Zimmer'],
      ['Yann', 'Zola'],
      ['Xenia', 'Zorn'],
    ])
      await pages.register({ firstName, lastName });
    admin = await pages.enter(server.email, '/admin/users');
  });
  after(() => pages.close());

  it('list everybody, and find them by name, role and state without a name in an address', async () => {
    assert.match(admin.first.title, /^People/);
    assert.match(admin.first.text, /5 accounts/);
    let page = await admin.submit(admin.first, '/admin/users', { text: 'seac' });
    assert.deepEqual(rowsOf(page), ['Mary Seacole']);
    assert.match(page.text, /value="seac"/);
    assert.ok(!/seac/i.test(page.url));
    page = await admin.open('/admin/users?status=pending');
    assert.deepEqual(rowsOf(page), ['Mary Seacole']);
    page = await admin.open('/admin/users?role=patient');
    assert.deepEqual(rowsOf(page), ['Zoe Zimmer', 'Yann Zola', 'Xenia Zorn']);
    page = await admin.submit(page, '/admin/users', { text: 'nobody at all', role: '', status: '' });
    assert.match(page.text, /0 accounts.*Show all/);
    assert.doesNotMatch(page.text, /<table/);
    // an address that was tampered with is one without a search
    assert.match((await admin.open('/admin/users?f=nonsense')).text, /5 accounts/);
    assert.equal((await admin.open('/admin/users?role=wizard')).status, 400);
  });

  it('begin with what waits', async () => {
    const page = await admin.open('/admin');
    assert.match(page.title, /^Administration/);
    assert.match(page.text, /Approvals<\/a><p class="hint">1 account waits/);
    assert.match(page.text, /Invitations<\/a><p class="hint">None/);
  });

  it('turn pages', async () => {
    for (let i = 0; i < 20; i++) {
      const { book, passwords } = pages.server.service.accounts!;
      await book.add({
        email: freshEmail(),
        firstName: 'Paul',
        lastName: `Person${String(i).padStart(2, '0')}`,
        password: await passwords.hash(PASSWORD),
        roles: [{ code: 'donor', status: 'active', since: new Date() }],
      });
    }
    const first = await admin.open('/admin/users');
    assert.equal(rowsOf(first).length, 20);
    const [, next = ''] = /href="([^"]*)" rel="next"/.exec(first.text) ?? [];
    const second = await admin.open(next.replaceAll('&amp;', '&'));
    assert.equal(rowsOf(second).length, 5);
    assert.ok(
      !/person|zola|zorn/i.test(
        Buffer.from(new URL(second.url).searchParams.get('f')!, 'base64url').toString('latin1'),
      ),
    );
    assert.match(second.text, /First page/);
    assert.doesNotMatch(second.text, /Next page/);
  });

  it('approve a role at a hospital, give another, withdraw it, deactivate and reactivate', async () => {
    const path = `/admin/users/${nurse.account}`;
    let page = await admin.open(path);
    assert.match(page.title, /^Mary Seacole/);
    assert.match(page.text, /waits for approval/);
    assert.match(page.text, /id="organization-nurse"[^>]*>\s*<option value="" selected>The only hospital in use/);
    page = await admin.submit(page, '/approve', { organization: '' });
    assert.equal(page.status, 400);
    assert.match(page.text, /id="organization-wrong">Say at which hospital: [^<]*Organization\/h2 \(Second Hospital\)/);
    page = await admin.submit(page, '/approve', { organization: 'h2' });
    assert.match(page.text, /The role is active/);
    assert.match(page.text, /<strong>Nurse<\/strong>\s*<p class="hint">Second Hospital/);
    await pages.mailTo(nurse.email, /Nurse|nurse/);
    page = await admin.submit(page, '/approve', {
      role: 'doctor',
      organization: 'h2',
      department: 'Surgery',
    });
    assert.match(page.text, /Surgery, Second Hospital/);
    const withdraw = page.forms.filter(({ action }) => action.endsWith('/withdraw'));
    assert.equal(withdraw.length, 2);
    page = await admin.submit({ ...page, forms: [withdraw[1]!] }, '/withdraw');
    assert.doesNotMatch(page.text, /Surgery, Second Hospital/);
    const mary = await pages.enter(nurse.email);
    page = await admin.submit(page, '/deactivate', { reason: 'left us' });
    assert.match(page.text, /class="tag bad">deactivated/);
    assert.match((await mary.open('/account')).title, /^Sign in/);
    page = await admin.submit(page, '/reactivate');
    assert.match(page.text, /class="tag good">active/);
  });

  it('say on the page what cannot be done', async () => {
    const own = await admin.open('/account');
    const [, self = ''] =
      /href="\/admin\/users\/([^"]*)">Grace Hopper/.exec((await admin.open('/admin/users?role=admin')).text) ?? [];
    const page = await admin.open(`/admin/users/${self}`);
    assert.match(page.text, /This is your own account/);
    assert.ok(!page.forms.some(({ action }) => /deactivate|withdraw/.test(action)));
    const refused = await admin.submit(
      {
        ...page,
        forms: [
          { ...page.forms[0]!, action: `${pages.root}/admin/users/${self}/deactivate`, fields: own.forms[0]!.fields },
        ],
      },
      '/deactivate',
    );
    assert.equal(refused.status, 409);
    assert.match(refused.text, /role="alert"[^>]*>This is your own account/);
    assert.equal((await admin.open('/admin/users/nobody')).status, 404);
  });

  it('move an account to another mailbox', async () => {
    const lost = await pages.register({ firstName: 'Lost' });
    const next = freshEmail();
    let page = await admin.open(`/admin/users/${lost.account}`);
    page = await admin.submit(page, '/recover', { newEmail: 'nonsense' });
    assert.match(page.text, /<details open><summary>The mailbox is lost/);
    assert.match(page.text, /id="newEmail-wrong">/);
    page = await admin.submit(page, '/recover', { newEmail: next });
    assert.match(page.text, /belongs to the new address/);
    assert.match(page.text, new RegExp(`<dd>${next}`));
  });

  it('invite somebody, who has the role at once, and take an invitation back', async () => {
    const email = freshEmail();
    let page = await admin.open('/admin/users/invite');
    assert.match(page.text, /<option value="h1">First Hospital/);
    page = await admin.submit(page, '/invite', { email: 'nonsense', role: 'nurse', organization: 'h1' });
    assert.match(page.text, /id="email-wrong">/);
    assert.match(page.text, /<option value="h1" selected>/);
    page = await admin.submit(page, '/invite', { email, role: 'nurse', organization: 'h1', department: 'Ward 3' });
    assert.match(page.title, /^Invitations/);
    assert.match(page.text, new RegExp(`<strong>${email}</strong>\\s*<p class="hint">Nurse, Ward 3, First Hospital`));
    const path = await pages.inMailTo(email, /hospital\.example(\/invitation\/\S+)/);
    const guest = await admin.open(path);
    await admin.submit(guest, path, { firstName: 'Anna', lastName: 'Freud', password: PASSWORD });
    const anna = await pages.enter(email);
    assert.match(anna.first.text, /Nurse, Ward 3, First Hospital/);
    page = await admin.open('/admin/invitations');
    assert.match(page.text, /No invitation is open/);

    const other = freshEmail();
    page = await admin.submit(await admin.open('/admin/users/invite'), '/invite', {
      email: other,
      role: 'doctor',
      organization: 'h2',
    });
    page = await admin.submit(page, '/invitations/revoke');
    assert.match(page.text, /No invitation is open/);
    const gone = await pages.inMailTo(other, /hospital\.example(\/invitation\/\S+)/);
    assert.equal((await admin.open(gone)).status, 404);
  });

  it('are for an administrator of a hospital about the own hospital only', async () => {
    const own = await pages.enter((await pages.person('hospital-admin', 'h1')).email, '/admin/users');
    const names = rowsOf(own.first);
    assert.ok(names.includes('Anna Freud') && !names.includes('Zoe Zimmer'), names.join());
    assert.equal((await own.open(`/admin/users/${nurse.account}`)).status, 404);
    assert.doesNotMatch((await own.open('/admin/users/invite')).text, /Second Hospital|>Administrator</);
    const refused = await own.submit(await own.open('/admin/users/invite'), '/invite', {
      email: freshEmail(),
      role: 'admin',
    });
    assert.equal(refused.status, 403);
    assert.match(refused.text, /id="role-wrong">Only an administrator of the server/);
  });

  for (const role of ['patient', 'doctor', 'receptionist']) {
    it(`are not for a ${role}`, async () => {
      const { email } = await pages.person(role);
      const browser = await pages.enter(email);
      assert.doesNotMatch(browser.first.text, /href="\/admin\/users"/);
      for (const path of [
        '/admin',
        '/admin/users',
        `/admin/users/${nurse.account}`,
        '/admin/users/invite',
        '/admin/invitations',
      ]) {
        const page = await browser.open(path);
        assert.equal(page.status, 403, path);
        assert.doesNotMatch(page.text, /Seacole/);
      }
      const [form] = browser.first.forms;
      for (const act of ['approve', 'deactivate', 'withdraw', 'recover', 'reactivate']) {
        const action = `${pages.root}/admin/users/${nurse.account}/${act}`;
        const page = await browser.submit({ ...browser.first, forms: [{ ...form!, action }] }, `/${act}`, {
          role: 'admin',
          newEmail: email,
        });
        assert.equal(page.status, 403, act);
      }
    });
  }
});
