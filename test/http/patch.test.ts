import assert from 'node:assert/strict';
import { writeXml } from '../../src/fhir/formats/xml-write.ts';
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

  const XML_PATCH = { 'content-type': 'application/xml-patch+xml' };
  const xmlPatch = (operations: string): string => `<diff xmlns:fhir="http://hl7.org/fhir">${operations}</diff>`;
  const toOther = xmlPatch('<replace sel="fhir:Patient/fhir:gender/@value">other</replace>');

  it('applies an XML Patch, under the conditions of every patch', async () => {
    await put('x1', { identifier: [{ system: 'urn:mrn', value: 'x' }] });
    const reply = await client.patch('/Patient/x1', toOther, { ...XML_PATCH, 'if-match': 'W/"1"' });
    assert.equal(reply.body.gender, 'other', reply.text);
    assert.equal(reply.headers.get('etag'), 'W/"2"');
    assert.equal((await client.patch('/Patient/x1', toOther, { ...XML_PATCH, 'if-match': 'W/"1"' })).status, 412);
    const activation = xmlPatch('<add sel="fhir:Patient"><fhir:active value="true"/></add>');
    const byCriteria = await client.patch('/Patient?identifier=urn:mrn|x', activation, XML_PATCH);
    assert.equal(byCriteria.body.active, true, byCriteria.text);
  });

  it('says what is wrong with an XML Patch, with its text, and with what it makes', async () => {
    await put('x2');
    const cases: [patch: string, status: number, issue: string][] = [
      [xmlPatch('<remove sel="fhir:Patient/fhir:photo"/>'), 409, 'conflict'],
      [xmlPatch('<remove sel="x:Patient"/>'), 400, 'invalid'],
      ['<diff>', 400, 'structure'],
      [xmlPatch('<replace sel="Patient/gender/@value">mal</replace>'), 400, 'code-invalid at Patient.gender'],
      [xmlPatch('<add sel="Patient"><gendr value="male"/></add>'), 400, 'structure at Patient.gendr'],
    ];
    for (const [patch, status, issue] of cases) {
      const reply = await client.patch('/Patient/x2', patch, XML_PATCH);
      assert.equal(issueOf(reply), issue, reply.text);
      assert.equal(reply.status, status);
    }
    assert.equal((await client.get('/Patient/x2')).headers.get('etag'), 'W/"1"');
  });

  it('applies a FHIRPath Patch in XML', async () => {
    await put('f2');
    const patch = writeXml(fhirPathPatch, server.engine.definitions);
    const reply = await client.patch('/Patient/f2', patch, { 'content-type': 'application/fhir+xml' });
    assert.equal(reply.body.gender, 'other', reply.text);
  });

  it('applies every kind of patch in a batch and a transaction, from a Binary', async () => {
    const texts: Record<string, string> = {
      'application/json-patch+json': JSON.stringify([{ op: 'replace', path: '/gender', value: 'other' }]),
      'application/xml-patch+xml': toOther,
      'application/fhir+json': JSON.stringify(fhirPathPatch),
      'application/fhir+xml': writeXml(fhirPathPatch, server.engine.definitions),
    };
    for (const type of ['batch', 'transaction']) {
      const entry = [];
      for (const [index, [contentType, text]] of Object.entries(texts).entries()) {
        await put(`${type}-${index}`);
        const data = Buffer.from(text).toString('base64');
        const request = { method: 'PATCH', url: `Patient/${type}-${index}` };
        entry.push({ resource: { resourceType: 'Binary', contentType, data }, request });
      }
      const reply = await client.post('', { resourceType: 'Bundle', type, entry }, { prefer: 'return=representation' });
      for (const { response, resource } of reply.body.entry) {
        assert.equal(response.status, '200 OK', reply.text);
        assert.equal(resource.gender, 'other');
      }
    }
  });

  it('refuses a Binary that holds no patch, and says which entry it is', async () => {
    await put('y1');
    const binary = (contentType: string, text: string) => ({
      resourceType: 'Binary',
      contentType,
      data: Buffer.from(text).toString('base64'),
    });
    const cases: [resource: object, expression: string][] = [
      [binary('text/plain', 'x'), 'Bundle.entry[0].resource.contentType'],
      [{ resourceType: 'Binary', contentType: 'application/xml-patch+xml' }, 'Bundle.entry[0].resource.data'],
      [binary('application/xml-patch+xml', '<diff>'), 'Bundle.entry[0]'],
      [binary('application/json-patch+json', '['), 'Bundle.entry[0]'],
    ];
    for (const [resource, expression] of cases) {
      const entry = [{ resource, request: { method: 'PATCH', url: 'Patient/y1' } }];
      const [{ response }] = (await client.post('', { resourceType: 'Bundle', type: 'batch', entry })).body.entry;
      assert.match(response.status, /^400/);
      assert.equal(response.outcome.issue[0].expression[0], expression);
      const transaction = await client.post('', { resourceType: 'Bundle', type: 'transaction', entry });
      assert.equal(transaction.status, 400, transaction.text);
      assert.equal(transaction.body.issue[0].expression[0], expression);
    }
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
    await put('p1', { telecom: [] as unknown[] }).then(() =>
      put('p1', { telecom: [{ system: 'phone', value: 'first' }] }),
    );
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        client.patch('/Patient/p1', [
          { op: 'add', path: '/telecom/-', value: { system: 'phone', value: `t${index}` } },
        ]),
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
