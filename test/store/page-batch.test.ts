import assert from 'node:assert/strict';
import type { Predicate } from '../../src/fhir/model/predicate.ts';
import { aStore, type TestStore, withKeys } from './a-store.ts';

describe('pages that are asked for at the same time', () => {
  let t: TestStore;
  before(async () => {
    t = await aStore('page_batch');
    for (let index = 0; index < 12; index++) {
      const label = index === 8 ? ['label|r'] : [];
      const resource = withKeys('Patient', { k: [`parity|${index % 2}`, ...label], sd: index });
      await t.store.write({ kind: 'create', type: 'Patient', id: `p${index}`, resource });
    }
    await t.store.write({ kind: 'delete', type: 'Patient', id: 'p3' });
  });
  after(() => t.drop());

  it('share commands where they are by few ids, whatever their limits, and each gets its own answer', async () => {
    const asked = Array.from({ length: 24 }, (_, index) => {
      const ids = [`p${index % 12}`, `p${(index * 5) % 12}`, 'nobody'];
      const where: Predicate =
        index % 3 === 0
          ? {
              op: 'and',
              of: [
                { op: 'ids', ids },
                { op: 'equals', key: 'parity|0' },
                { op: 'not', of: { op: 'equals', key: 'label|r' } },
              ],
            }
          : { op: 'ids', ids };
      const wanted = [index % 12, (index * 5) % 12].filter(
        (id) => id !== 3 && (index % 3 !== 0 || (id % 2 === 0 && id !== 8)),
      );
      return { where, expected: [...new Set(wanted)].sort((a, b) => b - a).map((id) => `p${id}`) };
    });
    await t.db.command({ profile: 2 });
    const pages = await Promise.all(
      asked.map(({ where }) => t.store.find({ type: 'Patient', where, sort: [], limit: 1000, total: 'none' })),
    );
    await t.db.command({ profile: 0 });
    pages.forEach(({ matches }, index) => {
      assert.deepEqual(
        matches.map(({ id }) => id),
        asked[index]!.expected,
      );
    });
    const commands = { op: 'command', 'command.aggregate': 'Patient' };
    const count = await t.db.collection('system.profile').countDocuments(commands);
    assert.ok(count > 0 && count <= 6, `${count} commands`);
  });
});
