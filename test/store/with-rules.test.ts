import assert from 'node:assert/strict';
import { FhirError } from '../../src/fhir/model/errors.ts';
import { parseJson } from '../../src/fhir/model/json.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type Change, defineRule, type WriteRule } from '../../src/fhir/storage/rules.ts';
import type { Store, Version, Write } from '../../src/fhir/storage/store.ts';
import { withRules } from '../../src/fhir/storage/with-rules.ts';
import { aStore, type TestStore } from './a-store.ts';

const basic = (text: string, more: object = {}): Resource => ({ resourceType: 'Basic', code: { text }, ...more });
const create = (id: string, resource: Resource = basic('a')): Write => ({
  kind: 'create',
  type: resource.resourceType,
  id,
  resource,
});
const contentOf = (version: Version | undefined): Resource => parseJson(version!.bytes!) as Resource;
const where = { op: 'equals', key: 'identifier|s|1' } as const;

describe('a store with rules', () => {
  let test: TestStore;
  let seen: Change[];
  before(async () => {
    test = await aStore('with_rules');
    // collections are made once, and a transaction that needs a new one starts again: not what is tested here
    for (const type of ['Basic', 'Flag', 'Person'])
      await test.store.write({ kind: 'create', type, resource: { resourceType: type } });
  });
  after(async () => {
    await test.store.close();
    await test.drop();
  });
  beforeEach(() => {
    seen = [];
  });

  const ruled = (...rules: WriteRule[]): Store => withRules(test.store, rules, { now: Date.now });
  const watching = (more: Partial<WriteRule> = {}): WriteRule =>
    defineRule({
      name: 'watch',
      types: ['Basic'],
      async apply(change) {
        seen.push(structuredClone(change));
        return undefined;
      },
      ...more,
    });

  it('is the store itself where there are no rules', () => {
    assert.equal(withRules(test.store, [], { now: Date.now }), test.store);
  });

  it('shows a rule every change of its types, before and after', async () => {
    const store = ruled(watching());
    await store.write(create('all', basic('one')));
    await store.write({ kind: 'update', type: 'Basic', id: 'all', resource: basic('two', { id: 'all' }) });
    await store.write({ kind: 'delete', type: 'Basic', id: 'all' });
    await store.write({ kind: 'create', type: 'Flag', resource: { resourceType: 'Flag' } });
    const texts = seen.map(({ before, after }) =>
      [before, after].map((resource) => (resource?.code as { text?: string })?.text),
    );
    assert.deepEqual(texts, [
      [undefined, 'one'],
      ['one', 'two'],
      ['two', undefined],
    ]);
    assert.deepEqual(
      seen.map(({ id }) => id),
      ['all', 'all', 'all'],
    );
  });

  it('gives a creation its id before the rule sees it', async () => {
    const written = await ruled(watching()).write({ kind: 'create', type: 'Basic', resource: basic('x') });
    assert.deepEqual(
      seen.map(({ id }) => id),
      [written.id],
    );
  });

  it('writes nothing where a rule refuses', async () => {
    const store = ruled(
      watching({
        async apply() {
          throw new FhirError('business-rule', 'never on Sundays');
        },
      }),
    );
    await assert.rejects(store.write(create('refused')), /never on Sundays/);
    assert.equal(await store.read('Basic', 'refused'), undefined);
  });

  it('names the refused write among many, and leaves nothing of the others', async () => {
    const store = ruled(
      watching({
        async apply({ after }) {
          if ((after!.code as { text: string }).text === 'bad') throw new FhirError('conflict', 'bad');
          return undefined;
        },
      }),
    );
    const writes = [create('m1'), create('m2', basic('bad')), create('m3')];
    const error = await store
      .transaction((tx) => tx.write(writes))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    assert.ok(error instanceof FhirError);
    assert.equal(error.about, writes[1]);
    assert.deepEqual(
      await store.readMany([
        { type: 'Basic', id: 'm1' },
        { type: 'Basic', id: 'm3' },
      ]),
      [undefined, undefined],
    );
  });

  it('makes the writes that a rule returns in the same transaction, under the rules as well', async () => {
    const flagged = watching({
      name: 'flag',
      async apply(change) {
        return [{ kind: 'create', type: 'Flag', id: `flag-${change.id}`, resource: { resourceType: 'Flag' } }];
      },
    });
    const store = ruled(flagged, watching({ types: ['Flag'] }));
    const [written] = await store.transaction((tx) => tx.write([create('casc')]));
    assert.equal(written!.id, 'casc');
    assert.deepEqual(
      seen.map(({ type, id }) => `${type}/${id}`),
      ['Flag/flag-casc'],
    );
    assert.ok(await store.read('Flag', 'flag-casc'));
  });

  it('stops rules that call each other in a circle', async () => {
    const restless = watching({
      async apply({ id }) {
        return [{ kind: 'create', type: 'Basic', id: `${id}x`, resource: basic('again') }];
      },
    });
    await assert.rejects(ruled(restless).write(create('circle')), /circle/);
    assert.equal(await test.store.read('Basic', 'circle'), undefined);
  });

  it('lets a rule see the writes before it in the same Bundle, and its own', async () => {
    const counts: number[] = [];
    const counting = watching({
      async apply({ id }, tx) {
        const others = await tx.readMany(['s1', 's2', 's3'].map((other) => ({ type: 'Basic', id: other })));
        counts.push(others.filter(Boolean).length);
        if (id === 's2')
          await tx.write([{ kind: 'create', type: 'Flag', id: 'seen', resource: { resourceType: 'Flag' } }]);
        if (id === 's3') assert.ok(await tx.read('Flag', 'seen'));
        return undefined;
      },
    });
    await ruled(counting).transaction((tx) => tx.write([create('s1'), create('s2'), create('s3')]));
    assert.deepEqual(counts, [0, 1, 2]);
  });

  it('shows the state that an earlier write of the same transaction left', async () => {
    const store = ruled(watching());
    await store.transaction(async (tx) => {
      await tx.write([create('twice', basic('one'))]);
      await tx.write([{ kind: 'update', type: 'Basic', id: 'twice', resource: basic('two', { id: 'twice' }) }]);
    });
    assert.deepEqual(seen[1]!.before!.code as object, { text: 'one' });
  });

  it('gives the results in the order of the writes, ruled or not', async () => {
    const store = ruled(
      watching({
        async apply({ id }) {
          return id === 'o2'
            ? [{ kind: 'create', type: 'Flag', id: 'o-flag', resource: { resourceType: 'Flag' } }]
            : undefined;
        },
      }),
    );
    const person: Resource = { resourceType: 'Person' };
    const written = await store.transaction((tx) =>
      tx.write([create('o1'), create('p1', person), create('o2'), create('p2', person), create('o3')]),
    );
    assert.deepEqual(
      written.map(({ id }) => id),
      ['o1', 'p1', 'o2', 'p2', 'o3'],
    );
  });

  it('does not bother rules with what changes nothing', async () => {
    const store = ruled(watching());
    const conditional = (): Write => ({
      kind: 'create',
      type: 'Basic',
      resource: basic('c', { identifier: [{ system: 'urn:s', value: '1' }] }),
      ifNoneExist: { canonical: 'code=c', where: { op: 'ids', ids: ['present'] } },
    });
    await test.store.write(create('present'));
    const written = await store.write(conditional());
    assert.deepEqual([written.id, written.created, seen.length], ['present', false, 0]);
    await store.write({ kind: 'delete', type: 'Basic', id: 'never-was' });
    assert.equal(seen.length, 0);
    await assert.rejects(
      store.write({
        kind: 'update',
        type: 'Basic',
        id: 'present',
        resource: basic('d', { id: 'present' }),
        ifVersion: 7,
      }),
      (error: FhirError) => error.kind === 'precondition',
    );
    assert.equal(seen.length, 0);
  });

  it('asks rules about a conditional creation that really creates', async () => {
    const written = await ruled(watching()).write({
      kind: 'create',
      type: 'Basic',
      resource: basic('n'),
      ifNoneExist: { canonical: 'identifier=none', where },
    });
    assert.deepEqual([written.created, seen.length], [true, 1]);
  });

  it('lets one of many win a place, and refuses the others', async () => {
    const capacity = 5;
    const booking = watching({
      locks: () => ['Slot/crowd'],
      async apply({ after }, tx) {
        if (after === undefined) return undefined;
        const place = await tx.changePlace(
          'slot',
          'crowd',
          { booked: { $lt: capacity } },
          { $inc: { booked: 1 } },
          { booked: 0 },
        );
        if (place === undefined) throw new FhirError('conflict', 'the slot is full');
        return [
          {
            kind: 'update',
            type: 'Flag',
            id: 'crowd',
            resource: { resourceType: 'Flag', id: 'crowd', code: { text: String(place.booked) } },
          },
        ];
      },
    });
    const store = ruled(booking);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) => store.write(create(`crowd${index}`))),
    );
    const winners = outcomes.filter(({ status }) => status === 'fulfilled');
    const losers = outcomes.filter(
      (outcome) => outcome.status === 'rejected' && (outcome.reason as FhirError).kind === 'conflict',
    );
    assert.deepEqual([winners.length, losers.length], [capacity, 40 - capacity]);
    assert.deepEqual(contentOf(await store.read('Flag', 'crowd')).code, { text: '5' });
  });

  it('takes the locks of rules also for what a transaction expects to write', async () => {
    let inside = 0;
    let most = 0;
    const slow = watching({
      locks: ({ before }) => [`Basic/${(before?.code as { text?: string })?.text}`],
      async apply() {
        inside++;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 10));
        inside--;
        return undefined;
      },
    });
    const store = ruled(slow);
    const ids = ['l1', 'l2', 'l3'];
    for (const id of ids) await test.store.write(create(id, basic('same')));
    await Promise.all(
      ids.map((id) => {
        const write: Write = { kind: 'update', type: 'Basic', id, resource: basic('new', { id }) };
        return store.transaction((tx) => tx.write([write]), { expected: [write] });
      }),
    );
    assert.equal(most, 1);
  });
});
