// `_explain=true`: how the database found it, with the result and in no link.
import assert from 'node:assert/strict';
import { createFhirClient, type FhirClient, issueOf, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const explanationOf = (reply: Reply): string[] => {
  assert.equal(reply.status, 200, reply.text);
  const outcomes = (reply.body.entry ?? []).filter(
    ({ search }: { search: { mode: string } }) => search.mode === 'outcome',
  );
  assert.equal(outcomes.length, 1, reply.text);
  return outcomes[0].resource.issue.map((issue: Record<string, string>) => {
    assert.deepEqual([issue.severity, issue.code], ['information', 'informational']);
    return issue.diagnostics;
  });
};

describe('_explain', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('explain');
    client = createFhirClient(server.base);
    for (const id of ['ann', 'bob', 'eve'])
      await client.put(`/Patient/${id}`, {
        resourceType: 'Patient',
        id,
        name: [{ family: `Secret${id}` }],
        gender: id === 'bob' ? 'male' : 'female',
        birthDate: '1980-01-01',
      });
    for (const id of ['o1', 'o2'])
      await client.put(`/Observation/${id}`, {
        resourceType: 'Observation',
        id,
        status: 'final',
        code: { coding: [{ system: 'http://loinc.org', code: 'x' }] },
        subject: { reference: 'Patient/ann' },
      });
  });
  after(() => server.close());

  const rows: [query: string, expected: (string | RegExp)[]][] = [
    [
      '/Patient?gender=female',
      [
        /^Patient: [2-4] keys and 2 documents examined$/,
        'Patient: index k_1_sd_-1_n_1',
        'Patient: not sorted in memory',
        '1 database commands',
      ],
    ],
    [
      '/Patient?_sort=-birthdate,gender&_count=1&_total=accurate',
      [
        /^Patient: \d+ keys and [3-9] documents examined$/,
        'Patient: index x_1, u_1_n_1, sd_-1_n_1',
        'Patient: sorted in memory',
        '4 database commands',
      ],
    ],
    [
      '/Patient?_id=ann&_count=0',
      [
        'Patient: 1 keys and 1 documents examined',
        'Patient: index _id_',
        'Patient: not sorted in memory',
        '1 database commands',
      ],
    ],
    [
      '/Patient/ann/Observation?code=http://loinc.org|x',
      [
        /^Observation: /,
        /^Observation: index k_1_sd_-1_n_1$/,
        'Observation: not sorted in memory',
        '1 database commands',
      ],
    ],
    [
      '/Observation?_include=Observation:subject',
      [
        /^Observation: /,
        /^Observation: index /,
        'Observation: not sorted in memory',
        /^Patient: [1-3] keys and [1-3] documents examined$/,
        /^Patient: index (_id_|sd_-1_n_1)$/,
        /^Patient: /,
        '2 database commands',
      ],
    ],
    [
      '/?_type=Patient,Observation,Basic&_sort=-_lastUpdated',
      [
        /^3 types: [5-9] keys and 5 documents examined$/,
        '3 types: index u_1_n_1',
        '3 types: not sorted in memory',
        '2 database commands',
      ],
    ],
    [
      '/Basic?code=x',
      [
        'Basic: 0 keys and 0 documents examined',
        'Basic: no index',
        'Basic: not sorted in memory',
        '1 database commands',
      ],
    ],
  ];
  for (const [query, expected] of rows)
    it(`tells of ${query}, and changes neither matches nor links`, async () => {
      const plain = await client.get(query);
      const reply = await client.get(`${query}&_explain=true`);
      const told = explanationOf(reply);
      assert.equal(told.length, expected.length, told.join('\n'));
      for (const [index, line] of expected.entries())
        if (typeof line === 'string') assert.equal(told[index], line);
        else assert.match(told[index]!, line);
      assert.ok(!told.join().includes('Secret'));
      const rest = (reply.body.entry ?? []).filter(
        ({ search }: { search: { mode: string } }) => search.mode !== 'outcome',
      );
      assert.deepEqual(rest, plain.body.entry ?? []);
      assert.equal(reply.body.total, plain.body.total);
      assert.deepEqual(reply.body.link, plain.body.link);
    });

  it('tells of every type that has something, where all are searched', async () => {
    const told = explanationOf(await client.get('/?_count=1000&_explain=true'));
    const subjects = new Set(told.slice(0, -1).map((line) => line.slice(0, line.indexOf(':'))));
    assert.ok(subjects.has('Observation') && subjects.has('Patient') && !subjects.has('Basic'), told.join('\n'));
  });

  it('is of a page: the link to the next is without it', async () => {
    const reply = await client.get('/Patient?_count=1&_explain=true');
    const next = reply.body.link.find(({ relation }: { relation: string }) => relation === 'next').url;
    assert.ok(!next.includes('_explain'));
    const second = await client.get(`${next.slice(server.base.length)}&_explain=true`);
    assert.match(explanationOf(second)[0]!, /^Patient: [1-4] keys and [1-4] documents examined$/);
  });

  it('is told beside warnings, and takes true or false', async () => {
    const { body } = await client.get('/Patient?nonsense=1&_explain=true');
    const { issue } = body.entry.at(-1).resource;
    assert.deepEqual([issue[0].severity, issue[0].code], ['warning', 'not-supported']);
    assert.equal(issue.length, 5);
    assert.equal((await client.get('/Patient?_id=ann&_explain=false')).body.entry.length, 1);
    const refused = await client.get('/Patient?_explain=yes');
    assert.equal(refused.status, 400);
    assert.equal(issueOf(refused), 'invalid');
  });
});
