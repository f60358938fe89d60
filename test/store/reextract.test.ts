import assert from 'node:assert/strict';
import type { KeyExtractor } from '../../src/fhir/model/keys.ts';
import type { Predicate } from '../../src/fhir/model/predicate.ts';
import { aStore, type TestStore, withKeys, writtenKeys } from './a-store.ts';

describe('a new version of the key extractor', () => {
  let t: TestStore;
  /** spells the same keys in another way */
  const renamed = (version: string): KeyExtractor => ({
    version: () => version,
    extract(resource) {
      const keys = writtenKeys(version).extract(resource);
      return { ...keys, k: keys.k.map((key) => key.replace('old|', 'new|')) };
    },
  });
  const find = (store: TestStore['store'], where: Predicate, type = 'Observation') =>
    store.find({ type, where, sort: [], limit: 1000, total: 'accurate' });

  before(async () => {
    t = await aStore('reextract');
    const writes = Array.from({ length: 1200 }, (_, index) =>
      t.store.write({
        kind: 'create',
        type: 'Observation',
        id: `o${index}`,
        resource: withKeys('Observation', { k: [`old|${index % 3}`, `subject|Patient/p${index % 7}`], sd: index }),
      }),
    );
    await Promise.all(writes);
    for (let index = 0; index < 7; index++)
      await t.store.write({
        kind: 'create',
        type: 'Patient',
        id: `p${index}`,
        resource: withKeys('Patient', { k: [`old|${index % 2}`] }),
      });
    await t.store.write({ kind: 'delete', type: 'Observation', id: 'o0' });
  });
  after(() => t.drop());

  it('finds and counts rightly before the documents have new keys, joins and pages included', async () => {
    const store = await t.another({ extractor: renamed('2') });
    assert.deepEqual([...store.staleTypes()].sort(), ['Observation', 'Patient']);
    const page = await find(store, { op: 'equals', key: 'new|0' });
    assert.deepEqual([page.matches.length, page.total], [399, 399]);
    assert.equal((await find(store, { op: 'equals', key: 'old|0' })).matches.length, 0);
    const chain: Predicate = {
      op: 'linked',
      param: 'subject',
      types: ['Patient'],
      where: { op: 'equals', key: 'new|1' },
    };
    const has: Predicate = {
      op: 'linkedFrom',
      type: 'Observation',
      param: 'subject',
      where: { op: 'equals', key: 'new|2' },
    };
    assert.equal(
      (await store.find({ type: 'Observation', where: chain, sort: [], limit: 0, total: 'accurate' })).total,
      514,
    );
    assert.equal((await find(store, has, 'Patient')).total, 7);
    const first = await store.find({
      type: 'Observation',
      where: { op: 'equals', key: 'new|1' },
      sort: [],
      limit: 100,
      total: 'none',
    });
    const second = await store.find({
      type: 'Observation',
      where: { op: 'equals', key: 'new|1' },
      sort: [],
      limit: 1000,
      total: 'none',
      after: first.next!,
    });
    assert.equal(new Set([...first.matches, ...second.matches].map(({ id }) => id)).size, 400);
  });

  it('makes new keys in the background without touching versions, and goes on after a stop', async () => {
    const before = await t.store.read('Observation', 'o5');
    const stopped = await t.another({ extractor: renamed('2') });
    await stopped.reextract({ progress: () => void stopped.close() });
    assert.notDeepEqual(stopped.staleTypes(), []);
    const store = await t.another({ extractor: renamed('2') });
    const seen: string[] = [];
    const result = await store.reextract({
      progress: ({ type, done, all }) => void seen.push(`${type} ${done}/${all}`),
    });
    assert.ok(result.documents > 0 && result.documents < 1206, `${result.documents}`);
    assert.deepEqual(result.failed, []);
    assert.ok(seen.length > 0);
    assert.deepEqual(store.staleTypes(), []);
    assert.equal((await find(store, { op: 'equals', key: 'new|0' })).total, 399);
    assert.deepEqual(await store.read('Observation', 'o5'), before);
    assert.deepEqual((await t.another({ extractor: renamed('2') })).staleTypes(), []);
    assert.equal(await t.db.collection('Observation').countDocuments({ kv: { $ne: '2' } }), 0);
  });

  it('gives documents of an older release what searches by the main date go by', async () => {
    const day = { p: 'date', lo: 0, hi: 86_399_999 };
    const keys = { d: [day], sd: 0, span: 86_399_999 };
    await t.store.write({ kind: 'create', type: 'Encounter', id: 'e', resource: withKeys('Encounter', keys) });
    await t.db.collection<{ _id: string }>('Encounter').updateOne({ _id: 'e' }, { $unset: { w: 1 } });
    await t.db.collection<{ _id: string }>('Encounter').updateOne({ _id: 'e' }, { $set: { kv: 'older' } });
    await t.db.collection<{ _id: string }>('schema').updateOne({ _id: 'Encounter' }, { $set: { kv: 'older' } });
    const where: Predicate = { op: 'interval', in: 'd', param: 'date', lo: { gte: 0 }, isMainDate: true };
    const store = await t.another({ extractor: renamed('2') });
    assert.equal((await find(store, where, 'Encounter')).total, 1);
    await store.reextract();
    assert.deepEqual(store.staleTypes(), []);
    assert.equal((await find(store, where, 'Encounter')).total, 1);
  });

  it('leaves what it cannot read as it is and says so', async () => {
    const broken: KeyExtractor = {
      version: () => '3',
      extract(resource) {
        if (resource.id === 'p3') throw new Error('no');
        return renamed('3').extract(resource);
      },
    };
    const store = await t.another({ extractor: broken });
    const { failed } = await store.reextract();
    assert.deepEqual(failed, ['Patient/p3']);
    assert.deepEqual(store.staleTypes(), ['Patient']);
  });
});
