import assert from 'node:assert/strict';
import { FhirError } from '../../../../src/fhir/model/errors.ts';
import { parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import { applyJsonPatch } from '../../../../src/fhir/patch/json-patch.ts';

const patient = (rest: string): string => `{"resourceType":"Patient","id":"p"${rest === '' ? '' : `,${rest}`}}`;

const rows: [what: string, before: string, patch: string, after: string][] = [
  ['does nothing', patient('"active":true'), '[]', patient('"active":true')],
  ['adds a member', patient(''), '[{"op":"add","path":"/active","value":true}]', patient('"active":true')],
  [
    'adds over a member',
    patient('"active":true'),
    '[{"op":"add","path":"/active","value":false}]',
    patient('"active":false'),
  ],
  [
    'adds to the end of an array',
    patient('"name":[{"family":"A"}]'),
    '[{"op":"add","path":"/name/-","value":{"family":"B"}}]',
    patient('"name":[{"family":"A"},{"family":"B"}]'),
  ],
  [
    'adds into an array',
    patient('"name":[{"family":"A"}]'),
    '[{"op":"add","path":"/name/0","value":{"family":"B"}}]',
    patient('"name":[{"family":"B"},{"family":"A"}]'),
  ],
  ['removes a member', patient('"active":true'), '[{"op":"remove","path":"/active"}]', patient('')],
  [
    'removes an item',
    patient('"name":[{"family":"A"},{"family":"B"}]'),
    '[{"op":"remove","path":"/name/0"}]',
    patient('"name":[{"family":"B"}]'),
  ],
  [
    'replaces a member',
    patient('"birthDate":"1920"'),
    '[{"op":"replace","path":"/birthDate","value":"1930"}]',
    patient('"birthDate":"1930"'),
  ],
  [
    'replaces an item',
    patient('"name":[{"family":"A"}]'),
    '[{"op":"replace","path":"/name/0","value":{"family":"B"}}]',
    patient('"name":[{"family":"B"}]'),
  ],
  [
    'replaces the whole',
    patient('"active":true'),
    `[{"op":"replace","path":"","value":${patient('"active":false')}}]`,
    patient('"active":false'),
  ],
  [
    'moves a member',
    patient('"name":[{"text":"x"}]'),
    '[{"op":"move","from":"/name/0/text","path":"/name/0/family"}]',
    patient('"name":[{"family":"x"}]'),
  ],
  [
    'moves an item',
    patient('"name":[{"family":"A"},{"family":"B"}]'),
    '[{"op":"move","from":"/name/0","path":"/name/1"}]',
    patient('"name":[{"family":"B"},{"family":"A"}]'),
  ],
  [
    'copies a member',
    patient('"name":[{"text":"x"}]'),
    '[{"op":"copy","from":"/name/0","path":"/name/-"}]',
    patient('"name":[{"text":"x"},{"text":"x"}]'),
  ],
  [
    'goes on after a test',
    patient('"active":true'),
    '[{"op":"test","path":"/active","value":true},{"op":"remove","path":"/active"}]',
    patient(''),
  ],
  [
    'tests objects whatever the order of their members',
    patient('"name":[{"family":"A","text":"B"}]'),
    '[{"op":"test","path":"/name","value":[{"text":"B","family":"A"}]}]',
    patient('"name":[{"family":"A","text":"B"}]'),
  ],
  [
    'reads escaped pointers',
    patient('"a/b":1,"c~d":2'),
    '[{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/c~0d","value":3}]',
    patient('"c~d":3'),
  ],
  [
    'keeps decimals it does not touch',
    patient('"a":{"b":1.50},"c":[{"d":2.00}]'),
    '[{"op":"add","path":"/active","value":true}]',
    patient('"a":{"b":1.50},"c":[{"d":2.00}],"active":true'),
  ],
  [
    'takes a decimal over as it was written',
    patient('"a":{"b":1.5}'),
    '[{"op":"replace","path":"/a/b","value":5.40}]',
    patient('"a":{"b":5.40}'),
  ],
  [
    'replaces a decimal by the same one written shorter',
    patient('"a":{"b":1.50}'),
    '[{"op":"replace","path":"/a/b","value":1.5}]',
    patient('"a":{"b":1.5}'),
  ],
  [
    'takes decimals over inside objects',
    patient(''),
    '[{"op":"add","path":"/a","value":{"b":[{"c":0.0}]}}]',
    patient('"a":{"b":[{"c":0.0}]}'),
  ],
  [
    'moves a decimal with its text',
    patient('"a":{"b":1.50},"c":{"d":1}'),
    '[{"op":"move","from":"/a/b","path":"/c/b"}]',
    patient('"a":{},"c":{"d":1,"b":1.50}'),
  ],
  [
    'copies a decimal with its text',
    patient('"a":{"b":1.50}'),
    '[{"op":"copy","from":"/a/b","path":"/a/c"},{"op":"copy","from":"/a","path":"/d"}]',
    patient('"a":{"b":1.50,"c":1.50},"d":{"b":1.50,"c":1.50}'),
  ],
  [
    'forgets the text of a removed decimal',
    patient('"a":{"b":1.50}'),
    '[{"op":"remove","path":"/a/b"},{"op":"add","path":"/a/b","value":1.5}]',
    patient('"a":{"b":1.5}'),
  ],
  ['tests decimals as numbers', patient('"a":1.50'), '[{"op":"test","path":"/a","value":1.5}]', patient('"a":1.50')],
];

const refused: [what: string, before: string, patch: string, kind: string, message: RegExp][] = [
  ['an object', patient(''), '{"op":"remove","path":"/a"}', 'invalid', /array/],
  ['an operation that is no object', patient(''), '[1]', 'invalid', /\[0\]/],
  ['an unknown operation', patient(''), '[{"op":"change","path":"/a"}]', 'invalid', /"op"/],
  ['the name of a method as operation', patient(''), '[{"op":"toString","path":"/a"}]', 'invalid', /"op"/],
  ['a missing path', patient(''), '[{"op":"remove"}]', 'invalid', /"path"/],
  ['a path without slash', patient(''), '[{"op":"remove","path":"active"}]', 'invalid', /JSON Pointer/],
  ['a wrong escape', patient(''), '[{"op":"remove","path":"/a~2"}]', 'invalid', /JSON Pointer/],
  ['a missing value', patient(''), '[{"op":"add","path":"/active"}]', 'invalid', /"value"/],
  ['a missing from', patient(''), '[{"op":"move","path":"/active"}]', 'invalid', /"from"/],
  [
    'removing what is not there',
    patient(''),
    '[{"op":"remove","path":"/active"}]',
    'conflict',
    /"\/active" does not exist/,
  ],
  [
    'replacing what is not there',
    patient(''),
    '[{"op":"replace","path":"/active","value":true}]',
    'conflict',
    /does not exist/,
  ],
  [
    'adding below what is not there',
    patient(''),
    '[{"op":"add","path":"/name/0/family","value":"A"}]',
    'conflict',
    /does not exist/,
  ],
  ['adding below a string', patient(''), '[{"op":"add","path":"/id/x","value":"A"}]', 'conflict', /does not exist/],
  [
    'adding behind the end',
    patient('"name":[{"family":"A"}]'),
    '[{"op":"add","path":"/name/2","value":{}}]',
    'conflict',
    /does not exist/,
  ],
  [
    'an index with zeros before it',
    patient('"name":[{"family":"A"}]'),
    '[{"op":"remove","path":"/name/00"}]',
    'conflict',
    /does not exist/,
  ],
  [
    'the length of an array as a place',
    patient('"name":[{"family":"A"}]'),
    '[{"op":"remove","path":"/name/length"}]',
    'conflict',
    /does not exist/,
  ],
  [
    'a name as an index',
    patient('"name":[{"family":"A"}]'),
    '[{"op":"replace","path":"/name/x","value":{}}]',
    'conflict',
    /does not exist/,
  ],
  [
    'removing behind the end',
    patient('"name":[{"family":"A"}]'),
    '[{"op":"remove","path":"/name/-"}]',
    'conflict',
    /does not exist/,
  ],
  [
    'moving what is not there',
    patient(''),
    '[{"op":"move","from":"/a","path":"/b"}]',
    'conflict',
    /"\/a" does not exist/,
  ],
  ['moving into itself', patient('"a":{"b":1}'), '[{"op":"move","from":"/a","path":"/a/b"}]', 'invalid', /into itself/],
  [
    'moving behind the end of the shortened array',
    patient('"name":[{"family":"A"},{"family":"B"}]'),
    '[{"op":"move","from":"/name/0","path":"/name/2"}]',
    'conflict',
    /does not exist/,
  ],
  [
    'a failed test',
    patient('"active":true'),
    '[{"op":"test","path":"/active","value":false}]',
    'conflict',
    /\[0\].*another/,
  ],
  [
    'a test of what is not there',
    patient(''),
    '[{"op":"test","path":"/active","value":true}]',
    'conflict',
    /does not exist/,
  ],
  [
    'the second operation',
    patient(''),
    '[{"op":"add","path":"/active","value":true},{"op":"remove","path":"/x"}]',
    'conflict',
    /operation \[1\]/,
  ],
  ['removing the whole', patient(''), '[{"op":"remove","path":""}]', 'invalid', /whole/],
  [
    'replacing the whole by no object',
    patient(''),
    '[{"op":"replace","path":"","value":[]}]',
    'invalid',
    /the type or the id/,
  ],
  [
    'changing the type',
    patient(''),
    '[{"op":"replace","path":"/resourceType","value":"Group"}]',
    'invalid',
    /the type or the id/,
  ],
  ['changing the id', patient(''), '[{"op":"replace","path":"/id","value":"q"}]', 'invalid', /the type or the id/],
  ['removing the id', patient(''), '[{"op":"remove","path":"/id"}]', 'invalid', /the type or the id/],
  [
    'reaching for prototypes',
    patient(''),
    '[{"op":"add","path":"/constructor/prototype/x","value":1}]',
    'conflict',
    /does not exist/,
  ],
  [
    'setting a prototype',
    patient(''),
    '[{"op":"add","path":"/__proto__","value":{"x":1}}]',
    'conflict',
    /does not exist/,
  ],
];

describe('a JSON Patch', () => {
  for (const [what, before, patch, after] of rows) {
    it(what, () => {
      const resource = parseJson(before) as Resource;
      const document = parseJson(patch);
      assert.equal(stringifyJson(applyJsonPatch(resource, document)), after);
      assert.equal(stringifyJson(resource), before, 'the resource itself must not change');
      assert.equal(stringifyJson(document), patch, 'the patch must not change');
    });
  }

  for (const [what, before, patch, kind, message] of refused) {
    it(`refuses ${what}`, () => {
      const resource = parseJson(before) as Resource;
      assert.throws(
        () => applyJsonPatch(resource, parseJson(patch)),
        (error) => {
          assert.ok(error instanceof FhirError, `${(error as Error).stack}`);
          assert.equal(error.kind, kind);
          assert.match(error.message, message);
          return true;
        },
      );
      assert.equal(stringifyJson(resource), before, 'the resource itself must not change');
    });
  }

  it('refuses to double a resource for ever', () => {
    const doubling = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/a', path: `/a/${i}` }));
    const resource = { resourceType: 'Patient', a: {} };
    assert.throws(
      () => applyJsonPatch(resource, doubling),
      (error) => error instanceof FhirError && error.kind === 'too-costly',
    );
  });
});
