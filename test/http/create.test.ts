import assert from 'node:assert/strict';
import { aPatient, createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('create', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('create');
    client = createFhirClient(server.base);
  });
  after(() => server.close());

  it('answers 201 with the representation, its place and its version', async () => {
    const reply = await client.post('/Patient', aPatient());
    assert.equal(reply.body.resourceType, 'Patient', reply.text);
    assert.equal(reply.status, 201);
    const { id, meta } = reply.body;
    assert.deepEqual(reply.body.name, aPatient().name);
    assert.equal(meta.versionId, '1');
    assert.equal(reply.headers.get('location'), `${server.base}/Patient/${id}/_history/1`);
    assert.equal(reply.headers.get('content-location'), `${server.base}/Patient/${id}/_history/1`);
    assert.equal(reply.headers.get('etag'), 'W/"1"');
    assert.equal(
      reply.headers.get('last-modified'),
      new Date(Math.floor(Date.parse(meta.lastUpdated) / 1000) * 1000).toUTCString(),
    );
    assert.equal(reply.headers.get('content-type'), 'application/fhir+json; fhirVersion=4.0; charset=utf-8');
  });

  it('ignores an id in the body', async () => {
    const reply = await client.post('/Patient', aPatient({ id: 'mine', meta: { versionId: '7' } }));
    assert.notEqual(reply.body.id, 'mine');
    assert.equal(reply.body.meta.versionId, '1');
  });

  it('keeps the text of decimals', async () => {
    const created = await client.post(
      '/Observation',
      '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}',
    );
    assert.equal(created.status, 201, created.text);
    assert.match(created.text, /"value":1\.50}/);
    assert.match((await client.get(`/Observation/${created.body.id}`)).text, /"value":1\.50}/);
  });

  it('answers as the client prefers', async () => {
    const minimal = await client.post('/Patient', aPatient(), { prefer: 'return=minimal' });
    assert.equal(minimal.status, 201);
    assert.equal(minimal.text, '');
    assert.match(minimal.headers.get('location') ?? '', /Patient\/.+\/_history\/1$/);
    const outcome = await client.post('/Patient', aPatient(), { prefer: 'respond-sync, return=OperationOutcome' });
    assert.equal(outcome.body.resourceType, 'OperationOutcome');
    assert.equal(outcome.body.issue[0].severity, 'information');
    const whole = await client.post('/Patient', aPatient(), { prefer: 'return=representation' });
    assert.equal(whole.body.resourceType, 'Patient');
  });

  it('refuses a resource of another type', async () => {
    const reply = await client.post('/Observation', aPatient());
    assert.equal(issueOf(reply), 'invalid at resourceType');
    assert.equal(reply.status, 400);
  });

  const refusals: [what: string, body: unknown, issue: string][] = [
    ['no body', undefined, 'required'],
    ['an array', '[]', 'structure'],
    ['a string', '"Patient"', 'structure'],
    ['no resourceType', { name: [] }, 'structure at resourceType'],
    ['broken JSON', '{"resourceType":"Patient",', 'structure'],
    ['a duplicate key', '{"resourceType":"Patient","active":true,"active":false}', 'structure'],
    ['an unknown element', aPatient({ nmae: 'x' }), 'structure at Patient.nmae'],
    ['a wrong type', aPatient({ active: 'yes' }), 'structure at Patient.active'],
    ['a code outside the binding', aPatient({ gender: 'none' }), 'code-invalid at Patient.gender'],
    ['an impossible date', aPatient({ birthDate: '2023-02-30' }), 'value at Patient.birthDate'],
    ['deep nesting', `{"resourceType":"Patient","contact":${'['.repeat(100)}${']'.repeat(100)}}`, 'structure'],
  ];
  for (const [what, body, issue] of refusals) {
    it(`refuses ${what} and stores nothing`, async () => {
      const count = async () => (await client.get('/Patient?_summary=count')).body.total;
      const before = await count();
      const reply = await client.post('/Patient', body, { 'content-type': 'application/fhir+json' });
      assert.equal(issueOf(reply).replace(/ at $/, ''), issue, reply.text);
      assert.equal(reply.status, 400);
      assert.equal(reply.body.resourceType, 'OperationOutcome');
      assert.equal(await count(), before);
    });
  }

  describe('with If-None-Exist', () => {
    const identified = (value: string) => aPatient({ identifier: [{ system: 'urn:mrn', value }] });

    it('creates where nothing matches, and gives the match where one does', async () => {
      const ifNoneExist = { 'if-none-exist': 'identifier=urn:mrn|a1' };
      const first = await client.post('/Patient', identified('a1'), ifNoneExist);
      assert.equal(first.status, 201, first.text);
      const second = await client.post('/Patient', identified('a1'), ifNoneExist);
      assert.equal(second.status, 200, second.text);
      assert.equal(second.body.id, first.body.id);
      assert.equal(second.headers.get('location'), first.headers.get('location'));
    });

    it('answers 412 where several match', async () => {
      await client.post('/Patient', identified('b1'));
      await client.post('/Patient', identified('b1'));
      const reply = await client.post('/Patient', identified('b1'), { 'if-none-exist': 'identifier=urn:mrn|b1' });
      assert.equal(issueOf(reply), 'multiple-matches');
      assert.equal(reply.status, 412);
    });

    it('makes one resource of 50 parallel identical requests', async () => {
      const ifNoneExist = { 'if-none-exist': 'identifier=urn:mrn|c1' };
      const replies = await Promise.all(
        Array.from({ length: 50 }, () => client.post('/Patient', identified('c1'), ifNoneExist)),
      );
      assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
      assert.equal(replies.filter(({ status }) => status === 201).length, 1);
      assert.equal(replies.filter(({ status }) => status === 200).length, 49);
    });

    it('refuses empty and unknown criteria', async () => {
      for (const criteria of ['', '_format=json', 'nonsense=1']) {
        const reply = await client.post('/Patient', identified('d1'), { 'if-none-exist': criteria });
        assert.equal(reply.status, 400, `${criteria}: ${reply.text}`);
      }
    });
  });
});
