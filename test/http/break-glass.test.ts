// X-Break-Glass through HTTP: who may see by it what is hidden, and that the reason is on record as it was written.
import assert from 'node:assert/strict';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import { aPatient, type Reply } from '../support/fhir-client.ts';
import { openPeople, type People, type Person, refusalOf } from '../support/people.ts';

const REASON = 'bewußtlos nach Unfall';
const urgent = { 'x-break-glass': 'unconscious after an accident' };
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

  it('is on record with the patient, also where the answer does not name one', async () => {
    const security = [{ system: OWNER_SYSTEM, code: 'h1' }];
    const subject = { reference: 'Patient/p1' };
    const letter = { status: 'current', subject, content: [{ attachment: { url: 'Binary/scan' } }] };
    const context = { reference: 'DocumentReference/letter' };
    const scan = { contentType: 'text/plain', data: 'eA==', securityContext: context };
    for (const [resourceType, id, content] of [
      ['DocumentReference', 'letter', { ...letter, meta: { security: [...security, RESTRICTED] } }],
      ['Binary', 'scan', { ...scan, meta: { security } }],
    ] as const) {
      const { status, text } = await admin.put(`/${resourceType}/${id}`, { resourceType, id, ...content });
      assert.equal(status, 201, text);
    }
    const doctor = await people.person('doctor', 'h1');
    const batch = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'GET', url: 'Binary/scan' } }],
    };
    const ways: readonly (readonly [string, () => Promise<Reply>])[] = [
      ['raw', () => doctor.get('/Binary/scan', { ...urgent, accept: 'text/plain', 'x-request-id': 'raw' })],
      [
        'json',
        () => doctor.get('/Binary/scan', { ...urgent, accept: 'application/fhir+json', 'x-request-id': 'json' }),
      ],
      ['vread', () => doctor.get('/Binary/scan/_history/1', { ...urgent, 'x-request-id': 'vread' })],
      ['batch', () => doctor.post('/', batch, { ...urgent, 'x-request-id': 'batch' })],
      ['meta', () => doctor.get('/DocumentReference/letter/$meta', { ...urgent, 'x-request-id': 'meta' })],
      [
        'meta-post',
        () => doctor.post('/DocumentReference/letter/$meta', undefined, { ...urgent, 'x-request-id': 'meta-post' }),
      ],
    ];
    for (const [request, run] of ways) {
      const { status, text } = await run();
      assert.equal(status, 200, `${request}: ${text}`);
      const { body } = await admin.get(`/AuditEvent?patient=p1&subtype=110127&entity:identifier=${request}`);
      assert.equal(body.entry?.length, 1, request);
    }
    assert.equal((await doctor.get('/Binary/scan', { accept: 'text/plain' })).status, 404);
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
