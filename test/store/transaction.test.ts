import assert from 'node:assert/strict';
import { FhirError } from '../../src/fhir/model/errors.ts';
import type { Place, Write, Written } from '../../src/fhir/storage/store.ts';
import { aStore, failure, type TestStore, withKeys } from './a-store.ts';

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);
const basic = (more: Record<string, unknown> = {}) => ({ resourceType: 'Basic', ...more });

describe('transactions in the store', () => {
  let t: TestStore;
  before(async () => {
    t = await aStore('transaction');
  });
  after(() => t.drop());

  it('writes several types and kinds of change as one fact, in the order they were given', async () => {
    await t.store.write({ kind: 'update', type: 'Basic', id: 'old', resource: basic() });
    await t.store.write({ kind: 'update', type: 'Basic', id: 'dead', resource: basic() });
    const results = await t.store.transaction((tx) =>
      tx.write([
        { kind: 'create', type: 'Location', resource: { resourceType: 'Location' } },
        { kind: 'update', type: 'Basic', id: 'old', resource: basic({ n: 2 }) },
        { kind: 'delete', type: 'Basic', id: 'dead' },
        { kind: 'create', type: 'Basic', id: 'fresh', resource: basic() },
        { kind: 'update', type: 'Basic', id: 'upserted', resource: basic(), ifVersion: 0 },
      ]),
    );
    assert.deepEqual(
      results.map(({ type, id, version, created, changed }) => [
        type,
        type === 'Location' || id,
        version,
        created,
        changed,
      ]),
      [
        ['Location', true, 1, true, true],
        ['Basic', 'old', 2, false, true],
        ['Basic', 'dead', 2, false, true],
        ['Basic', 'fresh', 1, true, true],
        ['Basic', 'upserted', 1, true, true],
      ],
    );
    assert.ok((await t.store.vread('Basic', 'old', 1))?.bytes);
    assert.ok((await t.store.read('Basic', 'old'))?.bytes?.equals(results[1]!.bytes!));
    assert.equal((await t.store.read('Basic', 'dead'))?.bytes, null);
  });

  it('shows its own writes to its own reads and searches, and nothing to others before the commit', async () => {
    await t.store.transaction(async (tx) => {
      await tx.write([
        { kind: 'create', type: 'Patient', id: 'own', resource: withKeys('Patient', { k: ['name|own'] }) },
      ]);
      assert.equal((await tx.read('Patient', 'own'))?.version, 1);
      const found = await tx.find({
        type: 'Patient',
        where: { op: 'equals', key: 'name|own' },
        sort: [],
        limit: 5,
        total: 'accurate',
      });
      assert.deepEqual([found.matches.length, found.total], [1, 1]);
      assert.equal(await t.store.read('Patient', 'own'), undefined);
      const [own, other] = await tx.readMany([
        { type: 'Patient', id: 'own' },
        { type: 'Patient', id: 'none' },
      ]);
      assert.deepEqual([own?.id, other], ['own', undefined]);
      await tx.write([{ kind: 'update', type: 'Patient', id: 'own', resource: { resourceType: 'Patient' } }]);
    });
    assert.equal((await t.store.read('Patient', 'own'))?.version, 2);
  });

  it('leaves nothing when the work fails, and does not run what was to follow the commit', async () => {
    let followed = false;
    const error = await failure(
      t.store.transaction(async (tx) => {
        tx.afterCommit(() => {
          followed = true;
        });
        await tx.write([{ kind: 'create', type: 'Basic', id: 'undone', resource: basic() }]);
        await tx.changePlace('bed', 'undone', {}, { $set: { taken: true } }, { taken: false });
        throw new FhirError('business-rule', 'no');
      }),
    );
    assert.equal(error.kind, 'business-rule');
    assert.equal(await t.store.read('Basic', 'undone'), undefined);
    assert.equal(await t.store.transaction((tx) => tx.readPlace('bed', 'undone')), undefined);
    assert.equal(followed, false);
  });

  it('runs what follows the commit once, after it, and survives its failure', async () => {
    const seen: unknown[] = [];
    const quiet = await t.another({ logger: { error: (message) => seen.push(message) } });
    await quiet.transaction(async (tx) => {
      await tx.write([{ kind: 'create', type: 'Basic', id: 'followed', resource: basic() }]);
      tx.afterCommit(async () => {
        seen.push((await quiet.read('Basic', 'followed'))?.version);
      });
      tx.afterCommit(() => {
        throw new Error('later');
      });
    });
    assert.deepEqual(seen, [1, 'an action after a commit failed']);
  });

  it('fails as a whole: a duplicate id, a version that is not expected, a too large resource', async () => {
    await t.store.write({ kind: 'update', type: 'Basic', id: 'there', resource: basic() });
    const before: Write = { kind: 'create', type: 'Basic', id: 'never', resource: basic() };
    const bad: [Write, string][] = [
      [{ kind: 'create', type: 'Basic', id: 'there', resource: basic() }, 'duplicate'],
      [{ kind: 'update', type: 'Basic', id: 'there', resource: basic(), ifVersion: 9 }, 'precondition'],
      [{ kind: 'delete', type: 'Basic', id: 'there', ifVersion: 9 }, 'precondition'],
      [{ kind: 'create', type: 'Basic', resource: basic({ text: 'x'.repeat(16_000_000) }) }, 'too-large'],
    ];
    for (const [change, kind] of bad) {
      const refused = await failure(t.store.transaction<Written[]>((tx) => tx.write([before, change])));
      assert.equal(refused.kind, kind);
      assert.equal(await t.store.read('Basic', 'never'), undefined);
    }
  });

  it('takes several changes of one id in their order', async () => {
    const results = await t.store.transaction((tx) =>
      tx.write([
        { kind: 'update', type: 'Basic', id: 'thrice', resource: basic({ n: 1 }) },
        { kind: 'update', type: 'Basic', id: 'thrice', resource: basic({ n: 2 }) },
        { kind: 'delete', type: 'Basic', id: 'thrice' },
      ]),
    );
    assert.deepEqual(
      results.map(({ version }) => version),
      [1, 2, 3],
    );
    const page = await t.store.history({ scope: { level: 'instance', type: 'Basic', id: 'thrice' }, limit: 9 });
    assert.deepEqual(
      page.versions.map(({ version, bytes }) => [version, bytes === null]),
      [
        [3, true],
        [2, false],
        [1, false],
      ],
    );
  });

  it('starts again on a conflict, so that no increment is lost', async () => {
    const stores = [t.store, await t.another()];
    await t.store.write({ kind: 'update', type: 'Basic', id: 'sum', resource: basic({ sum: 0 }) });
    await Promise.all(
      range(20).map((index) =>
        stores[index % 2]!.transaction(async (tx) => {
          const { sum } = JSON.parse(String((await tx.read('Basic', 'sum'))?.bytes)) as { sum: number };
          await tx.write([{ kind: 'update', type: 'Basic', id: 'sum', resource: basic({ sum: sum + 1 }) }]);
        }),
      ),
    );
    const last = await t.store.read('Basic', 'sum');
    assert.deepEqual([last?.version, JSON.parse(String(last?.bytes)).sum], [21, 20]);
  });

  it('and plain writes do not lose each other', async () => {
    await t.store.write({ kind: 'update', type: 'Basic', id: 'shared', resource: basic() });
    const results = await Promise.all(
      range(20).map(async (index) => {
        const change: Write = { kind: 'update', type: 'Basic', id: 'shared', resource: basic({ index }) };
        return index % 2 === 0 ? t.store.write(change) : (await t.store.transaction((tx) => tx.write([change])))[0]!;
      }),
    );
    assert.deepEqual(
      results.map(({ version }) => version).sort((a, b) => a - b),
      range(20).map((index) => index + 2),
    );
  });

  it('gives exactly as many places as there are, to a crowd from two stores', async () => {
    const stores = [t.store, await t.another()];
    const take = (index: number): Promise<Place | undefined> =>
      stores[index % 2]!.transaction(
        (tx) =>
          tx.changePlace(
            'slot',
            's1',
            { booked: { $lt: 20 } },
            { $inc: { booked: 1 }, $push: { by: index } },
            { booked: 0, by: [] },
          ),
        { locks: ['Slot/s1'] },
      );
    const results = await Promise.all(range(100).map(take));
    assert.equal(results.filter((place) => place !== undefined).length, 20);
    const place = await t.store.transaction((tx) => tx.readPlace('slot', 's1'));
    assert.deepEqual([place?._id, place?.booked, (place?.by as number[] | undefined)?.length], ['slot/s1', 20, 20]);
    await t.store.transaction((tx) => tx.removePlace('slot', 's1'));
    assert.equal(await t.store.transaction((tx) => tx.readPlace('slot', 's1')), undefined);
  });

  it('does not wait for itself when two hold the same locks in other orders', async () => {
    const order = ['a', 'b', 'c'];
    const results = await Promise.all(
      range(12).map((index) =>
        t.store.transaction(async () => index, { locks: index % 2 === 0 ? order : [...order].reverse() }),
      ),
    );
    assert.deepEqual(results, range(12));
  });

  it('takes calls made side by side, one after the other', async () => {
    await t.store.transaction(async (tx) => {
      const [old, , found] = await Promise.all([
        tx.read('Basic', 'old'),
        tx.write([{ kind: 'create', type: 'Basic', id: 'beside', resource: basic() }]),
        tx.read('Basic', 'beside'),
      ]);
      assert.deepEqual([old?.id, found?.id], ['old', 'beside']);
    });
  });

  it('commits 10,000 resources with 25 MB at once', async () => {
    const text = 'x'.repeat(2500);
    const types = ['Observation', 'Encounter', 'Claim'];
    const results = await t.store.transaction((tx) =>
      tx.write(
        range(10_000).map((index) => {
          const type = types[index % 3]!;
          return {
            kind: 'create',
            type,
            resource: withKeys(type, { k: [`code|${index % 50}`, `subject|Patient/p`], sd: index }, { text }),
          };
        }),
      ),
    );
    assert.equal(results.length, 10_000);
    for (const index of [0, 4999, 9999]) assert.ok(await t.store.read(types[index % 3]!, results[index]!.id));
    const { total } = await t.store.find({
      type: 'Claim',
      where: { op: 'equals', key: 'subject|Patient/p' },
      sort: [],
      limit: 0,
      total: 'accurate',
    });
    assert.equal(total, 3333);
  });

  it('trails what is still in flight', async () => {
    const before = Date.now();
    await t.store.transaction(async (tx) => {
      const [written] = await tx.write([{ kind: 'create', type: 'Basic', resource: basic() }]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.ok(t.store.settledBefore() <= written!.lastUpdated);
      assert.ok(t.store.settledBefore() >= before);
    });
    assert.ok(t.store.settledBefore() >= Date.now() - 5);
  });
});
