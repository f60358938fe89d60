// What holds between elements and between resources whatever the profile: references, contained resources, Bundles, published extensions.
import { own } from './posted.ts';
import type { Json, Row } from './row.ts';

interface Broken {
  what: string;
  base: string;
  change: Json;
  found: string | string[];
  says?: string;
  note?: string;
}

const ref = (reference: string): Json => ({ reference });
const core = (name: string): string => `http://hl7.org/fhir/StructureDefinition/${name}`;
const concept = (system: string, code: string): Json => ({ coding: [{ system, code }] });
const uuid = (n: number): string => `urn:uuid:00000000-0000-4000-8000-00000000000${n}`;
const organization = (id: string, more: Json = {}): Json => ({
  resourceType: 'Organization',
  id,
  name: 'Clinic',
  ...more,
});

const references: Broken[] = [
  {
    what: 'a subject that no observation has',
    base: 'Observation',
    change: { subject: ref('Practitioner/d1') },
    found: 'value Observation.subject.reference',
  },
  {
    what: 'a subject that no condition has',
    base: 'Condition',
    change: { subject: ref('Device/d1') },
    found: 'value Condition.subject.reference',
  },
  {
    what: 'a subject by an absolute URL',
    base: 'Encounter',
    change: { subject: ref('http://example.org/fhir/Device/d1') },
    found: 'value Encounter.subject.reference',
  },
  {
    what: 'an actor that cannot act',
    base: 'Appointment',
    change: { 'participant/0/actor': ref('Organization/o1') },
    found: 'value Appointment.participant[0].actor.reference',
  },
  {
    what: 'a performer in a list',
    base: 'Observation',
    change: { performer: [ref('Practitioner/d1'), ref('Location/l1')] },
    found: 'value Observation.performer[1].reference',
  },
  {
    what: 'an author that cannot write',
    base: 'Composition',
    change: { 'author/0': ref('Location/l1') },
    found: 'value Composition.author[0].reference',
  },
  {
    what: 'an organization that is none',
    base: 'Patient',
    change: { managingOrganization: ref('Practitioner/d1') },
    found: 'value Patient.managingOrganization.reference',
  },
  {
    what: 'a reference as a choice',
    base: 'MedicationRequest',
    change: { medicationCodeableConcept: undefined, medicationReference: ref('Substance/s1') },
    found: 'value MedicationRequest.medication.reference',
  },
  {
    what: 'a schedule that is none',
    base: 'Slot',
    change: { schedule: ref('Slot/s2') },
    found: 'value Slot.schedule.reference',
  },
  {
    what: 'an encounter that is none',
    base: 'Observation',
    change: { encounter: ref('EpisodeOfCare/e1') },
    found: 'value Observation.encounter.reference',
  },
  {
    what: 'a list of patients that holds a location',
    base: 'Group',
    change: { 'member/0/entity': ref('Location/l1') },
    found: 'value Group.member[0].entity.reference',
  },
  {
    what: 'a contained target of a wrong type',
    base: 'Observation',
    change: { contained: [organization('o')], subject: ref('#o') },
    found: 'value Observation.subject.reference',
  },
  {
    what: 'a target of a wrong type in the same Bundle',
    base: 'Bundle-transaction',
    change: { 'entry/0/resource': { resourceType: 'Practitioner', active: true } },
    found: 'value Bundle.entry[1].resource.subject.reference',
  },
  {
    what: 'a type that is not that of the reference',
    base: 'Observation',
    change: { subject: { reference: 'Patient/p1', type: 'Device' } },
    found: 'value Observation.subject.type',
  },
];

const contained: Broken[] = [
  {
    what: 'a contained resource nobody refers to',
    base: 'Patient',
    change: { contained: [organization('o')] },
    found: 'invariant Patient.contained[0]',
    says: 'dom-3',
  },
  {
    what: 'the second contained resource nobody refers to',
    base: 'Patient',
    change: { contained: [organization('o'), organization('x')], managingOrganization: ref('#o') },
    found: 'invariant Patient.contained[1]',
    says: 'dom-3',
  },
  {
    what: 'an invariant of a contained resource',
    base: 'Patient',
    change: { contained: [organization('o', { name: undefined, active: true })], managingOrganization: ref('#o') },
    found: 'invariant Patient.contained[0]',
    says: 'org-1',
  },
  {
    what: 'a code of a contained resource',
    base: 'Observation',
    change: { contained: [{ resourceType: 'Patient', id: 'p', gender: 'man' }], subject: ref('#p') },
    found: 'code-invalid Observation.contained[0].gender',
  },
  {
    what: 'a reference of a contained resource',
    base: 'Observation',
    change: {
      contained: [{ resourceType: 'Patient', id: 'p', managingOrganization: ref('Patient/x') }],
      subject: ref('#p'),
    },
    found: 'value Observation.contained[0].managingOrganization.reference',
  },
  {
    what: 'two contained resources of one id',
    base: 'Patient',
    change: { contained: [organization('o'), organization('o')], managingOrganization: ref('#o') },
    found: 'value Patient.contained[1].id',
  },
  {
    what: 'a profile that a contained resource claims',
    base: 'Patient',
    change: {
      contained: [organization('o', { meta: { profile: [own('active-organization')] } })],
      managingOrganization: ref('#o'),
    },
    found: 'required Patient.contained[0].active',
  },
];

const bundles: Broken[] = [
  {
    what: 'an invariant of a resource in a Bundle',
    base: 'Bundle',
    change: { 'entry/0/resource/contact': [{ gender: 'male' }] },
    found: 'invariant Bundle.entry[0].resource.contact[0]',
    says: 'pat-1',
  },
  {
    what: 'a code of a resource in a Bundle',
    base: 'Bundle',
    change: { 'entry/0/resource/gender': 'man' },
    found: 'code-invalid Bundle.entry[0].resource.gender',
  },
  {
    what: 'a profile that a resource in a Bundle claims',
    base: 'Bundle',
    change: { 'entry/0/resource/meta': { profile: [own('fixed-patient')] }, 'entry/0/resource/active': false },
    found: 'value Bundle.entry[0].resource.active',
  },
  {
    what: 'a fullUrl of another id',
    base: 'Bundle-searchset',
    change: { 'entry/0/fullUrl': 'http://example.org/fhir/Patient/p2' },
    found: 'value Bundle.entry[0].fullUrl',
  },
  {
    what: 'a fullUrl of another type',
    base: 'Bundle-searchset',
    change: { 'entry/0/fullUrl': 'http://example.org/fhir/Person/p1' },
    found: 'value Bundle.entry[0].fullUrl',
  },
  {
    what: 'a fullUrl that is relative',
    base: 'Bundle-searchset',
    change: { 'entry/0/fullUrl': 'Patient/p1' },
    found: 'value Bundle.entry[0].fullUrl',
  },
  {
    what: 'a document whose subject is not in it',
    base: 'Bundle-document',
    change: { 'entry/0/resource/subject': ref(uuid(8)), 'entry/1/resource/link': undefined, 'entry/1': undefined },
    found: 'not-found Bundle.entry[0].resource.subject.reference',
    note: "HL7's validator counts entries and elements from 1 here",
  },
  {
    what: 'a document whose author is not in it',
    base: 'Bundle-document',
    change: { 'entry/2': undefined },
    found: 'not-found Bundle.entry[0].resource.author[0].reference',
    note: "HL7's validator counts entries and elements from 1 here",
  },
  {
    what: 'a document with a section about what is not in it',
    base: 'Bundle-document',
    change: { 'entry/0/resource/section/0/entry': [ref(uuid(7))] },
    found: 'not-found Bundle.entry[0].resource.section[0].entry[0].reference',
    note: "HL7's validator counts entries and elements from 1 here",
  },
  {
    what: 'a broken resource of Parameters',
    base: 'Parameters',
    change: { 'parameter/0': { name: 'one', resource: { resourceType: 'Patient', gender: 'man' } } },
    found: 'code-invalid Parameters.parameter[0].resource.gender',
  },
  {
    what: 'an invariant of a resource of Parameters',
    base: 'Parameters',
    change: {
      'parameter/0': { name: 'one', part: [{ name: 'two', resource: { resourceType: 'Organization', active: true } }] },
    },
    found: 'invariant Parameters.parameter[0].part[0].resource',
    says: 'org-1',
  },
];

const extensions: Broken[] = [
  {
    what: 'an extension of patients at a practitioner',
    base: 'Practitioner',
    change: { extension: [{ url: core('patient-birthPlace'), valueAddress: { city: 'Berlin' } }] },
    found: 'extension Practitioner.extension[0].url',
  },
  {
    what: 'an extension of the date of birth at the patient',
    base: 'Patient',
    change: { extension: [{ url: core('patient-birthTime'), valueDateTime: '1974-12-25T08:00:00Z' }] },
    found: 'extension Patient.extension[0].url',
  },
  {
    what: 'an extension of the patient at the date of birth',
    base: 'Patient',
    change: { _birthDate: { extension: [{ url: core('patient-birthPlace'), valueAddress: { city: 'Berlin' } }] } },
    found: 'extension Patient.birthDate.extension[0].url',
  },
  {
    what: 'an extension with a value of another type',
    base: 'Patient',
    change: { extension: [{ url: core('patient-birthPlace'), valueString: 'Berlin' }] },
    found: 'structure Patient.extension[0].value',
  },
  {
    what: 'another extension with a value of another type',
    base: 'Patient',
    change: { extension: [{ url: core('patient-mothersMaidenName'), valueCode: 'x' }] },
    found: 'structure Patient.extension[0].value',
  },
  {
    what: 'a code outside the value set of an extension',
    base: 'Observation',
    change: {
      valueQuantity: undefined,
      _valueQuantity: undefined,
      valueString: undefined,
      _valueString: { extension: [{ url: core('data-absent-reason'), valueCode: 'lost' }] },
    },
    found: 'code-invalid Observation.value.extension[0].value',
  },
  {
    what: 'a nested extension of an unknown url',
    base: 'Patient',
    change: { extension: [{ url: core('patient-nationality'), extension: [{ url: 'land', valueString: 'x' }] }] },
    found: 'extension Patient.extension[0].extension[0].url',
  },
  {
    what: 'a required nested extension left out',
    base: 'Patient',
    change: {
      address: [
        { city: 'x', extension: [{ url: core('geolocation'), extension: [{ url: 'latitude', valueDecimal: 1.5 }] }] },
      ],
    },
    found: 'required Patient.address[0].extension[0].extension',
    says: 'longitude',
  },
  {
    what: 'an extension of addresses at a name',
    base: 'Patient',
    change: {
      'name/0/extension': [
        {
          url: core('geolocation'),
          extension: [
            { url: 'latitude', valueDecimal: 1.5 },
            { url: 'longitude', valueDecimal: 1.5 },
          ],
        },
      ],
    },
    found: 'extension Patient.name[0].extension[0].url',
  },
  {
    what: 'an extension of codings at a patient',
    base: 'Patient',
    change: { extension: [{ url: core('ordinalValue'), valueDecimal: 1 }] },
    found: 'extension Patient.extension[0].url',
  },
  {
    what: 'an extension of definitions at their contacts',
    base: 'ValueSet-normative',
    change: {
      extension: undefined,
      contact: [
        {
          name: 'x',
          extension: [{ url: core('structuredefinition-normative-version'), valueCode: '4.0.0' }],
        },
      ],
    },
    found: 'extension ValueSet.contact[0].extension[0].url',
    note: "HL7's validator lets this extension stand anywhere",
  },
];

const claimed: Broken[] = [
  {
    what: 'a profile of R4 that the resource claims',
    base: 'Observation',
    change: { meta: { profile: [core('bodyweight')] } },
    found: [
      'required Observation.category',
      'required Observation.code.coding',
      'code-invalid Observation.component[0].value',
    ],
  },
  {
    what: 'a unit outside a currency',
    base: 'Coverage',
    change: { costToBeneficiary: [{ valueMoney: { value: 1, currency: 'EURO' } }] },
    found: 'code-invalid Coverage.costToBeneficiary[0].value.currency',
  },
  {
    what: 'a coding of a clinical status that belongs to allergies',
    base: 'Condition',
    change: { clinicalStatus: concept('http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', 'active') },
    found: ['code-invalid Condition.clinicalStatus', 'invariant Condition'],
  },
];

export const resources: Row[] = [...references, ...contained, ...bundles, ...extensions, ...claimed];
