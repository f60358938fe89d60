// https://hl7.org/fhir/R4/observation-operation-stats.html
import assert from 'node:assert/strict';
import { issueOf, type Reply } from '../support/fhir-client.ts';
import { type Hospital, openHospital, sentenceOf } from '../support/hospital.ts';

const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';

interface Component {
  code: { coding: [{ code: string }]; text?: string };
  valueQuantity?: { value: number; code: string };
}

const resourcesOf = (reply: Reply, name: string) =>
  (reply.body.parameter ?? [])
    .filter((entry: { name: string }) => entry.name === name)
    .map(({ resource }: { resource: unknown }) => resource);
/** `{ 'weight average': '60 kg' }` */
const valuesOf = (reply: Reply): Record<string, string> =>
  Object.fromEntries(
    resourcesOf(reply, 'statistics').flatMap((one: { code: { coding: [{ code: string }] }; component: Component[] }) =>
      one.component.map(({ code, valueQuantity: quantity }) => [
        `${one.code.coding[0].code} ${code.text ?? code.coding[0].code}`,
        quantity === undefined ? 'none' : `${quantity.value} ${quantity.code}`,
      ]),
    ),
  );

describe('Observation/$stats', () => {
  let hospital: Hospital;
  before(async () => {
    hospital = await openHospital('stats');
    await hospital.have({ resourceType: 'Patient', id: 'p1' });
    const quantity = (value: number, code: string, more = {}) => ({ value, unit: code, system: UCUM, code, ...more });
    const loinc = (code: string) => ({ coding: [{ system: LOINC, code }] });
    const observe = (id: string, date: string, code: string, more: Record<string, unknown>) =>
      hospital.have({
        resourceType: 'Observation',
        id,
        status: 'final',
        code: loinc(code),
        subject: { reference: 'Patient/p1' },
        effectiveDateTime: date,
        ...more,
      });
    await observe('w1', '2026-11-01', 'weight', { valueQuantity: quantity(60, 'kg') });
    await observe('w2', '2026-11-11', 'weight', { valueQuantity: quantity(62, 'kg') });
    await observe('w3', '2026-11-21', 'weight', { valueQuantity: quantity(64000, 'g') });
    await observe('w-wrong', '2026-11-21', 'weight', {
      status: 'entered-in-error',
      valueQuantity: quantity(600, 'kg'),
    });
    await observe('w-more', '2026-11-21', 'weight', { valueQuantity: quantity(60, 'kg', { comparator: '>' }) });
    await observe('w-none', '2026-11-22', 'weight', { dataAbsentReason: { text: 'refused' } });
    const bp = (high: number, low: number) => ({
      component: [
        { code: loinc('systolic'), valueQuantity: quantity(high, 'mm[Hg]') },
        { code: loinc('diastolic'), valueQuantity: quantity(low, 'mm[Hg]') },
      ],
    });
    await observe('bp1', '2026-11-22T10:00:00Z', 'bp', bp(120, 80));
    await observe('bp2', '2026-11-23T07:30:00Z', 'bp', bp(130, 84));
    await observe('glucose', '2026-11-20', 'glucose', { valueQuantity: quantity(90, 'mg/dL') });
    await observe('glucose2', '2026-11-20', 'glucose', { valueQuantity: quantity(5, 'mmol/L') });
    await observe('sodium', '2026-11-20', 'sodium', { valueQuantity: quantity(140, 'mmol/L') });
    await observe('panel', '2026-11-20', 'panel', {
      hasMember: [{ reference: 'Observation/sodium' }, { reference: 'Observation/bp1' }],
    });
  });
  after(() => hospital.close());
  const weight = `subject=Patient/p1&system=${LOINC}&code=weight`;

  it('converts units and leaves out what is no measurement', async () => {
    const all = ['average', 'max', 'min', 'count', 'total-count', 'variance', 'std-dev', 'regression', 'kurtosis'];
    const reply = await hospital.get(`/Observation/$stats?${weight}&${all.map((one) => `statistic=${one}`).join('&')}`);
    assert.deepEqual(
      valuesOf(reply),
      {
        'weight average': '62 kg',
        'weight maximum': '64 kg',
        'weight minimum': '60 kg',
        'weight count': '3 1',
        'weight total-count': '5 1',
        'weight variance': '4 kg2',
        'weight std-dev': '2 kg',
        'weight gradient': '0.2 kg/d',
        'weight intercept': '60 kg',
        'weight kurtosis': '1.5 1',
      },
      reply.text,
    );
    const [one] = resourcesOf(reply, 'statistics');
    assert.deepEqual(
      [one.status, one.subject.reference, one.effectivePeriod.start],
      ['final', 'Patient/p1', '2026-11-01T00:00:00.000Z'],
    );
  });

  it('looks at the last hours or at a period', async () => {
    const hours = await hospital.get(`/Observation/$stats?${weight}&statistic=count&duration=96`);
    assert.deepEqual(valuesOf(hours), { 'weight count': '1 1' }, hours.text);
    assert.equal(resourcesOf(hours, 'statistics')[0].effectivePeriod.end, '2026-11-23T08:00:00.000Z');
    const period = await hospital.post('/Observation/$stats', {
      subject: 'Patient/p1',
      coding: [{ system: LOINC, code: 'weight' }],
      statistic: ['average'],
      period: { start: '2026-11-01', end: '2026-11-12' },
    });
    assert.deepEqual(valuesOf(period), { 'weight average': '61 kg' }, period.text);
  });

  it('goes into components and members of panels', async () => {
    const query = (code: string) => `subject=Patient/p1&code=${code}&statistic=average`;
    assert.deepEqual(valuesOf(await hospital.get(`/Observation/$stats?${query('systolic')}`)), {
      'systolic average': '125 mm[Hg]',
    });
    assert.deepEqual(valuesOf(await hospital.get(`/Observation/$stats?${query('bp')}`)), {
      'systolic average': '125 mm[Hg]',
      'diastolic average': '82 mm[Hg]',
    });
    assert.deepEqual(valuesOf(await hospital.get(`/Observation/$stats?${query('panel')}`)), {
      'sodium average': '140 mmol/L',
      'systolic average': '120 mm[Hg]',
      'diastolic average': '80 mm[Hg]',
    });
  });

  it('gives the observations too, as many as are asked for', async () => {
    const reply = await hospital.get(`/Observation/$stats?${weight}&statistic=count&include=true&limit=2`);
    assert.deepEqual(
      resourcesOf(reply, 'source').map(({ id }: { id: string }) => id),
      ['w-none', 'w3'],
      reply.text,
    );
    assert.deepEqual(
      resourcesOf(await hospital.get(`/Observation/$stats?${weight}&statistic=count&limit=2`), 'source'),
      [],
    );
  });

  it('says that nothing was measured', async () => {
    const reply = await hospital.get(
      '/Observation/$stats?subject=Patient/p1&code=never&statistic=count&statistic=median',
    );
    assert.deepEqual(valuesOf(reply), { 'never count': '0 1', 'never median': 'none' }, reply.text);
  });

  it('refuses values whose units have nothing to do with each other', async () => {
    const reply = await hospital.get('/Observation/$stats?subject=Patient/p1&code=glucose&statistic=average');
    assert.deepEqual([reply.status, issueOf(reply)], [422, 'business-rule at code']);
    assert.match(sentenceOf(reply), /mmol\/L and mg\/dL|mg\/dL and mmol\/L/);
  });

  const refused: [query: string, status: number, issue: string][] = [
    ['code=x&statistic=count', 400, 'required at subject'],
    ['subject=Patient/p1&statistic=count', 400, 'required at code'],
    ['subject=Patient/p1&code=x', 400, 'required at statistic'],
    ['subject=Patient/p1&code=x&statistic=averge', 400, 'code-invalid at statistic'],
    ['subject=http://elsewhere.example/Patient/p1&code=x&statistic=count', 400, 'value at subject'],
    ['subject=Patient/p1&code=x&statistic=count&duration=-1', 400, 'value at duration'],
    ['subject=Patient/nobody&code=x&statistic=count', 404, 'not-found'],
  ];
  for (const [query, status, issue] of refused) {
    it(`refuses ${query}`, async () => {
      const reply = await hospital.get(`/Observation/$stats?${query}`);
      assert.deepEqual([reply.status, issueOf(reply)], [status, issue], sentenceOf(reply));
    });
  }
});
