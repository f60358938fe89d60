// Profiles and invariants on writes: docs/validation.md
import assert from 'node:assert/strict';
import { createFhirClient, type FhirClient, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/server.ts';

const WEIGHT = 'http://hl7.org/fhir/StructureDefinition/bodyweight';
const OUTCOME = { prefer: 'return=OperationOutcome' };

const plain = {
  resourceType: 'Observation',
  status: 'final',
  category: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
  subject: { reference: 'Patient/p1' },
  effectiveDateTime: '2024-05-01',
  valueQuantity: { value: 70, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
};
const claiming = { ...plain, meta: { profile: [WEIGHT] } };
const { effectiveDateTime: _, ...timeless } = claiming;
const contradiction = {
  ...plain,
  dataAbsentReason: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'unknown' }],
  },
};

const errors = ({ body }: Reply): string[] => findings(body, 'error');
// biome-ignore lint/suspicious/noExplicitAny: an outcome
const findings = (outcome: any, severity: string): string[] =>
  outcome.issue
    .filter(
      (issue: { severity: string; code: string }) => issue.severity === severity && issue.code !== 'not-supported',
    )
    .map(({ code, expression = [] }: { code: string; expression?: string[] }) =>
      `${code} ${expression[0] ?? ''}`.trim(),
    );

function aServer(name: string, settings: TestServerOptions['settings']): () => FhirClient {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer(name, settings === undefined ? {} : { settings });
    client = createFhirClient(server.base);
  });
  after(() => server.close());
  return () => client;
}

describe('profiles and invariants on writes', () => {
  describe('by default', () => {
    const client = aServer('on_write', {});

    it('refuse what breaks an invariant of the specification with 422', async () => {
      const reply = await client().post('/Observation', contradiction);
      assert.deepEqual([reply.status, errors(reply)], [422, ['invariant Observation']], reply.text);
    });

    it('tell of a broken profile only where an outcome is preferred', async () => {
      const quiet = await client().post('/Observation', timeless);
      assert.deepEqual([quiet.status, quiet.body.resourceType], [201, 'Observation']);
      const told = await client().post('/Observation', timeless, OUTCOME);
      assert.deepEqual([told.status, findings(told.body, 'error')], [201, []]);
      assert.ok(findings(told.body, 'warning').includes('required Observation.effective'), told.text);
    });

    it('tell of a profile that is not known here', async () => {
      const reply = await client().post(
        '/Observation',
        { ...plain, meta: { profile: ['http://wardgate.test/x'] } },
        OUTCOME,
      );
      assert.deepEqual([reply.status, findings(reply.body, 'warning')], [201, ['not-found Observation.meta.profile']]);
    });

    it('refuse a transaction before anything is written, and name the entry', async () => {
      const entry = [plain, contradiction].map((resource, index) => ({
        resource: { ...resource, id: `t${index}` },
        request: { method: 'PUT', url: `Observation/t${index}` },
      }));
      const reply = await client().post('', { resourceType: 'Bundle', type: 'transaction', entry });
      assert.deepEqual([reply.status, errors(reply)], [422, ['invariant Bundle.entry[1].resource']], reply.text);
      assert.equal((await client().get('/Observation/t0')).status, 404);
    });

    it('refuse a patch that would break an invariant', async () => {
      await client().put('/Observation/p1', { ...plain, id: 'p1' });
      const { dataAbsentReason: value } = contradiction;
      const reply = await client().patch('/Observation/p1', [{ op: 'add', path: '/dataAbsentReason', value }]);
      assert.deepEqual([reply.status, errors(reply)], [422, ['invariant Observation']], reply.text);
    });
  });

  describe('with VALIDATION_PROFILES=refuse', () => {
    const client = aServer('on_write_refuse', { validationProfiles: 'refuse' });

    it('refuse what breaks a profile that it claims', async () => {
      const reply = await client().post('/Observation', timeless);
      assert.deepEqual([reply.status, errors(reply)], [422, ['required Observation.effective']], reply.text);
    });

    it('take what meets it, and what claims nothing', async () => {
      const { meta: _meta, ...unclaimed } = timeless;
      for (const resource of [claiming, unclaimed]) {
        const reply = await client().post('/Observation', resource);
        assert.equal(reply.status, 201, reply.text);
      }
    });

    it('refuse a conditional update, and the entry of a batch alone', async () => {
      const conditional = await client().put('/Observation?code=http://loinc.org|none', timeless);
      assert.equal(conditional.status, 422, conditional.text);
      const request = { method: 'POST', url: 'Observation' };
      const entry = [timeless, claiming].map((resource) => ({ resource, request }));
      const reply = await client().post('', { resourceType: 'Bundle', type: 'batch', entry });
      const [first, second] = reply.body.entry;
      assert.deepEqual([first.response.status.slice(0, 3), second.response.status.slice(0, 3)], ['422', '201']);
      assert.deepEqual(findings(first.response.outcome, 'error'), ['required Bundle.entry[0].resource.effective']);
    });

    it('put what is worth telling into the entries of a transaction that prefers it', async () => {
      const resource = { ...claiming, component: [{ code: { text: 'no LOINC' }, valueQuantity: plain.valueQuantity }] };
      const entry = [{ resource, request: { method: 'POST', url: 'Observation' } }];
      const reply = await client().post('', { resourceType: 'Bundle', type: 'transaction', entry }, OUTCOME);
      assert.equal(reply.status, 200, reply.text);
      const told = findings(reply.body.entry[0].response.outcome, 'warning');
      assert.ok(told.includes('code-invalid Bundle.entry[0].resource.component[0].code'), reply.text);
    });
  });

  describe('with an enforced profile', () => {
    const client = aServer('on_write_enforced', {
      validationEnforced: [['Observation', WEIGHT]],
      validationProfiles: 'off',
    });

    it('refuse what does not meet it, whatever it claims', async () => {
      const { meta: _meta, ...unclaimed } = timeless;
      const reply = await client().post('/Observation', unclaimed);
      assert.deepEqual([reply.status, errors(reply)], [422, ['required Observation.effective']], reply.text);
      assert.equal((await client().post('/Observation', plain)).status, 201);
      assert.equal((await client().post('/Patient', { resourceType: 'Patient' })).status, 201);
    });
  });

  describe('with an enforced profile that is not here', () => {
    const client = aServer('on_write_unknown', {
      validationEnforced: [['Observation', 'http://hospital.example/StructureDefinition/weight']],
    });

    it('refuse everything of the type until it is posted', async () => {
      for (const reply of [
        await client().post('/Observation', plain),
        await client().post('/Observation/$validate', plain),
      ]) {
        assert.deepEqual([reply.status, reply.body.issue[0].code], [503, 'not-supported'], reply.text);
        assert.match(reply.body.issue[0].diagnostics, /hospital\.example.*VALIDATION_ENFORCED.*not here/);
      }
      assert.equal((await client().post('/Patient', { resourceType: 'Patient' })).status, 201);
      const posted = await client().put('/StructureDefinition/weight', {
        resourceType: 'StructureDefinition',
        id: 'weight',
        url: 'http://hospital.example/StructureDefinition/weight',
        name: 'Weight',
        status: 'active',
        kind: 'resource',
        abstract: false,
        type: 'Observation',
        baseDefinition: WEIGHT,
        derivation: 'constraint',
        differential: { element: [{ id: 'Observation.device', path: 'Observation.device', min: 1 }] },
      });
      assert.equal(posted.status, 201, posted.text);
      const reply = await client().post('/Observation', plain);
      assert.deepEqual([reply.status, errors(reply)], [422, ['required Observation.device']], reply.text);
    });
  });

  describe('switched off', () => {
    const client = aServer('on_write_off', { validationProfiles: 'off', validationInvariants: false });

    it('leave structure alone', async () => {
      assert.equal((await client().post('/Observation', contradiction)).status, 201);
      assert.equal((await client().post('/Observation', timeless, OUTCOME)).status, 201);
      assert.equal((await client().post('/Observation', { ...plain, status: undefined })).status, 400);
    });
  });
});
