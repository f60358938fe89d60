// The pages on which administrators look after apps and roles, as a browser without scripts uses them.
import assert from 'node:assert/strict';
import { type Browser, openPages, type Pages } from '../support/pages.ts';
import type { Person } from '../support/people.ts';

describe('pages about apps', () => {
  let pages: Pages;
  let admin: Browser;
  before(async () => {
    pages = await openPages('admin_clients');
    admin = await pages.enter((await pages.person('admin')).email, '/admin/clients');
  });
  after(() => pages.close());

  const isSecret = async (id: string, secret: string): Promise<boolean> => {
    const reply = await fetch(`${pages.oauth.root}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' }),
    });
    return ((await reply.json()) as { error: string }).error !== 'invalid_client';
  };
  const secretIn = (text: string): string => /<code class="secret">([\w-]{43})<\/code>/.exec(text)?.[1] ?? '';

  it('register one, and tell its secret once', async () => {
    assert.match(admin.first.text, /No app is registered/);
    let page = await admin.open('/admin/register-client');
    page = await admin.submit(page, '/register-client', {
      name: 'Growth chart',
      id: 'growth-chart',
      kind: 'server',
      scope: 'patient/Bogus.rs',
    });
    assert.equal(page.status, 400);
    assert.match(page.text, /id="scope-wrong">No such scope: patient\/Bogus\.rs/);
    assert.match(page.text, /value="server" selected/);
    page = await admin.submit(page, '/register-client', {
      name: 'Growth chart',
      id: 'growth-chart',
      kind: 'server',
      redirectUri: 'https://chart.example/\nhttps://chart.example/index.html\n',
      signOutUri: ' ',
      scope: 'launch/patient  openid patient/*.rs',
    });
    assert.match(page.title, /^Growth chart/);
    const secret = secretIn(page.text);
    assert.equal(await isSecret('growth-chart', secret), true);
    assert.ok(!page.url.includes(secret));
    const again = await admin.open('/admin/clients/growth-chart');
    assert.ok(!again.text.includes(secret));
    assert.match(again.text, /read and search everything in the record of this patient/);
    assert.match(again.text, /https:\/\/chart\.example\/\nhttps:\/\/chart\.example\/index\.html<\/textarea>/);
    assert.match((await admin.open('/admin/clients')).text, /App with a secret/);
  });

  it('make another secret, and change name, addresses and scopes', async () => {
    let page = await admin.open('/admin/clients/growth-chart');
    page = await admin.submit(page, '/growth-chart/secret');
    const secret = secretIn(page.text);
    assert.equal(await isSecret('growth-chart', secret), true);
    page = await admin.submit(page, '/growth-chart', {
      name: 'Growth',
      redirectUri: 'not an address',
      launchUri: '',
      scope: '',
    });
    assert.equal(page.status, 400);
    assert.match(page.text, /id="redirectUri-wrong">/);
    page = await admin.submit(page, '/growth-chart', {
      name: 'Growth',
      redirectUri: 'https://other.example/',
      launchUri: '',
      scope: '',
    });
    assert.match(page.text, /The app is changed/);
    assert.match(page.text, /whatever a person allows/);
    const client = await pages.oauth.clients.find('growth-chart');
    assert.deepEqual(client?.metadata.redirect_uris, ['https://other.example/']);
  });

  it('say where browsers go after a sign-out, and beside the field what is wrong with it', async () => {
    const addressesOf = async () =>
      (await pages.oauth.clients.find('growth-chart'))?.metadata.post_logout_redirect_uris ?? [];
    let page = await admin.open('/admin/clients/growth-chart');
    for (const [wrong, why] of [
      ['not an address', /post_logout_redirect_uris/],
      ['javascript:alert(1)', /post_logout_redirect_uris/],
    ] as const) {
      page = await admin.submit(page, '/growth-chart', { signOutUri: wrong });
      assert.equal(page.status, 400, wrong);
      assert.match(/id="signOutUri-wrong">([^<]*)/.exec(page.text)?.[1] ?? '', why);
      assert.ok(page.text.includes(wrong.replaceAll('"', '&quot;')), 'what was typed stays');
      assert.deepEqual(await addressesOf(), []);
    }
    const two = ['https://chart.example/bye?from=here', 'https://chart.example/out'];
    page = await admin.submit(page, '/growth-chart', { signOutUri: two.join('\n') });
    assert.match(page.text, /The app is changed/);
    assert.deepEqual(await addressesOf(), two);
    assert.match(
      page.text,
      /id="signOutUri"[^>]*>\s*https:\/\/chart\.example\/bye\?from=here\nhttps:\/\/chart\.example\/out</,
    );
    page = await admin.submit(page, '/growth-chart', { signOutUri: '' });
    assert.deepEqual(await addressesOf(), []);
  });

  it('disable, enable and remove one', async () => {
    let page = await admin.open('/admin/clients/growth-chart');
    page = await admin.submit(page, '/disable');
    assert.match(page.text, /class="tag bad">disabled/);
    page = await admin.submit(page, '/enable');
    assert.match(page.text, /class="tag good">in use/);
    page = await admin.submit(page, '/remove');
    assert.match(page.title, /^Apps/);
    assert.match(page.text, /No app is registered/);
    assert.equal((await admin.open('/admin/clients/growth-chart')).status, 404);
  });

  it('register a system with its keys and a role', async () => {
    let page = await admin.open('/admin/register-client');
    const said = {
      name: 'Lab',
      id: 'lab',
      kind: 'backend',
      scope: 'system/Observation.rs',
      role: 'lab-technician',
      organization: 'h1 h2',
    };
    page = await admin.submit(page, '/register-client', said);
    assert.match(page.text, /id="jwks-wrong">It signs in with a key/);
    page = await admin.submit(page, '/register-client', { ...said, jwksUri: 'https://lab.example/keys' });
    assert.match(page.text, /<dd>System<\/dd>/);
    assert.match(page.text, /<dd>h1, h2<\/dd>/);
    assert.match(page.text, /value="https:\/\/lab\.example\/keys"/);
  });

  for (const role of ['hospital-admin', 'doctor', 'patient']) {
    it(`are not for a ${role}`, async () => {
      const browser = await pages.enter((await pages.person(role)).email);
      assert.doesNotMatch(browser.first.text, /href="\/admin\/clients"/);
      for (const path of ['/admin/clients', '/admin/clients/lab', '/admin/register-client'])
        assert.equal((await browser.open(path)).status, 403, path);
      const [form] = browser.first.forms;
      for (const act of [
        '/admin/register-client',
        '/admin/clients/lab/disable',
        '/admin/clients/lab',
        '/admin/clients/lab/secret',
      ]) {
        const forms = [{ ...form!, action: `${pages.root}${act}` }];
        assert.equal((await browser.submit({ ...browser.first, forms }, act, { name: 'x' })).status, 403, act);
      }
      assert.equal((await pages.oauth.clients.find('lab'))?.disabled, false);
    });
  }
});

describe('pages about roles', () => {
  let pages: Pages;
  let admin: Browser;
  let nurse: Person;
  before(async () => {
    pages = await openPages('admin_policies');
    admin = await pages.enter((await pages.person('admin')).email, '/admin/policies');
    nurse = await pages.person('nurse');
  });
  after(() => pages.close());

  const policyIn = (text: string): string =>
    /<textarea[^>]*>\n([\s\S]*?)<\/textarea>/
      .exec(text)![1]!
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&gt;', '>')
      .replaceAll('&lt;', '<')
      .replaceAll('&amp;', '&');

  it('show each role with its policy', async () => {
    assert.match(admin.first.text, />Pharmacist<\/a>/);
    const page = await admin.open('/admin/policies/nurse');
    assert.match(page.title, /^Nurse/);
    assert.equal(JSON.parse(policyIn(page.text)).role, 'nurse');
    assert.match(page.text, /as it came with the program/);
    assert.equal((await admin.open('/admin/policies/wizard')).status, 404);
  });

  it('change one, which holds at once, and put it back', async () => {
    assert.equal((await nurse.get('/Slot')).status, 200);
    let page = await admin.open('/admin/policies/nurse');
    const policy = JSON.parse(policyIn(page.text));
    const less = { ...policy, title: 'Nurse on trial', grants: [{ types: ['Patient'], may: 'rs' }] };
    page = await admin.submit(page, '/nurse', { policy: JSON.stringify(less) });
    assert.match(page.title, /^Nurse on trial/);
    assert.match(page.text, /<dd>1, by Grace Hopper, /);
    assert.equal((await nurse.get('/Slot')).status, 403);
    page = await admin.submit(page, '/revert');
    assert.match(page.title, /^Nurse –/);
    assert.match(page.text, /The role is as it was in version 0/);
    assert.equal((await nurse.get('/Slot')).status, 200);
    assert.equal(page.text.match(/Put it back in force/g)?.length, 2);
  });

  it('say everything that is wrong, where it is, and keep what was typed', async () => {
    let page = await admin.open('/admin/policies/nurse');
    const policy = { ...JSON.parse(policyIn(page.text)), colour: 'red', operations: ['$fly'] };
    policy.grants[0].types = ['Unicorn'];
    page = await admin.submit(page, '/nurse', { policy: JSON.stringify(policy) });
    assert.equal(page.status, 400);
    assert.match(page.text, /<code>policy\.colour<\/code> A policy has no &#39;colour&#39;/);
    delete policy.colour;
    page = await admin.submit(page, '/nurse', { policy: JSON.stringify(policy) });
    assert.match(page.text, /<code>policy\.operations<\/code> There is no operation \$fly/);
    assert.match(page.text, /<code>policy\.grants\[0\]\.types<\/code> There is no type or group Unicorn/);
    assert.match(page.text, /id="policy"[^>]*aria-invalid="true"/);
    assert.match(policyIn(page.text), /Unicorn/);
    page = await admin.submit(page, '/nurse', { policy: '{ "role": "nurse"\n  "title": "Nurse" }' });
    assert.match(page.text, /The policy is not JSON.*line 2/);
  });

  it('refuse a change of what somebody else has changed meanwhile', async () => {
    const mine = await admin.open('/admin/policies/pharmacist');
    const policy = JSON.parse(policyIn(mine.text));
    await admin.submit(await admin.open('/admin/policies/pharmacist'), '/pharmacist', {
      policy: JSON.stringify({ ...policy, title: 'First' }),
    });
    const late = await admin.submit(mine, '/pharmacist', { policy: JSON.stringify({ ...policy, title: 'Second' }) });
    assert.equal(late.status, 412);
    assert.match(late.text, /Version 1 of the policy of pharmacist is in force, not 0/);
    const again = await admin.submit(late, '/pharmacist', { policy: JSON.stringify({ ...policy, title: 'Second' }) });
    assert.equal(again.status, 412, 'until it was looked at');
  });

  it('tell what the program has changed since, to be taken or left', async () => {
    const shipped = JSON.parse(policyIn((await admin.open('/admin/policies/donor')).text));
    const [operation, ...operations] = shipped.operations as string[];
    const mine = { ...shipped, title: 'Donor on trial', operations };
    /** of an earlier release, whose own policy was not kept beside it */
    const changeOnce = (version: number): Promise<unknown> =>
      pages.server.store.transaction(async (tx) => {
        const kept = { text: JSON.stringify(mine), by: 'somebody', at: 0 };
        await tx.changePlace('access-policy', `donor/${version}`, {}, { $set: kept }, {});
        const index = { $set: { 'versions.donor': version }, $inc: { revision: 1 } };
        await tx.changePlace('access-policy', 'index', {}, index, { revision: 0, versions: {} });
      });
    const isListed = async (): Promise<boolean> =>
      (await admin.open('/admin/policies')).text.includes('/donor#release');
    const told = `It has gained:</p>\n<ul><li><code>${operation}</code></li></ul>`;

    await changeOnce(1);
    let page = await admin.open('/admin/policies/donor');
    assert.ok(page.text.includes(told), page.text);
    assert.ok(await isListed());
    page = await admin.submit(page, '/release');
    assert.match(page.text, /The role stays as it is/);
    assert.deepEqual(JSON.parse(policyIn(page.text)), mine);
    assert.ok(!page.text.includes(told) && !(await isListed()));

    await changeOnce(3);
    const late = await admin.open('/admin/policies/donor');
    page = await admin.submit(late, '/release', { take: 'yes' });
    const { title, operations: taken } = JSON.parse(policyIn(page.text));
    assert.deepEqual([title, new Set(taken)], ['Donor on trial', new Set(shipped.operations)]);
    assert.ok(!page.text.includes(told));
    assert.equal((await admin.submit(late, '/release')).status, 412, 'somebody was faster');
  });

  it('do not change the one that everything hangs on', async () => {
    const page = await admin.open('/admin/policies/admin');
    assert.doesNotMatch(page.text, /<textarea/);
    const [form] = page.forms;
    const forms = [{ ...form!, action: `${pages.root}/admin/policies/admin` }];
    const refused = await admin.submit({ ...page, forms }, '/admin', {
      ifVersion: '0',
      policy: JSON.stringify({ role: 'admin', title: 'x', description: 'x', grants: [], operations: [] }),
    });
    assert.match(refused.text, /The policy of admin cannot be changed/);
  });

  it('make a new role, which a system can have', async () => {
    let page = await admin.open('/admin/new-role');
    page = await admin.submit(page, '/new-role', { policy: policyIn(page.text) });
    assert.match(page.title, /^Porter/);
    assert.match((await admin.open('/admin/register-client')).text, /<option value="porter">Porter/);
    page = await admin.submit(await admin.open('/admin/new-role'), '/new-role', {
      policy: policyIn((await admin.open('/admin/new-role')).text),
    });
    assert.equal(page.status, 412, 'there is one already');
  });

  for (const role of ['hospital-admin', 'doctor', 'patient']) {
    it(`are not for a ${role}`, async () => {
      const browser = await pages.enter((await pages.person(role)).email);
      for (const path of ['/admin/policies', '/admin/policies/nurse', '/admin/new-role'])
        assert.equal((await browser.open(path)).status, 403, path);
      const [form] = browser.first.forms;
      for (const act of [
        '/admin/policies/nurse',
        '/admin/policies/nurse/revert',
        '/admin/policies/nurse/release',
        '/admin/new-role',
      ]) {
        const forms = [{ ...form!, action: `${pages.root}${act}` }];
        const said = { policy: '{}', ifVersion: '0', version: '0' };
        assert.equal((await browser.submit({ ...browser.first, forms }, act, said)).status, 403, act);
      }
    });
  }
});
