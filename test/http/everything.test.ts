// https://hl7.org/fhir/R4/patient-operation-everything.html
import assert from 'node:assert/strict';
import { issueOf, type Reply } from '../support/fhir-client.ts';
import { type Hospital, openHospital, sentenceOf } from '../support/hospital.ts';

interface Entry {
  fullUrl: string;
  resource: { resourceType: string; id: string };
  search: { mode: string };
}

const nameOf = ({ resource }: Entry): string => `${resource.resourceType}/${resource.id}`;
const entriesOf = (reply: Reply): Entry[] => reply.body.entry ?? [];
const namesOf = (reply: Reply, mode?: string): string[] =>
  entriesOf(reply)
    .filter(({ search }) => mode === undefined || search.mode === mode)
    .map(nameOf)
    .sort();
const linkOf = (reply: Reply, relation: string): string | undefined =>
  reply.body.link?.find((link: { relation: string }) => link.relation === relation)?.url;

describe('$everything', () => {
  let hospital: Hospital;
  before(async () => {
    hospital = await openHospital('everything');
    const to = (reference: string) => ({ reference });
    const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }] });
    await hospital.have({ resourceType: 'Organization', id: 'org', name: 'City', partOf: to('Organization/trust') });
    await hospital.have({ resourceType: 'Organization', id: 'trust', name: 'Trust' });
    await hospital.have({ resourceType: 'Practitioner', id: 'doc', name: [{ family: 'House' }] });
    await hospital.have({ resourceType: 'Practitioner', id: 'stranger', name: [{ family: 'Nobody' }] });
    await hospital.have({ resourceType: 'Location', id: 'ward', managingOrganization: to('Organization/org') });
    await hospital.have({ resourceType: 'Medication', id: 'pill', code: { text: 'Pill' } });
    await hospital.have({ resourceType: 'Binary', id: 'scan', contentType: 'text/plain', data: 'SGVsbG8=' });
    for (const id of ['p1', 'p2', 'p3'])
      await hospital.have({
        resourceType: 'Patient',
        id,
        birthDate: '1950-01-01',
        generalPractitioner: [to('Practitioner/doc')],
      });
    await hospital.have({
      resourceType: 'Encounter',
      id: 'e1',
      status: 'finished',
      class: { code: 'AMB' },
      subject: to('Patient/p1'),
      period: { start: '2026-01-10', end: '2026-01-11' },
      location: [{ location: to('Location/ward') }],
      participant: [{ individual: to(`${hospital.base}/Practitioner/doc`) }],
    });
    for (const [id, date, encounter] of [
      ['o1', '2026-01-10', 'e1'],
      ['o2', '2026-02-10', undefined],
      ['o3', '2026-03-10', undefined],
    ] as const) {
      await hospital.have({
        resourceType: 'Observation',
        id,
        status: 'final',
        code: loinc('8302-2'),
        subject: to('Patient/p1'),
        effectiveDateTime: date,
        performer: [to('Practitioner/doc')],
        ...(encounter && { encounter: to(`Encounter/${encounter}`) }),
        // a sibling's result, which is none of this patient's business
        ...(id === 'o2' && { derivedFrom: [to('Observation/of-p2')] }),
      });
    }
    await hospital.have({
      resourceType: 'Observation',
      id: 'of-p2',
      status: 'final',
      code: loinc('1-8'),
      subject: to('Patient/p2'),
    });
    await hospital.have({
      resourceType: 'MedicationRequest',
      id: 'm1',
      status: 'active',
      intent: 'order',
      subject: to('Patient/p1'),
      authoredOn: '2026-01-10',
      medicationReference: to('Medication/pill'),
    });
    await hospital.have({
      resourceType: 'DocumentReference',
      id: 'd1',
      status: 'current',
      subject: to('Patient/p1'),
      content: [{ attachment: { url: 'Binary/scan' } }],
    });
    await hospital.have({
      resourceType: 'Task',
      id: 't1',
      status: 'requested',
      intent: 'order',
      for: to('Patient/p1'),
    });
    await hospital.have({
      resourceType: 'Group',
      id: 'g1',
      type: 'person',
      actual: true,
      member: [{ entity: to('Patient/p1') }, { entity: to('Patient/p3'), inactive: true }, { entity: to('Group/g2') }],
    });
    await hospital.have({
      resourceType: 'Group',
      id: 'g2',
      type: 'person',
      actual: true,
      member: [{ entity: to('Patient/p2') }, { entity: to('Group/g1') }],
    });
  });
  after(() => hospital.close());

  const records = [
    'DocumentReference/d1',
    'Encounter/e1',
    'Group/g1',
    'MedicationRequest/m1',
    'Observation/o1',
    'Observation/o2',
    'Observation/o3',
    'Patient/p1',
    'Task/t1',
  ];
  const referred = [
    'Binary/scan',
    'Location/ward',
    'Medication/pill',
    'Organization/org',
    'Organization/trust',
    'Practitioner/doc',
  ];

  it('gives a patient, the records and what they refer to, each once', async () => {
    const reply = await hospital.get('/Patient/p1/$everything');
    assert.deepEqual([namesOf(reply, 'match'), namesOf(reply, 'include')], [records, referred], reply.text);
    assert.deepEqual([reply.status, reply.body.type, reply.body.total], [200, 'searchset', records.length]);
    assert.equal(nameOf(entriesOf(reply)[0]!), 'Patient/p1');
    assert.equal(entriesOf(reply)[0]!.fullUrl, `${hospital.base}/Patient/p1`);
    assert.equal(linkOf(reply, 'next'), undefined);
  });

  it('answers the same to POST', async () => {
    const parameter = [{ name: '_type', valueCode: 'Observation,Practitioner' }];
    const reply = await hospital.post('/Patient/p1/$everything', { resourceType: 'Parameters', parameter });
    assert.deepEqual(
      namesOf(reply),
      ['Observation/o1', 'Observation/o2', 'Observation/o3', 'Practitioner/doc'],
      reply.text,
    );
  });

  it('leads through pages of any size to the same, nothing twice', async () => {
    for (const count of [1, 2, 3, 5, 13]) {
      const seen: string[] = [];
      let url: string | undefined = `/Patient/p1/$everything?_count=${count}`;
      for (let pages = 0; url !== undefined; pages++) {
        assert.ok(pages < 30, 'the pages have no end');
        const reply: Reply = await hospital.get(url);
        assert.equal(reply.status, 200, reply.text);
        assert.ok(entriesOf(reply).length <= count);
        seen.push(...entriesOf(reply).map(nameOf));
        url = linkOf(reply, 'next');
      }
      assert.deepEqual(seen.sort(), [...records, ...referred].sort(), `_count=${count}`);
    }
  });

  it('goes on where it was while records come and go', async () => {
    const first = await hospital.get('/Patient/p1/$everything?_count=4&_type=Observation,Encounter');
    assert.deepEqual(
      namesOf(first),
      ['Encounter/e1', 'Observation/o1', 'Observation/o2', 'Observation/o3'].slice(0, 4),
      first.text,
    );
    const begin = await hospital.get('/Patient/p1/$everything?_count=2&_type=Observation');
    assert.deepEqual(entriesOf(begin).map(nameOf), ['Observation/o3', 'Observation/o2']);
    const { body } = await hospital.get('/Observation/o3');
    await hospital.delete('/Observation/o3');
    const rest = await hospital.get(linkOf(begin, 'next')!);
    assert.deepEqual(namesOf(rest), ['Observation/o1'], rest.text);
    await hospital.have(body);
  });

  const narrowed: [query: string, expected: string[]][] = [
    ['start=2026-02-01&_type=Observation,Encounter,Patient', ['Observation/o2', 'Observation/o3', 'Patient/p1']],
    ['start=2026-01-01&end=2026-01-31&_type=Observation,Encounter', ['Encounter/e1', 'Observation/o1']],
    ['end=2026-01-10&_type=Observation', ['Observation/o1']],
    ['_type=Practitioner', ['Practitioner/doc']],
    ['_type=Task&_type=Medication', ['Medication/pill', 'Task/t1']],
    ['_since=2100-01-01T00:00:00Z', []],
    ['_since=2100-01-01T00:00:00+02:00', []],
  ];
  for (const [query, expected] of narrowed) {
    it(`obeys ${query}`, async () => {
      const reply = await hospital.get(`/Patient/p1/$everything?${query}`);
      assert.deepEqual(namesOf(reply), expected, reply.text);
    });
  }

  it('tells what changed since a moment, also among what is referred to', async () => {
    hospital.clock.now += 3_600_000;
    const since = new Date(hospital.clock.now).toISOString();
    await hospital.have({ resourceType: 'Practitioner', id: 'doc', name: [{ family: 'Cuddy' }] });
    const reply = await hospital.get(`/Patient/p1/$everything?_since=${since}`);
    assert.deepEqual(namesOf(reply), ['Practitioner/doc'], reply.text);
  });

  it('shows less of each resource where that is asked for', async () => {
    const reply = await hospital.get('/Patient/p1/$everything?_elements=status&_type=Observation&_count=1');
    const { resource } = entriesOf(reply)[0]! as Entry & { resource: Record<string, unknown> };
    assert.equal(resource.performer, undefined, reply.text);
    assert.match(linkOf(reply, 'next')!, /_elements=status/);
  });

  it('gives an encounter, its compartment, its patient and what they refer to', async () => {
    const reply = await hospital.get('/Encounter/e1/$everything');
    assert.deepEqual(namesOf(reply, 'match'), ['Encounter/e1', 'Observation/o1'], reply.text);
    assert.deepEqual(namesOf(reply, 'include'), [
      'Location/ward',
      'Organization/org',
      'Organization/trust',
      'Patient/p1',
      'Practitioner/doc',
    ]);
  });

  it('gives the active patients of a group, those of nested groups too', async () => {
    const reply = await hospital.get('/Group/g1/$everything');
    assert.deepEqual(
      namesOf(reply).filter((name) => name.startsWith('Patient/')),
      ['Patient/p1', 'Patient/p2'],
      reply.text,
    );
    assert.ok(namesOf(reply).includes('Observation/of-p2'));
    assert.equal(new Set(namesOf(reply)).size, namesOf(reply).length);
  });

  it('gives every patient on the type, thirty at a time', async () => {
    for (let number = 0; number < 65; number++) await hospital.have({ resourceType: 'Patient', id: `many-${number}` });
    const seen: string[] = [];
    for (let url: string | undefined = '/Patient/$everything?_count=40&_type=Patient'; url !== undefined; ) {
      const reply: Reply = await hospital.get(url);
      seen.push(...entriesOf(reply).map(nameOf));
      url = linkOf(reply, 'next');
    }
    assert.equal(new Set(seen).size, 68);
    assert.equal(seen.length, 68);
  });

  it('answers 404 and 410 where the subject is not there', async () => {
    assert.equal(issueOf(await hospital.get('/Patient/nobody/$everything')), 'not-found');
    await hospital.have({ resourceType: 'Patient', id: 'gone' });
    await hospital.delete('/Patient/gone');
    const reply = await hospital.get('/Patient/gone/$everything');
    assert.deepEqual([reply.status, issueOf(reply)], [410, 'deleted']);
    assert.equal((await hospital.get('/Encounter/none/$everything')).status, 404);
    assert.equal((await hospital.get('/Group/none/$everything')).status, 404);
  });

  const refused: [query: string, issue: string][] = [
    ['_type=Observation,Nonsense', 'value at _type'],
    ['_count=0', 'value at _count'],
    ['_count=few', 'structure at _count'],
    ['start=yesterday', 'value at start'],
    ['_since=2026', 'value at _since'],
    ['_cursor=broken', 'invalid at _cursor'],
    ['typ=Observation', 'not-supported at typ'],
  ];
  for (const [query, issue] of refused) {
    it(`refuses ${query}`, async () => {
      const reply = await hospital.get(`/Patient/p1/$everything?${query}`);
      assert.deepEqual([reply.status, issueOf(reply)], [400, issue], sentenceOf(reply));
    });
  }
});
