// The OAuth library says on Node.js 20 that it wants 22. We test it on 20, so operators are not told; whatever else it says, they are.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

describe('the OAuth library', () => {
  it('says nothing when it is loaded, and leaves the console as it was', () => {
    const module = new URL('../../../src/fhir/auth/oauth/library.ts', import.meta.url).href;
    const script = `const { warn } = console; await import('${module}'); console.log(console.warn === warn);`;
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: root,
    });
    assert.deepEqual([String(stdout), String(stderr)], ['true\n', '']);
  });
});
