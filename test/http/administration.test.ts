// Rows A7 and A8: who sees, invites, approves and ends accounts.
import assert from 'node:assert/strict';
import type { Meta } from '../../src/fhir/model/resource.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { freshEmail, openPeople, PASSWORD, type People, type Person, refusalOf } from '../support/people.ts';

describe('administration of accounts', () => {
  let people: People;
  let admin: Person;
  let ofHospital: Person;
  before(async () => {
    people = await openPeople('administration');
    for (const id of ['h1', 'h2']) {
      const resource = { resourceType: 'Organization', id, name: `Hospital ${id}` };
      await people.server.service.store.write({ kind: 'update', type: 'Organization', id, resource });
    }
    admin = await people.person('admin');
    ofHospital = await people.person('hospital-admin', 'h1');
  });
  after(() => people.close());

  const isSignedIn = async (person: Person): Promise<boolean> => (await person.get('/$profile')).status === 200;
  const stored = async (reference: string) => {
    const [type = '', id = ''] = reference.split('/');
    return JSON.parse(String((await people.server.store.read(type, id))?.bytes));
  };
  const rolesOf = async (practitioner: string) => {
    const { email } = await stored(practitioner).then(({ telecom }) => ({ email: telecom[0].value }));
    const account = await people.server.service.accounts!.book.findByEmail(email);
    return Promise.all(
      (account?.roles ?? []).map(({ practitionerRole }) => stored(`PractitionerRole/${practitionerRole}`)),
    );
  };

  describe('$approve and $withdraw-role', () => {
    it('make a role that was asked for active, with the resources that say so', async () => {
      const doctor = await people.register({ role: 'doctor', organization: 'Organization/h1' });
      const { account } = await admin.call('approve', { account: doctor.account });
      assert.equal(account.status, 'active');
      await people.mailTo(doctor.email, /You are doctor/);
      const again = await people.signIn(doctor.email);
      const { roles, organizations, fhirUser } = await people.server.service.accounts!.tokens.verify(again.accessToken);
      assert.deepEqual([roles, organizations, fhirUser?.type], [['doctor'], ['h1'], 'Practitioner']);
      const { reference } = account.fhirUser;
      assert.equal((await stored(reference)).active, true);
      const [role] = await rolesOf(reference);
      assert.equal(role.active, true);
      assert.equal(role.organization.reference, 'Organization/h1');
      assert.equal(role.code[0].coding[0].code, 'doctor');

      await admin.call('withdraw-role', { account: doctor.account, role: 'doctor' });
      assert.equal(await isSignedIn(again), false);
      assert.equal((await stored(reference)).active, false);
      assert.equal((await stored(`PractitionerRole/${role.id}`)).active, false);
    });

    it('sign nobody out whose role is not theirs to withdraw', async () => {
      const nurse = await people.person('nurse', 'h2');
      const withdrawal = (role: string) => ({ account: nurse.account, role, organization: 'Organization/h2' });
      const foreign = await ofHospital.post('/$withdraw-role', withdrawal('nurse'));
      assert.equal(refusalOf(foreign), '404 not-found at account');
      const other = await admin.post('/$withdraw-role', withdrawal('doctor'));
      assert.equal(refusalOf(other), '404 not-found at role');
      assert.equal(await isSignedIn(nurse), true);
    });

    it('let one person work at several hospitals', async () => {
      const nurse = await people.register({ role: 'nurse', organization: 'Organization/h1' });
      await admin.call('approve', { account: nurse.account });
      const { account } = await admin.call('approve', {
        account: nurse.account,
        role: 'nurse',
        organization: 'Organization/h2',
        department: 'Surgery',
      });
      assert.deepEqual(
        account.role.map(({ organization }: { organization: { reference: string } }) => organization.reference),
        ['Organization/h1', 'Organization/h2'],
      );
      const { account: left } = await admin.call('withdraw-role', {
        account: nurse.account,
        role: 'nurse',
        organization: 'Organization/h1',
      });
      assert.equal(left.role.organization.reference, 'Organization/h2');
    });

    it('give each role where it was given: who treats patients at one hospital does not at another', async () => {
      const person = await people.register({ role: 'doctor', organization: 'Organization/h1' });
      await admin.call('approve', { account: person.account });
      await admin.call('approve', { account: person.account, role: 'receptionist', organization: 'Organization/h2' });
      await admin.call('approve', { account: person.account, role: 'donor' });
      const both = await people.signIn(person.email);
      const { roles, organizations } = await people.server.service.accounts!.tokens.verify(both.accessToken);
      assert.deepEqual(
        [roles, organizations],
        [
          ['doctor@h1', 'receptionist@h2', 'donor'],
          ['h1', 'h2'],
        ],
      );
      for (const id of ['h1', 'h2']) {
        const meta = { security: [{ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code: id }] };
        const { store } = people.server;
        const patient = { resourceType: 'Patient', id: `of-${id}`, meta };
        await store.write({ kind: 'update', type: 'Patient', id: patient.id, resource: patient });
        const condition = {
          resourceType: 'Condition',
          id: `of-${id}`,
          meta,
          subject: { reference: `Patient/of-${id}` },
        };
        await store.write({ kind: 'update', type: 'Condition', id: condition.id, resource: condition });
      }
      const seen = async (who: Person, path: string): Promise<number> => (await who.get(path)).status;
      const paths = ['/Patient/of-h1', '/Condition/of-h1', '/Patient/of-h2', '/Condition/of-h2'];
      assert.deepEqual(await Promise.all(paths.map((path) => seen(both, path))), [200, 200, 200, 404]);
      const carers = (patient: string) => both.get(`/$carers?patient=Patient/${patient}`);
      assert.deepEqual([(await carers('of-h1')).status, (await carers('of-h2')).status], [404, 200]);
      const { accessToken } = await both.call('work-at', { organization: { reference: 'Organization/h2' } });
      const there = await people.server.service.accounts!.tokens.verify(accessToken);
      assert.deepEqual([there.roles, there.organizations], [['receptionist'], ['h2']]);
    });

    it('let who administers one hospital administer no other where they work', async () => {
      const boss = await people.person('hospital-admin', 'h1');
      await admin.call('approve', { account: boss.account, role: 'nurse', organization: 'Organization/h2' });
      const both = await people.signIn(boss.email);
      const there = await people.register({ role: 'nurse', organization: 'Organization/h2' });
      const here = await people.register({ role: 'nurse', organization: 'Organization/h1' });
      assert.equal(refusalOf(await both.post('/$approve', { account: there.account })), '404 not-found at account');
      assert.equal((await both.post('/$approve', { account: here.account })).status, 200);
      const { total } = await both.call('users', { account: there.account });
      assert.equal(total, 0);
      const invited = { email: freshEmail(), role: 'nurse', organization: { reference: 'Organization/h2' } };
      assert.equal(refusalOf(await both.post('/$invite', invited)), '403 forbidden at organization');
    });

    it('make no stranger one’s own, and so no patient’s account', async () => {
      const patient = await people.register();
      const taken = { account: patient.account, role: 'nurse', organization: 'Organization/h1' };
      assert.equal(refusalOf(await ofHospital.post('/$approve', taken)), '404 not-found at account');
      await admin.call('approve', taken);
      const moved = { account: patient.account, newEmail: freshEmail() };
      assert.equal(refusalOf(await ofHospital.post('/$recover-account', moved)), '403 forbidden at account');
    });

    it('give a patient who works here a Practitioner beside the Patient', async () => {
      const person = await people.register();
      const { account } = await admin.call('approve', {
        account: person.account,
        role: 'receptionist',
        organization: 'Organization/h1',
      });
      assert.match(account.fhirUser.reference, /^Practitioner\//);
    });

    it('are for an administrator of a hospital only there, and never for administrators of the server', async () => {
      const here = await people.register({ role: 'nurse', organization: 'Organization/h1' });
      const there = await people.register({ role: 'nurse', organization: 'Organization/h2' });
      assert.equal((await ofHospital.post('/$approve', { account: here.account })).status, 200);
      assert.equal(
        refusalOf(await ofHospital.post('/$approve', { account: there.account })),
        '404 not-found at account',
      );
      const asAdmin = { account: here.account, role: 'admin' };
      assert.equal(refusalOf(await ofHospital.post('/$approve', asAdmin)), '403 forbidden at role');
      const elsewhere = { account: here.account, role: 'nurse', organization: 'Organization/h2' };
      assert.equal(refusalOf(await ofHospital.post('/$approve', elsewhere)), '403 forbidden at organization');
    });

    it('take, of several requests, the one that fits the hospital', async () => {
      const person = await people.register({ role: 'nurse', organization: 'Organization/h1' });
      const { book } = people.server.service.accounts!;
      const since = new Date();
      const also = [
        { code: 'nurse' as const, status: 'pending' as const, organization: 'h2', since },
        { code: 'doctor' as const, status: 'pending' as const, organization: 'h2', since },
      ];
      await book.change(person.account, ({ account }) => void account.roles.push(...also));
      const ask = (more: object) => admin.post('/$approve', { account: person.account, ...more });
      assert.equal(refusalOf(await ask({})), '400 required at role');
      assert.equal(refusalOf(await ask({ organization: 'Organization/h2' })), '400 required at role');
      const where = await ask({ role: 'nurse' });
      assert.equal(refusalOf(where), '400 required at organization');
      assert.match(where.text, /Organization\/h1 \(Hospital h1\), Organization\/h2 \(Hospital h2\)/);
      assert.equal(refusalOf(await ask({ organization: 'Organization/none' })), '400 value at organization');
      // who administers one hospital sees what was asked for there
      assert.equal((await ofHospital.post('/$approve', { account: person.account })).status, 200);
      const second = await ask({ role: 'nurse', organization: 'Organization/h2' });
      assert.equal(second.status, 200, second.text);
      assert.equal((await ask({})).status, 200);
      const held = (await book.find(person.account))!.roles.map((one) => [one.code, one.organization, one.status]);
      assert.deepEqual(held, [
        ['nurse', 'h1', 'active'],
        ['nurse', 'h2', 'active'],
        ['doctor', 'h2', 'active'],
      ]);
    });

    it('say what is missing', async () => {
      const patient = await people.register();
      assert.equal(refusalOf(await admin.post('/$approve', { account: patient.account })), '409 conflict at role');
      assert.equal(refusalOf(await admin.post('/$approve', { account: 'none' })), '404 not-found at account');
      const none = { account: patient.account, role: 'nurse' };
      assert.equal(refusalOf(await admin.post('/$withdraw-role', none)), '404 not-found at role');
    });
  });

  describe('a role for which nobody says where', () => {
    let alone: People;
    let global: Person;
    before(async () => {
      alone = await openPeople('where');
      global = await alone.person('admin');
    });
    after(() => alone.close());
    const save = (resource: { id: string; name: string; active?: boolean; partOf?: object; meta?: Meta }) =>
      alone.server.store.write({
        kind: 'update',
        type: 'Organization',
        id: resource.id,
        resource: { resourceType: 'Organization', ...resource },
      });
    const placeOf = async (organization?: string): Promise<string | undefined> => {
      const person = await alone.register({ role: 'nurse', ...(organization !== undefined && { organization }) });
      const { account } = await global.call('approve', { account: person.account });
      return account.role.organization?.reference;
    };
    const refused = async () => {
      const person = await alone.register({ role: 'nurse' });
      const reply = await global.post('/$approve', { account: person.account });
      const invited = await global.post('/$invite', { email: freshEmail(), role: 'nurse' });
      assert.equal(refusalOf(invited), refusalOf(reply));
      return `${refusalOf(reply)}: ${reply.body.issue[0].diagnostics}`;
    };

    it('is held at the only hospital, and everywhere as long as there is none', async () => {
      assert.equal(await placeOf(), undefined);
      await save({ id: 'main', name: 'Main Hospital' });
      await save({ id: 'ward', name: 'Ward', partOf: { reference: 'Organization/main' } });
      await save({ id: 'closed', name: 'Closed', active: false });
      assert.equal(await placeOf(), 'Organization/main');
      await save({ id: 'register', name: 'In a register' });
      await alone.register({ role: 'nurse', organization: 'Organization/register' });
      assert.equal(await placeOf(), 'Organization/main', 'nobody works at the other yet');
      // who registers asks there, so that its own administrators see it
      alone.clock.now += 31_000;
      const nurse = await alone.register({ role: 'nurse' });
      const chief = await alone.person('hospital-admin', 'main');
      assert.equal((await chief.call('users', { account: nurse.account })).total, 1);
      assert.equal((await chief.call('approve', { account: nurse.account })).account.status, 'active');
      const email = freshEmail();
      await global.call('invite', { email, role: 'pharmacist' });
      await alone.mailTo(email, /pharmacist of Main Hospital/);
    });

    it('is refused with the choices where there are several hospitals', async () => {
      const owner = { system: 'https://wardgate.dev/fhir/CodeSystem/owner', code: 'second' };
      await save({ id: 'second', name: 'Second Hospital', meta: { security: [owner] } });
      alone.clock.now += 31_000;
      assert.equal(
        await refused(),
        '400 required at organization: Say at which hospital: organization is one of Organization/main (Main Hospital), Organization/second (Second Hospital)',
      );
      const person = await alone.register();
      const donor = await global.call('approve', { account: person.account, role: 'donor' });
      assert.equal(donor.account.role[1].organization, undefined, 'what everybody may be is held nowhere');
      const root = await global.call('approve', { account: person.account, role: 'admin' });
      assert.equal(root.account.status, 'active');
    });
  });

  describe('$deactivate and $reactivate', () => {
    it('end every session at once, and the sign-in until it is active again', async () => {
      const person = await people.register();
      const other = await people.signIn(person.email);
      const begun = await people.guest().call('login', { email: person.email, password: PASSWORD });
      const code = await people.codeFor(person.email);
      const { account } = await admin.call('deactivate', { account: person.account, reason: 'left' });
      assert.equal(account.status, 'deactivated');
      assert.deepEqual([await isSignedIn(person), await isSignedIn(other)], [false, false]);
      assert.equal((await people.guest().post('/$refresh-token', { refreshToken: person.refreshToken })).status, 401);
      const late = await people.guest().post('/$verify-otp', { code, challenge: begun.challenge });
      assert.equal(refusalOf(late), '403 forbidden');
      const refused = await people.guest().post('/$login', { email: person.email, password: PASSWORD });
      assert.equal(refusalOf(refused), '403 forbidden');
      const wrong = await people.guest().post('/$login', { email: person.email, password: 'Wrong-Password-1' });
      assert.equal(refusalOf(wrong), '401 login');
      assert.equal(refusalOf(await person.post('/$reactivate', { account: person.account })), '401 login');
      await admin.call('reactivate', { account: person.account });
      await people.signIn(person.email);
    });

    it('end all access within five seconds, here and in other processes, while fifty requests run', async () => {
      const person = await people.register();
      const other = await people.oauth.another();
      let lastAnswer = 0;
      let refused = 0;
      const ask = async (index: number): Promise<void> => {
        for (;;) {
          const isIn = await (index % 2 === 0
            ? isSignedIn(person)
            : Promise.resolve(person.accessToken)
                .then(other.tokens.verify)
                .then(
                  () => true,
                  () => false,
                ));
          if (isIn) lastAnswer = performance.now();
          else {
            refused++;
            return;
          }
          await sleep(5);
        }
      };
      await other.tokens.verify(person.accessToken);
      const asking = Array.from({ length: 50 }, (_, index) => ask(index));
      await sleep(500);
      assert.equal(refused, 0);
      const began = performance.now();
      await admin.call('deactivate', { account: person.account, reason: 'left' });
      await Promise.all(asking);
      assert.ok(lastAnswer > 0 && lastAnswer - began < 5000, `answered ${lastAnswer - began} ms after`);
      await sleep(500);
      assert.equal(await isSignedIn(person), false);
      await assert.rejects(async () => other.tokens.verify(person.accessToken), /revoked/);
    });

    it('are not for oneself, nor across hospitals', async () => {
      assert.equal(refusalOf(await admin.post('/$deactivate', { account: admin.account })), '409 conflict at account');
      const patient = await people.register();
      const refused = await ofHospital.post('/$deactivate', { account: patient.account });
      assert.equal(refusalOf(refused), '404 not-found at account');
      const shared = await people.register({ role: 'nurse', organization: 'Organization/h1' });
      await admin.call('approve', { account: shared.account });
      await admin.call('approve', { account: shared.account, role: 'nurse', organization: 'Organization/h2' });
      const both = await ofHospital.post('/$deactivate', { account: shared.account });
      assert.equal(refusalOf(both), '403 forbidden at account');
    });

    it('never leave the server without an administrator, though two end each other at once', async () => {
      const alone = await openPeople('last_admin');
      try {
        const [one, other] = [await alone.person('admin'), await alone.person('admin')];
        const replies = await Promise.all([
          one.post('/$deactivate', { account: other.account }),
          other.post('/$deactivate', { account: one.account }),
        ]);
        const statuses = replies.map(({ status }) => status);
        assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
        assert.equal(await alone.server.service.accounts!.hasAdministrator(), true);
      } finally {
        await alone.close();
      }
    });
  });

  describe('$users', () => {
    it('finds by role, status, text and hospital, in pages that miss nobody', async () => {
      const names = ['Zoë Ångström', 'Zoe Baker', 'Zoé Chen', 'Zora Diaz', 'Zuri Evans'];
      for (const [index, name] of names.entries()) {
        const [firstName, lastName] = name.split(' ');
        const role = index % 2 === 0 ? 'pharmacist' : 'patient';
        await people.register({ firstName, lastName, role, ...(index === 2 && { organization: 'Organization/h1' }) });
      }
      const found = async (query: string, person = admin): Promise<string[]> => {
        const { body } = await person.get(`/$users?${query}`);
        return (body.parameter ?? [])
          .filter(({ name }: { name: string }) => name === 'account')
          .map(({ part }: { part: { name: string; valueString: string }[] }) =>
            ['firstName', 'lastName'].map((name) => part.find((one) => one.name === name)!.valueString).join(' '),
          );
      };
      assert.deepEqual(await found('text=zoe'), ['Zoë Ångström', 'Zoe Baker', 'Zoé Chen']);
      assert.deepEqual(await found('text=ang%20z'), ['Zoë Ångström']);
      assert.deepEqual(await found('text=z&role=pharmacist'), ['Zoë Ångström', 'Zoé Chen', 'Zuri Evans']);
      assert.deepEqual(await found('text=z&status=pending&organization=Organization/h1'), ['Zoé Chen']);
      assert.deepEqual(await found('text=zo', ofHospital), ['Zoé Chen']);
      assert.deepEqual(await found('text=.*'), []);

      const pages: string[] = [];
      let after = '';
      for (let page = 0; page < 5; page++) {
        const { body } = await admin.get(`/$users?text=z&count=2${after}`);
        const values = new Map(
          body.parameter.map(({ name, ...value }: { name: string }) => [name, Object.values(value)[0]]),
        );
        assert.equal(values.get('total'), 5);
        pages.push(...(await found(`text=z&count=2${after}`)));
        if (!values.has('next')) break;
        after = `&after=${values.get('next')}`;
      }
      assert.deepEqual(pages, names);
    });

    it('is for administrators', async () => {
      const patient = await people.register();
      assert.equal(refusalOf(await patient.get('/$users')), '403 forbidden');
      assert.equal(refusalOf(await people.guest().get('/$users')), '401 login');
      assert.equal(refusalOf(await admin.get('/$users?role=wizard')), '400 code-invalid at role');
      assert.equal(refusalOf(await admin.get('/$users?status=dead')), '400 code-invalid at status');
      assert.equal(refusalOf(await admin.get('/$users?after=nonsense')), '400 value at after');
    });
  });

  describe('$invite and $accept-invitation', () => {
    const linkTo = (email: string): Promise<string> =>
      people.inMailTo(email, /https:\/\/hospital\.example\/invitation\/(\S+)/);
    const accept = (token: string, more: Record<string, unknown> = {}) =>
      people
        .guest()
        .post('/$accept-invitation', { token, firstName: 'Mary', lastName: 'Seacole', password: PASSWORD, ...more });

    it('make a colleague who can sign in at once, with the role at the hospital', async () => {
      const email = freshEmail();
      await ofHospital.call('invite', { email, role: 'nurse', department: 'Emergency' });
      const token = await linkTo(email);
      const reply = await accept(token);
      assert.equal(reply.status, 200, reply.text);
      const nurse = await people.signIn(email);
      const { account } = await nurse.call('profile');
      assert.deepEqual(account.role, {
        code: 'nurse',
        status: 'active',
        organization: { reference: 'Organization/h1', display: 'Hospital h1' },
        department: 'Emergency',
      });
      assert.equal(refusalOf(await accept(token)), '404 not-found at token');
    });

    it('make one account of a link that is used many times at once', async () => {
      const email = freshEmail();
      await admin.call('invite', { email, role: 'pharmacist', organization: 'Organization/h1' });
      const token = await linkTo(email);
      const statuses = (await Promise.all(Array.from({ length: 6 }, () => accept(token)))).map(({ status }) => status);
      assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
    });

    it('add the role to an account that is there, for who knows its password', async () => {
      const person = await people.register();
      await admin.call('invite', { email: person.email, role: 'nurse', organization: 'Organization/h2' });
      const token = await linkTo(person.email);
      assert.equal(refusalOf(await accept(token, { password: 'Wrong-Password-1' })), '401 login at password');
      assert.equal((await accept(token)).status, 200);
      const { account } = await person.call('profile');
      assert.deepEqual(
        account.role.map(({ code }: { code: string }) => code),
        ['patient', 'nurse'],
      );
    });

    it('are listed while they are open, and can be taken back', async () => {
      const email = freshEmail();
      const { id } = await ofHospital.call('invite', { email, role: 'receptionist' });
      const token = await linkTo(email);
      const listed = async (person: Person): Promise<string[]> => {
        const { body } = await person.get('/$invitations');
        return JSON.stringify(body ?? {}).match(/person\d+@example\.org/g) ?? [];
      };
      assert.ok((await listed(ofHospital)).includes(email));
      const other = await people.person('hospital-admin', 'h2');
      assert.deepEqual(await listed(other), []);
      assert.equal(refusalOf(await other.post('/$revoke-invitation', { id })), '404 not-found at id');
      await ofHospital.call('revoke-invitation', { id });
      assert.equal(refusalOf(await accept(token)), '404 not-found at token');
    });

    it('end after seven days', async () => {
      const email = freshEmail();
      await admin.call('invite', { email, role: 'nurse', organization: 'Organization/h1' });
      const token = await linkTo(email);
      people.clock.now += 7 * 24 * 3_600_000 + 1;
      try {
        assert.equal(refusalOf(await accept(token)), '404 not-found at token');
      } finally {
        people.clock.now -= 7 * 24 * 3_600_000 + 1;
      }
    });

    it('refuse who may not invite', async () => {
      const patient = await people.register();
      const request = { email: freshEmail(), role: 'nurse' };
      assert.equal(refusalOf(await patient.post('/$invite', request)), '403 forbidden');
      assert.equal(
        refusalOf(await ofHospital.post('/$invite', { ...request, role: 'admin' })),
        '403 forbidden at role',
      );
      const elsewhere = { ...request, organization: 'Organization/h2' };
      assert.equal(refusalOf(await ofHospital.post('/$invite', elsewhere)), '403 forbidden at organization');
    });
  });

  describe('$recover-account', () => {
    it('moves an account to another mailbox; its old password and sessions are of no use', async () => {
      const person = await people.register();
      const newEmail = freshEmail();
      await admin.call('recover-account', { account: person.account, newEmail });
      await people.mailTo(newEmail, /Forgot password/);
      assert.equal(await isSignedIn(person), false);
      assert.equal((await people.guest().post('/$login', { email: newEmail, password: PASSWORD })).status, 401);
      const { challenge } = await people.guest().call('forgot-password', { email: newEmail });
      const code = await people.codeFor(newEmail);
      await people.guest().call('reset-password', { code, challenge, newPassword: 'New-Horse-8' });
      await people.mailTo(newEmail);
      await people.signIn(newEmail, 'New-Horse-8');
    });

    it('is for administrators with a say in the account', async () => {
      const person = await people.register();
      const request = { account: person.account, newEmail: freshEmail() };
      assert.equal(refusalOf(await ofHospital.post('/$recover-account', request)), '404 not-found at account');
      assert.equal(refusalOf(await person.post('/$recover-account', request)), '403 forbidden');
      const taken = await admin.post('/$recover-account', { ...request, newEmail: admin.email });
      assert.equal(refusalOf(taken), '409 duplicate at email');
    });
  });

  describe('the one-time link of the first start', () => {
    it('makes the first administrator once the code of the mail comes back, and is of no use then', async () => {
      const empty = await openPeople('first_admin');
      try {
        const { accounts } = empty.server.service;
        assert.equal(await accounts!.hasAdministrator(), false);
        const [link, other] = [
          await accounts!.invitations.linkForAdministrator(),
          await accounts!.invitations.linkForAdministrator(),
        ];
        const email = freshEmail();
        const request = (token: string) => ({ token, email, firstName: 'Root', lastName: 'User', password: PASSWORD });
        const tokenOf = (url: string): string => url.split('/').at(-1)!;
        const missing = await empty
          .guest()
          .post('/$accept-invitation', { ...request(tokenOf(link)), email: undefined });
        assert.equal(refusalOf(missing), '400 required at email');
        const { challenge } = await empty.guest().call('accept-invitation', request(tokenOf(link)));
        const code = await empty.codeFor(email);
        const { account } = await empty.guest().call('verify-otp', { code, challenge });
        assert.deepEqual(account.role, { code: 'admin', status: 'active' });
        assert.equal(await accounts!.hasAdministrator(), true);
        for (const used of [link, other]) {
          const again = await empty.guest().post('/$accept-invitation', request(tokenOf(used)));
          assert.equal(refusalOf(again), '404 not-found at token');
        }
      } finally {
        await empty.close();
      }
    });
  });
});
