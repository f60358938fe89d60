import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { discover } from '../../../src/platform/discover/discover.ts';

describe('discovery of modules', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'wardgate-discover-'));
    mkdirSync(join(folder, 'beds'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'beds', 'assign-bed.operation.js'), 'export default "assign";');
    writeFileSync(join(folder, 'a.operation.ts'), 'export default "a" satisfies string;');
    writeFileSync(join(folder, 'a.operation.d.ts'), 'export default "no";');
    writeFileSync(join(folder, 'a.operation.test.ts'), 'export default "no";');
    writeFileSync(join(folder, 'operation.ts'), 'export default "no";');
    writeFileSync(join(folder, 'mute.job.js'), 'export const run = 1;');
  });
  after(() => rmSync(folder, { recursive: true }));

  it('finds compiled and uncompiled modules by suffix, in the order of their paths', async () => {
    const found = await discover<string>(folder, 'operation');
    assert.deepEqual(
      found.map(({ path, module }) => [basename(path), module]),
      [
        ['a.operation.ts', 'a'],
        ['assign-bed.operation.js', 'assign'],
      ],
    );
  });

  it('refuses a module that exports nothing', async () => {
    await assert.rejects(discover(folder, 'job'), /mute\.job\.js has no default export/);
  });
});
