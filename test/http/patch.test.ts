import assert from 'node:assert/strict';
import { aPatient, createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('patch', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('patch');
    client = createFhirClient(server.base);
  });
  after(() => server.close());

  const put = (id: string, more = {}) => client.put(`/Patient/${id}`, aPatient({ id, ...more }));
  const activate = [{ op: 'add', path: '/active', value: true }];
  const fhirPathPatch = {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          { name: 'type', valueCode: 'replace' },
          { name: 'path', valueString: 'Patient.gender' },
          { name: 'value', valueCode: 'other' },
        ],
      },
    ],
  };

  it('applies a JSON Patch as a new version', async () => {
    await put('j1');
    const reply = await client.patch('/Patient/j1', activate);
    assert.equal(reply.body.active, true, reply.text);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('etag'), 'W/"2"');
    const [newest] = (await client.get('/Patient/j1/_history')).body.entry;
    assert.equal(newest.request.method, 'PATCH');
  });

  it('applies a FHIRPath Patch', async () => {
    await put('f1');
    const reply = await client.patch('/Patient/f1', fhirPathPatch);
    assert.equal(reply.body.gender, 'other', reply.text);
  });

  it('answers 404 and 410 where nothing is there to be patched', async () => {
    assert.equal((await client.patch('/Patient/none', activate)).status, 404);
    await put('g1');
    await client.delete('/Patient/g1');
    assert.equal((await client.patch('/Patient/g1', activate)).status, 410);
  });

  it('obeys If-Match', async () => {
    await put('m1');
    const refused = await client.patch('/Patient/m1', activate, { 'if-match': 'W/"3"' });
    assert.equal(issueOf(refused), 'conflict');
    assert.equal(refused.status, 412);
    assert.equal((await client.patch('/Patient/m1', activate, { 'if-match': 'W/"1"' })).status, 200);
  });

  it('refuses a result that is no valid resource, and stores nothing', async () => {
    await put('r1');
    const reply = await client.patch('/Patient/r1', [{ op: 'add', path: '/active', value: 'yes' }]);
    assert.equal(issueOf(reply), 'structure at Patient.active');
    assert.equal(reply.status, 400);
    assert.equal((await client.get('/Patient/r1')).headers.get('etag'), 'W/"1"');
  });

  it('refuses a patch that changes the id or the type, or does not fit', async () => {
    await put('r2');
    for (const patch of [
      [{ op: 'replace', path: '/id', value: 'other' }],
      [{ op: 'replace', path: '/resourceType', value: 'Group' }],
      [{ op: 'remove', path: '/photo/0' }],
      [{ op: 'jump', path: '/active' }],
    ]) {
      const { status } = await client.patch('/Patient/r2', patch);
      assert.ok(status >= 400 && status < 500, `${status} for ${JSON.stringify(patch)}`);
    }
    assert.equal((await client.get('/Patient/r2')).headers.get('etag'), 'W/"1"');
  });

  it('loses none of many parallel patches', async () => {
    await put('p1', { telecom: [] as unknown[] }).then(() => put('p1', { telecom: [{ value: 'first' }] }));
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        client.patch('/Patient/p1', [{ op: 'add', path: '/telecom/-', value: { value: `t${index}` } }]),
      ),
    );
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
    assert.equal((await client.get('/Patient/p1')).body.telecom.length, 9);
  });

  it('works by criteria', async () => {
    const mrn = (value: string) => ({ identifier: [{ system: 'urn:mrn', value }] });
    await put('c1', mrn('one'));
    await put('c2', mrn('two'));
    await put('c3', mrn('two'));
    const byMrn = (value: string) => client.patch(`/Patient?identifier=urn:mrn|${value}`, activate);
    assert.equal((await byMrn('one')).body.id, 'c1');
    assert.equal(issueOf(await byMrn('two')), 'multiple-matches');
    assert.equal((await byMrn('none')).status, 404);
    assert.equal((await client.patch('/Patient', activate)).status, 400);
  });

  it('refuses a body that is neither kind of patch', async () => {
    await put('b1');
    assert.equal((await client.patch('/Patient/b1', aPatient({ id: 'b1' }))).status, 400);
    assert.equal(
      (await client.patch('/Patient/b1', {}, { 'content-type': 'application/merge-patch+json' })).status,
      415,
    );
    assert.equal(
      (await client.patch('/Patient/b1', '', { 'content-type': 'application/json-patch+json' })).status,
      400,
    );
  });
});
