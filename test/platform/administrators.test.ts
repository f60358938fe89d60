// How the first people come into a new server: demo accounts, the link of the first start, the command line.
import assert from 'node:assert/strict';
import { runAdminCreate } from '../../src/cli/admin.ts';
import { offerFirstAdministrator } from '../../src/cli/first-administrator.ts';
import { createDemoAccounts, demoEmail, demoEmails } from '../../src/cli/seed/demo-accounts.ts';
import { roleCodes } from '../../src/fhir/auth/accounts/roles.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { mongodbUri } from '../support/engines.ts';
import { freshEmail, openPeople, PASSWORD, type People } from '../support/people.ts';

describe('the first people', () => {
  let people: People;
  before(async () => {
    people = await openPeople('first_people');
    const { store } = people.server.service;
    const there = [
      { resourceType: 'Organization', id: 'demo-hospital', name: 'Demo' },
      { resourceType: 'Practitioner', id: 'demo-okafor', active: true, name: [{ family: 'Okafor' }] },
      { resourceType: 'PractitionerRole', id: 'demo-okafor', practitioner: { reference: 'Practitioner/demo-okafor' } },
      { resourceType: 'Patient', id: '4b3ac026-29d1-1d25-d4a4-419f2eb8390b' },
      { resourceType: 'Patient', id: '08ac7eaf-8e87-96a5-4065-91c5919f3b65' },
    ];
    for (const resource of there)
      await store.write({ kind: 'update', type: resource.resourceType, id: resource.id, resource });
  });
  after(() => people.close());

  const printed = (work: (print: (line: string) => void) => Promise<unknown>): Promise<string> => {
    const lines: string[] = [];
    return work((line) => lines.push(line)).then(() => lines.join('\n'));
  };
  const tokenIn = (text: string): string => /\/invitation\/(\S+)/.exec(text)?.[1] ?? '';

  it('are offered a link as long as there is no administrator', async () => {
    const accounts = people.server.service.accounts!;
    const said = await printed((print) => offerFirstAdministrator(accounts, print));
    assert.match(said, /https:\/\/hospital\.example\/invitation\/\S{20,}/);
    await people.person('admin');
    assert.equal(await printed((print) => offerFirstAdministrator(accounts, print)), '');
  });

  it('become administrators by a link of the command line, made beside the server', async () => {
    const uri = new URL(await mongodbUri());
    uri.pathname = `/${people.db.databaseName}`;
    const email = freshEmail();
    const { log } = console;
    const lines: string[] = [];
    console.log = (line: string) => void lines.push(line);
    try {
      const config = readConfig({ MONGODB_URI: uri.href, BASE_URL: 'https://hospital.example/fhir' });
      assert.equal(await runAdminCreate(config, email, Date.now), 0);
      await assert.rejects(runAdminCreate(config, 'nobody', Date.now), /'nobody' is no e-mail address/);
    } finally {
      console.log = log;
    }
    assert.match(lines.join('\n'), /^https:\/\/hospital\.example\/invitation\//m);
    const who = { firstName: 'Ada', lastName: 'Lovelace', password: PASSWORD };
    await people.guest().call('accept-invitation', { token: tokenIn(lines.join('\n')), ...who });
    const { account } = await (await people.signIn(email)).call('profile');
    assert.deepEqual(account.role, { code: 'admin', status: 'active' });
  });

  it('of the demo hospital have every role, and are its people', async () => {
    const accounts = people.server.service.accounts!;
    const first = await createDemoAccounts({ accounts, now: Date.now });
    // of a start that was interrupted before it could show it
    const password = await createDemoAccounts({ accounts, now: Date.now });
    assert.notEqual(password, first);
    assert.deepEqual(demoEmails, roleCodes.map(demoEmail));
    const seen: Record<string, string> = {};
    for (const role of roleCodes) {
      const person = await people.signIn(demoEmail(role), password);
      const { account } = await person.call('profile');
      assert.equal(account.role.code, role);
      assert.equal(account.status, 'active');
      seen[role] = account.fhirUser.reference;
    }
    assert.equal(seen.doctor, 'Practitioner/demo-okafor');
    assert.equal(seen.patient, 'Patient/4b3ac026-29d1-1d25-d4a4-419f2eb8390b');
  });
});
