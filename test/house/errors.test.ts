import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { errorKinds } from '../../src/fhir/model/errors.ts';

describe('docs/errors.md', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| (\d+) \| `([\w-]+)` \| \S/gm)];

  it('lists every kind of error with its status and issue code, and no other', () => {
    const listed = Object.fromEntries(rows.map(([, kind, status, issue]) => [kind, { status: Number(status), issue }]));
    assert.deepEqual(listed, errorKinds);
  });

  it('is in the order of the statuses', () => {
    const statuses = rows.map(([, , status]) => Number(status));
    assert.deepEqual(statuses, [...statuses].sort());
  });
});
