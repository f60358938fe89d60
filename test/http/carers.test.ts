// Row A8: people who act for patients, people of several hospitals, shared workstations, and the class of limits.
import assert from 'node:assert/strict';
import { createFhirClient, type Reply } from '../support/fhir-client.ts';
import { freshEmail, openPeople, PASSWORD, type People, type Person, refusalOf } from '../support/people.ts';

const MINUTE = 60_000;

describe('acting for others and at places', () => {
  let people: People;
  let admin: Person;
  before(async () => {
    people = await openPeople('carers');
    for (const id of ['h1', 'h2']) {
      const resource = { resourceType: 'Organization', id, name: `Hospital ${id}` };
      await people.server.service.store.write({ kind: 'update', type: 'Organization', id, resource });
    }
    admin = await people.person('admin');
  });
  after(() => people.close());

  const patientOf = async (person: Person): Promise<string> =>
    (await person.call('profile')).account.fhirUser.reference;
  const linkTo = (email: string): Promise<string> => people.inMailTo(email, /\/invitation\/(\S+)/);
  const read = (token: string, path: string): Promise<Reply> =>
    createFhirClient(people.server.base).get(path, { authorization: `Bearer ${token}` });
  const factsOf = async (token: string) => {
    const { roles, organizations, fhirUser } = await people.server.service.accounts!.tokens.verify(token);
    return { roles, organizations, type: fhirUser?.type };
  };

  describe('carers', () => {
    it('see the patient who asked them, by a RelatedPerson, until the patient ends it', async () => {
      const patient = await people.register({ firstName: 'Emil', lastName: 'Small' });
      const chart = await patientOf(patient);
      const email = freshEmail();
      await patient.call('add-carer', { email, relationship: 'mother' });
      const token = await linkTo(email);
      const who = { firstName: 'Anna', lastName: 'Small', password: PASSWORD };
      const { account } = await people.guest().call('accept-invitation', { token, ...who });
      assert.equal(account.status, 'active');
      assert.equal(account.actsFor.reference, chart);

      // who is nothing else here acts for the patient at once
      const carer = await people.signIn(email);
      assert.deepEqual(await factsOf(carer.accessToken), {
        roles: ['patient'],
        organizations: [],
        type: 'RelatedPerson',
      });
      assert.equal((await read(carer.accessToken, `/${chart}`)).status, 200);
      const listed = await patient.call('carers');
      assert.equal(listed.carer.email, email);
      const related = await people.server.store.read('RelatedPerson', listed.carer.id);
      const { patient: of, relationship, active } = JSON.parse(String(related?.bytes));
      assert.deepEqual([of.reference, relationship[0].text, active], [chart, 'mother', true]);

      await patient.call('remove-carer', { id: listed.carer.id });
      assert.equal((await read(carer.accessToken, `/${chart}`)).status, 401);
      const after = await people.server.store.read('RelatedPerson', listed.carer.id);
      assert.equal(JSON.parse(String(after?.bytes)).active, false);
      assert.equal((await patient.call('carers')).carer, undefined);
    });

    it('with a chart of their own act for another by choice, and again for themselves', async () => {
      const patient = await people.register();
      const carer = await people.register();
      const [chart, own] = [await patientOf(patient), await patientOf(carer)];
      await patient.call('add-carer', { email: carer.email });
      const token = await linkTo(carer.email);
      const wrong = await people.guest().post('/$accept-invitation', { token, password: 'Wrong-Password-1' });
      assert.equal(refusalOf(wrong), '401 login at password');
      await people.guest().call('accept-invitation', { token, password: PASSWORD });

      const { accessToken } = await carer.call('act-for', { patient: chart });
      assert.equal((await read(accessToken, `/${chart}`)).status, 200);
      assert.equal((await read(accessToken, `/${own}`)).status, 404);
      // it stays so when the session is refreshed
      const next = await people.guest().call('refresh-token', { refreshToken: carer.refreshToken });
      assert.equal((await factsOf(next.accessToken)).type, 'RelatedPerson');
      const back = await createFhirClient(people.server.base).post(
        '/$act-for',
        {},
        { authorization: `Bearer ${next.accessToken}` },
      );
      const [{ valueString: again }] = back.body.parameter;
      assert.equal((await read(again, `/${own}`)).status, 200);
      assert.equal((await read(again, `/${chart}`)).status, 404);
      const stranger = await patientOf(await people.register());
      assert.equal(refusalOf(await carer.post('/$act-for', { patient: stranger })), '403 forbidden at patient');
    });

    it('are asked for children by who sees them at the front desk, and by nobody else', async () => {
      const chart = await patientOf(await people.register());
      assert.equal((await admin.post('/$add-carer', { email: freshEmail(), patient: chart })).status, 200);
      assert.equal((await admin.get(`/$carers?patient=${chart}`)).status, 200);
      const other = await people.register();
      const asked = { email: freshEmail(), patient: chart };
      assert.equal(refusalOf(await other.post('/$add-carer', asked)), '404 not-found at patient');
      const elsewhere = await people.person('receptionist', 'h2');
      assert.equal(refusalOf(await elsewhere.post('/$add-carer', asked)), '404 not-found at patient');
      assert.equal(refusalOf(await admin.post('/$add-carer', { email: freshEmail() })), '400 required at patient');
      const own = await other.post('/$remove-carer', { id: 'none' });
      assert.equal(refusalOf(own), '404 not-found at id');
    });
  });

  describe('several hospitals', () => {
    it('are seen together, or one at a time', async () => {
      const nurse = await people.register({ role: 'nurse', organization: 'Organization/h1' });
      await admin.call('approve', { account: nurse.account });
      await admin.call('approve', { account: nurse.account, role: 'pharmacist', organization: 'Organization/h2' });
      const person = await people.signIn(nurse.email);
      const all = { roles: ['nurse@h1', 'pharmacist@h2'], organizations: ['h1', 'h2'], type: 'Practitioner' };
      assert.deepEqual(await factsOf(person.accessToken), all);
      const one = await person.call('work-at', { organization: 'Organization/h2' });
      assert.deepEqual(await factsOf(one.accessToken), {
        roles: ['pharmacist'],
        organizations: ['h2'],
        type: 'Practitioner',
      });
      assert.deepEqual(await factsOf((await person.call('work-at', {})).accessToken), all);
      const none = await person.post('/$work-at', { organization: 'Organization/h3' });
      assert.equal(refusalOf(none), '403 forbidden at organization');
      // the last chosen hospital is left: the session ends, the account does not
      await person.call('work-at', { organization: 'Organization/h2' });
      await admin.call('withdraw-role', { account: nurse.account, role: 'pharmacist' });
      assert.equal((await people.guest().post('/$refresh-token', { refreshToken: person.refreshToken })).status, 401);
      assert.deepEqual((await factsOf((await people.signIn(nurse.email)).accessToken)).roles, ['nurse']);
    });
  });

  describe('a shared workstation', () => {
    it('signs off after the pause that was asked for, unless somebody works', async () => {
      const { email } = await people.register();
      const begin = async (idleMinutes: number) => {
        const { challenge } = await people.guest().call('login', { email, password: PASSWORD });
        const code = await people.codeFor(email);
        return people.guest().post('/$verify-otp', { code, challenge, idleMinutes });
      };
      assert.equal(refusalOf(await begin(61)), '400 value at idleMinutes');
      const values = ({ body }: Reply) =>
        Object.fromEntries(
          body.parameter.map(({ name, ...value }: { name: string }) => [name, Object.values(value)[0]]),
        );
      const left = values(await begin(5));
      assert.equal(left.expiresIn, 300);
      assert.equal((await read(left.accessToken, '/$profile')).status, 200);
      let { refreshToken } = values(await begin(5));
      for (let time = 0; time < 3; time++) {
        people.clock.now += 4 * MINUTE;
        const next = await people.guest().call('refresh-token', { refreshToken });
        assert.equal(next.expiresIn, 300);
        refreshToken = next.refreshToken;
      }
      assert.equal((await read(left.accessToken, '/$profile')).status, 401);
      for (const token of [left.refreshToken, refreshToken]) {
        assert.equal(
          (await people.guest().post('/$refresh-token', { refreshToken: token })).status,
          token === refreshToken ? 200 : 401,
        );
      }
      people.clock.now += 6 * MINUTE;
      assert.equal((await people.guest().post('/$refresh-token', { refreshToken })).status, 401);
    });
  });

  describe('$set-limits', () => {
    it('puts an account into the premium class, from its next token on', async () => {
      const person = await people.register();
      await admin.call('set-limits', { account: person.account, limits: 'premium' });
      const next = await people.guest().call('refresh-token', { refreshToken: person.refreshToken });
      assert.equal((await people.server.service.accounts!.tokens.verify(next.accessToken)).limits, 'premium');
      assert.equal(
        refusalOf(await admin.post('/$set-limits', { account: person.account, limits: 'gold' })),
        '400 code-invalid at limits',
      );
      const request = { account: person.account, limits: 'premium' };
      assert.equal((await person.post('/$set-limits', request)).status, 403);
      const ofHospital = await people.person('hospital-admin', 'h1');
      assert.equal((await ofHospital.post('/$set-limits', request)).status, 403);
    });
  });
});
