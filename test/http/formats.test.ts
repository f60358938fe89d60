// XML, pages and JSON on every way in and out. https://hl7.org/fhir/R4/http.html#mime-type
import assert from 'node:assert/strict';
import { readXml } from '../../src/fhir/formats/xml-read.ts';
import { writeXml } from '../../src/fhir/formats/xml-write.ts';
import { aPatient, createFhirClient, type FhirClient, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const FHIR_XML = 'application/fhir+xml; fhirVersion=4.0; charset=utf-8';
const XML = { accept: 'application/fhir+xml' };
const XML_BODY = { 'content-type': 'application/fhir+xml' };
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const P = '<Patient xmlns="http://hl7.org/fhir">';

describe('formats', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('formats', { settings: { maxResourceBytes: 1024 * 1024 } });
    client = createFhirClient(server.base);
    await client.put('/Patient/p1', aPatient({ id: 'p1' }));
    await client.put('/Patient/p2', aPatient({ id: 'p2' }));
  });
  after(() => server.close());

  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  function read(reply: Reply): any {
    assert.match(reply.headers.get('content-type') ?? '', /xml/, reply.text);
    return readXml(reply.text, server.engine.definitions);
  }
  const written = (resource: unknown): string => writeXml(resource, server.engine.definitions);
  const issueIn = (reply: Reply): string => {
    const [{ code, expression }] = read(reply).issue;
    return expression === undefined ? code : `${code} at ${expression}`;
  };

  describe('answers in XML', () => {
    it('a read, as the JSON says it', async () => {
      const xml = await client.get('/Patient/p1', XML);
      assert.equal(xml.headers.get('content-type'), FHIR_XML);
      assert.equal(xml.headers.get('etag'), 'W/"1"');
      assert.match(xml.headers.get('vary') ?? '', /Accept/);
      assert.deepEqual(read(xml), (await client.get('/Patient/p1')).body);
    });

    const types: [accept: string, query: string, type: string][] = [
      ['application/xml', '', 'application/xml; charset=utf-8'],
      ['text/xml', '', 'text/xml; charset=utf-8'],
      ['*/*', '?_format=xml', FHIR_XML],
      ['application/fhir+json', '?_format=application/fhir%2Bxml', FHIR_XML],
      ['*/*', '?_format=text/xml', 'text/xml; charset=utf-8'],
    ];
    for (const [accept, query, type] of types) {
      it(`as ${type} for Accept ${accept} and ${query || 'no _format'}`, async () => {
        const reply = await client.get(`/Patient/p1${query}`, { accept });
        assert.equal(reply.headers.get('content-type'), type);
        assert.equal(read(reply).id, 'p1');
      });
    }

    it('HEAD, with the length of the XML and without it', async () => {
      const { text } = await client.get('/Patient/p1', XML);
      const head = await client.send('HEAD', '/Patient/p1', undefined, XML);
      assert.equal(head.headers.get('content-type'), FHIR_XML);
      assert.equal(Number(head.headers.get('content-length')), Buffer.byteLength(text));
      assert.equal(head.text, '');
    });

    it('a search, whose links keep the format', async () => {
      const bundle = read(await client.get('/Patient?_count=1&_format=xml&_sort=_id'));
      assert.equal(bundle.entry[0].resource.id, 'p1');
      const { url } = bundle.link.find(({ relation }: { relation: string }) => relation === 'next');
      assert.equal(read(await client.get(url)).entry[0].resource.id, 'p2');
    });

    it('a search by POST whose form asks for it', async () => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const reply = await client.post('/Patient/_search', '_id=p1&_format=xml&_pretty=true', form);
      assert.equal(read(reply).total, 1);
      assert.match(reply.text, /\n {2}<total value="1"\/>\n/);
      assert.equal((await client.post('/Patient/_search', '_id=p1&_format=ttl', form)).status, 406);
    });

    it('history, capabilities, a part of a resource, and what an operation gives', async () => {
      assert.equal(read(await client.get('/Patient/p1/_history', XML)).type, 'history');
      assert.deepEqual(read(await client.get('/metadata', XML)), (await client.get('/metadata')).body);
      const part = read(await client.get('/Patient/p1?_elements=birthDate', XML));
      assert.deepEqual([part.birthDate, part.meta.tag[0].code, part.name], ['1984-03-02', 'SUBSETTED', undefined]);
      assert.equal(read(await client.get('/Location/$bed-availability', XML)).resourceType, 'Parameters');
    });

    it('304 to a client that has the version', async () => {
      const reply = await client.get('/Patient/p1', { ...XML, 'if-none-match': 'W/"1"' });
      assert.equal(reply.status, 304);
      assert.match(reply.headers.get('vary') ?? '', /Accept/);
    });

    it('every refusal, wherever it is decided', async () => {
      const refusals: [what: string, reply: Promise<Reply>, status: number, issue: string][] = [
        ['no resource', client.get('/Patient/none', XML), 404, 'not-found'],
        ['no endpoint', client.get('/Patiens/1', XML), 404, 'not-supported'],
        ['no endpoint, by _format', client.get('/Patiens/1?_format=xml'), 404, 'not-supported'],
        ['no method', client.send('DELETE', '/metadata', undefined, XML), 405, 'not-supported'],
        [
          'no such format',
          client.get('/Patient/p1', { accept: 'application/fhir+xml; fhirVersion=3.0' }),
          406,
          'not-supported',
        ],
        ['no such body', client.post('/Patient', 'x', { ...XML, 'content-type': 'text/plain' }), 415, 'not-supported'],
        ['too large', client.post('/Patient', 'x'.repeat(2e6), { ...XML, ...XML_BODY }), 413, 'too-long'],
        ['broken JSON', client.post('/Patient', '{', XML), 400, 'structure'],
        ['a bad value', client.post('/Patient', aPatient({ gender: 'x' }), XML), 400, 'code-invalid at Patient.gender'],
        ['a bad search', client.get('/Patient?birthdate=nonsense', XML), 400, 'invalid'],
      ];
      for (const [what, pending, status, issue] of refusals) {
        const reply = await pending;
        assert.equal(reply.status, status, `${what}: ${reply.text}`);
        assert.equal(issueIn(reply), issue, what);
      }
    });

    it('compressed', async () => {
      const reply = await fetch(`${server.base}/metadata?_format=xml`, { headers: { 'accept-encoding': 'gzip' } });
      assert.equal(reply.headers.get('content-encoding'), 'gzip');
      assert.match(await reply.text(), /^<\?xml version="1\.0" encoding="UTF-8"\?><CapabilityStatement/);
    });
  });

  describe('reads XML', () => {
    it('that creates and updates, with decimals as they are written', async () => {
      const observation = (id: string): string =>
        `<Observation xmlns="http://hl7.org/fhir">${id}<status value="final"/><code><text value="x"/></code><valueQuantity><value value="1.50"/></valueQuantity></Observation>`;
      const created = await client.post('/Observation', observation(''), XML_BODY);
      assert.equal(created.status, 201, created.text);
      assert.match(created.text, /"value":1\.50/);
      const { id } = created.body;
      const updated = await client.put(`/Observation/${id}`, observation(`<id value="${id}"/>`), {
        ...XML_BODY,
        ...XML,
      });
      assert.equal(read(updated).meta.versionId, '2');
      assert.match(updated.text, /<value value="1\.50"\/>/);
    });

    it('and obeys the headers that it obeys for JSON', async () => {
      const body = `${P}<identifier><system value="urn:x"/><value value="once"/></identifier></Patient>`;
      const headers = { ...XML_BODY, 'if-none-exist': 'identifier=urn:x|once' };
      assert.equal((await client.post('/Patient', body, headers)).status, 201);
      assert.equal((await client.post('/Patient', body, headers)).status, 200);
      const minimal = await client.post('/Patient', body, { ...XML_BODY, ...XML, prefer: 'return=minimal' });
      assert.deepEqual([minimal.status, minimal.text], [201, '']);
      const outcome = await client.post('/Patient', body, { ...XML_BODY, ...XML, prefer: 'return=OperationOutcome' });
      assert.equal(read(outcome).resourceType, 'OperationOutcome');
      const stale = await client.put('/Patient/p1', `${P}<id value="p1"/></Patient>`, {
        ...XML_BODY,
        'if-match': 'W/"9"',
      });
      assert.equal(stale.status, 412);
    });

    it('and says what is wrong with it, and where', async () => {
      const cases: [body: string, issue: string, diagnostics: RegExp][] = [
        [
          `${P}\n <gendr value="male"/></Patient>`,
          'structure at Patient.gendr',
          /did you mean "gender"\? at line 2, column 2/,
        ],
        [`${P}<gender value="mal"/></Patient>`, 'code-invalid at Patient.gender', /"mal" is not in the value set/],
        [`${P}<gender>`, 'structure', /unclosed tag: gender/],
        ['{"resourceType":"Patient"}', 'structure', /Invalid XML/],
        ['<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Patient>&a;</Patient>', 'structure', /DOCTYPE/],
      ];
      for (const [body, issue, diagnostics] of cases) {
        const reply = await client.post('/Patient', body, { ...XML_BODY, ...XML });
        assert.equal(reply.status, 400, reply.text);
        assert.equal(issueIn(reply), issue);
        assert.match(read(reply).issue[0].diagnostics, diagnostics);
      }
    });

    it('of a batch and a transaction, and answers in it', async () => {
      for (const type of ['batch', 'transaction']) {
        const request = { method: 'POST', url: 'Patient' };
        const bundle = { resourceType: 'Bundle', type, entry: [{ resource: aPatient(), request }] };
        const reply = await client.post('', written(bundle), { ...XML_BODY, ...XML, prefer: 'return=representation' });
        const { type: answered, entry } = read(reply);
        assert.equal(answered, `${type}-response`);
        assert.equal(entry[0].response.status, '201 Created');
        assert.equal(entry[0].resource.gender, 'female');
      }
    });

    it('of the parameters of an operation', async () => {
      const parameters = { resourceType: 'Parameters', parameter: [{ name: 'nonsense', valueString: 'x' }] };
      const reply = await client.post('/Location/$bed-availability', written(parameters), { ...XML_BODY, ...XML });
      assert.equal(reply.status, 400, reply.text);
      assert.match(issueIn(reply), / at Parameters\.parameter\[0\]/);
    });
  });

  describe('for people with a browser', () => {
    it('is a page in which nothing of the data can run', async () => {
      const name = [{ family: '<script>alert(1)</script>"\'&' }];
      await client.put('/Patient/h1', aPatient({ id: 'h1', name, managingOrganization: { reference: 'Patient/p1' } }));
      const { headers, text, status } = await client.get('/Patient/h1?_elements=name,managingOrganization', BROWSER);
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.ok(!text.includes('<script>') && text.includes('&lt;script&gt;'), text);
      assert.ok(text.includes(`<a href="${server.base}/Patient/p1">Patient/p1</a>`), text);
      assert.ok(text.includes('href="?_elements=name,managingOrganization&amp;_format=xml"'), text);
    });

    it('is what a refusal looks like as well, and JSON where it is asked for', async () => {
      const refused = await client.get('/Patient/none', BROWSER);
      assert.equal(refused.status, 404);
      assert.match(refused.text, /<pre>[\s\S]*OperationOutcome/);
      assert.equal((await client.get('/Patient/p1?_format=json', BROWSER)).body.id, 'p1');
    });

    it('is for reading; what writes is answered in JSON', async () => {
      assert.equal((await client.post('/Patient', aPatient(), BROWSER)).body.gender, 'female');
    });

    it('cannot be broken out of by an address', async () => {
      const reply = await client.get('/Patient/none?a="><img src=x onerror=alert(1)>', BROWSER);
      assert.ok(!reply.text.includes('<img'), reply.text);
    });
  });

  it('refuses bodies of other versions of FHIR', async () => {
    const reply = await client.post('/Patient', aPatient(), {
      'content-type': 'application/fhir+json; fhirVersion=3.0',
    });
    assert.equal(reply.status, 415);
    assert.match(reply.body.issue[0].diagnostics, /FHIR 4\.0/);
  });
});
