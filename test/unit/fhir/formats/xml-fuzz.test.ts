// Resources of every type with anything in them survive the way through XML; whatever else is called XML is refused in good time.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ElementDefinition } from '../../../../src/fhir/definitions/definitions.ts';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { readXml } from '../../../../src/fhir/formats/xml-read.ts';
import { writeXml } from '../../../../src/fhir/formats/xml-write.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';

const definitions = loadDefinitions();
const seed = 20261126;

/** Any characters that XML can say; never empty. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has none of them
  .map((value) => value.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?'));
const markup = fc.constantFrom('<', '&amp;', '"', "'", '\n', '\r', '\t', ']]>', ' ', '&#10;', '\u0085', '\u2028');
const words = fc.array(fc.oneof(text, markup), { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
const div = words.map((word) => `<div xmlns="http://www.w3.org/1999/xhtml">${word.replaceAll(/[<&>]/g, '')}</div>`);

const primitives: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  boolean: fc.boolean(),
  decimal: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  integer: fc.integer(),
  positiveInt: fc.integer({ min: 1 }),
  unsignedInt: fc.nat(),
  xhtml: div,
};

/** An object of a type; deeper down only few elements, so that it ends. */
function objectOf(typeName: string, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const type = definitions.type(typeName)!;
  const elements = [...type.elements.values()].filter(({ name, type: kind }) => {
    const isSimple = definitions.type(kind)?.kind === 'primitive';
    return name !== 'contained' && (depth > 0 || isSimple) && kind !== 'Resource';
  });
  const most = depth > 1 ? 6 : 3;
  return fc.subarray(elements, { minLength: 1, maxLength: Math.min(most, elements.length) }).chain((chosen) =>
    fc.tuple(...chosen.map((element) => membersOf(element, depth))).map((members) => {
      const object = Object.assign({}, ...members);
      if (typeName === 'Extension') object.url = 'http://x.org/e';
      return object;
    }),
  );
}

function membersOf({ name, type, isArray }: ElementDefinition, depth: number): fc.Arbitrary<object> {
  const isPrimitive = definitions.type(type)?.kind === 'primitive';
  if (!isPrimitive) {
    const one = fc.constant(null).chain(() => objectOf(type, depth - 1));
    return (isArray ? fc.array(one, { minLength: 1, maxLength: 2 }) : one).map((value) => ({ [name]: value }));
  }
  const value = primitives[type] ?? words;
  if (!isArray) return value.map((one) => ({ [name]: one }));
  const item = fc.tuple(fc.option(value, { freq: 4 }), fc.option(fc.constant({ id: 'i1' }), { freq: 1 }));
  return fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => {
    const full = items.map(([one, companion]) => [one, one === null ? { id: 'i2' } : companion]);
    const values = full.map(([one]) => one);
    const companions = full.map(([, companion]) => companion);
    return {
      ...(values.some((one) => one !== null) && { [name]: values }),
      ...(companions.some((one) => one !== null) && { [`_${name}`]: companions }),
    };
  });
}

const resource = fc
  .constantFrom(...definitions.resourceTypes)
  .chain((resourceType) => objectOf(resourceType, 3).map((content) => ({ resourceType, ...content })));

describe('whatever is called XML', () => {
  it('is the same resource again, whatever the resource', () => {
    const same = fc.property(resource, (value) => {
      assert.deepEqual(readXml(Buffer.from(writeXml(value, definitions)), definitions), value);
    });
    fc.assert(same, { seed, numRuns: 1500 });
  });

  it('is refused with a finding, whatever the bytes', () => {
    const cut = fc.tuple(resource, fc.nat(), fc.nat({ max: 30 }), fc.uint8Array({ maxLength: 6 }));
    const broken = cut.map(([value, at, length, bytes]) => {
      const whole = Buffer.from(writeXml(value, definitions));
      const from = at % whole.length;
      return Buffer.concat([whole.subarray(0, from), bytes, whole.subarray(from + length)]);
    });
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    let refused = 0;
    const answered = fc.property(fc.oneof(broken, noise), (bytes) => {
      try {
        readXml(bytes, definitions);
      } catch (error) {
        assert.ok(error instanceof FhirError, `${bytes.toString('base64')}: ${(error as Error).stack}`);
        assert.equal(error.status, 400);
        assert.ok(error.issues.length > 0 && error.issues.every(({ diagnostics }) => diagnostics !== ''));
        refused++;
      }
    });
    fc.assert(answered, { seed, numRuns: 2000 });
    assert.ok(refused > 1000, `only ${refused} were refused`);
  });
});
