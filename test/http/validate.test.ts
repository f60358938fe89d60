// $validate: https://hl7.org/fhir/R4/resource-operation-validate.html
import assert from 'node:assert/strict';
import { createFhirClient, type FhirClient, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const CORE = 'http://hl7.org/fhir/StructureDefinition';
const text = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">said</div>' };
const weight = {
  resourceType: 'Observation',
  text,
  status: 'final',
  category: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
  subject: { reference: 'Patient/p1' },
  effectiveDateTime: '2024-05-01',
  valueQuantity: { value: 70, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
};
const { category: _category, ...uncategorised } = weight;

/** `error value Patient.gender`, without what only says that something is not loaded here */
const findings = ({ body }: Reply): string[] =>
  body.issue
    .filter(({ code }: { code: string }) => code !== 'not-supported')
    .map(({ severity, code, expression = [] }: { severity: string; code: string; expression?: string[] }) =>
      `${severity} ${code} ${expression.join(', ')}`.trim(),
    );
const FINE = ['information informational'];

/** what is sent → what is found */
const rows: { title: string; path: string; body?: unknown; found: string[] }[] = [
  {
    title: 'says so where nothing is wrong',
    path: '/Patient/$validate',
    body: { resourceType: 'Patient', text },
    found: FINE,
  },
  {
    title: 'tells of structure, codes and invariants at once, each with its place',
    path: '/Observation/$validate',
    body: {
      ...weight,
      status: 'finished',
      colour: 'red',
      effectiveDateTime: undefined,
      effectivePeriod: { start: '2024-02-02', end: '2024-01-01' },
      dataAbsentReason: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'unknown' }],
      },
    },
    found: [
      'error code-invalid Observation.status',
      'error structure Observation.colour',
      'error invariant Observation',
      'error invariant Observation.effective',
    ],
  },
  {
    title: 'tells that a resource is none',
    path: '/Patient/$validate',
    body: { name: [{ family: 'A' }] },
    found: ['error required Patient'],
  },
  {
    title: 'tells that a resource has another type than the URL',
    path: '/Patient/$validate',
    body: { ...weight },
    found: ['error value Patient'],
  },
  {
    title: 'checks the profile that is named in Parameters',
    path: '/Observation/$validate',
    body: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'resource', resource: uncategorised },
        { name: 'profile', valueUri: `${CORE}/bodyweight` },
      ],
    },
    found: ['error required Observation.category'],
  },
  {
    title: 'checks the profile that is named in the URL',
    path: `/Observation/$validate?profile=${CORE}/bodyweight`,
    body: weight,
    found: FINE,
  },
  {
    title: 'checks the profiles that a resource claims',
    path: '/Observation/$validate',
    body: {
      ...weight,
      meta: { profile: [`${CORE}/bodyweight`] },
      valueQuantity: { ...weight.valueQuantity, code: 'mg' },
    },
    found: ['error code-invalid Observation.value.code'],
  },
  {
    title: 'warns of a claimed profile that is not known',
    path: '/Observation/$validate',
    body: { ...weight, meta: { profile: ['http://wardgate.test/nowhere'] } },
    found: ['warning not-found Observation.meta.profile[0]', ...FINE],
  },
  {
    title: 'checks a stored resource',
    path: '/Patient/p1/$validate',
    found: ['warning invariant Patient', ...FINE],
  },
  {
    title: 'asks for the id of the URL where the mode is update',
    path: '/Patient/p1/$validate?mode=update',
    body: { resourceType: 'Patient', id: 'p2', text },
    found: ['error invalid Patient.id'],
  },
  {
    title: 'tells that what others refer to may not be deleted',
    path: '/Patient/p1/$validate?mode=delete',
    found: ['error conflict'],
  },
  {
    title: 'tells that what nobody refers to may be deleted',
    path: '/Observation/o1/$validate?mode=delete',
    found: FINE,
  },
  {
    title: 'tells of references that lead nowhere, where the server looks at them',
    path: '/Observation/$validate',
    body: { ...weight, subject: { reference: 'Patient/nobody' } },
    found: ['error not-found Observation.subject.reference'],
  },
];

/** what cannot be asked → how it is refused */
const refused: [title: string, path: string, body: unknown, status: number, found: string][] = [
  [
    'a profile that is not known',
    `/Patient/$validate?profile=http://wardgate.test/nowhere`,
    { resourceType: 'Patient' },
    400,
    'error not-supported profile',
  ],
  [
    'a mode that does not exist',
    '/Patient/$validate?mode=guess',
    { resourceType: 'Patient' },
    400,
    'error code-invalid mode',
  ],
  ['update of no instance', '/Patient/$validate?mode=update', { resourceType: 'Patient' }, 400, 'error invalid mode'],
  [
    'mode profile without a profile',
    '/Patient/$validate?mode=profile',
    { resourceType: 'Patient' },
    400,
    'error required profile',
  ],
  ['nothing to check', '/Patient/$validate', undefined, 400, 'error required'],
  ['an instance that does not exist', '/Patient/nobody/$validate', undefined, 404, 'error not-found'],
  ['an unknown parameter', '/Patient/$validate?depth=3', { resourceType: 'Patient' }, 400, 'error not-supported depth'],
];

describe('$validate', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('validate', { settings: { checkReferences: true, refuseDeleteOfReferenced: true } });
    client = createFhirClient(server.base);
    await client.put('/Patient/p1', { resourceType: 'Patient', id: 'p1' });
    await client.put('/Observation/o1', { ...weight, id: 'o1' });
  });
  after(() => server.close());

  for (const { title, path, body, found } of rows) {
    it(title, async () => {
      const reply = await client.post(path, body);
      assert.equal(reply.status, 200, reply.text);
      assert.deepEqual(findings(reply), found, reply.text);
    });
  }

  it('tells of elements that XML has and FHIR has not beside all else, as no other operation does', async () => {
    const xml = { 'content-type': 'application/fhir+xml' };
    const patient =
      '<Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">said</div>' +
      '</text><shoeSize value="41"/><gender value="mail"/></Patient>';
    const found = ['error structure Patient.shoeSize', 'error code-invalid Patient.gender'];
    const bare = await client.post('/Patient/$validate', patient, xml);
    assert.deepEqual([bare.status, findings(bare)], [200, found], bare.text);
    const inside = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="resource"/><resource>${patient}</resource></parameter></Parameters>`;
    const sent = await client.post('/Patient/$validate', inside, xml);
    assert.equal(sent.status, 200, sent.text);
    assert.match(findings(sent)[0]!, /^error structure Parameters\.parameter\[0\]\.resource\.shoeSize/);
    const other = await client.post('/$convert', patient, xml);
    assert.deepEqual([other.status, findings(other)], [400, ['error structure Patient.shoeSize']], other.text);
  });

  it('can be asked of a stored resource with GET', async () => {
    const reply = await client.get('/Observation/o1/$validate');
    assert.deepEqual([reply.status, findings(reply)], [200, FINE], reply.text);
  });

  it('names the profile and the rule', async () => {
    const reply = await client.post(`/Observation/$validate?profile=${CORE}/bodyweight`, uncategorised);
    assert.match(reply.body.issue[0].diagnostics, /Observation\.category is missing, .*bodyweight asks for at least 1/);
  });

  for (const [what, path, body, status, found] of refused) {
    it(`refuses ${what}`, async () => {
      const reply = await client.post(path, body);
      const { severity, code, expression = [] } = reply.body.issue[0];
      assert.equal(`${severity} ${code} ${expression.join(', ')}`.trim(), found, reply.text);
      assert.equal(reply.status, status);
    });
  }
});
