import assert from 'node:assert/strict';
import { BSON } from 'mongodb';
import { readRaw, readRawId } from '../../../../src/fhir/storage/mongo/raw.ts';

const rows: [what: string, keys: string[]][] = [
  ['no keys', []],
  ['one', ['status|final']],
  ['more than ten', Array.from({ length: 120 }, (_, index) => `identifier|${index}`)],
  ['an empty one', ['', 'status|final']],
  ['letters beyond ASCII', ['name|müller', 'status|final', 'name|李', 'name|🏥']],
  ['one that is longer than 127 bytes', [`url|${'x'.repeat(300)}`, 'status|final']],
  ['one that is longer than 127 bytes, and letters beyond ASCII', [`url|${'é'.repeat(300)}`, 'status|final']],
];

describe('Raw documents', () => {
  for (const [what, keys] of rows) {
    it(`gives the keys that were stored: ${what}`, () => {
      const stored = {
        _id: 'p1',
        j: Buffer.from('{"a":"é"}'),
        v: 3,
        u: 1.7e12,
        n: 2 ** 40,
        sd: null,
        m: 'PUT',
        kv: 'a',
        t: keys,
        k: keys,
      };
      const raw = readRaw(Buffer.from(BSON.serialize(stored)));
      assert.deepEqual(raw.k, keys);
      assert.deepEqual(raw.t, keys);
      assert.equal(raw.j?.toString(), '{"a":"é"}');
      const { _id, v, u, n, sd, m, kv } = raw;
      assert.deepEqual([_id, v, u, n, sd, m, kv], ['p1', 3, 1.7e12, 2 ** 40, null, 'PUT', 'a']);
    });
  }

  it('gives the id alone', () => {
    assert.equal(readRawId(Buffer.from(BSON.serialize({ _id: 'ä1', v: 1 }))), 'ä1');
  });
});
