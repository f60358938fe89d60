// Organization/[id]/$adopt: what belongs to nobody becomes an organisation's, once.
import assert from 'node:assert/strict';
import { type Ask, aCaller, askerOf } from '../support/callers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('adopting', () => {
  let server: TestServer;
  let ask: Ask;
  const admin = aCaller('admin');
  const doctor = aCaller('doctor', { organizations: ['first'] });

  before(async () => {
    server = await startTestServer('organization-adopt', { settings: { auth: 'on' } });
    ask = askerOf(server);
    const save = (resource: { resourceType: string; id: string }) =>
      server.store.write({ kind: 'update', type: resource.resourceType, id: resource.id, resource });
    await save({ resourceType: 'Organization', id: 'first' });
    await save({ resourceType: 'Organization', id: 'second' });
    await Promise.all(Array.from({ length: 205 }, (_, at) => save({ resourceType: 'Patient', id: `p${at}` })));
    await save({ resourceType: 'Basic', id: 'b' });
    await save({ resourceType: 'Practitioner', id: 'open' });
  });
  after(() => server.close());

  const adopt = async (organization: string, body: object = {}) => {
    const answer = await ask(admin, 'POST', `Organization/${organization}/$adopt`, body);
    const told = (answer.body.parameter ?? []) as { name: string; valueUnsignedInt: number }[];
    return {
      ...answer,
      counts: Object.fromEntries(told.map(({ name, valueUnsignedInt }) => [name, valueUnsignedInt])),
    };
  };

  it('gives what has no owner, and nothing else, to the organisation', async () => {
    assert.equal((await ask(doctor, 'GET', 'Patient?_summary=count')).body.total, 0);
    assert.deepEqual((await adopt('first', { type: ['Patient'] })).counts, { adopted: 205, skipped: 0 });
    assert.equal((await ask(doctor, 'GET', 'Patient?_summary=count')).body.total, 205);
    assert.deepEqual((await adopt('second')).counts, { adopted: 1, skipped: 0 }, 'what has an owner keeps it');
    assert.equal(
      (await server.store.read('Practitioner', 'open'))?.version,
      1,
      'the directory is open without an owner',
    );
    assert.equal((await server.store.read('Patient', 'p0'))?.version, 2);
  });

  const refusals: readonly (readonly [what: string, path: string, body: object, status: number, code: string])[] = [
    ['an organisation that is not there', 'Organization/third/$adopt', {}, 404, 'not-found'],
    ['a type that is not there', 'Organization/first/$adopt', { type: ['Human'] }, 400, 'code-invalid'],
    ["a type that is everybody's", 'Organization/first/$adopt', { type: ['ValueSet'] }, 400, 'value'],
  ];
  for (const [what, path, body, status, code] of refusals) {
    it(`refuses ${what}`, async () => {
      const answer = await ask(admin, 'POST', path, body);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.body.issue[0].code, code);
    });
  }

  it('is for administrators of the server', async () => {
    assert.equal((await ask(doctor, 'POST', 'Organization/first/$adopt', {})).status, 403);
  });
});
