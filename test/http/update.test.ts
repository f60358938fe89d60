import assert from 'node:assert/strict';
import { aPatient, createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('update', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('update');
    client = createFhirClient(server.base);
  });
  after(() => server.close());

  it('creates under the id of the client, then makes new versions', async () => {
    const created = await client.put('/Patient/u1', aPatient({ id: 'u1' }));
    assert.equal(created.status, 201, created.text);
    assert.equal(created.headers.get('location'), `${server.base}/Patient/u1/_history/1`);
    const updated = await client.put('/Patient/u1', aPatient({ id: 'u1', active: false }));
    assert.equal(updated.status, 200);
    assert.equal(updated.body.active, false);
    assert.equal(updated.headers.get('etag'), 'W/"2"');
    assert.equal(updated.headers.get('content-location'), `${server.base}/Patient/u1/_history/2`);
    assert.equal((await client.get('/Patient/u1')).text, updated.text);
  });

  it('takes up a deleted id again', async () => {
    await client.put('/Patient/u2', aPatient({ id: 'u2' }));
    await client.delete('/Patient/u2');
    const reply = await client.put('/Patient/u2', aPatient({ id: 'u2' }));
    assert.equal(reply.status, 201, reply.text);
    assert.equal(reply.headers.get('etag'), 'W/"3"');
  });

  const refused: [what: string, path: string, body: unknown, issue: string][] = [
    ['another id in the body', '/Patient/a', aPatient({ id: 'b' }), 'invalid at Patient.id'],
    ['no id in the body', '/Patient/a', aPatient(), 'required at Patient.id'],
    ['another type in the body', '/Observation/a', aPatient({ id: 'a' }), 'invalid at resourceType'],
    ['what cannot be an id', '/Patient/a_b', aPatient({ id: 'a_b' }), 'value'],
    ['an unknown element', '/Patient/a', aPatient({ id: 'a', nmae: 1 }), 'structure at Patient.nmae'],
    ['no criteria and no id', '/Patient', aPatient(), 'required'],
  ];
  for (const [what, path, body, issue] of refused) {
    it(`refuses ${what}`, async () => {
      const reply = await client.put(path, body);
      assert.equal(issueOf(reply), issue, reply.text);
      assert.equal(reply.status, 400);
      assert.equal((await client.get('/Patient/a')).status, 404);
    });
  }

  describe('with If-Match', () => {
    before(() => client.put('/Patient/m1', aPatient({ id: 'm1' })));
    const put = (ifMatch: string, id = 'm1') => client.put(`/Patient/${id}`, aPatient({ id }), { 'if-match': ifMatch });

    it('writes over the version that is meant', async () => {
      assert.equal((await put('W/"1"')).headers.get('etag'), 'W/"2"');
      assert.equal((await put('"2"')).headers.get('etag'), 'W/"3"');
      assert.equal((await put('*')).headers.get('etag'), 'W/"4"');
    });

    it('answers 412 for another version and for what is not there', async () => {
      for (const [ifMatch, id] of [
        ['W/"99"', 'm1'],
        ['W/"1"', 'm-none'],
        ['*', 'm-none'],
      ] as const) {
        const reply = await put(ifMatch, id);
        assert.equal(issueOf(reply), 'conflict', reply.text);
        assert.equal(reply.status, 412);
      }
      assert.equal((await client.get('/Patient/m-none')).status, 404);
    });

    it('answers 400 for what is no version', async () => {
      assert.equal((await put('W/"abc"')).status, 400);
    });

    it('lets one of many writers win', async () => {
      await client.put('/Patient/m2', aPatient({ id: 'm2' }));
      const replies = await Promise.all(Array.from({ length: 10 }, () => put('W/"1"', 'm2')));
      assert.deepEqual(replies.map(({ status }) => status).sort(), [200, ...Array(9).fill(412)]);
      assert.equal((await client.get('/Patient/m2')).headers.get('etag'), 'W/"2"');
    });
  });

  it('creates only, with If-None-Match: *', async () => {
    const put = () => client.put('/Patient/n1', aPatient({ id: 'n1' }), { 'if-none-match': '*' });
    assert.equal((await put()).status, 201);
    const second = await put();
    assert.equal(second.status, 412, second.text);
    assert.equal((await client.get('/Patient/n1')).headers.get('etag'), 'W/"1"');
  });

  it('lets every one of many writers write where none says If-Match', async () => {
    await client.put('/Patient/w1', aPatient({ id: 'w1' }));
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => client.put('/Patient/w1', aPatient({ id: 'w1' }))),
    );
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
    assert.equal((await client.get('/Patient/w1')).headers.get('etag'), 'W/"11"');
  });

  describe('by criteria', () => {
    const identified = (value: string, more = {}) => aPatient({ identifier: [{ system: 'urn:mrn', value }], ...more });
    const put = (value: string, more = {}, headers = {}) =>
      client.put(`/Patient?identifier=urn:mrn|${value}`, identified(value, more), headers);

    it('creates where nothing matches and updates the only match', async () => {
      const created = await put('k1');
      assert.equal(created.status, 201, created.text);
      const updated = await put('k1', { active: true });
      assert.equal(updated.status, 200, updated.text);
      assert.equal(updated.body.id, created.body.id);
      assert.equal(updated.headers.get('etag'), 'W/"2"');
    });

    it('creates under the id in the body where nothing matches', async () => {
      const reply = await put('k2', { id: 'k2' });
      assert.equal(reply.status, 201, reply.text);
      assert.equal(reply.body.id, 'k2');
      assert.equal((await put('k2', { id: 'k2' })).headers.get('etag'), 'W/"2"');
    });

    it('refuses another id than that of the match', async () => {
      await put('k3', { id: 'k3' });
      const reply = await put('k3', { id: 'other' });
      assert.equal(issueOf(reply), 'invalid at Patient.id');
      assert.equal(reply.status, 400);
    });

    it('refuses an id that is taken by what does not match', async () => {
      await client.put('/Patient/k4', aPatient({ id: 'k4' }));
      const reply = await put('k4', { id: 'k4' });
      assert.equal(issueOf(reply), 'conflict at Patient.id');
      assert.equal(reply.status, 409);
    });

    it('answers 412 where several match', async () => {
      await client.post('/Patient', identified('k5'));
      await client.post('/Patient', identified('k5'));
      const reply = await put('k5');
      assert.equal(issueOf(reply), 'multiple-matches');
      assert.equal(reply.status, 412);
    });

    it('answers 412 where If-Match means another version, or nothing matches', async () => {
      await put('k6');
      assert.equal((await put('k6', {}, { 'if-match': 'W/"9"' })).status, 412);
      assert.equal((await put('k6', {}, { 'if-match': 'W/"1"' })).status, 200);
      assert.equal((await put('k7', {}, { 'if-match': 'W/"1"' })).status, 412);
    });

    it('makes one resource of many parallel requests', async () => {
      const replies = await Promise.all(Array.from({ length: 20 }, () => put('k8')));
      assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1, replies.map(({ text }) => text).join('\n'));
      assert.equal(replies.filter(({ status }) => status === 201).length, 1);
    });

    it('refuses unknown criteria', async () => {
      assert.equal((await client.put('/Patient?nonsense=1', aPatient())).status, 400);
    });
  });
});
