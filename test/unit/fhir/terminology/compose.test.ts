// ValueSet.compose in full: what each way of choosing concepts includes. https://hl7.org/fhir/R4/valueset.html#compositions
import assert from 'node:assert/strict';
import type { ErrorKind, FhirError } from '../../../../src/fhir/model/errors.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import { ANIMALS, animals, codesIn, terminologyOf, valueSet } from './terminology.ts';

const system = ANIMALS;
const filter = (property: string, op: string, value: string) => ({ system, filter: [{ property, op, value }] });

const seaAnimals = valueSet('sea', { include: [filter('habitat', '=', 'sea')] });
const mammals = valueSet('mammals', { include: [filter('concept', 'is-a', 'mammal')] });

/** what is asked for → the codes, in order, without their nesting */
const rows: readonly [title: string, compose: Record<string, unknown>, codes: string][] = [
  ['a whole code system', { include: [{ system }] }, 'animal mammal dog whale bird dodo platypus'],
  [
    'listed concepts, in their order',
    { include: [{ system, concept: [{ code: 'whale' }, { code: 'dog' }] }] },
    'whale dog',
  ],
  [
    'is-a, with what a property puts below',
    { include: [filter('concept', 'is-a', 'mammal')] },
    'mammal dog whale platypus',
  ],
  ['descendent-of', { include: [filter('concept', 'descendent-of', 'mammal')] }, 'dog whale platypus'],
  ['is-not-a', { include: [filter('concept', 'is-not-a', 'mammal')] }, 'animal bird dodo'],
  ['generalizes', { include: [filter('concept', 'generalizes', 'platypus')] }, 'animal mammal platypus'],
  ['is-a, written with the property code', { include: [filter('code', 'is-a', 'bird')] }, 'bird dodo'],
  ['a property that equals', { include: [filter('legs', '=', '4')] }, 'dog platypus'],
  ['a property in a list', { include: [filter('habitat', 'in', 'sea, river')] }, 'whale platypus'],
  ['a property not in a list', { include: [filter('habitat', 'not-in', 'sea,river')] }, 'animal mammal dog bird dodo'],
  ['a property that exists', { include: [filter('habitat', 'exists', 'true')] }, 'dog whale platypus'],
  ['a property that does not exist', { include: [filter('habitat', 'exists', 'false')] }, 'animal mammal bird dodo'],
  ['codes in a list', { include: [filter('concept', 'in', 'dog,dodo,unicorn')] }, 'dog dodo'],
  ['codes by a regular expression of the whole code', { include: [filter('code', 'regex', 'd.*')] }, 'dog dodo'],
  ['displays by a regular expression', { include: [filter('display', 'regex', '.* whale')] }, 'whale'],
  ['a display', { include: [filter('display', '=', 'Dog')] }, 'dog'],
  ['parents', { include: [filter('parent', '=', 'mammal')] }, 'dog whale platypus'],
  ['children', { include: [filter('child', '=', 'dodo')] }, 'bird'],
  ['retired concepts by their status', { include: [filter('status', '=', 'retired')] }, 'dodo'],
  [
    'two filters, which both hold',
    {
      include: [
        {
          system,
          filter: [
            { property: 'concept', op: 'is-a', value: 'mammal' },
            { property: 'legs', op: '=', value: '4' },
          ],
        },
      ],
    },
    'dog platypus',
  ],
  [
    'several includes, each code once',
    { include: [filter('legs', '=', '4'), filter('concept', 'is-a', 'mammal')] },
    'dog platypus mammal whale',
  ],
  [
    'an exclude by a filter',
    { include: [filter('concept', 'is-a', 'mammal')], exclude: [filter('legs', '=', '4')] },
    'mammal whale',
  ],
  ['an exclude of a value set', { include: [{ system }], exclude: [{ valueSet: [mammals.url] }] }, 'animal bird dodo'],
  ['no inactive concepts', { inactive: false, include: [filter('concept', 'is-a', 'bird')] }, 'bird'],
  ['a value set', { include: [{ valueSet: [mammals.url] }] }, 'mammal dog whale platypus'],
  ['what two value sets share', { include: [{ valueSet: [mammals.url, seaAnimals.url] }] }, 'whale'],
  [
    'what value sets in two includes have together',
    { include: [{ valueSet: [seaAnimals.url] }, { valueSet: [mammals.url] }] },
    'whale mammal dog platypus',
  ],
  [
    'codes of a system that a value set has too',
    { include: [{ ...filter('legs', '=', '4'), valueSet: [mammals.url] }] },
    'dog platypus',
  ],
  [
    'the implicit value set of a code system',
    { include: [{ valueSet: ['http://example.org/ValueSet/all-animals'] }] },
    'animal mammal dog whale bird dodo platypus',
  ],
  ['a version that is there', { include: [{ ...filter('legs', '=', '4'), version: '2.1.0' }] }, 'dog platypus'],
  [
    'a version of which the beginning is named',
    { include: [{ ...filter('legs', '=', '4'), version: '2' }] },
    'dog platypus',
  ],
  [
    'listed codes of a system that is not here',
    { include: [{ system: 'http://loinc.org', concept: [{ code: '1-8' }] }] },
    '1-8',
  ],
  ['nothing below a code that is not there', { include: [filter('concept', 'is-a', 'unicorn')] }, ''],
];

const refused: readonly [
  title: string,
  compose: Record<string, unknown>,
  kind: ErrorKind,
  code: string,
  says: RegExp,
][] = [
  [
    'a code system that is not here',
    { include: [{ system: 'http://snomed.info/sct', filter: [{ property: 'concept', op: 'is-a', value: '1' }] }] },
    'business-rule',
    'not-found',
    /The code system http:\/\/snomed\.info\/sct is not here/,
  ],
  [
    'a version that is not here',
    { include: [{ system, version: '1.0' }] },
    'business-rule',
    'not-found',
    /in version 1\.0/,
  ],
  [
    'a value set that is not here',
    { include: [{ valueSet: ['http://x.org/vs'] }] },
    'business-rule',
    'not-found',
    /http:\/\/x\.org\/vs/,
  ],
  [
    'a property that the system does not have',
    { include: [filter('wings', '=', '2')] },
    'not-supported',
    'not-supported',
    /no property 'wings'/,
  ],
  [
    'a regular expression that is none',
    { include: [filter('code', 'regex', '(')] },
    'value',
    'value',
    /no regular expression/,
  ],
  [
    'a regular expression without an end',
    { include: [filter('code', 'regex', '(([a-z]+)+)+!')] },
    'too-costly',
    'too-costly',
    /takes too long/,
  ],
  [
    'all of a grammar',
    { include: [{ system: 'http://unitsofmeasure.org' }] },
    'too-costly',
    'too-costly',
    /follow a grammar/,
  ],
];

describe('the compose of a value set', () => {
  const terminology = (resource: Resource) => terminologyOf([animals, seaAnimals, mammals, resource]);

  for (const [title, compose, codes] of rows) {
    it(`includes ${title}`, async () => {
      const asked = valueSet('asked', compose);
      const expanded = await terminology(asked).expand(asked.url as string, { excludeNested: true });
      assert.equal(codesIn(expanded).join(' '), codes);
    });

    it(`decides each code as the expansion does: ${title}`, async () => {
      const asked = valueSet('asked', compose);
      const members = new Set(codes.split(' '));
      for (const code of ['animal', 'mammal', 'dog', 'whale', 'bird', 'dodo', 'platypus', 'unicorn']) {
        const verdict = await terminology(asked).validateCode(
          { system, code },
          { valueSet: asked.url as string, isAbstractAllowed: true },
        );
        assert.equal(verdict.result, members.has(code), code);
        assert.equal('isUnknown' in verdict, false, code);
      }
    });
  }

  for (const [title, compose, kind, code, says] of refused) {
    it(`refuses to expand ${title}`, async () => {
      const asked = valueSet('asked', compose);
      const withLongCode = { ...animals, concept: [...(animals.concept as []), { code: 'a'.repeat(40) }] };
      await assert.rejects(terminologyOf([withLongCode]).expand(asked), (error: FhirError) => {
        assert.equal(error.kind, kind);
        assert.match(error.message, says);
        assert.deepEqual(
          error.issues.map((issue) => issue.code),
          [code],
        );
        return true;
      });
    });
  }

  it('refuses value sets that include each other', async () => {
    const one = valueSet('one', { include: [{ valueSet: ['http://example.org/ValueSet/two'] }] });
    const two = valueSet('two', { include: [{ valueSet: ['http://example.org/ValueSet/one'] }] });
    const terms = terminologyOf([one, two]);
    await assert.rejects(terms.expand(one.url as string), {
      kind: 'business-rule',
      message: /includes itself.*one.*two.*one/,
    });
    const verdict = await terms.validateCode({ system, code: 'dog' }, { valueSet: one.url as string });
    assert.deepEqual({ ...verdict, message: '' }, { result: false, isUnknown: true, message: '' });
  });

  it('nests codes below their parents, unless that is not wanted', async () => {
    const expanded = await terminologyOf([animals]).expand('http://example.org/ValueSet/all-animals');
    assert.deepEqual(codesIn(expanded), ['animal', ['mammal', ['dog', 'whale', 'platypus'], 'bird', ['dodo']]]);
  });
});
