// https://hl7.org/fhir/uv/ips/OperationDefinition-summary.html
import assert from 'node:assert/strict';
import { issueOf, type Reply } from '../support/fhir-client.ts';
import { type Hospital, openHospital, sentenceOf } from '../support/hospital.ts';

interface Section {
  title: string;
  code: { coding: [{ code: string }] };
  text: { div: string };
  entry?: { reference: string }[];
  emptyReason?: { coding: [{ code: string }] };
}
interface Entry {
  fullUrl: string;
  // biome-ignore lint/suspicious/noExplicitAny: resources of every type
  resource: any;
}

const sectionsOf = ({ body }: Reply): Section[] => body.entry[0].resource.section;
/** what each section's entries are, by LOINC code */
const contentsOf = (reply: Reply): Record<string, string[]> => {
  const byUrl = new Map<string, Entry>(reply.body.entry.map((entry: Entry) => [entry.fullUrl, entry]));
  const base = reply.body.entry[1].fullUrl.replace(/Patient\/.*$/, '');
  return Object.fromEntries(
    sectionsOf(reply).map(({ code, entry = [] }) => [
      code.coding[0].code,
      entry.map(({ reference }) => {
        const found = byUrl.get(reference.startsWith('urn:') ? reference : base + reference);
        assert.ok(found, `${reference} is not in the document`);
        return reference.startsWith('urn:') ? `new ${found.resource.resourceType}` : reference;
      }),
    ]),
  );
};

describe('Patient/$summary', () => {
  let hospital: Hospital;
  const to = (reference: string) => ({ reference });
  const of = (system: string, code: string) => ({ coding: [{ system, code }] });
  before(async () => {
    hospital = await openHospital('summary');
    await hospital.have({ resourceType: 'Organization', id: 'org', name: 'City' });
    await hospital.have({ resourceType: 'Practitioner', id: 'doc', name: [{ family: 'House' }] });
    await hospital.have({
      resourceType: 'Patient',
      id: 'empty',
      identifier: [{ system: 'http://h.example/mrn', value: '1' }],
      name: [{ family: 'Leer' }],
      birthDate: '1970-01-01',
    });
    await hospital.have({
      resourceType: 'Patient',
      id: 'p1',
      name: [{ family: 'Voll' }],
      birthDate: '1970-01-01',
      managingOrganization: to('Organization/org'),
    });
    const own = { subject: to('Patient/p1') };
    const clinical = (code: string) => of('http://terminology.hl7.org/CodeSystem/condition-clinical', code);
    const verified = (code: string) => of('http://terminology.hl7.org/CodeSystem/condition-ver-status', code);
    await hospital.have({
      resourceType: 'Condition',
      id: 'asthma',
      ...own,
      clinicalStatus: clinical('active'),
      code: { text: 'Asthma <severe> & old' },
      onsetDateTime: '2020-01',
    });
    await hospital.have({
      resourceType: 'Condition',
      id: 'flu',
      ...own,
      clinicalStatus: clinical('resolved'),
      code: { text: 'Flu' },
    });
    await hospital.have({
      resourceType: 'Condition',
      id: 'never',
      ...own,
      clinicalStatus: clinical('active'),
      verificationStatus: verified('refuted'),
      code: { text: 'Gout' },
    });
    await hospital.have({ resourceType: 'Medication', id: 'pill', code: { text: 'Salbutamol' } });
    const order = { resourceType: 'MedicationRequest', intent: 'order', ...own };
    await hospital.have({
      ...order,
      id: 'm1',
      status: 'active',
      medicationReference: to('Medication/pill'),
      requester: to('Practitioner/doc'),
      dosageInstruction: [{ text: 'twice a day' }],
    });
    await hospital.have({ ...order, id: 'm2', status: 'stopped', medicationCodeableConcept: { text: 'Old' } });
    await hospital.have({
      ...order,
      id: 'm3',
      status: 'active',
      doNotPerform: true,
      medicationCodeableConcept: { text: 'Never' },
    });
    await hospital.have({
      ...order,
      id: 'm4',
      status: 'active',
      intent: 'proposal',
      medicationCodeableConcept: { text: 'Maybe' },
    });
    await hospital.have({
      resourceType: 'Immunization',
      id: 'i1',
      status: 'completed',
      vaccineCode: { text: 'Tetanus' },
      patient: to('Patient/p1'),
      occurrenceDateTime: '2021-05-01',
    });
    await hospital.have({
      resourceType: 'Immunization',
      id: 'i2',
      status: 'not-done',
      vaccineCode: { text: 'Flu' },
      patient: to('Patient/p1'),
      occurrenceDateTime: '2021-05-01',
    });
    const observe = (id: string, category: string, code: string, date: string, more: Record<string, unknown> = {}) =>
      hospital.have({
        resourceType: 'Observation',
        id,
        status: 'final',
        category: [of('http://terminology.hl7.org/CodeSystem/observation-category', category)],
        code: of('http://loinc.org', code),
        effectiveDateTime: date,
        ...own,
        ...more,
      });
    await observe('hb-old', 'laboratory', '718-7', '2020-01-01');
    await observe('hb', 'laboratory', '718-7', '2024-01-01', {
      valueQuantity: { value: 13.5, unit: 'g/dL' },
      performer: [to('Practitioner/doc')],
    });
    await observe('pulse', 'vital-signs', '8867-4', '2024-01-01');
    await observe('smoking', 'social-history', '72166-2', '2024-01-01', { valueCodeableConcept: { text: 'never' } });
    await observe('edd', 'exam', '11778-8', '2024-01-01');
    await observe('wrong', 'vital-signs', '8302-2', '2024-01-01', { status: 'entered-in-error' });
    await hospital.have({
      resourceType: 'Procedure',
      id: 'pr',
      status: 'completed',
      ...own,
      code: { text: 'Appendectomy' },
      performedDateTime: '2001',
    });
    await hospital.have({
      resourceType: 'Device',
      id: 'pacemaker',
      status: 'active',
      patient: to('Patient/p1'),
      type: { text: 'Pacemaker' },
    });
    await hospital.have({
      resourceType: 'CarePlan',
      id: 'plan',
      status: 'active',
      intent: 'plan',
      ...own,
      title: 'Breathe',
    });
    // told by the patient, of somebody else
    await hospital.have({
      resourceType: 'AllergyIntolerance',
      id: 'of-child',
      patient: to('Patient/child'),
      asserter: to('Patient/p1'),
      clinicalStatus: of('http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', 'active'),
      code: { text: 'Nuts' },
    });
    await hospital.have({ resourceType: 'Flag', id: 'flag', status: 'active', code: { text: 'Falls' }, ...own });
  });
  after(() => hospital.close());

  it('says that nothing is known where nothing is recorded, in the required sections', async () => {
    const reply = await hospital.get('/Patient/empty/$summary');
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(contentsOf(reply), { '11450-4': [], '48765-2': [], '10160-0': [] });
    for (const { emptyReason, text } of sectionsOf(reply)) {
      assert.equal(emptyReason?.coding[0].code, 'unavailable');
      assert.match(text.div, /No information about (problems|allergies|medications)/);
    }
  });

  it('has what matters now, in its sections', async () => {
    const reply = await hospital.get('/Patient/p1/$summary');
    assert.deepEqual(
      contentsOf(reply),
      {
        '11450-4': ['Condition/asthma'],
        '48765-2': [],
        '10160-0': ['MedicationRequest/m1'],
        '11369-6': ['Immunization/i1'],
        '30954-2': ['Observation/hb'],
        '47519-4': ['Procedure/pr'],
        '46264-8': ['new DeviceUseStatement'],
        '8716-3': ['Observation/pulse'],
        '29762-2': ['Observation/smoking'],
        '10162-6': ['Observation/edd'],
        '18776-5': ['CarePlan/plan'],
        '11348-0': ['Condition/flu'],
        '104605-1': ['Flag/flag'],
      },
      reply.text,
    );
    const names = reply.body.entry.map(({ resource }: Entry) => `${resource.resourceType}/${resource.id}`);
    for (const name of ['Practitioner/doc', 'Organization/org', 'Medication/pill', 'Device/pacemaker'])
      assert.ok(names.includes(name), name);
  });

  it('is a document: a composition first, the patient, every fullUrl once', async () => {
    const { body } = await hospital.get('/Patient/p1/$summary');
    assert.deepEqual([body.type, body.timestamp], ['document', '2026-11-23T08:00:00.000Z']);
    assert.equal(body.meta.profile[0], 'http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips');
    assert.match(body.identifier.value, /^urn:uuid:/);
    const [composition, patient] = body.entry;
    assert.deepEqual([composition.resource.resourceType, patient.resource.id], ['Composition', 'p1']);
    assert.equal(new Set(body.entry.map(({ fullUrl }: Entry) => fullUrl)).size, body.entry.length);
    const checked = await hospital.post('/Bundle', body);
    assert.equal(checked.status, 201, checked.text);
  });

  it('can be read by people: each section tells its entries, escaped', async () => {
    const reply = await hospital.get('/Patient/p1/$summary');
    const textOf = (code: string) => sectionsOf(reply).find((one) => one.code.coding[0].code === code)!.text.div;
    assert.match(textOf('11450-4'), /Asthma &lt;severe&gt; &amp; old<\/td><td><\/td><td>2020-01<\/td><td>active/);
    assert.match(textOf('10160-0'), /Salbutamol<\/td><td>twice a day/);
    assert.match(textOf('30954-2'), /718-7<\/td><td>13.5 g\/dL/);
    assert.match(textOf('46264-8'), /Pacemaker/);
  });

  it('finds the patient by identifier, by POST too', async () => {
    const get = await hospital.get('/Patient/$summary?identifier=http://h.example/mrn|1');
    assert.equal(get.body.entry[1].resource.id, 'empty', get.text);
    const post = await hospital.post('/Patient/p1/$summary', {
      profile: 'http://hl7.org/fhir/uv/ips/StructureDefinition/Composition-uv-ips',
    });
    assert.equal(post.body.entry[1].resource.id, 'p1', post.text);
  });

  const refused: [path: string, status: number, issue: string][] = [
    ['/Patient/nobody/$summary', 404, 'not-found'],
    ['/Patient/$summary', 400, 'required at identifier'],
    ['/Patient/$summary?identifier=none', 404, 'not-found at identifier'],
    ['/Patient/p1/$summary?identifier=1', 400, 'invalid at identifier'],
    ['/Patient/p1/$summary?profile=http://x.example/other', 400, 'not-supported at profile'],
  ];
  for (const [path, status, issue] of refused) {
    it(`refuses ${path}`, async () => {
      const reply = await hospital.get(path);
      assert.deepEqual([reply.status, issueOf(reply)], [status, issue], sentenceOf(reply));
    });
  }
});
