// https://hl7.org/fhir/R4/observation-operation-lastn.html
import assert from 'node:assert/strict';
import { issueOf, type Reply } from '../support/fhir-client.ts';
import { type Hospital, openHospital, sentenceOf } from '../support/hospital.ts';

const idsOf = (reply: Reply, mode = 'match'): string[] =>
  (reply.body.entry ?? [])
    .filter(({ search }: { search: { mode: string } }) => search.mode === mode)
    .map(({ resource }: { resource: { id: string } }) => resource.id);

describe('Observation/$lastn', () => {
  let hospital: Hospital;
  const LOINC = 'http://loinc.org';
  before(async () => {
    hospital = await openHospital('lastn');
    await hospital.have({ resourceType: 'Patient', id: 'p1' });
    await hospital.have({ resourceType: 'Patient', id: 'p2' });
    const observe = (id: string, date: string | undefined, code: unknown, more: Record<string, unknown> = {}) =>
      hospital.have({
        resourceType: 'Observation',
        id,
        status: 'final',
        category: [{ coding: [{ code: 'vital-signs' }] }],
        code: code as Record<string, unknown>,
        subject: { reference: 'Patient/p1' },
        ...(date && { effectiveDateTime: date }),
        ...more,
      });
    const coded = (...codes: string[]) => ({ coding: codes.map((code) => ({ system: LOINC, code })) });
    await observe('a1', '2026-01-01', coded('a'));
    await observe('a2', '2026-01-02', coded('a'));
    await observe('a3', '2026-01-03', coded('a'));
    await observe('a3-tie', '2026-01-03', coded('a'));
    await observe('b1', '2026-01-05', coded('b'));
    // an old one says that c and d are the same
    await observe('c1', '2026-01-06', coded('c'));
    await observe('d1', '2026-01-04', coded('d'));
    await observe('cd', '2020-01-01', coded('c', 'd'));
    await observe('other-system', '2026-01-01', { coding: [{ system: 'http://x.example', code: 'a' }] });
    await observe('text', '2026-01-01', { text: 'Text' });
    await observe('text-older', '2025-01-01', { text: 'Text' });
    await observe('text-lower', '2024-01-01', { text: 'text' });
    await observe('wrong', '2026-02-01', coded('b'), { status: 'entered-in-error' });
    await observe('lab', '2026-01-01', coded('l'), { category: [{ coding: [{ code: 'laboratory' }] }] });
    await observe('elsewhere', '2026-03-01', coded('a'), { subject: { reference: 'Patient/p2' } });
  });
  after(() => hospital.close());

  const VITALS = 'patient=p1&category=vital-signs';
  const rows: [query: string, expected: string[]][] = [
    [VITALS, ['wrong', 'c1', 'a3', 'a3-tie', 'other-system', 'text', 'text-lower']],
    [
      `${VITALS}&max=3`,
      ['wrong', 'c1', 'b1', 'd1', 'a3', 'a3-tie', 'a2', 'other-system', 'text', 'text-older', 'text-lower', 'cd'],
    ],
    [`${VITALS}&status=final&code=http://loinc.org|b`, ['b1']],
    ['subject=Patient/p1&code=a', ['a3', 'a3-tie', 'other-system']],
    ['patient=p1&category=laboratory', ['lab']],
    [`${VITALS}&date=lt2026-01-03&code=http://loinc.org|a&max=1`, ['a2']],
    ['patient=p1,p2&code=http://loinc.org|a', ['elsewhere', 'a3', 'a3-tie']],
    ['patient=nobody&category=vital-signs', []],
  ];
  for (const [query, expected] of rows) {
    it(`finds the newest of each code: ${query}`, async () => {
      const reply = await hospital.get(`/Observation/$lastn?${query}`);
      assert.deepEqual(idsOf(reply).sort(), [...expected].sort(), reply.text);
      assert.deepEqual([reply.status, reply.body.type, reply.body.total], [200, 'searchset', expected.length]);
    });
  }

  it('shows the newest first', async () => {
    const reply = await hospital.get(`/Observation/$lastn?${VITALS}&max=2`);
    const dates = reply.body.entry.map(
      ({ resource }: { resource: { effectiveDateTime: string } }) => resource.effectiveDateTime,
    );
    assert.deepEqual(dates, [...dates].sort().reverse());
  });

  it('takes POST, includes, and less of each resource', async () => {
    const asked = [
      { name: 'max', valuePositiveInt: 2 },
      { name: 'patient', valueString: 'Patient/p1' },
      { name: 'code', valueString: 'http://loinc.org|a' },
      { name: '_include', valueString: 'Observation:subject' },
      { name: '_elements', valueString: 'code' },
    ];
    const reply = await hospital.post('/Observation/$lastn', { resourceType: 'Parameters', parameter: asked });
    assert.deepEqual([idsOf(reply), idsOf(reply, 'include')], [['a3', 'a3-tie'], ['p1']], reply.text);
    assert.equal(reply.body.entry[0].resource.category, undefined);
    assert.match(reply.body.link[0].url, /\$lastn\?patient=Patient\/p1&code=.*&max=2$/);
    const plain = await hospital.post('/Observation/$lastn', { max: 1, patient: 'Patient/p1', category: 'laboratory' });
    assert.deepEqual(idsOf(plain), ['lab'], plain.text);
  });

  it('says what a lenient search went on without', async () => {
    const reply = await hospital.get(`/Observation/$lastn?${VITALS}&nonsense=1`);
    assert.equal(reply.body.entry.at(-1).resource.resourceType, 'OperationOutcome', reply.text);
    const strict = await hospital.get(`/Observation/$lastn?${VITALS}&nonsense=1`, { prefer: 'handling=strict' });
    assert.equal(strict.status, 400);
  });

  const refused: [query: string, issue: string][] = [
    ['category=vital-signs', 'required at patient'],
    ['patient:missing=false&category=vital-signs', 'required at patient'],
    ['patient=p1', 'required at category'],
    [`${VITALS}&max=0`, 'value at max'],
    [`${VITALS}&_sort=date`, 'not-supported at _sort'],
    [`${VITALS}&_count=5`, 'not-supported at _count'],
  ];
  for (const [query, issue] of refused) {
    it(`refuses ${query}`, async () => {
      const reply = await hospital.get(`/Observation/$lastn?${query}`);
      assert.deepEqual([reply.status, issueOf(reply)], [400, issue], sentenceOf(reply));
    });
  }
});
