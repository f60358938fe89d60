// Sound resources for the profiles in `posted.ts`, each named by its type and its profile: `Patient-cardinality`.
import { own } from './posted.ts';
import type { Json } from './row.ts';

const codes = 'http://example.org/CodeSystem/codes';
const coding = (code: string): Json => ({ coding: [{ system: codes, code }] });
const ref = (reference: string): Json => ({ reference });
const text = (of: string): Json => ({ text: of });
const ucum = 'http://unitsofmeasure.org';
const grams = (value: number): Json => ({ value, unit: 'g', system: ucum, code: 'g' });
const observation = { resourceType: 'Observation', status: 'final', code: text('Glucose'), subject: ref('Patient/p1') };
const patient = { resourceType: 'Patient', active: true };
const telecom = (system: string, value: string, more: Json = {}): Json => ({ system, value, ...more });

export const soundForPosted: Record<string, Json> = {
  'Patient-cardinality': {
    ...patient,
    identifier: [{ value: '1' }],
    name: [{ given: ['Peter', 'James'] }],
    telecom: [telecom('phone', '1')],
    birthDate: '1974-12-25',
    communication: [{ language: text('German'), preferred: true }],
    generalPractitioner: [ref('Practitioner/d1')],
  },
  'Observation-choices': {
    ...observation,
    effectiveDateTime: '2026-03-01',
    valueQuantity: grams(1),
    component: [{ code: text('x'), valueString: 'y' }],
  },
  'Observation-choice-slices': { ...observation, valueQuantity: grams(1) },
  'Observation-required-choice-slice': { ...observation, valueQuantity: grams(1) },
  'Observation-fixed': {
    ...observation,
    category: [coding('one')],
    code: coding('red'),
    note: [{ text: '*x*' }],
    method: { coding: [{ system: codes, code: 'blue', display: 'The blue' }], text: 'more' },
    device: { reference: 'Device/d1', type: 'Device' },
    referenceRange: [
      { low: grams(1), high: grams(2.5), age: { low: { value: 1, unit: 'year', system: ucum, code: 'a' } } },
    ],
  },
  'Observation-fixed-dates': {
    ...observation,
    effectiveDateTime: '2026-03-01',
    issued: '2026-03-01T09:00:00Z',
    component: [{ code: text('x'), valuePeriod: { start: '2026-01-01', end: '2026-02-01' } }],
  },
  'Patient-fixed-birth-date': {
    ...patient,
    name: [{ family: 'Chalmers', given: ['James', 'Peter'] }],
    birthDate: '1974-12-25',
  },
  'Patient-fixed-patient': {
    ...patient,
    identifier: [
      {
        use: 'usual',
        type: { coding: [{ system: codes, code: 'one' }], text: 'more' },
        system: 'http://example.org/mrn',
        value: '1',
      },
    ],
    name: [{ use: 'official', family: 'Chalmers', given: ['Peter', 'James'] }],
    telecom: [telecom('phone', '1')],
    gender: 'male',
    multipleBirthInteger: 2,
    address: [{ city: 'Berlin', country: 'DE' }],
    photo: [{ url: 'http://example.org/photo' }],
    communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'de' }] } }],
  },
  'Observation-limits': {
    ...observation,
    effectiveDateTime: '2026-03-01',
    issued: '2026-03-01T09:00:00Z',
    valueQuantity: grams(5),
    note: [{ text: 'short' }],
    component: [{ code: text('x'), valueInteger: 4 }],
  },
  'Patient-slices-by-value': {
    ...patient,
    identifier: [
      { system: 'http://example.org/mrn', value: '1' },
      { system: 'http://example.org/card', value: '2', period: { start: '2020' } },
      { system: 'http://example.org/other', value: '3' },
    ],
  },
  'Patient-slices-closed': { ...patient, telecom: [telecom('phone', '1'), telecom('email', 'a@b.c')] },
  'Patient-slices-ordered': {
    ...patient,
    telecom: [telecom('phone', '1'), telecom('phone', '2'), telecom('email', 'a@b.c')],
  },
  'Patient-slices-open-at-end': {
    ...patient,
    telecom: [telecom('phone', '1'), telecom('phone', '2'), telecom('fax', '3')],
  },
  'Patient-slices-by-two': {
    ...patient,
    telecom: [telecom('phone', '1', { use: 'work' }), telecom('phone', '2', { use: 'home', rank: 1 })],
  },
  'Observation-slices-by-pattern': {
    ...observation,
    component: [
      { code: coding('systolic'), valueQuantity: grams(1) },
      {
        code: {
          coding: [
            { system: 'http://example.org/x', code: 'y' },
            { system: codes, code: 'diastolic' },
          ],
        },
        valueString: 'x',
      },
      { code: text('other'), valueBoolean: true },
    ],
  },
  'Observation-slices-by-this': {
    ...observation,
    category: [coding('one'), { ...coding('two'), text: 'Two' }, coding('red')],
  },
  'Observation-slices-by-binding': { ...observation, category: [coding('green'), coding('one')] },
  'Patient-slices-by-existence': { ...patient, name: [{ family: 'Now' }, { family: 'Then', period: { end: '2020' } }] },
  'Observation-slices-by-target': {
    ...observation,
    contained: [
      { resourceType: 'Practitioner', id: 'd', active: true },
      { resourceType: 'Organization', id: 'o', name: 'Clinic' },
    ],
    performer: [ref('#d'), { reference: '#o', display: 'Clinic' }],
  },
  'Observation-slices-by-profile': {
    ...observation,
    contained: [{ resourceType: 'Practitioner', id: 'd', name: [{ family: 'Nightingale' }] }],
    performer: [ref('#d'), ref('Practitioner/x')],
  },
  'Patient-slices-by-extension': {
    ...patient,
    name: [{ family: 'Born' }, { text: 'Star', extension: [{ url: own('kind'), valueCode: 'stage' }] }],
  },
  'Bundle-slices-by-entry': {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      { fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000001', resource: { resourceType: 'Patient', active: true } },
      {
        fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000002',
        resource: { resourceType: 'Condition', subject: ref('urn:uuid:00000000-0000-4000-8000-000000000001') },
      },
    ],
  },
  'Bundle-slices-by-entry-profile': {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      { fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000001', resource: { resourceType: 'Patient', active: true } },
      {
        fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000002',
        resource: { resourceType: 'Organization', active: true, name: 'Clinic' },
      },
    ],
  },
  'Observation-reslices-further': {
    ...observation,
    component: [
      { code: coding('red'), interpretation: [text('low')], valueBoolean: true },
      { code: coding('red'), interpretation: [text('high')] },
      { code: text('other') },
    ],
  },
  'Patient-typed': {
    ...patient,
    contained: [{ resourceType: 'Organization', id: 'o', active: true, name: 'Clinic' }],
    identifier: [{ use: 'official', system: 'http://example.org/mrn', value: '1' }],
    contact: [{ address: { postalCode: '10115', country: 'DE' } }],
    generalPractitioner: [ref('Practitioner/d1')],
    managingOrganization: ref('#o'),
    link: [{ other: ref('Patient/p2'), type: 'seealso' }],
  },
  'Questionnaire-flat-questionnaire': {
    resourceType: 'Questionnaire',
    status: 'draft',
    item: [
      { linkId: '1', type: 'group', text: 'One', item: [{ linkId: '1.1', type: 'string', prefix: 'a', text: 'x' }] },
    ],
  },
  'Patient-contains': {
    ...patient,
    contained: [{ resourceType: 'Organization', id: 'o', active: true, name: 'Clinic' }],
    managingOrganization: ref('#o'),
  },
  'Observation-rules': {
    ...observation,
    effectiveDateTime: '2026-03-01',
    valueQuantity: grams(1),
    note: [{ text: 'short' }],
    referenceRange: [{ low: grams(1), high: grams(2) }],
    component: [{ code: text('x'), valueBoolean: true }],
  },
  'Observation-bindings': {
    ...observation,
    category: [coding('one')],
    code: coding('red'),
    method: coding('green'),
    bodySite: coding('green'),
    interpretation: [coding('one')],
    valueQuantity: { value: 1, unit: 'kg', system: codes, code: 'kg' },
    component: [{ code: text('x'), valueString: 'red' }],
  },
  'Encounter-bound-coding': {
    resourceType: 'Encounter',
    status: 'planned',
    class: { system: codes, code: 'one' },
    meta: { tag: [{ system: codes, code: 'red' }] },
  },
  'Patient-extended': {
    ...patient,
    extension: [
      { url: own('colour'), valueCode: 'red' },
      {
        url: own('origin'),
        extension: [
          { url: 'land', valueString: 'Chad' },
          { url: 'since', valueDate: '2020' },
        ],
      },
    ],
    birthDate: '1974-12-25',
    _birthDate: { extension: [{ url: own('anywhere'), valueString: 'circa' }] },
    telecom: [{ ...telecom('phone', '1'), extension: [{ url: own('of-telecom'), valueBoolean: true }] }],
  },
};
