// X-Break-Glass through HTTP: who may see by it what is hidden, and that the reason is on record as it was written.
import assert from 'node:assert/strict';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import { aPatient } from '../support/fhir-client.ts';
import { openPeople, type People, type Person, refusalOf } from '../support/people.ts';

const REASON = 'bewußtlos nach Unfall';
const RESTRICTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' };

describe('the glass', () => {
  let people: People;
  let admin: Person;
  before(async () => {
    people = await openPeople('break_glass', { audit: true });
    admin = await people.person('admin');
    await admin.put('/Organization/h1', { resourceType: 'Organization', id: 'h1' });
    const security = [{ system: OWNER_SYSTEM, code: 'h1' }, RESTRICTED];
    const { status } = await admin.put('/Patient/p1', aPatient({ id: 'p1', meta: { security } }));
    assert.equal(status, 201);
  });
  after(() => people.close());

  it('is broken by a doctor with a reason, which is on record', async () => {
    const doctor = await people.person('doctor', 'h1');
    assert.equal((await doctor.get('/Patient/p1')).status, 404);
    // as browsers and fetch write it: the bytes of UTF-8
    const header = { 'x-break-glass': Buffer.from(REASON).toString('latin1') };
    assert.equal((await doctor.get('/Patient/p1', header)).status, 200);
    assert.equal((await doctor.get('/Patient/p1')).status, 404, 'the next request is decided without it');
    const { body } = await admin.get('/AuditEvent?patient=p1&subtype=110127');
    assert.equal(body.entry[0].resource.purposeOfEvent[0].text, REASON);
  });

  it('is not for others, nor without a reason', async () => {
    const doctor = await people.person('doctor', 'h1');
    const pharmacist = await people.person('pharmacist', 'h1');
    for (const [who, reason, expected] of [
      [pharmacist, 'in a hurry', '403 forbidden'],
      [people.guest(), 'in a hurry', '401 login'],
      [people.guest(), ' ', '401 login'],
      [doctor, 'why', '400 value'],
      [doctor, ' ', '400 invalid'],
      [doctor, 'x'.repeat(501), '400 invalid'],
    ] as const) {
      assert.equal(refusalOf(await who.get('/Patient/p1', { 'x-break-glass': reason })), expected);
    }
  });
});
