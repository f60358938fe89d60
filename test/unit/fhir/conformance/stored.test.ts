// News of stored definitions come twice: from the write itself, and from looking at the database. Whichever is first must be told at once.
import assert from 'node:assert/strict';
import type { CanonicalChange } from '../../../../src/fhir/conformance/canonicals.ts';
import { createStored } from '../../../../src/fhir/conformance/stored.ts';
import type { StoredRow } from '../../../../src/fhir/storage/definitions.ts';

const URL = 'http://example.org/CodeSystem/animals';

describe('stored definitions', () => {
  const row = (version: number, more: Partial<StoredRow> = {}): StoredRow => ({
    id: 'animals',
    version,
    lastUpdated: version,
    isDeleted: false,
    keys: [`system|${URL}`],
    ...more,
  });

  it('are told as soon as they are known, while other types are still being read', async () => {
    const told: CanonicalChange[] = [];
    let found = [row(1)];
    let release = (): void => undefined;
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stored = createStored({
      store: { readMany: async () => [], vread: async () => undefined },
      rows: async (type) => {
        if (type === 'CodeSystem') return found;
        await isReleased;
        return [];
      },
    });
    stored.onChange?.((changes) => told.push(...changes));
    await stored.refresh(['CodeSystem']);
    assert.deepEqual(told.splice(0), [{ type: 'CodeSystem', url: URL }]);

    found = [row(2, { isDeleted: true, keys: [] })];
    const looking = stored.refresh(['CodeSystem', 'ValueSet']);
    while (stored.list('CodeSystem').length > 0) await new Promise(setImmediate);
    // the write that deleted it is answered now: whoever asks next must not get what was kept of it
    stored.written([{ type: 'CodeSystem', id: 'animals', version: 2, lastUpdated: 2, bytes: null } as never]);
    assert.deepEqual(told, [{ type: 'CodeSystem', url: URL }]);
    release();
    await looking;
    assert.equal(told.length, 1);
  });
});
