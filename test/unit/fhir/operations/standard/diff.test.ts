// The difference, applied to the first resource, gives the second: of every pair of neighbours among the official examples of a type, and of
// each example and its changed copies.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadDefinitions } from '../../../../../src/fhir/definitions/load.ts';
import { parseJson, stringifyJson } from '../../../../../src/fhir/model/json.ts';
import type { Resource } from '../../../../../src/fhir/model/resource.ts';
import { diffOf } from '../../../../../src/fhir/operations/standard/diff.ts';
import { applyFhirPathPatch } from '../../../../../src/fhir/patch/fhirpath-patch.ts';
import { createValidator } from '../../../../../src/fhir/validation/validate.ts';

const definitions = loadDefinitions();

/** Whatever the order of properties. */
const sorted = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.assign(value.map(sorted), symbolsOf(value));
  const node = value as Record<string, unknown>;
  return Object.assign(
    Object.fromEntries(
      Object.keys(node)
        .sort()
        .map((key) => [key, sorted(node[key])]),
    ),
    symbolsOf(node),
  );
};
const symbolsOf = (value: object) =>
  Object.fromEntries(Object.getOwnPropertySymbols(value).map((symbol) => [symbol, Reflect.get(value, symbol)]));
const textOf = (resource: Resource): string => stringifyJson(sorted(resource));

function check(before: Resource, after: Resource): number {
  const patch = { resourceType: 'Parameters', parameter: diffOf(definitions, before, after, true) };
  // as a client would get and send it
  const sent = parseJson(stringifyJson(patch));
  const patched = applyFhirPathPatch(before, sent);
  assert.equal(textOf(patched), textOf({ ...after, ...(before.id !== undefined && { id: before.id }) }));
  return patch.parameter.length;
}

const of = (text: string): Resource => parseJson(`{"resourceType":"Patient",${text}}`) as Resource;

const rows: [title: string, before: string, after: string, operations: number][] = [
  ['nothing', '"active":true', '"active":true', 0],
  ['an element is added', '"active":true', '"active":true,"gender":"male"', 1],
  ['an element is deleted', '"active":true,"gender":"male"', '"active":true', 1],
  ['a primitive is replaced', '"gender":"male"', '"gender":"female"', 1],
  ['another type of a choice', '"deceasedBoolean":false', '"deceasedDateTime":"2020"', 1],
  ['deep inside', '"name":[{"family":"A","given":["B","C"]}]', '"name":[{"family":"A","given":["B","D"]}]', 1],
  ['first of a list', '"name":[{"family":"A"},{"family":"B"}]', '"name":[{"family":"B"}]', 1],
  [
    'inserted between',
    '"name":[{"family":"A"},{"family":"C"}]',
    '"name":[{"family":"A"},{"family":"B"},{"family":"C"}]',
    1,
  ],
  ['a whole list', '"name":[{"family":"A"},{"family":"B"}],"active":true', '"active":true', 2],
  [
    'an element without a datatype',
    '"active":true',
    '"active":true,"contact":[{"name":{"family":"A"},"telecom":[{"value":"1"},{"value":"2"}]}]',
    1,
  ],
  [
    'an extension of a primitive',
    '"birthDate":"1970-01-01"',
    '"birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"http://x.example","valueString":"y"}]}',
    1,
  ],
  ['everything within an element changes', '"name":[{"family":"A","use":"old"}]', '"name":[{"text":"B"}]', 3],
  [
    'narrative',
    '"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">a</div>"}',
    '"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">b</div>"}',
    1,
  ],
  [
    'decimals',
    '"extension":[{"url":"http://x.example","valueDecimal":1.5}]',
    '"extension":[{"url":"http://x.example","valueDecimal":1.50}]',
    1,
  ],
  [
    'contained',
    '"contained":[{"resourceType":"Organization","id":"o","name":"A"}]',
    '"contained":[{"resourceType":"Organization","id":"o","name":"B"}]',
    1,
  ],
  ['labels', '"meta":{"versionId":"1","tag":[{"code":"a"}]}', '"meta":{"versionId":"1","tag":[{"code":"b"}]}', 1],
];

describe('the difference of two resources', () => {
  for (const [title, before, after, operations] of rows) {
    it(`is told and can be undone: ${title}`, () => {
      assert.equal(check(of(before), of(after)), operations);
      check(of(after), of(before));
    });
  }

  it('leaves meta, id and what the server decides out', () => {
    const [before, after] = [
      of('"id":"1","meta":{"versionId":"1"}'),
      of('"id":"2","meta":{"versionId":"2","tag":[{"code":"x"}]}'),
    ];
    assert.deepEqual(diffOf(definitions, before, after, false), []);
  });

  const folder = fileURLToPath(
    new URL('../../../../../tools/definitions/node_modules/hl7.fhir.r4.examples/', import.meta.url),
  );
  it('makes any official example of its neighbour', function () {
    if (!existsSync(folder)) this.skip();
    this.timeout(120_000);
    const validate = createValidator(definitions);
    const byType = new Map<string, Resource[]>();
    for (const name of readdirSync(folder).sort()) {
      const type = name.split('-', 1)[0]!;
      if (!definitions.resourceTypes.includes(type) || type === 'Parameters') continue;
      const known = byType.get(type) ?? [];
      if (known.length === 4) continue;
      const bytes = readFileSync(folder + name);
      if (bytes.length < 60_000) byType.set(type, [...known, parseJson(bytes) as Resource]);
    }
    let pairs = 0;
    for (const examples of byType.values()) {
      for (const [index, before] of examples.entries()) {
        const after = examples[(index + 1) % examples.length]!;
        if (before.meta === undefined || after.meta === undefined) for (const one of [before, after]) delete one.meta;
        check(before, after);
        const parameter = diffOf(definitions, before, after, true);
        if (pairs++ % 10 === 0 && parameter.length > 0)
          assert.deepEqual(validate({ resourceType: 'Parameters', parameter }, { type: 'Parameters' }), []);
      }
    }
    assert.ok(pairs > 250, `${pairs} pairs`);
  });
});
