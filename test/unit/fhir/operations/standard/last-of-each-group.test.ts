// The table of https://hl7.org/fhir/R4/observation-operation-lastn.html, and ties.
import assert from 'node:assert/strict';
import { lastOfEachGroup } from '../../../../../src/fhir/operations/standard/last-of-each-group.ts';

type Row = [name: string, all: string, max: number, expected: string];

/** `3a`: at time 3 with the name a; `2ac`: with two names */
const rows: Row[] = [
  ['three codes are three groups', '3a 2b 1c', 1, '3a 2b 1c'],
  ['a translation joins two groups', '3a 2b 1ac', 1, '3a 2b'],
  ['all the same are one group', '3a 2b 1ab', 1, '3a'],
  ['groups are joined by way of others', '5a 4b 3c 2ab 1bc', 1, '5a'],
  ['so many of each', '6a 5b 4a 3b 2a 1b', 2, '6a 5b 4a 3b'],
  ['equal times at the end all come', '5a 4a 3a 3a 2a', 3, '5a 4a 3a 3a'],
  ['equal times before the end count', '5a 5a 4a', 2, '5a 5a'],
  ['none', '', 3, ''],
];

describe('the last of each group', () => {
  const read = (text: string) =>
    text
      .split(' ')
      .filter(Boolean)
      .map((one) => ({ text: one, time: Number(one[0]), names: [...one.slice(1)] }));
  for (const [name, all, max, expected] of rows) {
    it(`${name}: ${all}`, () =>
      assert.equal(
        lastOfEachGroup(read(all), max)
          .map(({ text }) => text)
          .join(' '),
        expected,
      ));
  }
  it('what has no time is never tied', () => {
    const all = [1, 2].map((id) => ({ id, time: null, names: ['a'] }));
    assert.deepEqual(lastOfEachGroup(all, 1), [all[0]]);
  });
});
