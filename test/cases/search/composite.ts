// https://hl7.org/fhir/R4/search.html#composite
import type { SearchCases } from './cases.ts';

const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';
const code = (...codes: string[]) => ({ coding: codes.map((one) => ({ system: LOINC, code: one })) });
const mmHg = (value: number) => ({ value, unit: 'mmHg', system: UCUM, code: 'mm[Hg]' });
const observation = (id: string, more: object) => ({ resourceType: 'Observation', id, status: 'final', ...more });

export const compositeCases: readonly SearchCases[] = [
  {
    title: 'a code and its value, in the resource or in one component',
    type: 'Observation',
    resources: [
      observation('single', { code: code('8480-6', 'x$y'), valueQuantity: mmHg(140) }),
      observation('panel', {
        code: code('85354-9'),
        component: [
          { code: code('8480-6'), valueQuantity: mmHg(150) },
          { code: code('8462-4'), valueQuantity: mmHg(90) },
        ],
      }),
      observation('coded', {
        code: code('c'),
        valueCodeableConcept: code('high'),
        component: [{ code: code('d'), valueCodeableConcept: code('low') }],
      }),
      observation('string', { code: code('s'), valueString: 'Positive, strongly' }),
      observation('date', { code: code('t'), valueDateTime: '2024-05-01' }),
    ],
    rows: [
      [`code-value-quantity=${LOINC}|8480-6$140`, ['single']],
      ['code-value-quantity=8480-6$gt139||mmHg', ['single']],
      ['code-value-quantity=8480-6$gt140', []],
      [`code-value-quantity=x\\$y$140|${UCUM}|mm[Hg]`, ['single']],
      ['component-code-value-quantity=8480-6$150', ['panel']],
      [`component-code-value-quantity=${LOINC}|8480-6$gt100|${UCUM}|mm[Hg]`, ['panel']],
      ['component-code-value-quantity=8480-6$lt100', []],
      ['component-code-value-quantity=8462-4$lt100', ['panel']],
      ['component-code-value-quantity=8462-4$gt100,8480-6$gt100', ['panel']],
      ['combo-code-value-quantity=8480-6$ge140', ['single', 'panel']],
      ['combo-code-value-quantity=85354-9$ge90', []],
      ['code-value-concept=c$high', ['coded']],
      [`code-value-concept=${LOINC}|c$${LOINC}|high`, ['coded']],
      ['code-value-concept=c$low', []],
      ['component-code-value-concept=d$low', ['coded']],
      ['combo-code-value-concept=d$low,c$high', ['coded']],
      ['combo-code-value-concept=d$high', []],
      ['code-value-string=s$positive', ['string']],
      ['code-value-string=s$Positive\\, strong', ['string']],
      ['code-value-date=t$ge2024-05', ['date']],
      ['code-value-date=t$lt2024', []],
      ['component-code-value-quantity:missing=false', ['panel']],
      ['code-value-quantity:missing=false', ['single']],
      ['combo-code=8480-6', ['single', 'panel']],
      ['combo-code:not=8480-6', ['coded', 'string', 'date']],
      ['combo-value-quantity=gt140', ['panel']],
      ['code-value-quantity=8480-6', 'refused'],
      ['code-value-quantity=8480-6$140$1', 'refused'],
      ['code-value-quantity=$140', 'refused'],
    ],
  },
  {
    title: 'one code in two systems, and units',
    type: 'Observation',
    resources: [
      observation('loinc', {
        code: code('p'),
        component: [{ code: code('x'), valueQuantity: mmHg(150) }],
      }),
      observation('local', {
        code: code('p'),
        component: [
          { code: { coding: [{ system: 'http://local', code: 'x' }] }, valueQuantity: { value: 150, unit: 'torr' } },
          { code: code('x'), valueQuantity: mmHg(100) },
        ],
      }),
      observation('concepts', {
        code: code('p'),
        component: [
          { code: code('c'), valueCodeableConcept: { coding: [{ system: 'http://local', code: 'high' }] } },
          { code: { coding: [{ code: 'c' }] }, valueCodeableConcept: code('high') },
        ],
      }),
    ],
    rows: [
      ['component-code-value-quantity=x$gt140', ['loinc', 'local']],
      [`component-code-value-quantity=${LOINC}|x$gt140`, ['loinc']],
      ['component-code-value-quantity=http://local|x$gt140', ['local']],
      ['component-code-value-quantity=|x$gt140', []],
      ['component-code-value-quantity=x$gt140||torr', ['local']],
      [`component-code-value-quantity=x$gt140|${UCUM}|mm[Hg]`, ['loinc']],
      ['component-code-value-quantity=http://local|x$gt140||mmHg', []],
      [`component-code-value-quantity=${LOINC}|x$150||mmHg,${LOINC}|x$100||mm[Hg]`, ['loinc', 'local']],
      ['component-code-value-concept=c$high', ['concepts']],
      [`component-code-value-concept=${LOINC}|c$high`, ['concepts']],
      ['component-code-value-concept=c$http://local|high', ['concepts']],
      [`component-code-value-concept=${LOINC}|c$http://local|high`, ['concepts']],
      [`component-code-value-concept=${LOINC}|c$${LOINC}|high`, []],
      [`component-code-value-concept=|c$${LOINC}|high`, ['concepts']],
      ['component-code-value-concept=|c$|high', []],
      [`combo-code-value-concept=|c$${LOINC}|high,${LOINC}|c$|high`, ['concepts']],
    ],
  },
  {
    title: 'a code and a reference',
    type: 'DocumentReference',
    resources: [
      {
        resourceType: 'DocumentReference',
        id: 'a',
        status: 'current',
        content: [],
        relatesTo: [
          { code: 'replaces', target: { reference: 'DocumentReference/1' } },
          { code: 'appends', target: { reference: 'DocumentReference/2' } },
        ],
      },
    ],
    rows: [
      ['relationship=replaces$DocumentReference/1', ['a']],
      ['relationship=replaces$1', ['a']],
      ['relationship=replaces$2', []],
      ['relationship=appends$2', ['a']],
    ],
  },
  {
    title: 'a window of two numbers',
    type: 'MolecularSequence',
    resources: [
      {
        resourceType: 'MolecularSequence',
        id: 'a',
        coordinateSystem: 0,
        referenceSeq: { chromosome: { coding: [{ code: '1' }] }, windowStart: 10, windowEnd: 20 },
        variant: [
          { start: 100, end: 120 },
          { start: 200, end: 210 },
        ],
      },
    ],
    rows: [
      ['chromosome-variant-coordinate=1$ge100$le120', ['a']],
      ['chromosome-variant-coordinate=1$ge150$le120', []],
      ['chromosome-variant-coordinate=2$ge100$le120', []],
      ['chromosome-window-coordinate=1$10$20', ['a']],
    ],
  },
  {
    title: 'contexts of use',
    type: 'ValueSet',
    resources: [
      {
        resourceType: 'ValueSet',
        id: 'age',
        status: 'active',
        useContext: [
          { code: { system: 'http://u', code: 'age' }, valueRange: { low: { value: 18 }, high: { value: 65 } } },
          { code: { system: 'http://u', code: 'gender' }, valueCodeableConcept: { coding: [{ code: 'female' }] } },
        ],
      },
    ],
    rows: [
      ['context-type-value=gender$female', ['age']],
      ['context-type-value=age$female', []],
      ['context-type-quantity=age$ge60', ['age']],
      ['context-type-quantity=http://u|age$gt70', []],
    ],
  },
];
