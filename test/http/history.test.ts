import assert from 'node:assert/strict';
import { aPatient, createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('history', () => {
  let server: TestServer;
  let client: FhirClient;
  /** the server's clock: one minute passes with every write */
  let time = Date.parse('2026-01-01T00:00:00Z');
  const writes: string[] = [];

  before(async () => {
    server = await startTestServer('history', { now: () => time });
    client = createFhirClient(server.base);
    const write = async (work: () => Promise<{ status: number; text: string }>) => {
      time += 60_000;
      const { status, text } = await work();
      assert.ok(status < 300, text);
      writes.push(new Date(time).toISOString());
    };
    await write(() => client.put('/Patient/h1', aPatient({ id: 'h1' })));
    await write(() => client.put('/Patient/h1', aPatient({ id: 'h1', active: true })));
    await write(() => client.delete('/Patient/h1'));
    await write(() => client.put('/Patient/h1', aPatient({ id: 'h1', active: false })));
    await write(() => client.post('/Patient', aPatient()));
    await write(() => client.post('/Organization', { resourceType: 'Organization', name: 'Ward' }));
    time += 60_000;
  });
  after(() => server.close());

  const versions = (body: { entry?: { request: { method: string }; response: { etag: string } }[] }) =>
    (body.entry ?? []).map(({ request, response }) => `${request.method} ${response.etag}`);

  it('shows every version of an instance, newest first, deletions too', async () => {
    const { body } = await client.get('/Patient/h1/_history');
    assert.equal(body.type, 'history');
    assert.equal(body.total, 4);
    assert.deepEqual(versions(body), ['PUT W/"4"', 'DELETE W/"3"', 'PUT W/"2"', 'PUT W/"1"']);
    const [newest, deletion, , first] = body.entry;
    assert.equal(newest.fullUrl, `${server.base}/Patient/h1`);
    assert.equal(newest.resource.active, false);
    assert.equal(deletion.resource, undefined);
    assert.deepEqual(deletion.request, { method: 'DELETE', url: 'Patient/h1' });
    assert.equal(first.response.status, '201');
    assert.equal(first.response.lastModified, writes[0]);
  });

  it('shows a type and the whole system', async () => {
    const type = await client.get('/Patient/_history');
    assert.deepEqual(versions(type.body), ['POST W/"1"', 'PUT W/"4"', 'DELETE W/"3"', 'PUT W/"2"', 'PUT W/"1"']);
    assert.deepEqual(type.body.entry[0].request, { method: 'POST', url: 'Patient' });
    // before that the server published its own profiles
    const system = await client.get(`/_history?_since=${writes[0]}`);
    assert.equal(system.body.entry.length, 6, system.text);
    assert.equal(system.body.entry[0].resource.resourceType, 'Organization');
  });

  for (const path of ['/Patient/h1/_history', '/Patient/_history', '/_history']) {
    it(`pages through ${path} without losing or repeating a version`, async () => {
      const whole = versions((await client.get(`${path}?_count=1000`)).body);
      const paged: string[] = [];
      for (let url = `${path}?_count=2`; url !== ''; ) {
        const { body, text } = await client.get(url);
        assert.ok(body.entry?.length <= 2, text);
        paged.push(...versions(body));
        url = body.link.find(({ relation }: { relation: string }) => relation === 'next')?.url ?? '';
      }
      assert.deepEqual(paged, whole);
    });
  }

  it('begins at _since', async () => {
    assert.deepEqual(versions((await client.get(`/Patient/h1/_history?_since=${writes[2]}`)).body), [
      'PUT W/"4"',
      'DELETE W/"3"',
    ]);
    assert.equal((await client.get('/Patient/h1/_history?_since=2027')).body.entry, undefined);
    const zoned = await client.get('/Patient/h1/_history?_since=2026-01-01T02:03:00+02:00');
    assert.deepEqual(versions(zoned.body), ['PUT W/"4"', 'DELETE W/"3"']);
  });

  it('shows what was current _at a time', async () => {
    const at = new Date(Date.parse(writes[1]!) + 30_000).toISOString();
    assert.deepEqual(versions((await client.get(`/Patient/h1/_history?_at=${at}`)).body), ['PUT W/"2"']);
  });

  it('gives a count alone with _count=0', async () => {
    const { body } = await client.get('/Patient/h1/_history?_count=0');
    assert.equal(body.total, 4);
    assert.equal(body.entry, undefined);
  });

  it('says in its self link what was applied', async () => {
    const { body } = await client.get(`/Patient/_history?_count=3&_since=2026-01-01`);
    const self = body.link.find(({ relation }: { relation: string }) => relation === 'self').url;
    assert.equal(self, `${server.base}/Patient/_history?_since=2026-01-01&_count=3`);
  });

  it('refuses what never was, and parameters that say nothing', async () => {
    const unknown = await client.get('/Patient/never/_history');
    assert.equal(issueOf(unknown), 'not-found');
    assert.equal(unknown.status, 404);
    for (const query of ['_since=yesterday', '_at=2026-13', '_count=many', '_count=-1']) {
      const reply = await client.get(`/Patient/h1/_history?${query}`);
      assert.equal(issueOf(reply), 'value', query);
      assert.equal(reply.status, 400);
    }
    assert.equal((await client.get('/Patient/h1/_history?_cursor=nonsense')).status, 400);
  });
});
