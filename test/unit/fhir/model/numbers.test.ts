import assert from 'node:assert/strict';
import { decimalPrecision } from '../../../../src/fhir/model/numbers.ts';

describe('the precision of a decimal', () => {
  const rows: [text: string, value: number, half: number][] = [
    ['100', 100, 0.5],
    ['5', 5, 0.5],
    ['-5', -5, 0.5],
    ['5.4', 5.4, 0.05],
    ['5.40', 5.4, 0.005],
    ['0.000', 0, 0.0005],
    ['1e3', 1000, 500],
    ['1.0e3', 1000, 50],
    ['5.40e-3', 0.0054, 0.000005],
    ['1E+2', 100, 50],
    ['1.00000000000000000000', 1, 5e-21],
  ];
  for (const [text, value, half] of rows) {
    it(`of ${text} is ± ${half}`, () => assert.deepEqual(decimalPrecision(text), { value, half }));
  }
  for (const text of ['', 'x', '1.', '.5', '1e', '--1', '1,5', '1e999', 'Infinity', '0x10', ' 1']) {
    it(`of ${JSON.stringify(text)} does not exist`, () => assert.equal(decimalPrecision(text), undefined));
  }
});
