// Whose work may go on: who is still what they were when it began.
import assert from 'node:assert/strict';
import { actingAs } from '../../src/fhir/auth/accounts/acting.ts';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import { FIRST_PARTY, OPERATOR } from '../../src/fhir/auth/oauth/token-claims.ts';
import { createStillAllowed } from '../../src/fhir/auth/still-allowed.ts';
import { callerFrom } from '../../src/fhir/http/authenticate.ts';
import { aCaller } from '../support/callers.ts';
import { freshEmail, openPeople, PASSWORD, type People, type Person } from '../support/people.ts';

describe('work that goes on without its caller', function () {
  this.timeout(60_000);
  let people: People;
  let admin: Person;
  let isStill: (caller: Caller) => Promise<boolean>;
  before(async () => {
    people = await openPeople('still_allowed');
    admin = await people.person('admin');
    for (const id of ['h1', 'h2'])
      await admin.put(`/Organization/${id}`, { resourceType: 'Organization', id, name: id });
    const { signIn } = people.server.service.accounts!;
    isStill = createStillAllowed({ signIn, clients: people.oauth.clients, own: [FIRST_PARTY, OPERATOR], actingAs });
  });
  after(() => people.close());

  const callerOf = async (accessToken: string): Promise<Caller> =>
    callerFrom(await people.oauth.tokens.verify(accessToken), '192.0.2.1');
  const nurseOfTwo = async (): Promise<Person> => {
    const { email, account } = await people.register({ role: 'nurse', organization: 'Organization/h1' });
    await admin.call('approve', { account });
    await admin.call('approve', { account, role: 'nurse', organization: 'Organization/h2' });
    return people.signIn(email);
  };

  it('is a person’s whose account is in use, and nobody’s after a deactivation', async () => {
    const person = await people.register();
    const caller = await callerOf(person.accessToken);
    assert.equal(await isStill(caller), true);
    await admin.call('deactivate', { account: person.account });
    assert.equal(await isStill(caller), false);
    await admin.call('reactivate', { account: person.account });
    assert.equal(await isStill(caller), true);
  });

  it('ends with the role at a hospital that it was done as, and not with one at another', async () => {
    const nurse = await nurseOfTwo();
    const both = await callerOf(nurse.accessToken);
    const { accessToken } = await nurse.call('work-at', { organization: 'Organization/h1' });
    const one = await callerOf(accessToken);
    assert.deepEqual([await isStill(both), await isStill(one)], [true, true]);
    await admin.call('withdraw-role', { account: nurse.account, role: 'nurse', organization: 'Organization/h2' });
    assert.deepEqual([await isStill(both), await isStill(one)], [false, true]);
  });

  it('ends with the care for a patient', async () => {
    const patient = await people.register();
    const email = freshEmail();
    await patient.call('add-carer', { email });
    const token = await people.inMailTo(email, /\/invitation\/(\S+)/);
    await people.guest().call('accept-invitation', { token, firstName: 'Anna', lastName: 'Small', password: PASSWORD });
    const carer = await callerOf((await people.signIn(email)).accessToken);
    assert.equal(await isStill(carer), true);
    await patient.call('remove-carer', { id: (await patient.call('carers')).carer.id });
    assert.equal(await isStill(carer), false);
  });

  it('ends with a client that was disabled, and is never the command line’s to lose', async () => {
    const jwks = { keys: [{ kty: 'EC', crv: 'P-384', x: 'A'.repeat(64), y: 'A'.repeat(64), alg: 'ES384' }] };
    const { id } = (
      await admin.call('register-client', {
        name: 'Warehouse',
        backend: true,
        scope: 'system/*.rs',
        jwks: JSON.stringify(jwks),
      })
    ).client;
    const client = { ...aCaller('system'), kind: 'client', id, client: id } as const;
    assert.equal(await isStill(client), true);
    await admin.call('disable-client', { id });
    assert.equal(await isStill(client), false);
    assert.equal(await isStill({ ...client, id: OPERATOR, client: OPERATOR }), true);
    assert.equal(await isStill({ ...client, id: 'gone', client: 'gone' }), false);
  });
});
