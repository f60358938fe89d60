import assert from 'node:assert/strict';
import { statisticOf, statistics } from '../../../../../src/fhir/operations/standard/statistics.ts';
import { convertUnit } from '../../../../../src/fhir/operations/standard/ucum.ts';

const DAY = 86_400_000;
const of = (code: string, values: readonly number[], start = 0): unknown[] =>
  statisticOf(
    code,
    values.map((value, index) => ({ value, time: index * DAY })),
    { total: values.length + 1, start },
  ).map(({ value }) => value);

// checked with R 4: quantile type 7, var and sd of a sample, moments::skewness and moments::kurtosis
const rows: [code: string, values: number[], expected: number[]][] = [
  ['average', [2, 4, 4, 4, 5, 5, 7, 9], [5]],
  ['median', [3, 1, 2], [2]],
  ['median', [4, 1, 2, 3], [2.5]],
  ['maximum', [3, 9, 2], [9]],
  ['minimum', [3, 9, 2], [2]],
  ['count', [3, 9, 2], [3]],
  ['total-count', [3, 9, 2], [4]],
  ['sum', [0.1, 0.2], [0.3]],
  ['variance', [2, 4, 4, 4, 5, 5, 7, 9], [4.57142857143]],
  ['std-dev', [2, 4, 4, 4, 5, 5, 7, 9], [2.1380899353]],
  ['20-percent', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [2.8]],
  ['80-percent', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [8.2]],
  ['4-lower', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [3.25]],
  ['4-upper', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [7.75]],
  ['4-dev', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [2.25]],
  ['5-1', [10, 20, 30, 40, 50, 60], [20]],
  ['5-2', [10, 20, 30, 40, 50, 60], [30]],
  ['5-3', [10, 20, 30, 40, 50, 60], [40]],
  ['5-4', [10, 20, 30, 40, 50, 60], [50]],
  ['skew', [2, 4, 4, 4, 5, 5, 7, 9], [0.65625]],
  ['kurtosis', [2, 4, 4, 4, 5, 5, 7, 9], [2.78125]],
  ['regression', [1, 3, 5, 7], [2, 1]],
  // too few, or no spread
  ['average', [], []],
  ['sum', [], []],
  ['variance', [5], []],
  ['std-dev', [5], []],
  ['skew', [5, 5], []],
  ['regression', [5], []],
];

describe('statistics', () => {
  for (const [code, values, expected] of rows) {
    it(`${code} of ${values.join(' ') || 'nothing'}`, () => assert.deepEqual(of(code, values), expected));
  }
  it('are all that the published code system has, each with a row above', () => {
    assert.equal(statistics.size, 21);
    assert.deepEqual(
      [...statistics.keys()].filter((code) => !rows.some(([row]) => row === code)),
      [],
    );
  });
  it('convert units, and say where that is not possible', () => {
    assert.equal(convertUnit(98.6, '[degF]', 'Cel'), 37);
    assert.equal(convertUnit(1, 'kg', 'mm[Hg]'), undefined);
    assert.equal(convertUnit(1, 'mmol/L', 'mg/dL'), undefined);
    assert.equal(convertUnit(5, 'no unit', 'no unit'), 5);
  });
});
