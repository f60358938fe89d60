import assert from 'node:assert/strict';
import { aPatient, createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('read and vread', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('read');
    client = createFhirClient(server.base);
    await client.put('/Patient/p1', aPatient({ id: 'p1', photo: [{ title: 'no summary' }], text: narrative }));
    await client.put(
      '/Patient/p1',
      aPatient({ id: 'p1', photo: [{ title: 'no summary' }], text: narrative, active: true }),
    );
    await client.put('/Patient/p2', aPatient({ id: 'p2' }));
    await client.delete('/Patient/p2');
  });
  after(() => server.close());
  const narrative = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Ada</div>' };

  it('answers the current version with its ETag and time', async () => {
    const reply = await client.get('/Patient/p1');
    assert.equal(reply.body.active, true);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('etag'), 'W/"2"');
    assert.equal(
      Date.parse(reply.headers.get('last-modified') ?? ''),
      Math.floor(Date.parse(reply.body.meta.lastUpdated) / 1000) * 1000,
    );
    assert.equal(reply.headers.get('location'), null);
  });

  it('answers an older version', async () => {
    const reply = await client.get('/Patient/p1/_history/1');
    assert.equal(reply.body.active, undefined);
    assert.equal(reply.body.meta.versionId, '1');
    assert.equal(reply.headers.get('etag'), 'W/"1"');
  });

  const refused: [path: string, status: number, issue: string][] = [
    ['/Patient/none', 404, 'not-found'],
    ['/Patient/p2', 410, 'deleted'],
    ['/Patient/p2/_history/2', 410, 'deleted'],
    ['/Patient/p1/_history/3', 404, 'not-found'],
    ['/Patient/p1/_history/0', 404, 'not-found'],
    ['/Patient/p1/_history/one', 404, 'not-found'],
    ['/Patient/none/_history/1', 404, 'not-found'],
    ['/Observation/p1', 404, 'not-found'],
    ['/Patiens/p1', 404, 'not-supported'],
    ['/Parameters/p1', 404, 'not-supported'],
    ['/Patient/p1?_summary=some', 400, 'value'],
  ];
  for (const [path, status, issue] of refused) {
    it(`answers ${status} for ${path}`, async () => {
      const reply = await client.get(path);
      assert.equal(issueOf(reply), issue);
      assert.equal(reply.status, status);
    });
  }

  it('says with 410 which version the deletion is', async () => {
    assert.equal((await client.get('/Patient/p2')).headers.get('etag'), 'W/"2"');
  });

  it('answers 304 without a body where the client has the version', async () => {
    const lastModified = (await client.get('/Patient/p1')).headers.get('last-modified')!;
    const cases: [headers: Record<string, string>, status: number][] = [
      [{ 'if-none-match': 'W/"2"' }, 304],
      [{ 'if-none-match': '"2"' }, 304],
      [{ 'if-none-match': 'W/"1", W/"2"' }, 304],
      [{ 'if-none-match': 'W/"1"' }, 200],
      [{ 'if-modified-since': lastModified }, 304],
      [{ 'if-modified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' }, 200],
      [{ 'if-modified-since': 'nonsense' }, 200],
      // the tag decides, the time does not matter any more
      [{ 'if-none-match': 'W/"1"', 'if-modified-since': lastModified }, 200],
    ];
    for (const [headers, status] of cases) {
      const reply = await client.get('/Patient/p1', headers);
      assert.equal(reply.status, status, JSON.stringify(headers));
      if (status === 304) {
        assert.equal(reply.text, '');
        assert.equal(reply.headers.get('etag'), 'W/"2"');
      }
    }
  });

  it('answers HEAD like GET, without the body', async () => {
    const get = await client.get('/Patient/p1', { 'accept-encoding': 'identity' });
    const head = await client.send('HEAD', '/Patient/p1');
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    for (const name of ['etag', 'last-modified', 'content-length', 'content-type']) {
      assert.equal(head.headers.get(name), get.headers.get(name), name);
    }
    assert.equal((await client.send('HEAD', '/Patient/none')).status, 404);
  });

  describe('of a part', () => {
    const cases: [query: string, kept: string[]][] = [
      ['_summary=true', ['active', 'birthDate', 'gender', 'id', 'meta', 'name', 'resourceType']],
      ['_summary=text', ['active', 'id', 'meta', 'resourceType', 'text']],
      ['_summary=data', ['active', 'birthDate', 'gender', 'id', 'meta', 'name', 'photo', 'resourceType']],
      ['_elements=birthDate,photo', ['active', 'birthDate', 'id', 'meta', 'photo', 'resourceType']],
      ['_elements=Patient.gender', ['active', 'gender', 'id', 'meta', 'resourceType']],
    ];
    for (const [query, kept] of cases) {
      it(`keeps ${kept.join(', ')} for ${query} and says so`, async () => {
        const { body } = await client.get(`/Patient/p1?${query}`);
        assert.deepEqual(Object.keys(body).sort(), kept);
        assert.equal(body.meta.tag.at(-1).code, 'SUBSETTED');
      });
    }
  });
});
