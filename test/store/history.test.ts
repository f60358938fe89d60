import assert from 'node:assert/strict';
import type { HistoryQuery, Version } from '../../src/fhir/storage/store.ts';
import { aStore, type TestStore } from './a-store.ts';

describe('history in the store', () => {
  let t: TestStore;
  /** every version that was written, newest first */
  const versions: Version[] = [];
  let clock = Date.UTC(2026, 0, 1);

  before(async () => {
    t = await aStore('history', { now: () => clock });
    const write = async (...change: Parameters<TestStore['store']['write']>): Promise<void> => {
      clock += 1000;
      versions.unshift(await t.store.write(...change));
    };
    for (let round = 0; round < 4; round++)
      for (const type of ['Patient', 'Observation', 'Basic'])
        for (const id of ['a', 'b']) await write({ kind: 'update', type, id, resource: { resourceType: type, round } });
    await write({ kind: 'delete', type: 'Patient', id: 'a' });
    await write({ kind: 'delete', type: 'Basic', id: 'b' });
    await write({ kind: 'update', type: 'Basic', id: 'b', resource: { resourceType: 'Basic', back: true } });
  });
  after(() => t.drop());

  const name = ({ type, id, version }: Version): string => `${type}/${id}/${version}`;
  const expectedOf = (scope: HistoryQuery['scope']): Version[] =>
    versions.filter(
      ({ type, id }) =>
        scope.level === 'system' || (scope.type === type && (scope.level === 'type' || scope.id === id)),
    );

  async function all(query: HistoryQuery): Promise<Version[]> {
    const found: Version[] = [];
    for (let after: string | undefined; ; ) {
      const page = await t.store.history({ ...query, ...(after ? { after } : {}) });
      assert.ok(page.versions.length <= query.limit);
      found.push(...page.versions);
      if (!page.next) return found;
      after = page.next;
    }
  }

  const scopes: HistoryQuery['scope'][] = [
    { level: 'instance', type: 'Patient', id: 'a' },
    { level: 'instance', type: 'Basic', id: 'b' },
    { level: 'type', type: 'Basic' },
    { level: 'system' },
  ];
  for (const scope of scopes) {
    it(`shows every version and deletion once, newest first, in pages of any size (${JSON.stringify(scope)})`, async () => {
      const expected = expectedOf(scope);
      for (const limit of [1, 2, 3, 5, 100]) {
        const found = await all({ scope, limit });
        assert.deepEqual(found.map(name), expected.map(name));
        assert.deepEqual(
          found.map(({ bytes }) => String(bytes)),
          expected.map(({ bytes }) => String(bytes)),
        );
        assert.deepEqual(
          found.map(({ method }) => method),
          expected.map(({ method }) => method),
        );
      }
    });

    it(`keeps to _since and _at (${JSON.stringify(scope)})`, async () => {
      for (const index of [0, 3, 7, versions.length - 1]) {
        const since = versions[index]!.lastUpdated;
        const found = await all({ scope, limit: 4, since });
        assert.deepEqual(
          found.map(name),
          expectedOf(scope)
            .filter(({ lastUpdated }) => lastUpdated >= since)
            .map(name),
        );
        const at = { lo: since - 1500, hi: since + 500 };
        const current = expectedOf(scope).filter((version) => {
          const next = versions.find(
            (other) => other.type === version.type && other.id === version.id && other.version === version.version + 1,
          );
          return version.lastUpdated <= at.hi && (next?.lastUpdated ?? Infinity) > at.lo;
        });
        assert.deepEqual((await all({ scope, limit: 4, at })).map(name), current.map(name), `at ${index}`);
      }
    });
  }

  it('knows the total where it costs nothing', async () => {
    const page = await t.store.history({ scope: { level: 'instance', type: 'Patient', id: 'a' }, limit: 2 });
    assert.equal(page.total, 5);
    assert.equal(
      (await t.store.history({ scope: { level: 'instance', type: 'Patient', id: 'none' }, limit: 2 })).total,
      0,
    );
  });

  it('shows a version once although a crash left its copy in the history', async () => {
    const current = await t.db
      .collection<{ _id: string }>('Observation')
      .findOne({ _id: 'a' }, { projection: { j: 1, v: 1, u: 1, n: 1, m: 1 } });
    await t.db.collection<{ _id: string }>('Observation_h').insertOne({ ...current!, _id: 'a/0000000004' });
    for (const scope of [
      { level: 'instance', type: 'Observation', id: 'a' },
      { level: 'type', type: 'Observation' },
      { level: 'system' },
    ] as HistoryQuery['scope'][])
      assert.deepEqual((await all({ scope, limit: 3 })).map(name), expectedOf(scope).map(name));
    clock += 1000;
    const next = await t.store.write({
      kind: 'update',
      type: 'Observation',
      id: 'a',
      resource: { resourceType: 'Observation', after: 'crash' },
    });
    versions.unshift(next);
    assert.equal(next.version, 5);
    const scope = { level: 'instance', type: 'Observation', id: 'a' } as const;
    assert.deepEqual((await all({ scope, limit: 3 })).map(name), expectedOf(scope).map(name));
  });

  it('replaces a copy that is not the version that was current', async () => {
    const wrong = { _id: 'b/0000000004', j: Buffer.from('{"wrong":true}'), v: 4, u: 1, n: 1, m: 'PUT' };
    await t.db.collection<{ _id: string }>('Observation_h').insertOne(wrong);
    const before = await t.store.read('Observation', 'b');
    await t.store.write({ kind: 'update', type: 'Observation', id: 'b', resource: { resourceType: 'Observation' } });
    assert.ok((await t.store.vread('Observation', 'b', 4))?.bytes?.equals(before!.bytes!));
  });
});
