import assert from 'node:assert/strict';
import { prettyJson } from '../../../../src/fhir/http/pretty.ts';

describe('indented JSON', () => {
  const values: unknown[] = [
    { a: 1, b: [1, 2, { c: 'x' }], d: {}, e: [], f: null },
    [],
    'text',
    { 'quote " and \\ and {': '",:[]{}\\' },
    [[[]]],
  ];
  for (const value of values) {
    it(`looks like JSON.stringify for ${JSON.stringify(value)}`, () => {
      assert.equal(prettyJson(JSON.stringify(value)), `${JSON.stringify(value, null, 2)}\n`);
    });
  }

  it('leaves numbers as they were written', () => {
    assert.equal(prettyJson('{"value":1.50}'), '{\n  "value": 1.50\n}\n');
  });
});
