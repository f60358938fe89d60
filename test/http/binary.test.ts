// Binary as bytes and as a resource. https://hl7.org/fhir/R4/binary.html#rest
import assert from 'node:assert/strict';
import { createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const FHIR = { accept: 'application/fhir+json' };
const PNG = Buffer.from('89504e470d0a1a0a0000ff', 'hex');

describe('Binary', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('binary', { settings: { maxResourceBytes: 64 * 1024 } });
    client = createFhirClient(server.base);
  });
  after(() => server.close());

  const bytesOf = async (path: string, headers = {}): Promise<{ response: Response; bytes: Buffer }> => {
    const response = await fetch(`${server.base}${path}`, { headers });
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  };

  it('is created from bytes of any type and read as what it holds', async () => {
    const headers = { 'content-type': 'image/png', 'x-security-context': 'Patient/p1' };
    const created = await client.post('/Binary', PNG, { ...headers, ...FHIR });
    assert.equal(created.status, 201, created.text);
    const { id, contentType, data, securityContext } = created.body;
    assert.deepEqual([contentType, data], ['image/png', PNG.toString('base64')]);
    assert.deepEqual(securityContext, { reference: 'Patient/p1' });

    for (const accept of ['*/*', 'image/png', 'image/*, application/fhir+json;q=0.1', 'text/plain']) {
      const { response, bytes } = await bytesOf(`/Binary/${id}`, { accept });
      assert.equal(response.headers.get('content-type'), 'image/png');
      assert.equal(response.headers.get('x-security-context'), 'Patient/p1');
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(response.headers.get('etag'), 'W/"1"');
      assert.deepEqual(bytes, PNG);
    }
    assert.deepEqual((await bytesOf(`/Binary/${id}/_history/1`)).bytes, PNG);
  });

  it('is FHIR where FHIR is asked for', async () => {
    await client.put('/Binary/f1', PNG, { 'content-type': 'image/png' });
    assert.equal((await client.get('/Binary/f1', FHIR)).body.contentType, 'image/png');
    assert.match(
      (await client.get('/Binary/f1', { accept: 'application/fhir+xml' })).text,
      /<contentType value="image\/png"\/>/,
    );
    assert.equal((await client.get('/Binary/f1?_format=json')).body.id, 'f1');
    assert.equal((await client.get('/Binary/f1?_elements=contentType')).body.resourceType, 'Binary');
    assert.equal((await client.get('/Binary/f1?_format=ttl')).status, 406);
    assert.equal((await client.get('/Binary?_id=f1')).body.entry[0].resource.data, PNG.toString('base64'));
  });

  it('is updated by bytes under its id, version by version', async () => {
    const csv = { 'content-type': 'text/csv; charset=utf-8' };
    assert.equal((await client.put('/Binary/u1', 'a,b\n', csv)).status, 201);
    assert.equal((await client.put('/Binary/u1', 'a,c\n', { ...csv, 'if-match': 'W/"1"' })).status, 200);
    const { response, bytes } = await bytesOf('/Binary/u1');
    assert.equal(bytes.toString(), 'a,c\n');
    assert.equal(response.headers.get('content-type'), 'text/csv; charset=utf-8');
    assert.equal((await client.put('/Binary/u1', 'a,d\n', { ...csv, 'if-match': 'W/"1"' })).status, 412);
  });

  it('is created from a resource too, in JSON and XML', async () => {
    const data = Buffer.from('hello').toString('base64');
    const json = await client.post('/Binary', { resourceType: 'Binary', contentType: 'text/plain', data });
    const xml = await client.post(
      '/Binary',
      `<Binary xmlns="http://hl7.org/fhir"><contentType value="text/plain"/><data value="${data}"/></Binary>`,
      { 'content-type': 'application/fhir+xml' },
    );
    for (const { headers } of [json, xml]) {
      const path = new URL(headers.get('location')!).pathname.replace(/^\/fhir/, '').replace(/\/_history.*/, '');
      assert.equal((await bytesOf(path)).bytes.toString(), 'hello');
    }
  });

  it('holds other resources, and JSON and XML that are no FHIR, as they are sent', async () => {
    const cases: [type: string, text: string][] = [
      ['application/fhir+json', '{"resourceType": "Patient"}'],
      ['application/json', '{ "a": 1 }'],
      ['application/json', 'no JSON at all'],
      ['text/xml', '<a><!-- b --></a>'],
    ];
    for (const [type, text] of cases) {
      await client.put('/Binary/o1', text, { 'content-type': type });
      const { response, bytes } = await bytesOf('/Binary/o1');
      assert.equal(bytes.toString(), text);
      assert.equal(response.headers.get('content-type'), type);
    }
    const broken = await client.post('/Binary', '{', { 'content-type': 'application/fhir+json' });
    assert.equal(issueOf(broken), 'structure');
  });

  it('of a kind that a page could run is a download, of others it may be shown', async () => {
    const cases: [type: string, disposition: string][] = [
      ['text/html', 'attachment'],
      ['image/svg+xml', 'attachment'],
      ['application/javascript', 'attachment'],
      ['application/octet-stream', 'attachment'],
      ['application/pdf', 'inline'],
      ['image/jpeg', 'inline'],
    ];
    for (const [type, disposition] of cases) {
      await client.put('/Binary/d1', '<script>alert(1)</script>', { 'content-type': type });
      const { response } = await bytesOf('/Binary/d1');
      assert.equal(response.headers.get('content-disposition'), disposition, type);
      assert.match(response.headers.get('content-security-policy') ?? '', /sandbox/);
    }
  });

  it('never writes a header that its content type could forge', async () => {
    await client.put('/Binary/e1', { resourceType: 'Binary', id: 'e1', contentType: 'text/plain; a=\u00e9,b' });
    const { response, bytes } = await bytesOf('/Binary/e1');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/octet-stream');
    assert.equal(bytes.length, 0);
  });

  it('answers refusals as OperationOutcome, and knows its limits', async () => {
    assert.equal(issueOf(await client.get('/Binary/none', { accept: 'image/png' })), 'not-found');
    assert.equal((await client.post('/Binary', Buffer.alloc(49 * 1024), { 'content-type': 'image/png' })).status, 413);
    assert.equal((await client.post('/Binary', Buffer.alloc(48 * 1024), { 'content-type': 'image/png' })).status, 201);
    const untyped = await fetch(`${server.base}/Binary`, { method: 'POST', body: new Uint8Array(PNG) });
    assert.equal(untyped.status, 415);
  });

  it('has a length for HEAD, and 304 for who has it', async () => {
    await client.put('/Binary/h1', PNG, { 'content-type': 'image/png' });
    const head = await client.send('HEAD', '/Binary/h1');
    assert.equal(head.headers.get('content-length'), String(PNG.length));
    assert.equal((await client.get('/Binary/h1', { 'if-none-match': head.headers.get('etag')! })).status, 304);
  });
});
