import assert from 'node:assert/strict';
import { canOpen, series } from '../../../src/platform/engines/mongodb/version.ts';

describe('MongoDB releases and data folders', () => {
  const cases: [wrote: string, opens: string, can: boolean][] = [
    ['6.0.5', '6.0.5', true],
    ['6.0.5', '6.0.1', true],
    ['6.0.5', '7.0.2', true],
    ['6.0.5', '8.0.12', false],
    ['8.2.0', '8.0.12', false],
    ['7.0.2', '6.0.5', false],
  ];
  for (const [wrote, opens, can] of cases) {
    it(`${opens} ${can ? 'opens' : 'does not open'} data of ${wrote}`, () => assert.equal(canOpen(wrote, opens), can));
  }

  it('knows the format of a release', () => assert.equal(series('6.0.5'), '6.0'));
});
