// Whatever a client sends: an answer in good time, never a 500, an OperationOutcome where it is refused, and no scan of a whole
// collection for an ordinary search. `FUZZ_RUNS` and `FUZZ_SEED` make it longer and different.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Db } from 'mongodb';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { anObservation, aPatient } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { anyText, broken, defaultTerm, searchTerm } from './arbitraries.ts';

const seed = Number(process.env.FUZZ_SEED ?? 20261126);
const runs = Number(process.env.FUZZ_RUNS ?? 400);
const PATIENCE_MS = 15_000;
const TYPES = [
  'Patient',
  'Observation',
  'Encounter',
  'MedicationRequest',
  'Location',
  'Claim',
  'ValueSet',
  'DiagnosticReport',
  'Appointment',
  'RiskAssessment',
];

describe('requests that nobody should send', function () {
  this.timeout(600_000);
  let database: FreshDatabase;
  let server: TestServer;

  before(async () => {
    database = await freshDatabase('fuzz');
    server = await startTestServer('fuzz', { database });
    for (const file of [
      '10-hospitals.json.gz',
      '11-practitioners.json.gz',
      '20-wards.json',
      '30-patients/01-d10dc366-5aa2-e7be-7620-bfe156226152.json.gz',
    ]) {
      const bytes = readFileSync(new URL(`../../seed/${file}`, import.meta.url));
      const body = file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
      const response = await fetch(server.base, {
        method: 'POST',
        headers: { 'content-type': 'application/fhir+json' },
        body: new Uint8Array(body),
      });
      assert.ok(response.ok, `${file}: ${response.status} ${await response.text().then((text) => text.slice(0, 300))}`);
    }
  });
  after(async () => {
    await server.close();
    await database.drop();
  });

  const check = <T>(arbitrary: fc.Arbitrary<T>, predicate: (value: T) => Promise<void>, count = runs): Promise<void> =>
    fc.assert(fc.asyncProperty(arbitrary, predicate), { seed, numRuns: count, endOnFailure: false });

  /** The answer, which is no failure of ours, and an OperationOutcome that says something where it is a refusal. */
  async function answered(
    method: string,
    path: string,
    init: RequestInit = {},
  ): Promise<{ status: number; text: string }> {
    const response = await fetch(`${server.base}${path}`, {
      method,
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...init,
    });
    const text = await response.text();
    assert.ok(response.status < 500, `${method} ${path} answers ${response.status}: ${text}`);
    if (response.status >= 400 && method !== 'HEAD') {
      const type = response.headers.get('content-type') ?? '';
      if (type.includes('json')) {
        const { resourceType, issue } = JSON.parse(text);
        assert.equal(resourceType, 'OperationOutcome');
        assert.ok(
          issue.length > 0 && issue.every((one: { diagnostics?: string }) => (one.diagnostics ?? '') !== ''),
          text,
        );
      } else if (type.includes('xml')) assert.match(text, /<OperationOutcome [\s\S]*<diagnostics /);
      else assert.match(text, /OperationOutcome[\s\S]*diagnostics/);
    }
    return { status: response.status, text };
  }

  it('search parameters of every kind are answered', async () => {
    const query = fc
      .constantFrom(...TYPES)
      .chain((type) =>
        fc.tuple(
          fc.constant(type),
          fc.array(searchTerm(server.engine.definitions, type), { minLength: 1, maxLength: 3 }),
          fc.boolean(),
        ),
      );
    const statuses = new Map<number, number>();
    await check(
      query,
      async ([type, terms, isStrict]) => {
        const headers = { prefer: isStrict ? 'handling=strict' : 'handling=lenient' };
        const { status } = await answered('GET', `/${type}?${terms.join('&')}`, { headers });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      },
      runs * 3,
    );
    assert.ok((statuses.get(200) ?? 0) > runs / 4, `too few were searches at all: ${JSON.stringify([...statuses])}`);
  });

  it('paths and methods of every kind are answered', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        'Patient',
        '1',
        '_history',
        '$validate',
        '$everything',
        '*',
        '_search',
        'Observation',
        'metadata',
        '',
        '..',
      ),
      anyText.map(encodeURIComponent),
    );
    const path = fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`);
    await check(
      fc.tuple(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'), path),
      async ([method, place]) => {
        await answered(method, place);
      },
    );
  });

  it('broken bodies are refused or understood', async () => {
    const good: Resource[] = [
      aPatient({ id: 'f1' }),
      anObservation({ id: 'f1', valueQuantity: { value: 1.5, unit: 'm' } }),
      aBundle(),
      aParameters(),
      aQuestionnaire(),
    ];
    const target = fc.constantFrom(
      '/Patient',
      '/Observation',
      '',
      '/Patient/$validate',
      '/Observation/$validate',
      '/Questionnaire',
      '/Patient/f1',
      '/Location/$bed-availability',
    );
    await check(fc.tuple(target, broken(good), fc.boolean()), async ([path, body, isPut]) => {
      const method = isPut && path === '/Patient/f1' ? 'PUT' : 'POST';
      await answered(method, path, {
        headers: { 'content-type': 'application/fhir+json' },
        body: JSON.stringify(body),
      });
    });
  });

  it('bytes that are no JSON and no XML are refused', async () => {
    const text = fc.oneof(
      anyText,
      fc.constantFrom(
        '{',
        '[',
        '"',
        '{"resourceType":',
        '{"a":1,"a":2}',
        '<',
        '<Patient',
        '<Patient xmlns="http://hl7.org/fhir">',
        '<!DOCTYPE x [<!ENTITY a "b">]><Patient/>',
        `${'['.repeat(50_000)}`,
        `{"a":${'{"a":'.repeat(20_000)}`,
      ),
    );
    const types = fc.constantFrom(
      'application/fhir+json',
      'application/json',
      'application/fhir+xml',
      'text/plain',
      'application/json-patch+json',
      'application/xml-patch+xml',
      'application/x-www-form-urlencoded',
      'x',
    );
    await check(
      fc.tuple(types, text, fc.constantFrom('/Patient', '', '/Patient/_search', '/$validate')),
      async ([type, body, path]) => {
        await answered('POST', path, { headers: { 'content-type': type }, body });
      },
    );
  });

  it('patches of every kind leave the resource whole', async () => {
    await fetch(`${server.base}/Patient/patched`, {
      method: 'PUT',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(aPatient({ id: 'patched' })),
    });
    const pointer = fc.oneof(
      fc.constantFrom(
        '/name/0/family',
        '/name/-',
        '/active',
        '/id',
        '/meta',
        '/resourceType',
        '',
        '/name/9',
        '/__proto__/x',
        '/name/0/given/0',
      ),
      anyText,
    );
    const json = fc.array(
      fc.record({
        op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
        path: pointer,
        from: pointer,
        value: fc.jsonValue({ maxDepth: 2 }),
      }),
      { maxLength: 4 },
    );
    const fhirPath = fc.oneof(
      fc.constantFrom(
        'Patient.name',
        'Patient',
        'Patient.name.where(',
        'Patient.name[0].given',
        "Patient.name.where(family='x').repeat(given)",
        'Patient.birthDate',
      ),
      anyText,
    );
    const parameters = fc
      .tuple(fc.constantFrom('add', 'insert', 'delete', 'replace', 'move', 'x'), fhirPath, anyText)
      .map(([type, path, value]) => ({
        resourceType: 'Parameters',
        parameter: [
          {
            name: 'operation',
            part: [
              { name: 'type', valueCode: type },
              { name: 'path', valueString: path || 'x' },
              { name: 'name', valueString: 'given' },
              { name: 'value', valueString: value || 'x' },
              { name: 'index', valueInteger: 0 },
            ],
          },
        ],
      }));
    await check(fc.oneof(json, parameters), async (patch) => {
      const type = Array.isArray(patch) ? 'application/json-patch+json' : 'application/fhir+json';
      await answered('PATCH', '/Patient/patched', { headers: { 'content-type': type }, body: JSON.stringify(patch) });
    });
    const { text } = await answered('GET', '/Patient/patched');
    assert.equal(JSON.parse(text).resourceType, 'Patient');
  });

  it('headers of every kind are answered', async () => {
    const value = fc.oneof(
      fc.constantFrom(
        'W/"1"',
        '*',
        '"x"',
        'W/"99999999999999999999"',
        'application/fhir+xml;q=x',
        'return=everything',
        'Thu, 01 Jan 1970',
        'text/html',
        'application/fhir+json; fhirVersion=9.9',
        'identifier=a',
        'x=y&',
      ),
      fc.string({ unit: fc.constantFrom('a', ';', ',', '=', '"', '*', '/', ' ', '1'), maxLength: 20 }),
    );
    const name = fc.constantFrom(
      'accept',
      'if-match',
      'if-none-match',
      'if-none-exist',
      'if-modified-since',
      'prefer',
      'accept-encoding',
      'content-type',
      'x-request-id',
      'origin',
    );
    await check(
      fc.tuple(fc.constantFrom('GET', 'PUT', 'POST'), fc.array(fc.tuple(name, value), { maxLength: 4 })),
      async ([method, headers]) => {
        const path = method === 'POST' ? '/Patient' : '/Patient/headed';
        const body = method === 'GET' ? {} : { body: JSON.stringify(aPatient({ id: 'headed' })) };
        await answered(method, path, {
          headers: { 'content-type': 'application/fhir+json', ...Object.fromEntries(headers) },
          ...body,
        });
      },
    );
  });

  it('an ordinary search scans no whole collection', async () => {
    await watched(database.db, async () => {
      const query = fc
        .constantFrom(...TYPES)
        .chain((type) => defaultTerm(server.engine.definitions, type).map((term) => `/${type}?${term}`));
      await check(query, async (path) => {
        await answered('GET', path);
      });
    });
    const profile = database.db.collection('system.profile');
    const ns = new RegExp(`\\.(?:${server.engine.definitions.resourceTypes.join('|')})$`);
    const seen = await profile.countDocuments({ ns, planSummary: /IXSCAN/ });
    assert.ok(seen > runs / 10, `only ${seen} searches came to the database`);
    const scans = await profile.find({ ns, planSummary: /COLLSCAN/ }).toArray();
    assert.deepEqual(
      scans.map(({ ns, command }) => [ns, JSON.stringify(command?.filter ?? command?.pipeline)]),
      [],
    );
  });
});

/** MongoDB's own record of how it answered. */
async function watched(db: Db, work: () => Promise<void>): Promise<void> {
  await db.createCollection('system.profile', { capped: true, size: 64 * 1024 * 1024 });
  await db.command({ profile: 2 });
  try {
    await work();
  } finally {
    await db.command({ profile: 0 });
  }
}

const aBundle = (): Resource => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    {
      fullUrl: 'urn:uuid:8d3c6a52-0d7e-4f0a-9c3b-3f2a6f1f0a11',
      resource: aPatient(),
      request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=x' },
    },
    {
      resource: anObservation({ subject: { reference: 'urn:uuid:8d3c6a52-0d7e-4f0a-9c3b-3f2a6f1f0a11' } }),
      request: { method: 'PUT', url: 'Observation/f2' },
    },
    { request: { method: 'GET', url: 'Patient?name=x' } },
    { request: { method: 'DELETE', url: 'Patient/none' } },
  ],
});

const aParameters = (): Resource => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'resource', resource: aPatient() },
    { name: 'mode', valueCode: 'create' },
    { name: 'profile', valueUri: 'http://hl7.org/fhir/StructureDefinition/Patient' },
  ],
});

const aQuestionnaire = (): Resource => ({
  resourceType: 'Questionnaire',
  status: 'draft',
  url: 'http://example.org/q',
  contained: [
    {
      resourceType: 'ValueSet',
      id: 'v',
      status: 'active',
      compose: { include: [{ system: 'http://x', concept: [{ code: 'a' }] }] },
    },
  ],
  item: [
    {
      linkId: '1',
      type: 'choice',
      answerValueSet: '#v',
      item: [
        { linkId: '1.1', type: 'string', enableWhen: [{ question: '1', operator: 'exists', answerBoolean: true }] },
      ],
    },
  ],
});
