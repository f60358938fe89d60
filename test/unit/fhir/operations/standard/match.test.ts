import assert from 'node:assert/strict';
import type { Patient } from 'fhir/r4.js';
import { jaroWinkler, likenessOf, soundex } from '../../../../../src/fhir/operations/standard/match-names.ts';
import { birthVariants, type Grade, scoreOf } from '../../../../../src/fhir/operations/standard/match-score.ts';

const ada: Patient = {
  resourceType: 'Patient',
  identifier: [{ system: 'http://h.example/mrn', value: 'M-100200' }],
  name: [{ family: 'Okafor', given: ['Elizabeth', 'Mae'] }],
  gender: 'female',
  birthDate: '1984-03-12',
  telecom: [{ system: 'phone', value: '555-123-4567' }],
  address: [{ line: ['12 Main Street'], city: 'Boston', postalCode: '02115' }],
};
const of = (more: Partial<Patient>): Patient => ({ ...ada, identifier: [], ...more });
const named = (family: string, ...given: string[]) => ({ name: [{ family, given }] });

const rows: [title: string, asked: Partial<Patient>, grade: Grade][] = [
  ['the same person', {}, 'certain'],
  [
    'another hand: nickname, telephone as digits',
    { ...named('OKAFOR', 'Betty'), telecom: [{ system: 'phone', value: '+1 (555) 1234567' }] },
    'certain',
  ],
  ['a letter swapped in the family name', named('Okafro', 'Elizabeth'), 'certain'],
  ['family and given name swapped', named('Elizabeth', 'Okafor'), 'certain'],
  [
    'married and moved',
    { ...named('Smith', 'Elizabeth', 'Mae'), address: [{ city: 'Chicago', postalCode: '60601' }] },
    'probable',
  ],
  ['day and month swapped', { birthDate: '1984-12-03' }, 'certain'],
  ['born a day later, nothing else known', { birthDate: '1984-03-13', telecom: [], address: [] }, 'probable'],
  ['a twin', named('Okafor', 'Catherine'), 'possible'],
  ['a brother who is a twin', { ...named('Okafor', 'James'), gender: 'male' }, 'certainly-not'],
  ['a sister', { ...named('Okafor', 'Catherine'), birthDate: '1979-07-01' }, 'certainly-not'],
  ['a daughter of the same name', { birthDate: '2011-07-25' }, 'possible'],
  ['a namesake', { birthDate: '1951-07-25', telecom: [], address: [] }, 'certainly-not'],
  [
    'a stranger',
    { ...named('Meyer', 'Hans'), gender: 'male', birthDate: '1960-01-01', telecom: [], address: [] },
    'certainly-not',
  ],
  ['a name alone', { gender: undefined, birthDate: undefined, telecom: [], address: [] } as never, 'possible'],
  [
    'the number alone',
    {
      name: [],
      gender: undefined,
      birthDate: undefined,
      telecom: [],
      address: [],
      identifier: ada.identifier!,
    } as never,
    'probable',
  ],
  ['the number and the name', { birthDate: undefined, identifier: ada.identifier! } as never, 'certain'],
  [
    'the number of someone quite different',
    {
      ...named('Meyer', 'Hans'),
      gender: 'male',
      birthDate: '1960-01-01',
      telecom: [],
      address: [],
      identifier: ada.identifier!,
    },
    'certainly-not',
  ],
  ['accents', { ...named('Ökafor', 'Élizabeth') }, 'certain'],
];

describe('the likeness of two patients', () => {
  for (const [title, asked, grade] of rows) {
    it(`${title}: ${grade}`, () => {
      const { score, grade: found } = scoreOf(of(asked), ada);
      assert.equal(found, grade, `score ${score}`);
      assert.ok(score >= 0 && score <= 1);
    });
  }

  it('compares names by letters, sound and custom', () => {
    assert.equal(jaroWinkler('martha', 'marhta').toFixed(4), '0.9611');
    assert.equal(jaroWinkler('dixon', 'dicksonx').toFixed(4), '0.8133');
    assert.equal(jaroWinkler('abc', 'xyz'), 0);
    assert.deepEqual(['robert', 'rupert', 'ashcraft', 'tymczak', 'pfister'].map(soundex), [
      'r163',
      'r163',
      'a261',
      't522',
      'p236',
    ]);
    assert.deepEqual(
      [
        likenessOf('bill', 'william'),
        likenessOf('smith', 'smyth'),
        likenessOf('j', 'jane'),
        likenessOf('anna', 'otto'),
      ],
      ['nickname', 'sound', 'initial', 'different'],
    );
  });

  it('knows what a birth date may have been', () => {
    const variants = birthVariants('1984-03-12');
    for (const one of [
      '1984-12-03',
      '1984-03-11',
      '1984-03-13',
      '1985-03-12',
      '1948-03-12',
      '1984-03-21',
      '1974-03-12',
      '1984-04-12',
    ])
      assert.ok(variants.includes(one), one);
    assert.ok(!variants.includes('1984-03-12') && variants.every((one) => !Number.isNaN(Date.parse(one))));
  });
});
