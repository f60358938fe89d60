import assert from 'node:assert/strict';
import { compareVersions, meetsVersion } from '../../../../src/fhir/conformance/compare-versions.ts';

describe('versions', () => {
  const ascending: (string | undefined)[][] = [
    [undefined, '0.1', '1.0.0'],
    ['1.0.0-ballot', '1.0.0', '1.0.1', '1.2', '1.10.0', '2.0.0'],
    ['5.1.0-cibuild', '5.1.0-snapshot1', '5.1.0'],
    ['2014-03-26', '2018-08-12', '2018-11-01'],
    ['v1.0', 'v2.0', '3.0'],
    ['20230901', '20240301'],
  ];
  for (const row of ascending) {
    it(`are in the order ${row.join(' < ')}`, () => {
      for (const [at, older] of row.entries()) {
        assert.equal(compareVersions(older, older), 0);
        for (const newer of row.slice(at + 1)) {
          assert.ok(compareVersions(older, newer) < 0, `${older} < ${newer}`);
          assert.ok(compareVersions(newer, older) > 0, `${newer} > ${older}`);
        }
      }
    });
  }

  it('meet a canonical that names them whole or by their beginning', () => {
    assert.equal(meetsVersion('4.0.1', '4.0.1'), true);
    assert.equal(meetsVersion('4.0.1', '4.0'), true);
    assert.equal(meetsVersion('4.0.10', '4.0.1'), false);
    assert.equal(meetsVersion('4.0.1', '4.0.1.2'), false);
    assert.equal(meetsVersion(undefined, '4.0'), false);
  });
});
