import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DEFAULT_BASE } from '../../src/cli/gen/capability-statement.ts';
import { planSearch } from '../../src/fhir/search/index.ts';
import { createValidator } from '../../src/fhir/validation/validate.ts';
import { createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

interface ResourceEntry {
  type: string;
  interaction: { code: string }[];
  searchParam: { name: string; definition: string; type: string }[];
  searchInclude?: string[];
  searchRevInclude?: string[];
}

describe('capabilities', () => {
  let server: TestServer;
  let client: FhirClient;
  let types: Map<string, ResourceEntry>;
  before(async () => {
    server = await startTestServer('capabilities');
    client = createFhirClient(server.base);
    const { body } = await client.get('/metadata');
    types = new Map(body.rest[0].resource.map((entry: ResourceEntry) => [entry.type, entry]));
  });
  after(() => server.close());

  it('are a valid statement of this server', async () => {
    const { body, status } = await client.get('/metadata');
    assert.equal(status, 200);
    assert.equal(body.fhirVersion, '4.0.1');
    assert.equal(body.implementation.url, server.base);
    assert.deepEqual(createValidator(server.engine.definitions)(body, { type: 'CapabilityStatement' }), []);
  });

  it('are those of capability-statement.json (`npm run gen` writes it)', async () => {
    const committed = readFileSync(new URL('../../capability-statement.json', import.meta.url), 'utf8');
    const { body } = await client.get('/metadata');
    assert.deepEqual(body, JSON.parse(committed.replaceAll(DEFAULT_BASE, server.base)));
  });

  it('name every type but Parameters', () => {
    assert.equal(types.size, 145);
    assert.ok(!types.has('Parameters'));
  });

  it('name the search parameters of a type with their definitions', () => {
    const { searchParam } = types.get('Patient')!;
    assert.deepEqual(
      searchParam.find(({ name }) => name === 'birthdate'),
      { name: 'birthdate', definition: 'http://hl7.org/fhir/SearchParameter/individual-birthdate', type: 'date' },
    );
    for (const name of ['_id', '_lastUpdated', '_tag', 'family', 'identifier', 'general-practitioner']) {
      assert.ok(
        searchParam.some((parameter) => parameter.name === name),
        name,
      );
    }
    assert.ok(!searchParam.some(({ name }) => name === '_query'), 'what is not searched is not claimed');
  });

  it('name includes in both directions', () => {
    assert.ok(types.get('Observation')?.searchInclude?.includes('Observation:subject'));
    assert.ok(types.get('Patient')?.searchRevInclude?.includes('Observation:subject'));
  });

  it('claim only search parameters that are searched, on every type', () => {
    const { definitions, settings } = server.engine;
    for (const [type, { searchParam }] of types) {
      for (const { name } of searchParam) {
        const query = [[`${name}:missing`, 'false']] as const;
        planSearch({ definitions, type, query, strict: true, settings, now: 0 });
      }
    }
  });

  it('know no other mode', async () => {
    const reply = await client.get('/metadata?mode=terminology');
    assert.equal(issueOf(reply), 'not-supported');
    assert.equal(reply.status, 400);
  });
});
