// What Synthea's patients do not have: dates of every precision, quantities of many units, accents, periods without end, choices, canonical URLs.
// `tools/compare-servers.ts` puts them on both servers before it asks.
import type { Resource } from '../../../src/fhir/model/resource.ts';

type Json = Record<string, unknown>;

const ref = (reference: string): Json => ({ reference });
const codes = 'http://example.org/codes';
const concept = (code: string, text?: string): Json => ({
  coding: [{ system: codes, code }],
  ...(text === undefined ? {} : { text }),
});
const ucum = (value: number, code: string): Json => ({ value, unit: code, system: 'http://unitsofmeasure.org', code });
const hl7 = (system: string, code: string): Json => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }],
});

const observation = (id: string, more: Json): Resource => ({
  resourceType: 'Observation',
  id: `x-${id}`,
  status: 'final',
  code: concept('thing'),
  subject: ref('Patient/x-ada'),
  ...more,
});
const patient = (id: string, more: Json): Resource => ({ resourceType: 'Patient', id: `x-${id}`, ...more });
const encounter = (id: string, more: Json): Resource => ({
  resourceType: 'Encounter',
  id: `x-${id}`,
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HH' },
  subject: ref('Patient/x-ada'),
  ...more,
});
const condition = (id: string, more: Json): Resource => ({
  resourceType: 'Condition',
  id: `x-${id}`,
  code: concept('ill', 'Feeling ill'),
  subject: ref('Patient/x-ada'),
  ...more,
});

export const comparedResources: Resource[] = [
  {
    resourceType: 'Organization',
    id: 'x-top',
    name: 'Übersee Klinikum',
    identifier: [{ system: 'http://example.org/org', value: 'TOP' }],
    address: [{ city: 'Bremen' }],
  },
  {
    resourceType: 'Organization',
    id: 'x-part',
    name: 'Part of it',
    alias: ['The Part'],
    partOf: ref('Organization/x-top'),
    active: true,
  },
  {
    resourceType: 'Practitioner',
    id: 'x-doc',
    name: [{ family: 'Nightingale', given: ['Florence'] }],
    identifier: [{ system: 'http://example.org/doc', value: 'D-1' }],
  },
  {
    resourceType: 'PractitionerRole',
    id: 'x-role',
    practitioner: ref('Practitioner/x-doc'),
    organization: ref('Organization/x-part'),
    specialty: [concept('cardio')],
  },
  {
    resourceType: 'Location',
    id: 'x-bremen',
    name: 'Ward B',
    status: 'active',
    position: { longitude: 8.8, latitude: 53.08 },
    managingOrganization: ref('Organization/x-top'),
  },
  { resourceType: 'Location', id: 'x-bed', name: 'Bed 1', status: 'suspended', partOf: ref('Location/x-bremen') },
  { resourceType: 'Location', id: 'x-hamburg', name: 'Ward H', position: { longitude: 9.99, latitude: 53.55 } },
  patient('ada', {
    meta: {
      tag: [{ system: codes, code: 'vip' }],
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
      profile: ['http://example.org/StructureDefinition/person'],
    },
    active: true,
    identifier: [{ system: 'http://example.org/mrn', value: 'A-1', type: hl7('v2-0203', 'MR') }, { value: 'bare' }],
    name: [
      { use: 'official', family: 'Núñez-Müller', given: ['José', 'Ada'], text: 'Dr. José Núñez-Müller' },
      { family: 'van der Berg', suffix: ['Jr.'] },
    ],
    telecom: [
      { system: 'email', value: 'ada@example.org' },
      { system: 'phone', value: '+49 421 123', use: 'work' },
    ],
    gender: 'female',
    birthDate: '1980-05-17',
    address: [{ use: 'home', line: ['Straße 1'], city: 'Bremen', state: 'HB', postalCode: '28195', country: 'DE' }],
    generalPractitioner: [ref('Practitioner/x-doc')],
    managingOrganization: ref('Organization/x-part'),
    communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'de' }] } }],
    link: [{ other: ref('Patient/x-bob'), type: 'seealso' }],
  }),
  patient('bob', {
    active: false,
    name: [{ text: 'Bob Only Text' }],
    birthDate: '1980-05',
    deceasedBoolean: true,
    gender: 'other',
  }),
  patient('cyd', {
    name: [{ family: 'MÜLLER', given: ['cyd'] }],
    birthDate: '1980',
    deceasedDateTime: '2020-02-03T04:05:06Z',
    managingOrganization: ref('Organization/x-top'),
  }),
  patient('dee', {
    name: [{ family: 'Mueller' }],
    deceasedBoolean: false,
    identifier: [
      { system: 'http://example.org/mrn', value: 'A-2' },
      { system: 'http://example.org/other', value: 'A-1' },
    ],
  }),

  observation('gram', { valueQuantity: ucum(1.5, 'g'), effectiveDateTime: '2013-01-14' }),
  observation('milligram', { valueQuantity: ucum(1500, 'mg'), effectiveDateTime: '2013-01-14T10:00:00+05:00' }),
  observation('kilogram', { valueQuantity: ucum(0.0015, 'kg'), effectiveDateTime: '2013' }),
  observation('bare-unit', { valueQuantity: { value: 1.5, unit: 'g' }, effectiveDateTime: '2013-01' }),
  observation('own-unit', {
    valueQuantity: { value: 1.5, unit: 'drops', system: codes, code: 'drop' },
    effectiveDateTime: '2013-01-14T23:30:00Z',
  }),
  observation('less', {
    valueQuantity: { ...ucum(5, 'g'), comparator: '<' },
    effectiveDateTime: '2013-01-15T00:00:00Z',
  }),
  observation('exact', { valueQuantity: ucum(5.4, 'mg'), effectivePeriod: { start: '2013-01-10', end: '2013-01-20' } }),
  observation('more-exact', { valueQuantity: ucum(5.44, 'mg'), effectivePeriod: { start: '2013-01-13T12:00:00Z' } }),
  observation('rounded', { valueQuantity: ucum(5.46, 'mg'), effectivePeriod: { end: '2013-01-14T08:00:00Z' } }),
  observation('negative', { valueQuantity: ucum(-3, 'Cel'), effectiveInstant: '2013-01-14T12:00:00.123Z' }),
  observation('concept', {
    valueCodeableConcept: concept('yes', 'Yes, indeed'),
    interpretation: [hl7('v3-ObservationInterpretation', 'H')],
  }),
  observation('string', { valueString: 'Blue mood', status: 'amended' }),
  observation('boolean', { valueBoolean: true, status: 'preliminary' }),
  observation('date', { valueDateTime: '2014-02' }),
  observation('period', { valuePeriod: { start: '2014-01-01', end: '2014-03-01' } }),
  observation('absent', { dataAbsentReason: hl7('data-absent-reason', 'unknown') }),
  observation('combined', {
    code: concept('panel'),
    component: [
      { code: concept('upper'), valueQuantity: ucum(120, 'mm[Hg]') },
      { code: concept('lower'), valueQuantity: ucum(80, 'mm[Hg]') },
      { code: concept('mood'), valueCodeableConcept: concept('good') },
    ],
  }),
  observation('crossed', {
    code: concept('panel'),
    component: [
      { code: concept('upper'), valueQuantity: ucum(80, 'mm[Hg]') },
      { code: concept('lower'), valueQuantity: ucum(120, 'mm[Hg]') },
    ],
  }),
  observation('members', {
    code: concept('group'),
    hasMember: [ref('Observation/x-gram'), ref('Observation/x-milligram')],
    method: concept('scale'),
    bodySite: concept('arm'),
  }),
  observation('derived', {
    code: concept('sum', 'The sum'),
    derivedFrom: [ref('Observation/x-members')],
    performer: [ref('Practitioner/x-doc')],
    encounter: ref('Encounter/x-stay'),
  }),
  observation('nobody', { subject: undefined, code: { text: 'Free text only' } }),
  observation('display', { subject: { display: 'Somebody' }, code: { coding: [{ code: 'thing' }] } }),
  observation('by-identifier', { subject: { identifier: { system: 'http://example.org/mrn', value: 'A-9' } } }),
  observation('two-codings', {
    code: {
      coding: [
        { system: codes, code: 'one', display: 'First thing' },
        { system: 'http://example.org/others', code: 'two' },
      ],
    },
  }),

  encounter('stay', {
    period: { start: '2013-01-10T08:00:00Z', end: '2013-01-20T08:00:00Z' },
    length: ucum(10, 'd'),
    participant: [{ individual: ref('Practitioner/x-doc'), type: [hl7('v3-ParticipationType', 'ATND')] }],
    location: [{ location: ref('Location/x-bed') }],
    serviceProvider: ref('Organization/x-top'),
    reasonCode: [concept('ill')],
  }),
  encounter('visit', {
    status: 'planned',
    partOf: ref('Encounter/x-stay'),
    length: ucum(30, 'min'),
    period: { start: '2013-02' },
  }),
  condition('aged', { onsetAge: ucum(40, 'a'), clinicalStatus: hl7('condition-clinical', 'active') }),
  condition('said', {
    onsetString: 'in childhood',
    abatementString: 'long ago',
    clinicalStatus: hl7('condition-clinical', 'resolved'),
  }),
  condition('dated', {
    onsetDateTime: '2013-01-14',
    recordedDate: '2013-01-15',
    severity: concept('bad'),
    asserter: ref('Practitioner/x-doc'),
  }),
  condition('ranged', {
    onsetPeriod: { start: '2013-01-01', end: '2013-02-01' },
    abatementDateTime: '2013-03',
    evidence: [{ detail: [ref('Observation/x-gram')] }],
  }),

  {
    resourceType: 'RiskAssessment',
    id: 'x-half',
    status: 'final',
    subject: ref('Patient/x-ada'),
    prediction: [{ probabilityDecimal: 0.5 }],
  },
  {
    resourceType: 'RiskAssessment',
    id: 'x-small',
    status: 'final',
    subject: ref('Patient/x-ada'),
    prediction: [{ probabilityDecimal: 0.0054 }],
  },
  {
    resourceType: 'RiskAssessment',
    id: 'x-precise',
    status: 'final',
    subject: ref('Patient/x-bob'),
    prediction: [{ probabilityDecimal: 0.504 }, { probabilityDecimal: 80 }],
  },
  {
    resourceType: 'ValueSet',
    id: 'x-set',
    url: 'http://example.org/fhir/ValueSet/things',
    version: '1.2',
    name: 'Things',
    status: 'active',
    date: '2014-05-06',
  },
  {
    resourceType: 'ValueSet',
    id: 'x-set-2',
    url: 'http://example.org/fhir/ValueSet/things/more',
    version: '2.0',
    name: 'MoreThings',
    status: 'draft',
  },
  { resourceType: 'ValueSet', id: 'x-set-3', url: 'urn:oid:1.2.3.4', name: 'ThingsByOid', status: 'retired' },
  {
    resourceType: 'Questionnaire',
    id: 'x-form',
    url: 'http://example.org/fhir/Questionnaire/form',
    version: '3',
    status: 'active',
    title: 'The Form',
  },
  {
    resourceType: 'QuestionnaireResponse',
    id: 'x-filled',
    questionnaire: 'http://example.org/fhir/Questionnaire/form|3',
    status: 'completed',
    subject: ref('Patient/x-ada'),
    authored: '2014-01-02',
  },
  {
    resourceType: 'QuestionnaireResponse',
    id: 'x-begun',
    questionnaire: 'http://example.org/fhir/Questionnaire/form',
    status: 'in-progress',
    subject: ref('Patient/x-bob'),
  },
  {
    resourceType: 'Group',
    id: 'x-group',
    type: 'person',
    actual: true,
    code: concept('cohort'),
    member: [{ entity: ref('Patient/x-ada') }, { entity: ref('Patient/x-bob') }],
    characteristic: [{ code: concept('gender'), valueCodeableConcept: concept('mixed'), exclude: false }],
  },
  {
    resourceType: 'Medication',
    id: 'x-pill',
    code: concept('pill'),
    ingredient: [{ itemCodeableConcept: concept('salt') }],
  },
  {
    resourceType: 'MedicationRequest',
    id: 'x-order',
    status: 'active',
    intent: 'order',
    medicationReference: ref('Medication/x-pill'),
    subject: ref('Patient/x-ada'),
    authoredOn: '2013-01-14T10:00:00Z',
    requester: ref('Practitioner/x-doc'),
    dosageInstruction: [{ timing: { event: ['2013-01-15'] } }],
  },
  {
    resourceType: 'MedicationRequest',
    id: 'x-plan',
    status: 'draft',
    intent: 'plan',
    medicationCodeableConcept: concept('pill'),
    subject: ref('Patient/x-ada'),
  },
  {
    resourceType: 'DocumentReference',
    id: 'x-first',
    status: 'superseded',
    subject: ref('Patient/x-ada'),
    content: [{ attachment: { contentType: 'text/plain', title: 'One' } }],
  },
  {
    resourceType: 'DocumentReference',
    id: 'x-second',
    status: 'current',
    subject: ref('Patient/x-ada'),
    relatesTo: [{ code: 'replaces', target: ref('DocumentReference/x-first') }],
    content: [{ attachment: { contentType: 'text/html', title: 'Two' } }],
  },
  {
    resourceType: 'Task',
    id: 'x-task',
    status: 'requested',
    intent: 'order',
    priority: 'urgent',
    for: ref('Patient/x-ada'),
    focus: ref('MedicationRequest/x-order'),
    owner: ref('Organization/x-part'),
    authoredOn: '2013-01-14',
    executionPeriod: { start: '2013-01-14', end: '2013-01-16' },
  },
  {
    resourceType: 'Provenance',
    id: 'x-source',
    target: [ref('Patient/x-ada'), ref('Observation/x-gram')],
    recorded: '2013-01-14T10:00:00Z',
    agent: [{ who: ref('Practitioner/x-doc') }],
  },
  {
    resourceType: 'Goal',
    id: 'x-goal',
    lifecycleStatus: 'active',
    description: { text: 'Sleep more' },
    subject: ref('Patient/x-ada'),
    startDate: '2013-01-14',
    target: [{ measure: concept('sleep'), dueDate: '2013-06-01' }],
  },
];
