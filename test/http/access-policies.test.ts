// $access-policies and $change-access-policy: read, changed, refused, and in force everywhere.
import assert from 'node:assert/strict';
import { aCaller, askerOf } from '../support/callers.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

interface Entry {
  role: string;
  version: number;
  changedBy?: string;
  policy: string;
  gained?: string;
  contested?: string;
  merged?: string;
}

const porter = (may: string) =>
  JSON.stringify({
    role: 'porter',
    title: 'Porter',
    description: 'Fetches people',
    grants: [{ types: ['Patient'], may, show: ['name'] }],
    operations: [],
  });

describe('access policies', () => {
  let database: FreshDatabase;
  let one: TestServer;
  let other: TestServer;

  before(async () => {
    database = await freshDatabase('access-policies');
    one = await startTestServer('access-policies-1', { database, settings: { auth: 'on' } });
    other = await startTestServer('access-policies-2', { database });
  });
  after(async () => {
    await one.close();
    await other.close();
    await database.drop();
  });

  async function post(path: string, body: object): Promise<{ status: number; body: unknown }> {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
    const response = await fetch(`${other.base}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  }

  const entriesIn = (body: unknown): Entry[] =>
    ((body as { parameter?: { part: { name: string }[] }[] }).parameter ?? []).map(
      ({ part }) =>
        Object.fromEntries(
          part.map((one) => [one.name, Object.entries(one).find(([name]) => name.startsWith('value'))?.[1]]),
        ) as unknown as Entry,
    );

  it('are told, of all roles or of one', async () => {
    const all = entriesIn((await post('/$access-policies', {})).body);
    assert.ok(all.length >= 13);
    const [nurse, ...more] = entriesIn((await post('/$access-policies', { role: 'nurse' })).body);
    assert.equal(more.length, 0);
    assert.equal(nurse?.version, 0);
    assert.equal(JSON.parse(nurse!.policy).role, 'nurse');
    const unknown = await post('/$access-policies', { role: 'wizard' });
    assert.equal(unknown.status, 404);
  });

  it('are for administrators, and for no app without all that it takes', async () => {
    const ask = askerOf(one);
    const change = { policy: porter('r') };
    const rows = [
      [aCaller('doctor'), 403],
      [aCaller('admin', { scopes: ['user/Observation.cruds'] }), 403],
      [aCaller('x', { kind: 'anonymous', roles: [] }), 401],
    ] as const;
    for (const [caller, status] of rows) {
      assert.equal((await ask(caller, 'POST', '$change-access-policy', change)).status, status);
      if (caller.scopes === undefined) assert.equal((await ask(caller, 'GET', '$access-policies')).status, status);
    }
  });

  it('are in force in every process within five seconds of a change, for tokens that are there already', async () => {
    const ask = askerOf(one);
    const caller = aCaller('porter', { token: { id: 't1', grant: 'g1', expires: Date.now() + 3600e3 } });
    assert.equal((await ask(caller, 'GET', 'Patient')).status, 403);
    const made = await post('/$change-access-policy', { policy: porter('rs') });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const start = Date.now();
    let status = 403;
    while (status === 403 && Date.now() - start < 20_000) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      status = (await ask(caller, 'GET', 'Patient')).status;
    }
    assert.equal(status, 200);
  });

  it('are kept in all versions, with who made them', async () => {
    const changed = await post('/$change-access-policy', { policy: porter('r'), ifVersion: 1 });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    const versions = entriesIn((await post('/$access-policies', { role: 'porter', history: true })).body);
    assert.deepEqual(
      versions.map(({ version, changedBy }) => [version, changedBy]),
      [
        [2, 'nobody signed in'],
        [1, 'nobody signed in'],
      ],
    );
  });

  it('tell what a release changes in one that was changed, until it is taken or left out', async () => {
    const nurse = async (at: TestServer): Promise<Entry> => {
      const { body } = await askerOf(at)(aCaller('admin'), 'POST', '$access-policies', { role: 'nurse' });
      return entriesIn(body)[0]!;
    };
    const change = async (at: TestServer, policy: unknown, more: object): Promise<Entry> => {
      const input = { policy: JSON.stringify(policy), ...more };
      const { status, text } = await askerOf(at)(aCaller('admin'), 'POST', '$change-access-policy', input);
      assert.equal(status, 200, text);
      return nurse(at);
    };
    const shipped = JSON.parse((await nurse(one)).policy);
    const [operation, ...operations] = shipped.operations as string[];
    const earlier = { ...shipped, operations };
    const mine = { ...earlier, title: 'Nurse on trial' };
    const changed = await change(one, mine, { ifVersion: 0 });
    assert.deepEqual(
      [changed.version, changed.gained],
      [1, undefined],
      'what is left out of this release is so on purpose',
    );
    // as a release left it in which the operation was not yet
    await one.store.transaction(async (tx) => {
      const set = { $set: { base: JSON.stringify(earlier) } };
      await tx.changePlace('access-policy', 'nurse/1', {}, set, {});
    });
    const next = await startTestServer('access-policies-3', { database, settings: { auth: 'on' } });
    const [line, ...more] = next.lines.filter(({ message }) => message.includes('another policy of nurse'));
    assert.deepEqual([line?.level, line?.fields.gained, more], ['warn', [operation], []]);
    const told = await nurse(next);
    assert.deepEqual([told.gained, JSON.parse(told.policy)], [operation, mine], 'nothing is in force by itself');
    assert.deepEqual(new Set(JSON.parse(told.merged!).operations), new Set(shipped.operations));

    const edited = await change(next, { ...mine, title: 'Nurse' }, {});
    assert.deepEqual([edited.version, edited.gained], [2, operation], 'still told after another change');
    const left = await change(next, mine, { releaseSeen: true });
    assert.deepEqual([left.version, left.gained], [3, undefined]);
    assert.equal((await change(next, mine, {})).gained, undefined);

    // before policies were kept with what they were made from
    await one.store.transaction((tx) => tx.changePlace('access-policy', 'nurse/4', {}, { $unset: { base: '' } }, {}));
    await next.close();
    const last = await startTestServer('access-policies-4', { database, settings: { auth: 'on' } });
    const { merged } = await nurse(last);
    const taken = await change(last, JSON.parse(merged!), { ifVersion: 4 });
    assert.deepEqual([taken.version, taken.gained], [5, undefined]);
    assert.equal(JSON.parse(taken.policy).title, 'Nurse on trial');
    await last.close();
  });

  const refusals: readonly (readonly [
    what: string,
    body: object,
    status: number,
    code: string,
    expression: string | undefined,
  ])[] = [
    ['no JSON', { policy: '{' }, 400, 'structure', 'policy'],
    ['wrong content', { policy: porter('x') }, 400, 'value', 'policy.grants[0].may'],
    ['an outdated version', { policy: porter('r'), ifVersion: 1 }, 412, 'conflict', undefined],
    [
      "the administrator's own policy",
      { policy: JSON.stringify({ ...JSON.parse(porter('r')), role: 'admin' }) },
      422,
      'business-rule',
      'policy.role',
    ],
  ];
  for (const [what, body, status, code, expression] of refusals) {
    it(`are not changed by ${what}`, async () => {
      const answer = await post('/$change-access-policy', body);
      const { issue } = answer.body as { issue: { code: string; expression?: string[] }[] };
      assert.equal(answer.status, status);
      assert.equal(issue[0]?.code, code);
      assert.equal(issue[0]?.expression?.[0], expression);
    });
  }
});
