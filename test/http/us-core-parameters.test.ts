// US Core loaded beside a running server: its search parameters become searchable.
import assert from 'node:assert/strict';
import { sleep } from '../../src/platform/clock/clock.ts';
import { loadInto, US_CORE } from '../support/a-package.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient, type FhirClient, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const RACE = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race';
const CDC = 'urn:oid:2.16.840.1.113883.6.238';

const patient = (id: string, race: string) => ({
  resourceType: 'Patient',
  id,
  extension: [
    {
      url: RACE,
      extension: [
        { url: 'ombCategory', valueCoding: { system: CDC, code: race } },
        { url: 'text', valueString: 'as told' },
      ],
    },
  ],
  name: [{ family: 'Shaw' }],
  gender: 'female',
});

describe('the search parameters of US Core', () => {
  let database: FreshDatabase;
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    database = await freshDatabase('us_core');
    server = await startTestServer('us_core', { database });
    client = createFhirClient(server.base);
    await client.put('/Patient/before', patient('before', '2106-3'));
    await client.put('/Patient/other', patient('other', '2028-9'));
    await client.put('/Goal/walk', {
      resourceType: 'Goal',
      id: 'walk',
      lifecycleStatus: 'active',
      description: { coding: [{ system: 'http://goals', code: 'walk-daily' }] },
      subject: { reference: 'Patient/before' },
    });
    await loadInto(database, US_CORE);
  });
  after(async () => {
    await server?.close();
    await database?.drop();
  });

  const strict = { prefer: 'handling=strict' };
  const idsOf = ({ body }: Reply): string[] =>
    (body.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id).sort();

  async function untilSearched(search: string): Promise<Reply> {
    for (let tries = 0; ; tries++) {
      const reply = await client.get(search, strict);
      if (reply.status === 200) return reply;
      assert.ok(reply.status === 400 || reply.status === 503, reply.text);
      assert.ok(tries < 800, reply.text);
      await sleep(25);
    }
  }

  it('find what was stored before the package came, and what is written after', async () => {
    assert.deepEqual(idsOf(await untilSearched('/Patient?race=2106-3')), ['before']);
    await client.put('/Patient/later', patient('later', '2106-3'));
    assert.deepEqual(idsOf(await client.get('/Patient?race=2106-3&gender=female', strict)), ['before', 'later']);
    assert.deepEqual(idsOf(await untilSearched('/Goal?description=walk-daily')), ['walk']);
    assert.deepEqual(idsOf(await client.get('/Goal?patient.race=2106-3', strict)), ['walk']);
  });

  it('stand in /metadata; those that say again what is built in are answered by it', async () => {
    const { body } = await client.get('/metadata');
    const ofPatient = body.rest[0].resource.find(({ type }: { type: string }) => type === 'Patient').searchParam;
    const named = (name: string) => ofPatient.filter((one: { name: string }) => one.name === name);
    assert.equal(named('race')[0]?.definition, 'http://hl7.org/fhir/us/core/SearchParameter/us-core-race');
    assert.equal(named('family').length, 1);
    assert.deepEqual(idsOf(await client.get('/Patient?family=shaw', strict)), ['before', 'later', 'other']);
  });
});
