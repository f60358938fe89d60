import assert from 'node:assert/strict';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { aStore, failure, json, type TestStore, withKeys } from './a-store.ts';

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('races between writers', () => {
  let t: TestStore;
  before(async () => {
    t = await aStore('races');
  });
  after(() => t.drop());

  const identified = (value: string): Resource => withKeys('Patient', { k: [`identifier|${value}`] });
  const conditional = (value: string) =>
    ({
      kind: 'create',
      type: 'Patient',
      resource: identified(value),
      ifNoneExist: { canonical: `identifier=${value}`, where: { op: 'equals', key: `identifier|${value}` } },
    }) as const;

  it('makes one resource of 50 parallel identical conditional creations, over two stores', async () => {
    const stores = [t.store, await t.another()];
    const results = await Promise.all(range(50).map((index) => stores[index % 2]!.write(conditional('one'))));
    assert.equal(results.filter(({ created }) => created).length, 1);
    assert.equal(new Set(results.map(({ id }) => id)).size, 1);
  });

  it('makes one resource of parallel identical conditional creations inside and outside of transactions', async () => {
    const stores = [t.store, await t.another()];
    const results = await Promise.all(
      range(20).map(async (index) => {
        const store = stores[index % 2]!;
        if (index % 4 < 2) return store.write(conditional('mixed'));
        return (await store.transaction((tx) => tx.write([conditional('mixed')])))[0]!;
      }),
    );
    assert.equal(
      results.filter(({ created }) => created).length,
      1,
      JSON.stringify(results.map(({ id, created }) => [id, created])),
    );
    assert.equal(new Set(results.map(({ id }) => id)).size, 1);
  });

  it('shares one result between equal conditional creations of one transaction', async () => {
    const results = await t.store.transaction((tx) => tx.write([conditional('twin'), conditional('twin')]));
    assert.deepEqual(
      results.map(({ created }) => created),
      [true, false],
    );
    assert.equal(results[0]!.id, results[1]!.id);
  });

  it('refuses a conditional creation with several matches', async () => {
    await t.store.write({ kind: 'create', type: 'Patient', resource: identified('many') });
    await t.store.write({ kind: 'create', type: 'Patient', resource: identified('many') });
    assert.equal((await failure(t.store.write(conditional('many')))).kind, 'multiple-matches');
  });

  it('takes over the claim of a process that died', async () => {
    const { createHash } = await import('node:crypto');
    const key = `Patient?${createHash('sha256').update('identifier=orphan').digest('base64url')}`;
    await t.db
      .collection<{ _id: string }>('claims')
      .insertOne({ _id: key, owner: 'dead', until: new Date(Date.now() + 500) } as never);
    const start = Date.now();
    assert.equal((await t.store.write(conditional('orphan'))).created, true);
    assert.ok(Date.now() - start >= 400);
  });

  it('gives 30 parallel updates of one id, from two stores, 30 versions without a gap', async () => {
    const stores = [t.store, await t.another()];
    const results = await Promise.all(
      range(30).map((index) =>
        stores[index % 2]!.write({
          kind: 'update',
          type: 'Patient',
          id: 'hot',
          resource: { resourceType: 'Patient', index },
        }),
      ),
    );
    assert.deepEqual(
      results.map(({ version }) => version).sort((a, b) => a - b),
      range(30).map((index) => index + 1),
    );
    assert.equal(results.filter(({ created }) => created).length, 1);
    for (const { version, bytes, lastUpdated } of results) {
      const stored = await t.store.vread('Patient', 'hot', version);
      assert.ok(stored?.bytes?.equals(bytes!), `version ${version} is what its writer was told`);
      assert.equal(stored?.lastUpdated, lastUpdated);
      assert.equal((json(bytes).meta as { versionId: string }).versionId, String(version));
    }
    const times = results.sort((a, b) => a.version - b.version).map(({ lastUpdated }) => lastUpdated);
    assert.deepEqual(
      times,
      [...new Set(times)].sort((a, b) => a - b),
      'each version is later than the one before',
    );
  });

  it('lets one of many parallel updates with the same If-Match win', async () => {
    const stores = [t.store, await t.another()];
    await t.store.write({ kind: 'update', type: 'Patient', id: 'match', resource: { resourceType: 'Patient' } });
    const results = await Promise.allSettled(
      range(20).map((index) =>
        stores[index % 2]!.write({
          kind: 'update',
          type: 'Patient',
          id: 'match',
          ifVersion: 1,
          resource: { resourceType: 'Patient', index },
        }),
      ),
    );
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.kind, 'precondition');
    assert.equal((await t.store.read('Patient', 'match'))?.version, 2);
  });

  it('mixes updates and deletions of one id without losing a version', async () => {
    const stores = [t.store, await t.another()];
    const results = await Promise.all(
      range(24).map((index) =>
        stores[index % 2]!.write(
          index % 3 === 0
            ? { kind: 'delete', type: 'Patient', id: 'mixed' }
            : { kind: 'update', type: 'Patient', id: 'mixed', resource: { resourceType: 'Patient', index } },
        ),
      ),
    );
    const changed = results
      .filter((result) => result.changed)
      .map(({ version }) => version)
      .sort((a, b) => a - b);
    assert.deepEqual(
      changed,
      range(changed.length).map((index) => index + 1),
    );
    const page = await t.store.history({ scope: { level: 'instance', type: 'Patient', id: 'mixed' }, limit: 100 });
    assert.deepEqual(
      page.versions.map(({ version }) => version),
      changed.reverse(),
    );
  });

  it('numbers every version of several stores differently', async () => {
    const stores = [t.store, await t.another(), await t.another()];
    await Promise.all(
      range(300).map((index) =>
        stores[index % 3]!.write({ kind: 'create', type: 'Basic', resource: { resourceType: 'Basic' } }),
      ),
    );
    const numbers = (await t.db.collection('Basic').find().toArray()).map((document) => document.n as number);
    assert.equal(new Set(numbers).size, 300);
    assert.ok(numbers.every((n) => Number.isSafeInteger(n)));
  });

  it('brings the indexes of an older release up to date at the start', async () => {
    await t.store.write({ kind: 'create', type: 'Group', resource: { resourceType: 'Group' } });
    const group = t.db.collection('Group');
    const wanted = await group.indexes();
    await group.dropIndex('sd_-1_n_1');
    await group.createIndex({ sd: -1, n: 1 });
    await group.createIndex({ older: 1 });
    await t.db.collection<{ _id: string }>('schema').updateOne({ _id: 'Group' }, { $set: { indexes: 'older' } });
    await t.another();
    const byName = (a: { name?: string }, b: { name?: string }): number => String(a.name).localeCompare(String(b.name));
    assert.deepEqual((await group.indexes()).sort(byName), wanted.sort(byName));
  });

  it('makes collections once when several stores begin to write a type together', async () => {
    const stores = [t.store, await t.another(), await t.another()];
    await Promise.all(
      range(12).map((index) =>
        stores[index % 3]!.write({ kind: 'create', type: 'Device', resource: { resourceType: 'Device' } }),
      ),
    );
    const indexes = await t.db.collection('Device').indexes();
    assert.ok(indexes.length >= 5);
    assert.match(
      String(
        (
          await t.db
            .collection('Device')
            .aggregate([{ $collStats: { storageStats: {} } }])
            .toArray()
        )[0]?.storageStats.wiredTiger.creationString,
      ),
      /block_compressor=zstd/,
    );
  });
});
