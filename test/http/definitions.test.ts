// Definitions that users post: known by their canonical before the write is answered, in every server process.
import assert from 'node:assert/strict';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const URL_OF_COLOURS = 'http://example.org/ValueSet/posted-colours';

const aValueSet = (more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'ValueSet',
  url: URL_OF_COLOURS,
  version: '1.0.0',
  status: 'active',
  ...more,
});

describe('posted definitions', () => {
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

  describe('of structure', () => {
    const profile = (id: string, more: Record<string, unknown> = {}): Resource => ({
      resourceType: 'StructureDefinition',
      id,
      url: `http://example.org/StructureDefinition/${id}`,
      name: 'Profile',
      status: 'active',
      kind: 'resource',
      abstract: false,
      type: 'Patient',
      baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
      derivation: 'constraint',
      differential: {
        element: [
          { id: 'Patient', path: 'Patient' },
          { id: 'Patient.birthDate', path: 'Patient.birthDate', min: 1 },
        ],
      },
      ...more,
    });
    interface Made {
      snapshot: { element: { id: string; min: number }[] };
    }
    const minOf = ({ snapshot }: Made, id: string): number | undefined =>
      snapshot.element.find((element) => element.id === id)?.min;

    it('get a snapshot, made anew when their base changes', async () => {
      assert.equal((await client.put('/StructureDefinition/base', profile('base'))).status, 201);
      const derived = profile('derived', {
        baseDefinition: 'http://example.org/StructureDefinition/base',
        differential: { element: [{ id: 'Patient.gender', path: 'Patient.gender', min: 1 }] },
      });
      assert.equal((await client.put('/StructureDefinition/derived', derived)).status, 201);
      const find = async () =>
        (await server.engine.canonicals.find('StructureDefinition', derived.url as string)) as never as Made;
      assert.deepEqual([minOf(await find(), 'Patient.birthDate'), minOf(await find(), 'Patient.gender')], [1, 1]);
      const looser = profile('base', { differential: { element: [{ id: 'Patient', path: 'Patient' }] } });
      assert.equal((await client.put('/StructureDefinition/base', looser)).status, 200);
      assert.deepEqual([minOf(await find(), 'Patient.birthDate'), minOf(await find(), 'Patient.gender')], [0, 1]);
      const read = await client.get('/StructureDefinition/derived');
      assert.equal(read.body.snapshot, undefined, 'what is read is what was written');
    });

    it('are refused where they do not fit their base, and the place is named', async () => {
      const unfit = profile('unfit', { differential: { element: [{ id: 'Patient.colour', path: 'Patient.colour' }] } });
      const reply = await client.put('/StructureDefinition/unfit', unfit);
      assert.equal(reply.status, 422, reply.text);
      assert.equal(issueOf(reply), 'business-rule at StructureDefinition.differential.element[0].path');
      assert.equal((await client.get('/StructureDefinition/unfit')).status, 404);
      const lost = await client.post(
        '/StructureDefinition',
        profile('lost', { baseDefinition: 'http://example.org/none' }),
      );
      assert.equal(lost.status, 422);
      assert.equal(issueOf(lost), 'business-rule at StructureDefinition.baseDefinition');
      const circle = profile('circle', { baseDefinition: 'http://example.org/StructureDefinition/circle' });
      assert.equal((await client.put('/StructureDefinition/circle', circle)).status, 422);
    });

    it('come together with their base in one transaction, in any order', async () => {
      const put = (resource: Resource) => ({
        resource,
        request: { method: 'PUT', url: `StructureDefinition/${resource.id}` },
      });
      const child = profile('child', { baseDefinition: 'http://example.org/StructureDefinition/parent' });
      const reply = await client.post('', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [put(child), put(profile('parent'))],
      });
      assert.equal(reply.status, 200, reply.text);
    });

    it('are given with their snapshot by $snapshot', async () => {
      const made = await client.get('/StructureDefinition/parent/$snapshot');
      assert.equal(made.status, 200, made.text);
      assert.equal(minOf(made.body, 'Patient.birthDate'), 1);
      const byUrl = await client.get('/StructureDefinition/$snapshot?url=http://hl7.org/fhir/StructureDefinition/bmi');
      assert.equal(byUrl.body.id, 'bmi');
      assert.ok(byUrl.body.snapshot.element.length > 50);
      const given = await client.post('/StructureDefinition/$snapshot', {
        resourceType: 'Parameters',
        parameter: [{ name: 'definition', resource: profile('given') }],
      });
      assert.equal(minOf(given.body, 'Patient.birthDate'), 1, given.text);
      const { differential: _none, ...only } = profile('only', {
        snapshot: { element: [{ id: 'Patient', path: 'Patient', min: 0, max: '*', short: 'as it came' }] },
      });
      const kept = await client.post('/StructureDefinition/$snapshot', {
        resourceType: 'Parameters',
        parameter: [{ name: 'definition', resource: only }],
      });
      assert.equal(kept.body.snapshot?.element[0].short, 'as it came', kept.text);
      const unknown = await client.get('/StructureDefinition/$snapshot?url=http://example.org/unknown');
      assert.equal(`${unknown.status} ${issueOf(unknown)}`, '404 not-found');
      const none = await client.get('/StructureDefinition/none/$snapshot');
      assert.equal(none.status, 404);
      const without = await client.get('/StructureDefinition/$snapshot');
      assert.equal(`${without.status} ${issueOf(without)}`, '400 required at Parameters.parameter');
      const unfit = await client.post('/StructureDefinition/$snapshot', {
        resourceType: 'Parameters',
        parameter: [
          { name: 'definition', resource: profile('x', { differential: { element: [{ path: 'Patient.no' }] } }) },
        ],
      });
      assert.equal(unfit.status, 422);
    });
  });

  describe('and published ones, searched by their URL', () => {
    const search = (query: string) => client.get(`/StructureDefinition?${query}`);
    const PUBLISHED = 'http://hl7.org/fhir/StructureDefinition/bmi';

    it('are found wherever they are', async () => {
      const { body } = await search(`url=${PUBLISHED}`);
      assert.equal(body.entry.length, 1);
      assert.equal(body.entry[0].fullUrl, PUBLISHED);
      assert.equal(body.entry[0].resource.id, 'bmi');
      assert.equal(body.entry[0].search.mode, 'match');
      assert.equal(body.total, 1);
      assert.equal((await search('url=http://example.org/StructureDefinition/base')).body.entry.length, 1);
    });

    it('are found by version, and fewer parts of them where that is asked for', async () => {
      assert.equal((await search(`url=${PUBLISHED}&version=4.0.1`)).body.total, 1);
      assert.equal((await search(`url=${PUBLISHED}&version=9`)).body.total, 0);
      const { body } = await search(`url=${PUBLISHED}&_elements=url`);
      assert.equal(body.entry[0].resource.snapshot, undefined);
      assert.equal((await search(`url=${PUBLISHED}&_summary=count`)).body.total, 1);
    });

    it('are not found by anything but their URL', async () => {
      assert.equal((await search(`url=${PUBLISHED}&status=active`)).body.total, 0);
      assert.equal((await search('url:below=http://hl7.org/fhir')).body.total, 0);
    });
  });
});
