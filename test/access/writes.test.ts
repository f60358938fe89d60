// What the policies that come with the program let each role change of what it sees: the state of a prescription and not its dose, how far a task
// is and not whose. Each row is one change of what the caller was shown, or something new.
import assert from 'node:assert/strict';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type Ask, aCaller, askerOf } from '../support/callers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const LAB = 'http://snomed.info/sct';
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const ann = { reference: 'Patient/ann' };
const mum = { reference: 'RelatedPerson/mum' };
const stranger = { reference: 'RelatedPerson/stranger' };
const doctor = { reference: 'Practitioner/doc' };

const world: Record<string, object> = {
  'Organization/h1': { name: 'First' },
  'Organization/h1-icu': { name: 'Intensive care', partOf: { reference: 'Organization/h1' } },
  'Patient/ann': {
    identifier: [{ value: 'abc' }],
    birthDate: '1980-02-03',
    managingOrganization: { reference: 'Organization/h1' },
  },
  'MedicationRequest/dose': {
    contained: [{ resourceType: 'Medication', id: 'drug', code: { text: 'Aspirin' } }],
    status: 'active',
    intent: 'order',
    medicationReference: { reference: '#drug' },
    subject: ann,
    dosageInstruction: [{ doseAndRate: [{ doseQuantity: { value: 1, unit: 'mg' } }] }, { text: 'then less' }],
  },
  'MedicationRequest/stopped': {
    status: 'stopped',
    intent: 'order',
    medicationCodeableConcept: { text: 'Aspirin' },
    subject: ann,
  },
  'ServiceRequest/order': {
    status: 'active',
    intent: 'order',
    category: [{ coding: [{ system: LAB, code: '108252007' }] }],
    code: { text: 'Haemoglobin' },
    subject: ann,
  },
  'Task/ride': {
    meta: { security: [{ system: 'http://example.org/labels', code: 'kept' }] },
    status: 'in-progress',
    intent: 'order',
    for: ann,
    owner: { reference: 'Practitioner/driver' },
  },
  'Task/ridden': { status: 'completed', intent: 'order', for: ann, owner: { reference: 'Practitioner/driver' } },
  'QuestionnaireResponse/by-doctor': { status: 'completed', subject: ann, author: doctor },
  'RelatedPerson/mum': { patient: ann, active: true },
  'RelatedPerson/stranger': { patient: { reference: 'Patient/bob' }, active: true },
  'QuestionnaireResponse/by-mum': { status: 'completed', subject: ann, author: mum },
  'QuestionnaireResponse/by-ann': { status: 'completed', subject: ann, author: ann },
  'Appointment/was': {
    status: 'fulfilled',
    start: '2026-01-01T08:00:00Z',
    end: '2026-01-01T08:30:00Z',
    participant: [{ actor: ann, status: 'accepted' }],
  },
  'Condition/secret': {
    meta: { security: [{ system: CONFIDENTIALITY, code: 'R' }] },
    subject: ann,
  },
};

const staff = (role: string, id: string): Caller =>
  aCaller(role, { organizations: ['h1'], fhirUser: { type: 'Practitioner', id } });
const callers = {
  pharmacist: staff('pharmacist', 'pharmacist'),
  'lab technician': staff('lab-technician', 'technician'),
  driver: staff('ambulance-driver', 'driver'),
  'doctor who breaks the glass': { ...staff('doctor', 'doc'), breakGlass: 'unconscious' },
  'hospital administrator': staff('hospital-admin', 'head'),
  ann: aCaller('patient', { fhirUser: { type: 'Patient', id: 'ann' } }),
  mum: aCaller('patient', { fhirUser: { type: 'RelatedPerson', id: 'mum' } }),
} satisfies Record<string, Caller>;
type Who = keyof typeof callers;

/** who, what is there, what is put in the place of its elements (undefined: taken away), and the element that is refused */
const changes: readonly (readonly [who: Who, name: string, change: object, refused?: string])[] = [
  ['pharmacist', 'MedicationRequest/dose', { status: 'on-hold', note: [{ text: 'asked the doctor' }] }],
  [
    'pharmacist',
    'MedicationRequest/dose',
    { dosageInstruction: [{ doseAndRate: [{ doseQuantity: { value: 1.4, unit: 'mg' } }] }, { text: 'then less' }] },
    'MedicationRequest.dosageInstruction',
  ],
  [
    'pharmacist',
    'MedicationRequest/dose',
    { dosageInstruction: [{ text: 'then less' }, { doseAndRate: [{ doseQuantity: { value: 1, unit: 'mg' } }] }] },
    'MedicationRequest.dosageInstruction',
  ],
  [
    'pharmacist',
    'MedicationRequest/dose',
    { contained: [{ resourceType: 'Medication', id: 'drug', code: { text: 'Heparin' } }] },
    'MedicationRequest.contained',
  ],
  [
    'pharmacist',
    'MedicationRequest/dose',
    { dispenseRequest: { numberOfRepeatsAllowed: 99 } },
    'MedicationRequest.dispenseRequest',
  ],
  ['pharmacist', 'MedicationRequest/dose', { doNotPerform: true }, 'MedicationRequest.doNotPerform'],
  [
    'pharmacist',
    'MedicationRequest/dose',
    { _intent: { extension: [{ url: 'http://example.org/x', valueString: 'x' }] } },
    'MedicationRequest.intent',
  ],
  ['pharmacist', 'MedicationRequest/stopped', { status: 'active' }, 'MedicationRequest'],
  ['lab technician', 'ServiceRequest/order', { status: 'completed' }],
  ['lab technician', 'ServiceRequest/order', { status: 'active' }, 'ServiceRequest'],
  ['lab technician', 'ServiceRequest/order', { doNotPerform: true }, 'ServiceRequest.doNotPerform'],
  [
    'driver',
    'Task/ride',
    { status: 'ready', meta: { security: [{ system: 'http://example.org/labels', code: 'new' }] } },
    'Task.meta',
  ],
  ['driver', 'Task/ride', { requester: doctor }, 'Task.requester'],
  ['driver', 'Task/ride', { status: 'completed' }],
  ['driver', 'Task/ridden', { status: 'in-progress' }, 'Task'],
  [
    'hospital administrator',
    'Organization/h1-icu',
    { partOf: { reference: 'Organization/H1' } },
    'Organization.partOf',
  ],
  ['hospital administrator', 'Organization/h1-icu', { name: 'ICU' }],
  ['ann', 'Patient/ann', { telecom: [{ system: 'phone', value: '1' }] }],
  ['ann', 'Patient/ann', { identifier: [{ value: 'ABC' }] }, 'Patient.identifier'],
  ['ann', 'Patient/ann', { implicitRules: 'http://example.org/rules' }, 'Patient.implicitRules'],
  ['ann', 'Patient/ann', { generalPractitioner: [doctor] }, 'Patient.generalPractitioner'],
  ['ann', 'Appointment/was', { status: 'cancelled' }, 'Appointment'],
  ['ann', 'QuestionnaireResponse/by-ann', { status: 'amended' }],
  ['ann', 'QuestionnaireResponse/by-ann', { author: doctor }, 'QuestionnaireResponse'],
  ['ann', 'QuestionnaireResponse/by-doctor', { status: 'amended' }, 'QuestionnaireResponse'],
  ['ann', 'QuestionnaireResponse/by-doctor', { author: ann }, 'QuestionnaireResponse'],
  ['ann', 'QuestionnaireResponse/by-mum', { status: 'amended' }, 'QuestionnaireResponse'],
  ['mum', 'QuestionnaireResponse/by-mum', { status: 'amended' }],
  ['mum', 'QuestionnaireResponse/by-ann', { status: 'completed' }],
  ['mum', 'QuestionnaireResponse/by-ann', { author: stranger }, 'QuestionnaireResponse'],
  ['doctor who breaks the glass', 'Condition/secret', { note: [{ text: 'seen' }] }],
  [
    'doctor who breaks the glass',
    'Condition/secret',
    { meta: { security: [{ system: CONFIDENTIALITY, code: 'N' }] } },
    'Condition.meta.security',
  ],
];

/** who, what is new, and whether it may be */
const creations: readonly (readonly [who: Who, what: string, content: Resource, may: boolean])[] = [
  [
    'ann',
    "a doctor's assessment",
    { resourceType: 'RiskAssessment', status: 'preliminary', subject: ann, performer: doctor },
    false,
  ],
  ['ann', 'a message of nobody', { resourceType: 'Communication', status: 'completed', subject: ann }, false],
  ...inTheNameOf('ann', { ann: true, 'the doctor': false, mum: false, stranger: false }),
  ...inTheNameOf('mum', { ann: true, 'the doctor': false, mum: true, stranger: false }),
];

/** What people write in their own name, or in that of those they care for. */
function inTheNameOf(who: Who, names: Record<string, boolean>): (typeof creations)[number][] {
  const people: Record<string, object> = { ann, 'the doctor': doctor, mum, stranger };
  return Object.entries(names).flatMap(([name, may]) => {
    const by = people[name]!;
    const of = { subject: ann, status: 'completed' };
    const document = { status: 'current', subject: ann, content: [{ attachment: { title: 'x' } }] };
    return [
      [who, `a message of ${name}`, { resourceType: 'Communication', ...of, sender: by }, may],
      [who, `answers of ${name}`, { resourceType: 'QuestionnaireResponse', ...of, author: by }, may],
      [who, `a letter of ${name}`, { resourceType: 'DocumentReference', ...document, author: [by] }, may],
      [
        who,
        `a measurement of ${name}`,
        { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: ann, performer: [by] },
        may,
      ],
      [
        who,
        `the signature of ${name}`,
        { resourceType: 'Provenance', target: [ann], recorded: '2026-01-01T00:00:00Z', agent: [{ who: by }] },
        may,
      ],
    ] as const;
  });
}

describe('what the roles may write', () => {
  let server: TestServer;
  let ask: Ask;

  before(async () => {
    server = await startTestServer('access-writes', { settings: { auth: 'on' } });
    ask = askerOf(server);
    for (const [name, content] of Object.entries(world)) {
      const [resourceType, id] = name.split('/');
      const { status, text } = await ask(aCaller('admin'), 'PUT', name, { resourceType, id, ...content });
      assert.equal(status, 201, text);
    }
  });
  after(() => server.close());

  for (const [who, name, change, refused] of changes) {
    it(`${who} ${refused === undefined ? 'changes' : 'does not change'} ${name}: ${JSON.stringify(change)}`, async () => {
      const { body: shown } = await ask(callers[who], 'GET', name);
      const { status, body, text } = await ask(callers[who], 'PUT', name, { ...shown, ...change });
      assert.equal(status, refused === undefined ? 200 : 403, text);
      if (refused !== undefined) assert.deepEqual(body.issue[0].expression, [refused]);
    });
  }

  for (const [who, what, content, may] of creations) {
    it(`${who} ${may ? 'writes' : 'does not write'} ${what}`, async () => {
      const { status, text } = await ask(callers[who], 'POST', content.resourceType, content);
      assert.equal(status, may ? 201 : 403, text);
    });
  }
});
