import assert from 'node:assert/strict';
import { aPatient, createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('delete', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('delete');
    client = createFhirClient(server.base);
  });
  after(() => server.close());

  const put = (id: string, more = {}) => client.put(`/Patient/${id}`, aPatient({ id, ...more }));

  it('answers 204, then the resource is gone and no search finds it', async () => {
    await put('d1', { active: true });
    const reply = await client.delete('/Patient/d1');
    assert.equal(reply.status, 204);
    assert.equal(reply.text, '');
    assert.equal(reply.headers.get('etag'), 'W/"2"');
    assert.equal((await client.get('/Patient/d1')).status, 410);
    assert.equal((await client.get('/Patient?_id=d1')).body.entry, undefined);
  });

  it('answers 204 for what is not there, again and again', async () => {
    assert.equal((await client.delete('/Patient/never')).status, 204);
    await put('d2');
    assert.equal((await client.delete('/Patient/d2')).status, 204);
    assert.equal((await client.delete('/Patient/d2')).status, 204);
    assert.equal((await client.get('/Patient/d2/_history')).body.entry.length, 2);
  });

  it('answers with an outcome where the client prefers one', async () => {
    await put('d3');
    const reply = await client.delete('/Patient/d3', { prefer: 'return=OperationOutcome' });
    assert.equal(reply.status, 200);
    assert.equal(issueOf(reply), 'informational');
  });

  it('obeys If-Match', async () => {
    await put('d4');
    const refused = await client.delete('/Patient/d4', { 'if-match': 'W/"7"' });
    assert.equal(issueOf(refused), 'conflict');
    assert.equal(refused.status, 412);
    assert.equal((await client.delete('/Patient/d4', { 'if-match': 'W/"1"' })).status, 204);
  });

  describe('by criteria', () => {
    const mrn = (value: string) => ({ identifier: [{ system: 'urn:mrn', value }] });
    const remove = (value: string, more = '', headers = {}) =>
      client.delete(`/Patient?identifier=urn:mrn|${value}${more}`, headers);

    it('deletes the only match', async () => {
      await put('c1', mrn('c1'));
      assert.equal((await remove('c1')).status, 204);
      assert.equal((await client.get('/Patient/c1')).status, 410);
    });

    it('lets many parallel requests for one resource all succeed', async () => {
      await put('c9', mrn('c9'));
      const replies = await Promise.all(Array.from({ length: 10 }, () => remove('c9')));
      assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([204]));
      assert.equal((await client.get('/Patient/c9/_history')).body.entry.length, 2);
    });

    it('answers 204 where nothing matches', async () => {
      assert.equal((await remove('none')).status, 204);
    });

    it('answers 412 where several match and deletes none', async () => {
      await put('c2', mrn('c2'));
      await put('c3', mrn('c2'));
      const reply = await remove('c2');
      assert.equal(issueOf(reply), 'multiple-matches');
      assert.equal(reply.status, 412);
      assert.equal((await client.get('/Patient/c2')).status, 200);
    });

    it('deletes several where _count allows so many', async () => {
      for (const id of ['c4', 'c5', 'c6']) await put(id, mrn('c4'));
      const reply = await remove('c4', '&_count=2', { prefer: 'return=OperationOutcome' });
      assert.match(reply.body.issue[0].diagnostics, /^2 Patient .* more/);
      assert.equal((await remove('c4', '&_count=10')).status, 204);
      assert.equal((await client.get('/Patient?identifier=urn:mrn|c4&_summary=count')).body.total, 0);
    });

    it('refuses no criteria, unknown criteria and a wrong _count', async () => {
      for (const path of ['/Patient', '/Patient?_count=5', '/Patient?nonsense=1', '/Patient?active=true&_count=0']) {
        assert.equal((await client.delete(path)).status, 400, path);
      }
    });
  });
});
