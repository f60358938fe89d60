// The pages of the audit trail, as a browser without scripts uses them.
import assert from 'node:assert/strict';
import { aPatient } from '../support/fhir-client.ts';
import { type Browser, openPages, type Pages } from '../support/pages.ts';
import type { Person } from '../support/people.ts';
import type { Page } from '../support/visitor.ts';

/** each row: who, what, patient, how it ended */
const rowsOf = ({ text }: Page): string[] =>
  [...text.matchAll(/<tr><th scope="row">[\s\S]*?<\/tr>/g)].map(([row]) =>
    [...row.matchAll(/<td data-label[^>]*>([\s\S]*?)<\/td>/g)]
      .map(([, cell = '']) => cell.replace(/<[^>]*>/g, '').trim())
      .join(' | '),
  );

describe('pages of the audit trail', () => {
  let pages: Pages;
  let admin: Browser;
  let server: Person;
  let doctor: Person;
  let ada: Person;
  let patient: string;
  before(async () => {
    pages = await openPages('admin_audit', { audit: true });
    server = await pages.person('admin');
    await server.put('/Organization/h1', { resourceType: 'Organization', id: 'h1', name: 'First Hospital' });
    ada = await pages.register({ firstName: 'Ada', lastName: 'Lovelace' });
    patient = (await ada.call('profile')).account.fhirUser.reference;
    doctor = await pages.register({ firstName: 'Joseph', lastName: 'Lister', role: 'doctor' });
    await server.call('approve', { account: doctor.account, organization: 'Organization/h1' });
    doctor = await pages.signIn(doctor.email);
    const minh = {
      ...aPatient({ id: 'p2', name: [{ family: 'Nguyen', given: ['Minh'] }] }),
      identifier: [{ system: 'urn:mrn', value: '4711' }],
      managingOrganization: { reference: 'Organization/h1' },
    };
    await server.put('/Patient/p2', minh);
    assert.equal((await doctor.get('/Patient/p2')).status, 200);
    assert.equal((await doctor.get(`/${patient}`)).status, 404);
    assert.equal((await doctor.get('/$users')).status, 403);
    admin = await pages.enter(server.email, '/admin/audit');
  });
  after(() => pages.close());

  const search = async (filter: Record<string, string>): Promise<Page> => {
    const page = await admin.open('/admin/audit');
    return admin.submit(page, '/admin/audit', {
      who: '',
      patient: '',
      what: '',
      outcome: '',
      from: '',
      to: '',
      ...filter,
    });
  };

  it('list what was done, newest first, with names', async () => {
    assert.match(admin.first.title, /^Audit/);
    const rows = rowsOf(admin.first);
    assert.ok(rows.includes('Joseph Lister | Read: Patient | Minh Nguyen | done'), rows.join('\n'));
    assert.ok(
      rows.includes('Joseph Lister | Ran an operation: $users | – | refused or wrong (403 forbidden)'),
      rows.join('\n'),
    );
    assert.ok(
      rows.some((row) => row.startsWith('Grace Hopper | Changed roles: $approve')),
      rows.join('\n'),
    );
    assert.ok(
      rows.some((row) => row.startsWith('Joseph Lister | Signed in')),
      rows.join('\n'),
    );
  });

  const found: [what: string, filter: Record<string, string>, rows: RegExp[]][] = [
    [
      'a name of who did it',
      { who: 'lister', what: 'read' },
      [
        /^Joseph Lister \| Read: Patient \| Ada Lovelace \| refused/,
        /^Joseph Lister \| Read: Patient \| Minh Nguyen \| done$/,
      ],
    ],
    [
      'a name of the patient, and what was done',
      { patient: 'nguyen', what: 'change' },
      [/^Grace Hopper \| Changed: Patient \| Minh Nguyen \| done$/],
    ],
    ['a record number', { patient: '4711', what: 'read' }, [/^Joseph Lister \| Read: Patient \| Minh Nguyen \| done$/]],
    ['how it ended', { who: 'lister', outcome: '4' }, [/\$users/, /^Joseph Lister \| Read: Patient/]],
    ['what was refused', { what: 'refused', who: 'lister' }, [/\$users/]],
    ['a patient that nobody is called', { patient: 'Nobody At All' }, []],
    ['a name that nobody has', { who: 'Nobody At All' }, []],
    ['days before all this', { to: '2001-01-01' }, []],
  ];
  for (const [what, filter, expected] of found) {
    it(`are searched by ${what}`, async () => {
      const page = await search(filter);
      const rows = rowsOf(page);
      assert.equal(rows.length, expected.length, rows.join('\n'));
      for (const [i, row] of expected.entries()) assert.match(rows[i]!, row);
      if (expected.length === 0) assert.match(page.text, /Nothing is on record that fits/);
      for (const value of Object.values(filter)) assert.ok(value.length < 3 || !page.url.includes(value));
      for (const [name, value] of Object.entries(filter)) {
        if (name === 'who' || name === 'patient')
          assert.ok(page.text.includes(`name="${name}" type="search" value="${value}"`));
      }
    });
  }

  it('are searched by the e-mail address of an account, and by day', async () => {
    const today = new Date(pages.clock.now).toISOString().slice(0, 10);
    const page = await search({ who: doctor.email, what: 'sign-in', from: today, to: today });
    assert.ok(rowsOf(page).length >= 2);
    for (const row of rowsOf(page)) assert.match(row, /^Joseph Lister \| Signed in/);
  });

  it('turn pages, and keep to what was searched for', async () => {
    for (let i = 0; i < 26; i++) await doctor.get('/Patient/p2');
    const first = await search({ who: 'lister', what: 'read' });
    assert.equal(rowsOf(first).length, 25);
    const [, next = ''] = /href="([^"]*)" rel="next"/.exec(first.text) ?? [];
    const second = await admin.open(next);
    assert.equal(rowsOf(second).length, 3);
    assert.match(second.text, /value="lister"/);
    assert.doesNotMatch(second.text, /Next page/);
  });

  it('show one event whole', async () => {
    const list = await search({ patient: 'nguyen', what: 'change' });
    const [, path = ''] = /<th scope="row"><a href="([^"]*)"/.exec(list.text) ?? [];
    const page = await admin.open(path);
    assert.match(page.title, /^Changed: Patient/);
    for (const text of [
      'Grace Hopper',
      'Minh Nguyen',
      'Patient/p2/_history/1',
      '192.0.2.1',
      '&quot;resourceType&quot;: &quot;AuditEvent&quot;',
    ])
      assert.ok(page.text.includes(text), text);
    assert.equal((await admin.open('/admin/audit/nothing')).status, 404);
  });

  it('show what was done to an account, from the page about it', async () => {
    const user = await admin.open(`/admin/users/${doctor.account}`);
    const [, path = ''] = /href="([^"]*)">What was done to it/.exec(user.text) ?? [];
    const list = await admin.open(path);
    assert.deepEqual(rowsOf(list).length, 1);
    assert.match(list.text, /Changed roles: \$approve/);
    const [, event = ''] = /<th scope="row"><a href="([^"]*)"/.exec(list.text) ?? [];
    const shown = (await admin.open(event)).text;
    assert.ok(
      shown.includes(`<a href="/admin/users/${doctor.account}">${doctor.account}</a>: role doctor, organization h1`),
    );
  });

  it('show a patient who looked at the own record, and nothing else', async () => {
    const browser = await pages.enter(ada.email);
    const rows = rowsOf(await browser.open('/admin/audit'));
    assert.ok(rows.length > 0);
    for (const row of rows) assert.match(row, /^[^|]*\|[^|]*\| (Ada Lovelace|–) \|/, row);
    assert.ok(!rows.join().includes('Minh'));
    const page = await browser.open('/admin/audit');
    assert.match(page.title, /^Who looked at your record/);
    assert.doesNotMatch(page.text, /Verify the chain|name="who"/);
    const [form] = browser.first.forms;
    const refused = await browser.submit(
      { ...browser.first, forms: [{ ...form!, action: `${pages.root}/admin/audit/check` }] },
      '/check',
    );
    assert.equal(refused.status, 403);
  });

  it('say whether the record is whole, and what was tampered with', async () => {
    let page = await admin.submit(await admin.open('/admin/audit'), '/audit/check');
    for (let i = 0; i < 5 && /being checked/.test(page.title); i++) page = await admin.open(page.url);
    assert.match(page.title, /^The record is whole/);
    assert.match(page.text, /records in one chain are as they were written/);
    const [reader] = [await pages.enter(ada.email)];
    assert.equal((await reader.open(page.url)).status, 404, 'of who asked for it');

    await pages.db.collection('audit_log').updateOne({}, { $set: { tags: ['altid|nobody'] } });
    page = await admin.submit(await admin.open('/admin/audit'), '/audit/check');
    for (let i = 0; i < 5 && /being checked/.test(page.title); i++) page = await admin.open(page.url);
    assert.match(page.title, /^The record was tampered with/);
    assert.match(page.text, /the block is damaged, or what it is found by was changed/);
  });
});
