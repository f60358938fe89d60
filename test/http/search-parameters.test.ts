// Search parameters that users add: judged when written, searched by when all keys are there, gone when they are deleted.
import assert from 'node:assert/strict';
import { sleep } from '../../src/platform/clock/clock.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient, type FhirClient, issueOf, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const RACE = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race';
const ETHNICITY = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity';

/** as US Core publishes it */
const race = parameter('us-core-race', {
  url: 'http://hl7.org/fhir/us/core/SearchParameter/us-core-race',
  code: 'race',
  base: ['Patient'],
  type: 'token',
  expression: `Patient.extension.where(url = '${RACE}').extension.value.code`,
});

function parameter(id: string, more: object): Record<string, unknown> & { id: string } {
  return {
    resourceType: 'SearchParameter',
    id,
    url: `http://example.org/SearchParameter/${id}`,
    name: id.replaceAll('-', '_'),
    status: 'active',
    description: id,
    code: id,
    base: ['Patient'],
    type: 'token',
    ...more,
  };
}

const coded = (url: string, code: string) => ({
  url,
  extension: [{ url: 'ombCategory', valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code } }],
});

const idsOf = (reply: Reply): string[] => {
  assert.equal(reply.status, 200, reply.text);
  return (reply.body.entry ?? []).map((entry: { resource: { id: string } }) => entry.resource.id).sort();
};

const partOf = (reply: Reply, name: string): unknown => {
  const found = reply.body.parameter?.find((one: { name: string }) => one.name === name);
  return found && Object.entries(found).find(([key]) => key.startsWith('value'))?.[1];
};

async function stateOf(client: FhirClient, id: string): Promise<unknown> {
  return partOf(await client.get(`/SearchParameter/${id}/$status`), 'state');
}

async function untilActive(client: FhirClient, id: string): Promise<void> {
  for (let tries = 0; (await stateOf(client, id)) !== 'active'; tries++) {
    assert.ok(tries < 400, (await client.get(`/SearchParameter/${id}/$status`)).text);
    await sleep(25);
  }
}

async function untilRefused(client: FhirClient, search: string): Promise<Reply> {
  for (let tries = 0; ; tries++) {
    const reply = await client.get(search, strict);
    if (reply.status === 400) return reply;
    assert.equal(reply.status, 503, `never wrong: ${reply.text}`);
    assert.ok(tries < 400, reply.text);
    await sleep(25);
  }
}

const strict = { prefer: 'handling=strict' };

describe('search parameters at run time', () => {
  let server: TestServer;
  let client: FhirClient;
  let database: FreshDatabase;

  before(async () => {
    database = await freshDatabase('parameters');
    server = await startTestServer('parameters', { database });
    client = createFhirClient(server.base);
    for (let index = 0; index < 30; index++) {
      const extension = index % 3 === 0 ? [coded(RACE, `race-${index % 2}`), coded(ETHNICITY, 'e')] : [];
      await client.put(`/Patient/p${index}`, {
        resourceType: 'Patient',
        id: `p${index}`,
        ...(extension.length > 0 && { extension }),
        name: [{ family: `Family${index}` }],
        multipleBirthInteger: index,
      });
    }
  });
  after(async () => {
    await server.close();
    await database.drop();
  });

  it('are searched by once stored resources have keys, say where to watch it, and stand in /metadata', async () => {
    const unknown = await client.get('/Patient?race=race-0', strict);
    assert.equal(unknown.status, 400);
    assert.ok(!(await client.get('/metadata')).text.includes(race.url as string));
    const created = await client.put('/SearchParameter/us-core-race', race);
    assert.equal(created.status, 201, created.text);
    assert.equal(created.headers.get('link'), `<${server.base}/SearchParameter/us-core-race/$status>; rel="status"`);
    await untilActive(client, 'us-core-race');
    assert.deepEqual(idsOf(await client.get('/Patient?race=race-0')), ['p0', 'p12', 'p18', 'p24', 'p6']);
    assert.deepEqual(idsOf(await client.get('/Patient?race:missing=true&_count=100')).length, 20);
    assert.deepEqual(idsOf(await client.get('/Patient?race=race-0&family=Family12')), ['p12']);
    const { body } = await client.get('/metadata');
    const patient = body.rest[0].resource.find(({ type }: { type: string }) => type === 'Patient');
    assert.deepEqual(
      patient.searchParam.find(({ name }: { name: string }) => name === 'race'),
      { name: 'race', definition: race.url, type: 'token' },
    );
  });

  it('find what is written later, in every way a parameter is used', async () => {
    await client.put('/Patient/late', { resourceType: 'Patient', id: 'late', extension: [coded(RACE, 'late')] });
    assert.deepEqual(idsOf(await client.get('/Patient?race=late')), ['late']);
    await client.put('/Observation/of-late', {
      resourceType: 'Observation',
      id: 'of-late',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/late' },
    });
    assert.deepEqual(idsOf(await client.get('/Observation?patient.race=late')), ['of-late']);
    assert.deepEqual(idsOf(await client.get('/Patient?race:not=late&_id=late')), []);
    const sorted = await client.get('/Patient?_sort=race&_count=1');
    assert.deepEqual(idsOf(sorted), ['late']);
  });

  it('follow a change of their definition, and are never wrong meanwhile', async () => {
    const other = { ...race, expression: `Patient.extension.where(url = '${ETHNICITY}').extension.value.code` };
    assert.equal((await client.put('/SearchParameter/us-core-race', other)).status, 200);
    for (let tries = 0; ; tries++) {
      const reply = await client.get('/Patient?race=e&_count=100');
      if (reply.status === 200) {
        assert.equal(idsOf(reply).length, 10);
        break;
      }
      assert.equal(reply.status, 503, reply.text);
      assert.match(reply.body.issue[0].diagnostics, /race of Patient is being indexed/);
      assert.equal(reply.body.issue[0].code, 'transient');
      assert.ok(reply.headers.get('retry-after'));
      assert.ok(tries < 400);
      await sleep(10);
    }
    assert.deepEqual(idsOf(await client.get('/Patient?race=race-0')), []);
  });

  it('are named in a warning by _include=* that does not follow them yet, and followed afterwards', async () => {
    await client.put('/Practitioner/who', { resourceType: 'Practitioner', id: 'who' });
    await client.put('/Patient/theirs', {
      resourceType: 'Patient',
      id: 'theirs',
      extension: [{ url: 'http://example.org/doctor', valueReference: { reference: 'Practitioner/who' } }],
    });
    const doctor = parameter('doctor', {
      type: 'reference',
      target: ['Practitioner'],
      expression: "Patient.extension.where(url = 'http://example.org/doctor').value",
    });
    assert.equal((await client.put('/SearchParameter/doctor', doctor)).status, 201);
    const found = () => client.get('/Patient?_id=theirs&_include=*');
    const warned = ({ body }: Reply): string =>
      body.entry.find(({ search }: { search: { mode: string } }) => search.mode === 'outcome')?.resource.issue[0]
        .diagnostics ?? '';
    for (let tries = 0; !warned(await found()).includes('doctor of Patient is being indexed'); tries++) {
      assert.ok(tries < 400, 'no warning');
      await sleep(10);
    }
    await untilActive(client, 'doctor');
    assert.deepEqual(idsOf(await found()), ['theirs', 'who']);
    assert.equal((await client.delete('/SearchParameter/doctor')).status, 204);
  });

  it('are gone with their resource, and leave no keys', async () => {
    assert.ok((await client.get('/Patient?race=e')).status === 200);
    assert.equal((await client.delete('/SearchParameter/us-core-race')).status, 204);
    const refused = await untilRefused(client, '/Patient?race=e');
    assert.equal(issueOf(refused), 'not-supported');
    const keyed = { k: { $elemMatch: { $gte: 'race|', $lt: 'race}' } } };
    for (let tries = 0; (await database.db.collection('Patient').countDocuments(keyed)) > 0; tries++) {
      assert.ok(tries < 400);
      await sleep(25);
    }
  });

  it('that only say again what is built in are accepted and change nothing', async () => {
    const name = parameter('us-core-patient-name', { code: 'name', type: 'string', expression: 'Patient.name' });
    assert.equal((await client.put(`/SearchParameter/${name.id}`, name)).status, 201);
    const status = await client.get(`/SearchParameter/${name.id}/$status`);
    assert.equal(partOf(status, 'state'), 'answered');
    assert.deepEqual(status.body.parameter.at(-1).part, [
      { name: 'type', valueCode: 'Patient' },
      { name: 'answeredBy', valueCanonical: 'http://hl7.org/fhir/SearchParameter/Patient-name' },
    ]);
    assert.deepEqual(idsOf(await client.get('/Patient?name=family7')), ['p7']);
  });

  it('that are drafts or retired are kept, however unfit, and not searched by', async () => {
    for (const status of ['draft', 'retired', 'unknown']) {
      const kept = parameter('kept', { status, code: 'kept', expression: 'Patient.((' });
      assert.ok((await client.put('/SearchParameter/kept', kept)).status < 300);
      assert.equal(await stateOf(client, 'kept'), 'inactive');
    }
  });

  const unfit: readonly [why: string, more: object, expression: string, code?: string][] = [
    ['no expression', {}, 'SearchParameter.expression', 'required'],
    ['no FHIRPath', { expression: 'Patient.name.((' }, 'SearchParameter.expression'],
    ['an element that is none', { expression: 'Patient.nickname' }, 'SearchParameter.expression'],
    [
      'elements that its type cannot search',
      { type: 'date', expression: 'Patient.name' },
      'SearchParameter.expression',
    ],
    ['texts that hold no date', { type: 'date', expression: 'Patient.name.family' }, 'SearchParameter.expression'],
    ['an expression about others', { expression: 'Observation.code' }, 'SearchParameter.expression'],
    [
      'a code that means something else',
      { code: 'gender', expression: 'Patient.contact.gender' },
      'SearchParameter.code',
      'business-rule',
    ],
    ['a code with a meaning of its own', { code: '_sort', expression: 'Patient.name' }, 'SearchParameter.code'],
    ['a code that no URL can have', { code: 'a:b', expression: 'Patient.gender' }, 'SearchParameter.code'],
    [
      'the URL of a published one for another',
      { url: 'http://hl7.org/fhir/SearchParameter/individual-gender', code: 'g', expression: 'Patient.gender' },
      'SearchParameter.url',
    ],
    [
      'a component that is unknown',
      {
        type: 'composite',
        expression: 'Patient.name',
        component: [
          { definition: 'http://hl7.org/fhir/SearchParameter/individual-family', expression: 'family' },
          { definition: 'http://example.org/none', expression: 'given' },
        ],
      },
      'SearchParameter.component[1].definition',
      'not-found',
    ],
  ];
  for (const [why, more, expression, code] of unfit)
    it(`are refused for ${why}`, async () => {
      const reply = await client.put('/SearchParameter/unfit', parameter('unfit', more));
      assert.equal(reply.status, 422, reply.text);
      const [issue] = reply.body.issue;
      assert.deepEqual(issue.expression, [expression], reply.text);
      if (code) assert.equal(issue.code, code);
      assert.equal((await client.get('/SearchParameter/unfit')).status, 404);
    });

  it('are refused in a transaction as alone, and all of a transaction come together', async () => {
    const bundle = (...resources: { id: string }[]) => ({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: resources.map((resource) => ({
        resource,
        request: { method: 'PUT', url: `SearchParameter/${resource.id}` },
      })),
    });
    const births = parameter('births', { type: 'number', expression: '(Patient.multipleBirth as integer)' });
    const bad = parameter('bad', { expression: 'Patient.nickname' });
    const refused = await client.post('', bundle(births, bad));
    assert.equal(refused.status, 422, refused.text);
    assert.equal((await client.get('/SearchParameter/births')).status, 404);
    const kin = parameter('kin', { type: 'string', expression: 'Patient.contact.name' });
    assert.equal((await client.post('', bundle(births, kin))).status, 200);
    await untilActive(client, 'births');
    await untilActive(client, 'kin');
    assert.deepEqual(idsOf(await client.get('/Patient?births=ge28')), ['p28', 'p29']);
    const sorted = await client.get('/Patient?_sort=-births&_count=1');
    assert.deepEqual(idsOf(sorted), ['p29']);
  });

  it('of a second URL with a code that is taken are refused; of the same meaning, answered, and take over when the first goes', async () => {
    const first = parameter('first', { code: 'lang', expression: 'Patient.communication.language' });
    const second = parameter('second', { code: 'lang', expression: 'Patient.communication.language' });
    const other = parameter('other', { code: 'lang', expression: 'Patient.language' });
    await client.put('/Patient/speaks', {
      resourceType: 'Patient',
      id: 'speaks',
      communication: [{ language: { coding: [{ code: 'rm' }] } }],
    });
    await client.put('/SearchParameter/first', first);
    await untilActive(client, 'first');
    assert.equal((await client.put('/SearchParameter/other', other)).status, 422);
    assert.equal((await client.put('/SearchParameter/second', second)).status, 201);
    assert.equal(await stateOf(client, 'second'), 'answered');
    await client.delete('/SearchParameter/first');
    await untilActive(client, 'second');
    assert.deepEqual(idsOf(await client.get('/Patient?lang=rm')), ['speaks']);
  });

  it('work for extensions as the specification writes them, for all types at once, and as composites and references', async () => {
    const added = [
      parameter('maiden', { type: 'string', expression: "Patient.extension('http://example.org/maiden')" }),
      parameter('language-of', { base: ['Resource'], expression: 'Resource.language' }),
      parameter('friend', { type: 'reference', expression: "Patient.extension('http://example.org/friend').value" }),
      parameter('name-use', {
        type: 'composite',
        expression: 'Patient.telecom',
        component: [
          { definition: 'http://hl7.org/fhir/SearchParameter/individual-telecom', expression: '$this' },
          { definition: 'http://hl7.org/fhir/SearchParameter/individual-telecom', expression: 'use' },
        ],
      }),
    ];
    await client.put('/Patient/rich', {
      resourceType: 'Patient',
      id: 'rich',
      language: 'rm',
      extension: [
        { url: 'http://example.org/maiden', valueString: 'Née Planta' },
        { url: 'http://example.org/friend', valueReference: { reference: 'Patient/p1' } },
      ],
    });
    for (const one of added.slice(0, 3)) assert.ok((await client.put(`/SearchParameter/${one.id}`, one)).status < 300);
    for (const one of added.slice(0, 3)) await untilActive(client, one.id);
    assert.deepEqual(idsOf(await client.get('/Patient?maiden=nee')), ['rich']);
    assert.deepEqual(idsOf(await client.get('/Patient?language-of=rm')), ['rich']);
    assert.deepEqual(idsOf(await client.get('/?_type=Patient,Observation&language-of=rm')), ['rich']);
    assert.deepEqual(idsOf(await client.get('/Patient?friend=Patient/p1')), ['rich']);
    assert.deepEqual(idsOf(await client.get('/Patient?friend.family=family1&_id=rich')), ['rich']);
    const included = await client.get('/Patient?_id=rich&_include=Patient:friend');
    assert.deepEqual(idsOf(included), ['p1', 'rich']);
    assert.deepEqual(idsOf(await client.get('/Patient?_id=p1&_revinclude=Patient:friend')), ['p1', 'rich']);
  });

  it('are the same in every server process within two seconds, and survive a restart', async () => {
    const database = await freshDatabase('parameters-two');
    const one = await startTestServer('parameters-two', { database });
    const two = await startTestServer('parameters-two', { database });
    const [a, b] = [createFhirClient(one.base), createFhirClient(two.base)];
    try {
      await a.put('/Patient/x', { resourceType: 'Patient', id: 'x', extension: [coded(RACE, 'x')] });
      await a.put('/SearchParameter/us-core-race', race);
      await untilActive(a, 'us-core-race');
      const since = performance.now();
      for (;;) {
        const reply = await b.get('/Patient?race=x', strict);
        if (reply.status === 200) {
          assert.deepEqual(idsOf(reply), ['x']);
          break;
        }
        assert.ok(performance.now() - since < 20_000, 'the other server still refuses it');
        await sleep(20);
      }
      await b.put('/Patient/y', { resourceType: 'Patient', id: 'y', extension: [coded(RACE, 'x')] });
      assert.deepEqual(idsOf(await a.get('/Patient?race=x')), ['x', 'y']);
      await two.close();
      const three = await startTestServer('parameters-two', { database });
      assert.deepEqual(idsOf(await createFhirClient(three.base).get('/Patient?race=x')), ['x', 'y']);
      await three.close();
    } finally {
      await one.close();
      await database.drop();
    }
  });
});
