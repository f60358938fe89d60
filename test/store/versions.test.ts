import assert from 'node:assert/strict';
import { parseJson } from '../../src/fhir/model/json.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { aStore, failure, json, type TestStore, withKeys } from './a-store.ts';

describe('versions in the store', () => {
  let t: TestStore;
  before(async () => {
    t = await aStore('versions');
  });
  after(() => t.drop());

  const patient = (more: Record<string, unknown> = {}): Resource => ({
    resourceType: 'Patient',
    active: true,
    ...more,
  });

  it('answers nothing for what never existed, even where the type has no collection', async () => {
    assert.equal(await t.store.read('Basic', 'none'), undefined);
    assert.equal(await t.store.vread('Basic', 'none', 1), undefined);
    assert.deepEqual(
      (await t.store.find({ type: 'Basic', where: { op: 'and', of: [] }, sort: [], limit: 5, total: 'accurate' }))
        .matches,
      [],
    );
    assert.deepEqual((await t.store.history({ scope: { level: 'type', type: 'Basic' }, limit: 5 })).versions, []);
  });

  it('creates version 1 with id, versionId and lastUpdated inside the bytes', async () => {
    const created = await t.store.write({
      kind: 'create',
      type: 'Patient',
      resource: patient({ meta: { tag: [{ code: 'a' }], versionId: '77' } }),
    });
    assert.equal(created.created, true);
    assert.match(created.id, /^[a-z0-9]{16}$/);
    const read = await t.store.read('Patient', created.id);
    assert.deepEqual(read?.bytes, created.bytes);
    assert.deepEqual(json(read?.bytes), {
      resourceType: 'Patient',
      id: created.id,
      meta: { versionId: '1', lastUpdated: new Date(created.lastUpdated).toISOString(), tag: [{ code: 'a' }] },
      active: true,
    });
    assert.equal(read?.method, 'POST');
  });

  it('keeps the text of decimals, and resources with no element at all', async () => {
    const resource = parseJson('{"resourceType":"Basic","a":{"value":1.50},"b":[1e3,2.00]}') as Resource;
    const { bytes, id } = await t.store.write({ kind: 'create', type: 'Basic', resource });
    assert.ok(String(bytes).endsWith('"a":{"value":1.50},"b":[1e3,2.00]}'), String(bytes));
    assert.ok((await t.store.read('Basic', id))?.bytes?.equals(bytes!));
    const empty = await t.store.write({ kind: 'create', type: 'Basic', resource: { resourceType: 'Basic' } });
    assert.equal(json(empty.bytes).resourceType, 'Basic');
  });

  it('refuses to create an id that exists', async () => {
    await t.store.write({ kind: 'create', type: 'Patient', id: 'twice', resource: patient() });
    const error = await failure(t.store.write({ kind: 'create', type: 'Patient', id: 'twice', resource: patient() }));
    assert.equal(error.kind, 'duplicate');
  });

  it('updates to the next version and reads every version again', async () => {
    const first = await t.store.write({ kind: 'update', type: 'Patient', id: 'p1', resource: patient({ n: 1 }) });
    const second = await t.store.write({
      kind: 'update',
      type: 'Patient',
      id: 'p1',
      resource: patient({ n: 2 }),
      method: 'PATCH',
    });
    assert.deepEqual([first.created, first.version, second.created, second.version], [true, 1, false, 2]);
    assert.ok(second.lastUpdated > first.lastUpdated);
    assert.ok((await t.store.vread('Patient', 'p1', 1))?.bytes?.equals(first.bytes!));
    assert.ok((await t.store.vread('Patient', 'p1', 2))?.bytes?.equals(second.bytes!));
    assert.equal((await t.store.vread('Patient', 'p1', 2))?.method, 'PATCH');
    assert.equal(await t.store.vread('Patient', 'p1', 3), undefined);
    assert.equal(await t.store.vread('Patient', 'p1', 0), undefined);
  });

  it('holds If-Match: another version, a missing resource and "must not exist" all throw precondition', async () => {
    await t.store.write({ kind: 'update', type: 'Patient', id: 'm1', resource: patient() });
    const update = (ifVersion: number, id = 'm1') =>
      t.store.write({ kind: 'update', type: 'Patient', id, resource: patient(), ifVersion });
    assert.equal((await failure(update(2))).kind, 'precondition');
    assert.equal((await failure(update(0))).kind, 'precondition');
    assert.equal((await failure(update(1, 'm-none'))).kind, 'precondition');
    assert.equal(
      (await failure(t.store.write({ kind: 'delete', type: 'Patient', id: 'm1', ifVersion: 9 }))).kind,
      'precondition',
    );
    assert.equal((await update(1)).version, 2);
    assert.equal((await update(0, 'm-new')).version, 1);
  });

  it('deletes to a tombstone, forgets nothing, and goes on counting when the resource comes back', async () => {
    const resource = withKeys('Patient', { k: ['active|true'] });
    await t.store.write({ kind: 'update', type: 'Patient', id: 'd1', resource });
    const gone = await t.store.write({ kind: 'delete', type: 'Patient', id: 'd1' });
    assert.deepEqual(
      [gone.version, gone.bytes, gone.changed, gone.created, gone.method],
      [2, null, true, false, 'DELETE'],
    );
    assert.equal((await t.store.read('Patient', 'd1'))?.bytes, null);
    const again = await t.store.write({ kind: 'delete', type: 'Patient', id: 'd1' });
    assert.deepEqual([again.version, again.changed], [2, false]);
    const never = await t.store.write({ kind: 'delete', type: 'Patient', id: 'never' });
    assert.equal(never.changed, false);
    const found = await t.store.find({
      type: 'Patient',
      where: { op: 'equals', key: 'active|true' },
      sort: [],
      limit: 5,
      total: 'none',
    });
    assert.deepEqual(found.matches, []);
    const back = await t.store.write({ kind: 'update', type: 'Patient', id: 'd1', resource });
    assert.deepEqual([back.version, back.created], [3, true]);
    assert.equal((await t.store.vread('Patient', 'd1', 2))?.bytes, null);
    assert.ok((await t.store.vread('Patient', 'd1', 1))?.bytes);
  });

  it('fails a too large resource alone', async () => {
    const huge = patient({ text: 'x'.repeat(16 * 1024 * 1024) });
    const [large, fine] = await Promise.allSettled([
      t.store.write({ kind: 'create', type: 'Patient', resource: huge }),
      t.store.write({ kind: 'create', type: 'Patient', resource: patient() }),
    ]);
    assert.equal(large.status === 'rejected' && large.reason.kind, 'too-large');
    assert.equal(fine.status, 'fulfilled');
  });

  it('fails one bad document of a batch alone', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        t.store.write({
          kind: 'create',
          type: 'Patient',
          id: index === 7 ? 'twice' : `batch-${index}`,
          resource: patient(),
        }),
      ),
    );
    assert.deepEqual(
      results.map(({ status }) => status === 'rejected'),
      Array.from({ length: 20 }, (_, index) => index === 7),
    );
  });

  it('reads many at once, in their order', async () => {
    const versions = await t.store.readMany([
      { type: 'Patient', id: 'p1' },
      { type: 'Basic', id: 'none' },
      { type: 'Patient', id: 'm1' },
      { type: 'Patient', id: 'p1' },
    ]);
    assert.deepEqual(
      versions.map((version) => version?.id),
      ['p1', undefined, 'm1', 'p1'],
    );
  });
});
