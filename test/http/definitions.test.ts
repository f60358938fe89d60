// Definitions that users post: known by their canonical before the write is answered, in every server process.
import assert from 'node:assert/strict';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient, type FhirClient } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const URL_OF_COLOURS = 'http://example.org/ValueSet/posted-colours';

const aValueSet = (more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'ValueSet',
  url: URL_OF_COLOURS,
  version: '1.0.0',
  status: 'active',
  ...more,
});

describe('posted definitions', function () {
  this.timeout(30_000);
  let database: FreshDatabase;
  let server: TestServer;
  let client: FhirClient;

  before(async () => {
    database = await freshDatabase('definitions');
    server = await startTestServer('definitions', { database });
    client = createFhirClient(server.base);
  });
  after(async () => {
    await server?.close();
    await database?.drop();
  });

  const known = (): (string | undefined)[] =>
    server.engine.canonicals.versions('ValueSet', URL_OF_COLOURS).map(({ version }) => version);

  it('are known as soon as the answer is there, changed by an update and gone after a delete', async () => {
    const { canonicals } = server.engine;
    const told: string[] = [];
    const end = canonicals.onChange((changes) => told.push(...changes.map(({ type, url }) => `${type} ${url}`)));
    const before = canonicals.revision;
    const created = await client.post('/ValueSet', aValueSet());
    assert.equal(created.status, 201);
    assert.deepEqual(known(), ['1.0.0']);
    const { id } = created.body;
    const [entry] = canonicals.versions('ValueSet', URL_OF_COLOURS);
    assert.deepEqual(entry?.origin, { kind: 'stored', id });
    assert.equal((await canonicals.find('ValueSet', URL_OF_COLOURS))?.id, id);

    await client.put(`/ValueSet/${id}`, aValueSet({ id, version: '2.0.0', name: 'Colours' }));
    assert.deepEqual(known(), ['2.0.0']);
    assert.equal((await canonicals.find('ValueSet', URL_OF_COLOURS))?.name, 'Colours');

    await client.patch(`/ValueSet/${id}`, [{ op: 'replace', path: '/name', value: 'Patched' }]);
    assert.equal((await canonicals.find('ValueSet', URL_OF_COLOURS))?.name, 'Patched');

    await client.delete(`/ValueSet/${id}`);
    assert.deepEqual(known(), []);
    assert.equal(await canonicals.find('ValueSet', URL_OF_COLOURS), undefined);
    assert.equal(told.filter((one) => one === `ValueSet ${URL_OF_COLOURS}`).length, 4);
    assert.ok(canonicals.revision >= before + 4);
    end();
  });

  it('come in Bundles too, and not at all where a transaction fails', async () => {
    const entry = (resource: Resource) => ({ resource, request: { method: 'POST', url: resource.resourceType } });
    const bundle = (...entries: unknown[]) => ({ resourceType: 'Bundle', type: 'transaction', entry: entries });
    const failed = await client.post(
      '',
      bundle(entry(aValueSet({ version: '0.9' })), {
        resource: { resourceType: 'Patient', id: 'a' },
        request: { method: 'PUT', url: 'Patient/a', ifMatch: 'W/"7"' },
      }),
    );
    assert.equal(failed.status, 412);
    assert.deepEqual(known(), []);
    const done = await client.post(
      '',
      bundle(entry(aValueSet({ version: '1.0' })), entry(aValueSet({ version: '1.1' }))),
    );
    assert.equal(done.status, 200);
    assert.deepEqual(known(), ['1.1', '1.0']);
  });

  it('win over what is published', async () => {
    const url = 'http://hl7.org/fhir/ValueSet/administrative-gender';
    const { body } = await client.post('/ValueSet', aValueSet({ url, version: '0.1' }));
    const { canonicals } = server.engine;
    assert.equal((await canonicals.find('ValueSet', url))?.id, body.id);
    assert.equal((await canonicals.find('ValueSet', `${url}|4.0.1`))?.id, 'administrative-gender');
    await client.delete(`/ValueSet/${body.id}`);
    assert.equal((await canonicals.find('ValueSet', url))?.id, 'administrative-gender');
  });

  it('are known to other processes within two seconds, and after a restart', async () => {
    const other = await startTestServer('definitions', { database });
    const until = async (isThere: boolean, url: string): Promise<void> => {
      const deadline = Date.now() + 5000;
      while (other.engine.canonicals.has('ValueSet', url) !== isThere && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(other.engine.canonicals.has('ValueSet', url), isThere, url);
    };
    try {
      assert.deepEqual(
        other.engine.canonicals.versions('ValueSet', URL_OF_COLOURS).map(({ version }) => version),
        ['1.1', '1.0'],
      );
      // longer than what a search key keeps, with a character that a key escapes
      const long = `http://example.org/ValueSet/${'long-'.repeat(40)}\\x`;
      for (const url of ['http://example.org/ValueSet/elsewhere', long]) {
        const { body } = await client.post('/ValueSet', aValueSet({ url }));
        await until(true, url);
        assert.equal((await other.engine.canonicals.find('ValueSet', url))?.id, body.id);
        await client.delete(`/ValueSet/${body.id}`);
        await until(false, url);
      }
    } finally {
      await other.close();
    }
  });

  it('without a URL are stored, and a NamingSystem is known by what it identifies', async () => {
    assert.equal((await client.post('/ValueSet', { resourceType: 'ValueSet', status: 'draft' })).status, 201);
    const { body, status } = await client.post('/NamingSystem', {
      resourceType: 'NamingSystem',
      name: 'HospitalNumber',
      status: 'active',
      kind: 'identifier',
      date: '2026-01-01',
      uniqueId: [
        { type: 'uri', value: 'http://example.org/hospital-number' },
        { type: 'oid', value: '1.2.36.99.1' },
      ],
    });
    assert.equal(status, 201, JSON.stringify(body));
    for (const url of ['http://example.org/hospital-number', 'urn:oid:1.2.36.99.1'])
      assert.equal((await server.engine.canonicals.find('NamingSystem', url))?.id, body.id);
  });
});
