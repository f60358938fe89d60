// Time arrives as an argument, so that tests can set it. Only platform/clock asks the machine.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../src/', import.meta.url));
const ASKS_THE_MACHINE = /\bDate\.now\b|\bnew Date\(\)|\bDateTime\.(now|utc|local)\(\)/;

describe('the time', () => {
  it('is asked of the machine in platform/clock only', () => {
    const askers = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith(join('platform', 'clock')))
      .filter((name) => ASKS_THE_MACHINE.test(readFileSync(join(source, name), 'utf8')));
    assert.deepEqual(askers, []);
  });
});
