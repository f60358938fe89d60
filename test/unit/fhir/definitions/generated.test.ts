import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

describe('the committed index of the definitions', function () {
  this.timeout(300_000);

  it('is what `npm run gen` makes of the published packages', () => {
    const root = fileURLToPath(new URL('../../../../', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/gen.ts', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
  });
});
