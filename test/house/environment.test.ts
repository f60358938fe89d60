// docs/environment.md and the settings that the code reads are one table.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentDocument } from '../../src/platform/config/document.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('settings', () => {
  it('are documented as they are read (npx tsx tools/write-environment.ts writes the page)', () => {
    assert.equal(readFileSync(join(root, 'docs/environment.md'), 'utf8'), environmentDocument());
  });

  it('come from process.env in platform/config only', () => {
    const readers = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith(join('platform', 'config')))
      .filter((name) => /\bprocess\.env\b/.test(readFileSync(join(root, 'src', name), 'utf8')));
    assert.deepEqual(readers, []);
  });
});
