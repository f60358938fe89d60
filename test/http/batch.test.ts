import assert from 'node:assert/strict';
import { anObservation, aPatient, createFhirClient, type FhirClient, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const batch = (...entry: object[]): object => ({ resourceType: 'Bundle', type: 'batch', entry });
const statuses = (reply: Reply): string[] =>
  reply.body.entry.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3));

describe('batch', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('batch');
    client = createFhirClient(server.base);
    await client.put('/Patient/b1', aPatient({ id: 'b1', active: true }));
  });
  after(() => server.close());

  it('answers each entry on its own, in order, failures included', async () => {
    const reply = await client.post(
      '',
      batch(
        { request: { method: 'GET', url: 'Patient/b1' } },
        { request: { method: 'GET', url: 'Patient/never-was' } },
        { resource: aPatient({ gender: 'femal' }), request: { method: 'POST', url: 'Patient' } },
        { resource: aPatient(), request: { method: 'POST', url: 'Patient' } },
        { resource: aPatient({ id: 'b1' }), request: { method: 'PUT', url: 'Patient/b1', ifMatch: 'W/"9"' } },
        { request: { method: 'DELETE', url: 'Patient/never-was' } },
        { request: { method: 'GET', url: 'Patient?_id=b1' } },
        { request: { method: 'GET', url: 'Patience' } },
        { request: { method: 'POST' } },
      ),
    );
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.body.type, 'batch-response');
    assert.deepEqual(statuses(reply), ['200', '404', '400', '201', '412', '204', '200', '404', '400']);
    const [read, missing, invalid, created] = reply.body.entry;
    assert.equal(read.resource.id, 'b1');
    assert.equal(read.response.etag, 'W/"1"');
    assert.equal(missing.response.outcome.issue[0].code, 'not-found');
    assert.deepEqual(invalid.response.outcome.issue[0].expression, ['Bundle.entry[2].resource.gender']);
    assert.match(created.response.location, /^Patient\/.+\/_history\/1$/);
    assert.equal(created.resource, undefined);
  });

  it('gives the resources of writes where the client prefers them', async () => {
    const entry = { resource: aPatient(), request: { method: 'POST', url: 'Patient' } };
    const reply = await client.post('', batch(entry), { prefer: 'return=representation' });
    assert.equal(reply.body.entry[0].resource.resourceType, 'Patient');
  });

  it('keeps the conditions of its entries', async () => {
    const conditional = {
      resource: aPatient({ identifier: [{ system: 'urn:s', value: 'b' }] }),
      request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn:s|b' },
    };
    assert.deepEqual(statuses(await client.post('', batch(conditional))), ['201']);
    assert.deepEqual(statuses(await client.post('', batch(conditional))), ['200']);
    const fresh = { request: { method: 'GET', url: 'Patient/b1', ifNoneMatch: 'W/"1"' } };
    assert.deepEqual(statuses(await client.post('', batch(fresh))), ['304']);
  });

  it('is done by many at once, each entry in its place', async () => {
    const entries = Array.from({ length: 100 }, (_, index) => ({
      resource: anObservation({ id: `o${index}` }),
      request: { method: 'PUT', url: `Observation/o${index}` },
    }));
    const reply = await client.post('', batch(...entries));
    const places = reply.body.entry.map(({ response }: { response: { location: string } }) => response.location);
    assert.deepEqual(
      places,
      entries.map((_, index) => `Observation/o${index}/_history/1`),
    );
  });

  it('refuses a Bundle inside it, and goes on', async () => {
    const inner = { resource: batch(), request: { method: 'POST', url: '/' } };
    const reply = await client.post('', batch(inner, { request: { method: 'GET', url: 'Patient/b1' } }));
    assert.deepEqual(statuses(reply), ['400', '200']);
  });
});
