// Single codes: in a code system, in a value set, by rules, with displays; and what search and validation ask besides.
import assert from 'node:assert/strict';
import type { CanonicalChange, CanonicalEntry } from '../../../../src/fhir/conformance/canonicals.ts';
import { createCanonicals } from '../../../../src/fhir/conformance/create-canonicals.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import { createTerminology } from '../../../../src/fhir/terminology/create-terminology.ts';
import type { Code, ValidateOptions } from '../../../../src/fhir/terminology/terminology.ts';
import { ANIMALS, animals, publishedTerminology, terminologyOf, valueSet } from './terminology.ts';

const shouting: Resource = {
  resourceType: 'CodeSystem',
  url: 'http://example.org/CodeSystem/shouting',
  status: 'active',
  content: 'complete',
  caseSensitive: false,
  concept: [{ code: 'HEY', display: 'Hey' }],
};
const fragment: Resource = { ...shouting, url: 'http://example.org/CodeSystem/part', content: 'fragment' };
const all = valueSet('all', { include: [{ system: ANIMALS }] });
const loud = valueSet('loud', { include: [{ system: shouting.url }] });
const partly = valueSet('partly', { include: [{ system: fragment.url }] });
const listed = valueSet('listed', {
  include: [
    { system: 'http://loinc.org', concept: [{ code: '1-8', display: 'Acyclovir' }] },
    { system: ANIMALS, concept: [{ code: 'dog', display: 'Good boy' }] },
  ],
});
const half = valueSet('half', {
  include: [
    { system: ANIMALS, concept: [{ code: 'dog' }] },
    { system: 'http://loinc.org', filter: [{ property: 'SCALE_TYP', op: '=', value: 'DOC' }] },
  ],
});
const imports = valueSet('imports', { include: [{ valueSet: ['http://example.org/ValueSet/unheard-of'] }] });
const units = valueSet('units', {
  include: [{ system: 'http://unitsofmeasure.org', filter: [{ property: 'canonical', op: '=', value: 'g' }] }],
});
const noExample = valueSet('none', {});
const expanded: Resource = {
  resourceType: 'ValueSet',
  url: 'http://example.org/ValueSet/expanded',
  status: 'active',
  expansion: {
    timestamp: '2026-01-01',
    contains: [{ system: ANIMALS, abstract: true, code: 'animal', contains: [{ system: ANIMALS, code: 'dog' }] }],
  },
};

const resources = [animals, shouting, fragment, all, loud, partly, listed, half, imports, units, noExample, expanded];
const inSet = (id: string, more: ValidateOptions = {}): ValidateOptions => ({
  valueSet: `http://example.org/ValueSet/${id}`,
  ...more,
});
const animal = (code: string, more: Partial<Code> = {}): Code => ({ system: ANIMALS, code, ...more });

const UNKNOWN = { result: false, isUnknown: true };
const WRONG = { result: false };

/** what is asked → what the verdict says, its message aside; a message is matched */
const rows: readonly [title: string, code: Code, options: ValidateOptions, verdict: object, message?: RegExp][] = [
  ['a code of a code system', animal('dog'), {}, { result: true, display: 'Dog', system: ANIMALS, version: '2.1.0' }],
  [
    'a code that the system does not have',
    animal('unicorn'),
    {},
    WRONG,
    /'unicorn' is not in the code system .*animals\|2\.1\.0/,
  ],
  ['an abstract code', animal('animal'), {}, { ...WRONG, display: 'Animal' }, /abstract/],
  [
    'an abstract code where that is allowed',
    animal('animal'),
    { isAbstractAllowed: true },
    { result: true, display: 'Animal', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'a retired code, with a hint',
    animal('dodo'),
    {},
    { result: true, display: 'Dodo', system: ANIMALS, version: '2.1.0' },
    /inactive/,
  ],
  ['a code in another case where case matters', animal('DOG'), {}, WRONG],
  [
    'a code in another case where it does not',
    { system: shouting.url as string, code: 'hey' },
    {},
    { result: true, display: 'Hey', system: shouting.url },
  ],
  [
    'the same in a value set',
    { system: shouting.url as string, code: 'hey' },
    inSet('loud'),
    { result: true, display: 'Hey', system: shouting.url },
  ],
  [
    'a code of a system that is not here',
    { system: 'http://snomed.info/sct', code: '1' },
    {},
    UNKNOWN,
    /http:\/\/snomed\.info\/sct is not here/,
  ],
  ['a code of a version that is not here', animal('dog', { version: '1.0' }), {}, UNKNOWN, /in version 1\.0/],
  ['a code without a system', { code: 'dog' }, {}, UNKNOWN, /no system/],
  ['an unknown code of a fragment', { system: fragment.url as string, code: 'HO' }, {}, UNKNOWN, /only in part/],
  ['the same in a value set', { system: fragment.url as string, code: 'HO' }, inSet('partly'), UNKNOWN, /only in part/],
  [
    'a known code of a fragment',
    { system: fragment.url as string, code: 'HEY' },
    inSet('partly'),
    { result: true, display: 'Hey', system: fragment.url },
  ],
  [
    'the display, in any case and with any spaces',
    animal('whale', { display: 'blue  WHALE' }),
    {},
    { result: true, display: 'Blue whale', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'a designation as display',
    animal('dog', { display: 'Hund' }),
    {},
    { result: true, display: 'Dog', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'a wrong display',
    animal('dog', { display: 'Cat' }),
    {},
    { ...WRONG, isDisplay: true, display: 'Dog' },
    /'Cat' is no display of the code 'dog'; its display is 'Dog'/,
  ],
  [
    'a display in the language asked for',
    animal('dog'),
    { displayLanguage: 'de' },
    { result: true, display: 'Hund', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'a display in a language of a region',
    animal('dog'),
    { displayLanguage: 'fr' },
    { result: true, display: 'Chien', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'a display in a language that there is none in',
    animal('dog'),
    { displayLanguage: 'it' },
    { result: true, display: 'Dog', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'the display of the value set',
    animal('dog', { display: 'Good boy' }),
    inSet('listed'),
    { result: true, display: 'Good boy', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'the display of the code system in a value set that has another',
    animal('dog', { display: 'Dog' }),
    inSet('listed'),
    { result: true, display: 'Good boy', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'a listed code of a system that is not here',
    { system: 'http://loinc.org', code: '1-8' },
    inSet('listed'),
    { result: true, display: 'Acyclovir', system: 'http://loinc.org' },
  ],
  [
    'a code that is not listed, of a system that is not here',
    { system: 'http://loinc.org', code: '2-7' },
    inSet('listed'),
    WRONG,
    /not in the value set/,
  ],
  [
    'a code that only the missing system could tell',
    { system: 'http://loinc.org', code: '2-7' },
    inSet('half'),
    UNKNOWN,
    /loinc\.org is not here/,
  ],
  [
    'a code beside one',
    animal('dog'),
    inSet('half'),
    { result: true, display: 'Dog', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'a code without a system in a value set',
    { code: 'dog' },
    inSet('listed'),
    { result: true, display: 'Good boy', system: ANIMALS, version: '2.1.0' },
  ],
  [
    'a code without a system that only a missing value set could tell',
    { code: 'cat' },
    inSet('imports'),
    UNKNOWN,
    /ValueSet\/unheard-of is not here/,
  ],
  ['a code that is in an expansion only', animal('dog'), inSet('expanded'), { result: true, system: ANIMALS }],
  ['a group of an expansion', animal('animal'), inSet('expanded'), WRONG],
  ['a value set that is not here', animal('dog'), inSet('unheard-of'), UNKNOWN, /ValueSet\/unheard-of is not here/],
  ['a value set of nothing', animal('dog'), inSet('none'), WRONG],
  [
    'units that convert',
    { system: 'http://unitsofmeasure.org', code: 'mg' },
    inSet('units'),
    { result: true, display: 'milligram', system: 'http://unitsofmeasure.org' },
  ],
  ['units that do not convert', { system: 'http://unitsofmeasure.org', code: 'mL' }, inSet('units'), WRONG],
];

const byRule: readonly [system: string, right: string, wrong: string][] = [
  ['http://unitsofmeasure.org', 'mg/dL 10*3/uL mm[Hg] /min {score} % 1 Cel [degF] kg.m/s2 MG', 'mmHg foo mg//dL liter'],
  [
    'urn:ietf:bcp:47',
    'en de-CH zh-Hant-TW sl-rozaj-biske i-klingon x-mine en-x-ours es-419 tlh EN-us',
    'e xx en_US english-language toolongtag en-QQ',
  ],
  [
    'urn:ietf:bcp:13',
    'text/plain application/fhir+json text/xml;charset=utf-8 image/svg+xml json',
    'text /plain text/ a/b/c text;plain',
  ],
  ['urn:iso:std:iso:4217', 'EUR USD VES XDR', 'EURO eur ZZZ'],
  ['urn:iso:std:iso:3166', 'DE DEU 276 GB USA', 'UK EU XX de 999'],
  ['urn:iso:std:iso:3166:-2', 'US-NY DE-BY FR-75C', 'US XX-NY US-NYNY us-ny'],
  ['https://www.iana.org/time-zones', 'Europe/Berlin UTC America/Argentina/Buenos_Aires', 'Europe/Springfield +01:00'],
  ['urn:ietf:rfc:3986', 'http://hl7.org/fhir urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7', 'nothing ://x'],
];

describe('a code', () => {
  const terminology = terminologyOf(resources);

  for (const [title, code, options, verdict, message] of rows) {
    it(`is judged: ${title}`, async () => {
      const { message: said = '', ...rest } = await terminology.validateCode(code, options);
      assert.deepEqual(rest, verdict);
      if (message === undefined) assert.ok(!rest.result || said === '', said);
      else assert.match(said, message);
    });
  }

  for (const [system, right, wrong] of byRule) {
    it(`of ${system} is right or wrong by rule`, async () => {
      for (const code of right.split(' ')) {
        assert.equal((await terminology.validateCode({ system, code }, {})).result, true, code);
      }
      for (const code of wrong.split(' ')) {
        const verdict = await terminology.validateCode({ system, code }, {});
        assert.deepEqual([verdict.result, 'isUnknown' in verdict], [false, false], code);
      }
    });
  }
});

describe('a membership', () => {
  const terminology = terminologyOf(resources);
  const of = (id: string) => terminology.membership(`http://example.org/ValueSet/${id}`);

  it('has the codes that may be chosen, with and without their system', async () => {
    const members = await of('all');
    assert.deepEqual([...members!.codes()], ['mammal', 'dog', 'whale', 'bird', 'dodo', 'platypus']);
    assert.equal(members!.size, 6);
    const has = [
      members!.has(ANIMALS, 'dog'),
      members!.has(undefined, 'dog'),
      members!.has('http://other.org', 'dog'),
      members!.has(ANIMALS, 'animal'),
      members!.has(ANIMALS, 'DOG'),
    ];
    assert.deepEqual(has, [true, true, false, false, false]);
  });

  it('minds the case only where the code system does', async () => {
    const members = await of('loud');
    assert.deepEqual(
      [members!.has(shouting.url as string, 'hey'), members!.has(undefined, 'Hey'), members!.has(undefined, 'ho')],
      [true, true, false],
    );
  });

  for (const id of ['partly', 'half', 'units', 'unheard-of']) {
    it(`is not given where codes cannot all be known: ${id}`, async () => {
      assert.equal(await of(id), undefined);
    });
  }

  it('follows a change of the definitions', async () => {
    const changing = [all, animals];
    let tell: (changes: readonly CanonicalChange[]) => void = () => undefined;
    const entries = (): (CanonicalEntry & { resource: Resource })[] =>
      changing.map((resource) => ({
        type: resource.resourceType,
        url: resource.url as string,
        origin: { kind: 'stored', id: '1' },
        resource,
      }));
    const canonicals = createCanonicals({
      sources: [
        {
          versions: (type, url) => entries().filter((entry) => entry.type === type && entry.url === url),
          list: (type) => entries().filter((entry) => entry.type === type),
          read: async (entry) => ({ resource: (entry as { resource?: Resource }).resource!, bytes: 1 }),
          onChange(listener) {
            tell = listener;
          },
        },
      ],
    });
    const changed = createTerminology({ canonicals, maxExpansion: 10, now: Date.now });
    const before = changed.revision;
    assert.equal((await changed.membership(all.url as string))?.size, 6);
    changing[1] = { ...animals, concept: [{ code: 'cat' }] };
    tell([{ type: 'CodeSystem', url: ANIMALS }]);
    assert.ok(changed.revision > before);
    assert.deepEqual([...(await changed.membership(all.url as string))!.codes()], ['cat']);
  });
});

describe('what search asks of terminology', () => {
  const terminology = terminologyOf(resources);
  const codes = (list: readonly Code[] | undefined) => list?.map(({ code }) => code).join(' ');

  it('is all codes of a value set, unless they are too many or not known', async () => {
    const url = all.url as string;
    assert.equal(codes(await terminology.codesOf(url, 7)), 'animal mammal dog whale bird dodo platypus');
    assert.equal(await terminology.codesOf(url, 6), undefined);
    assert.equal(await terminology.codesOf(half.url as string, 100), undefined);
    assert.equal(await terminology.codesOf('http://example.org/ValueSet/unheard-of', 100), undefined);
  });

  it('is what is above and below a code', async () => {
    assert.equal(codes(await terminology.closure(ANIMALS, 'mammal', 'below', 10)), 'mammal dog whale platypus');
    assert.equal(codes(await terminology.closure(ANIMALS, 'platypus', 'above', 10)), 'animal mammal platypus');
    assert.equal(codes(await terminology.closure(ANIMALS, 'unicorn', 'below', 10)), 'unicorn');
    assert.equal(await terminology.closure(ANIMALS, 'mammal', 'below', 3), undefined);
    assert.equal(await terminology.closure('http://snomed.info/sct', '1', 'below', 3), undefined);
  });
});

describe('the published terminology', () => {
  it('knows what R4 binds its elements to', async () => {
    const terminology = publishedTerminology();
    const gender = await terminology.membership('http://hl7.org/fhir/ValueSet/administrative-gender');
    assert.deepEqual([...gender!.codes()], ['male', 'female', 'other', 'unknown']);
    assert.equal(await terminology.membership('http://hl7.org/fhir/ValueSet/mimetypes'), undefined);
    const finding = { system: 'http://snomed.info/sct', code: '404684003' };
    const verdict = await terminology.validateCode(finding, {
      valueSet: 'http://hl7.org/fhir/ValueSet/condition-code',
    });
    assert.deepEqual([verdict.result, 'isUnknown' in verdict], [false, true]);
  });
});
