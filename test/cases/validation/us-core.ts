// US Core 5.0.1, the profiles that American hospitals and Synthea's patients claim.
import type { Json, Row } from './row.ts';

interface Broken {
  what: string;
  change: Json;
  found: string | string[];
  says?: string;
  note?: string;
}

const hl7 = (system: string): string => `http://terminology.hl7.org/CodeSystem/${system}`;
const us = (name: string): string => `http://hl7.org/fhir/us/core/StructureDefinition/${name}`;
const concept = (system: string, code: string): Json => ({ coding: [{ system, code }] });
const loinc = (code: string): Json => concept('http://loinc.org', code);
const ref = (reference: string): Json => ({ reference });
const text = (of: string): Json => ({ text: of });
const quantity = (value: number, code: string): Json => ({
  value,
  unit: code,
  system: 'http://unitsofmeasure.org',
  code,
});

/** The rows of one profile; their sound resource is named by type and profile. */
const of = (base: string, rows: Broken[]): Row[] =>
  rows.map((row) => ({
    base,
    profile: us(base.slice(base.indexOf('-') + 1)),
    ...row,
    what: `${base.slice(base.indexOf('-') + 1)}: ${row.what}`,
  }));

export const usCore: Row[] = [
  ...of('Patient-us-core-patient', [
    { what: 'no identifier', change: { identifier: undefined }, found: 'required Patient.identifier' },
    {
      what: 'an identifier without system',
      change: { 'identifier/0/system': undefined },
      found: 'required Patient.identifier[0].system',
    },
    {
      what: 'an identifier without value',
      change: { 'identifier/0/value': undefined },
      found: 'required Patient.identifier[0].value',
    },
    { what: 'no name', change: { name: undefined }, found: ['required Patient.name', 'invariant Patient'] },
    {
      what: 'a name without family and given',
      change: { 'name/0': { text: 'Peter' } },
      found: 'invariant Patient',
      says: 'us-core-6',
    },
    { what: 'no gender', change: { gender: undefined }, found: 'required Patient.gender' },
    { what: 'a gender that is none', change: { gender: 'm' }, found: 'code-invalid Patient.gender' },
    {
      what: 'a phone without number',
      change: { 'telecom/0/value': undefined },
      found: 'required Patient.telecom[0].value',
    },
    {
      what: 'a number without system',
      change: { 'telecom/0/system': undefined },
      found: ['required Patient.telecom[0].system', 'invariant Patient.telecom[0]'],
    },
    {
      what: 'a race without text',
      change: {
        'extension/0/extension/0': {
          url: 'detailed',
          valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2108-9' },
        },
      },
      found: 'required Patient.extension[0].extension',
      says: 'text',
      note: "HL7's validator, without the code system of races, also says that it cannot find the code",
    },
    {
      what: 'a race of two texts',
      change: { 'extension/0/extension/1': { url: 'text', valueString: 'x' } },
      found: 'structure Patient.extension[0].extension',
      says: 'text',
    },
    {
      what: 'a race with a value of another type',
      change: { 'extension/0/extension/0': { url: 'text', valueCode: 'x' } },
      found: 'structure Patient.extension[0].extension[0].value',
    },
    {
      what: 'a race as a plain value',
      change: { 'extension/0': { url: us('us-core-race'), valueString: 'White' } },
      found: ['structure Patient.extension[0].value', 'required Patient.extension[0].extension'],
    },
    {
      what: 'two races',
      change: { 'extension/2': { url: us('us-core-race'), extension: [{ url: 'text', valueString: 'x' }] } },
      found: 'structure Patient.extension',
      says: 'race',
    },
    {
      what: 'a race at a name',
      change: { 'name/0/extension': [{ url: us('us-core-race'), extension: [{ url: 'text', valueString: 'x' }] }] },
      found: 'extension Patient.name[0].extension[0].url',
    },
    {
      what: 'an ethnicity without text',
      change: {
        'extension/1/extension/0': {
          url: 'detailed',
          valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2184-0' },
        },
      },
      found: 'required Patient.extension[1].extension',
      says: 'text',
      note: "HL7's validator, without the code system, also says that it cannot find the code",
    },
    {
      what: 'a birth sex of another type',
      change: { 'extension/2': { url: us('us-core-birthsex'), valueString: 'M' } },
      found: 'structure Patient.extension[2].value',
    },
  ]),
  ...of('Observation-us-core-observation-lab', [
    { what: 'no category', change: { category: undefined }, found: 'required Observation.category' },
    {
      what: 'another category',
      change: { 'category/0': concept(hl7('observation-category'), 'imaging') },
      found: 'required Observation.category',
      says: 'Laboratory',
    },
    {
      what: 'the category twice',
      change: { 'category/1': concept(hl7('observation-category'), 'laboratory') },
      found: 'structure Observation.category',
      says: 'Laboratory',
    },
    {
      what: 'the category of a wrong system',
      change: { 'category/0/coding/0/system': 'http://example.org' },
      found: 'required Observation.category',
      says: 'Laboratory',
    },
    { what: 'no subject', change: { subject: undefined }, found: 'required Observation.subject' },
    {
      what: 'a subject that is no patient',
      change: { subject: ref('Group/g1') },
      found: 'value Observation.subject.reference',
    },
    {
      what: 'neither value nor reason',
      change: { valueQuantity: undefined },
      found: 'invariant Observation',
      says: 'us-core-2',
    },
    { what: 'a status that is none', change: { status: 'finished' }, found: 'code-invalid Observation.status' },
  ]),
  ...of('Observation-us-core-blood-pressure', [
    {
      what: 'no components',
      change: { component: undefined },
      found: ['required Observation.component', 'invariant Observation'],
    },
    {
      what: 'no diastolic pressure',
      change: { 'component/1/code': loinc('8478-0') },
      found: 'required Observation.component',
      says: 'diastolic',
    },
    {
      what: 'two systolic pressures',
      change: { 'component/2': { code: loinc('8480-6'), valueQuantity: quantity(121, 'mm[Hg]') } },
      found: 'structure Observation.component',
      says: 'systolic',
    },
    {
      what: 'a pressure in another unit',
      change: { 'component/0/valueQuantity/code': 'kPa' },
      found: 'value Observation.component[0].value.code',
    },
    {
      what: 'a pressure of another system',
      change: { 'component/0/valueQuantity/system': 'http://example.org' },
      found: 'value Observation.component[0].value.system',
    },
    {
      what: 'a pressure without unit',
      change: { 'component/1/valueQuantity/unit': undefined },
      found: 'required Observation.component[1].value.unit',
    },
    {
      what: 'a pressure without number',
      change: { 'component/1/valueQuantity/value': undefined },
      found: 'required Observation.component[1].value.value',
    },
    {
      what: 'a component without value and reason',
      change: { 'component/0/valueQuantity': undefined },
      found: 'invariant Observation.component[0]',
      says: 'vs-3',
    },
    { what: 'another code', change: { code: loinc('55284-4') }, found: 'value Observation.code' },
    {
      what: 'another category',
      change: { 'category/0/coding/0/code': 'exam' },
      found: 'required Observation.category',
      says: 'VSCat',
    },
    { what: 'no time', change: { effectiveDateTime: undefined }, found: 'required Observation.effective' },
    {
      what: 'a time that is no day',
      change: { effectiveDateTime: '2026-03' },
      found: 'invariant Observation.effective',
      says: 'vs-1',
    },
    {
      what: 'a time of a choice the profile excludes',
      change: { effectiveDateTime: undefined, effectiveInstant: '2026-03-01T09:00:00Z' },
      found: ['structure Observation.effective', 'invariant Observation.effective'],
    },
  ]),
  ...of('Observation-us-core-body-weight', [
    {
      what: 'a weight in a unit of length',
      change: { 'valueQuantity/code': 'cm' },
      found: 'code-invalid Observation.value.code',
    },
    {
      what: 'a weight without code',
      change: { 'valueQuantity/code': undefined },
      found: 'required Observation.value.code',
    },
    {
      what: 'a weight without number',
      change: { 'valueQuantity/value': undefined },
      found: 'required Observation.value.value',
    },
    {
      what: 'neither weight nor reason',
      change: { valueQuantity: undefined },
      found: 'invariant Observation',
      says: 'vs-2',
    },
    { what: 'no subject', change: { subject: undefined }, found: 'required Observation.subject' },
  ]),
  ...of('Observation-us-core-body-height', [
    {
      what: 'a height in a unit of weight',
      change: { 'valueQuantity/code': 'kg' },
      found: 'code-invalid Observation.value.code',
    },
    { what: 'the code of weight', change: { code: loinc('29463-7') }, found: 'value Observation.code' },
  ]),
  ...of('Observation-us-core-body-temperature', [
    {
      what: 'a temperature in kelvin',
      change: { 'valueQuantity/code': 'K' },
      found: 'code-invalid Observation.value.code',
    },
  ]),
  ...of('Observation-us-core-heart-rate', [
    { what: 'beats per second', change: { 'valueQuantity/code': '/s' }, found: 'value Observation.value.code' },
    {
      what: 'no system of the unit',
      change: { 'valueQuantity/system': undefined },
      found: ['required Observation.value.system', 'invariant Observation.value'],
    },
  ]),
  ...of('Observation-us-core-respiratory-rate', [
    { what: 'breaths per hour', change: { 'valueQuantity/code': '/h' }, found: 'value Observation.value.code' },
  ]),
  ...of('Observation-us-core-bmi', [
    { what: 'pounds', change: { 'valueQuantity/code': '[lb_av]' }, found: 'value Observation.value.code' },
  ]),
  ...of('Observation-us-core-head-circumference', [
    { what: 'metres', change: { 'valueQuantity/code': 'm' }, found: 'code-invalid Observation.value.code' },
  ]),
  ...of('Observation-us-core-pulse-oximetry', [
    {
      what: 'one code of two',
      change: { 'code/coding/1': undefined },
      found: 'required Observation.code.coding',
      says: 'O2Sat',
    },
    {
      what: 'a flow rate in another unit',
      change: { 'component/0/valueQuantity/code': 'mL/min' },
      found: 'value Observation.component[0].value.code',
    },
    {
      what: 'a flow rate without unit',
      change: { 'component/0/valueQuantity/unit': undefined },
      found: 'required Observation.component[0].value.unit',
    },
    {
      what: 'the flow rate twice',
      change: { 'component/1': { code: loinc('3151-8'), valueQuantity: quantity(3, 'L/min') } },
      found: 'structure Observation.component',
      says: 'FlowRate',
    },
  ]),
  ...of('Observation-us-core-smokingstatus', [
    {
      what: 'a status that smoking status excludes',
      change: { status: 'registered' },
      found: 'code-invalid Observation.status',
    },
    {
      what: 'a value of another type',
      change: { valueCodeableConcept: undefined, valueString: 'never' },
      found: ['required Observation.value', 'structure Observation.value'],
    },
    { what: 'no value', change: { valueCodeableConcept: undefined }, found: 'required Observation.value' },
    { what: 'no time', change: { effectiveDateTime: undefined }, found: 'required Observation.effective' },
    { what: 'no category', change: { category: undefined }, found: 'required Observation.category' },
  ]),
  ...of('Observation-us-core-observation-survey', [
    {
      what: 'a score of another system',
      change: { 'valueQuantity/system': 'http://example.org' },
      found: 'invariant Observation',
      says: 'us-core-3',
    },
  ]),
  ...of('Observation-us-core-observation-social-history', [
    {
      what: 'another category',
      change: { category: [concept(hl7('observation-category'), 'exam')] },
      found: 'required Observation.category',
    },
  ]),
  ...of('Condition-us-core-condition-encounter-diagnosis', [
    { what: 'no category', change: { category: undefined }, found: 'required Condition.category' },
    {
      what: 'another category',
      change: { category: [concept(hl7('condition-category'), 'problem-list-item')] },
      found: 'required Condition.category',
      says: 'us-core',
    },
    { what: 'no code', change: { code: undefined }, found: 'required Condition.code' },
    {
      what: 'a subject that is no patient',
      change: { subject: ref('Group/g1') },
      found: 'value Condition.subject.reference',
    },
    {
      what: 'a clinical status that is none',
      change: { clinicalStatus: concept(hl7('condition-clinical'), 'ill') },
      found: 'code-invalid Condition.clinicalStatus',
    },
    {
      what: 'an encounter that is none',
      change: { encounter: ref('Appointment/a1') },
      found: 'value Condition.encounter.reference',
    },
  ]),
  ...of('AllergyIntolerance-us-core-allergyintolerance', [
    { what: 'no code', change: { code: undefined }, found: 'required AllergyIntolerance.code' },
    {
      what: 'no clinical status',
      change: { clinicalStatus: undefined },
      found: 'invariant AllergyIntolerance',
      says: 'ait-1',
    },
    {
      what: 'a verification that is none',
      change: { verificationStatus: concept(hl7('allergyintolerance-verification'), 'sure') },
      found: 'code-invalid AllergyIntolerance.verificationStatus',
    },
    {
      what: 'a reaction without manifestation',
      change: { 'reaction/0': { description: 'x' } },
      found: 'required AllergyIntolerance.reaction[0].manifestation',
    },
  ]),
  ...of('CarePlan-us-core-careplan', [
    { what: 'no narrative', change: { text: undefined }, found: 'required CarePlan.text' },
    { what: 'an empty narrative', change: { 'text/status': 'empty' }, found: 'code-invalid CarePlan.text.status' },
    {
      what: 'another category',
      change: { category: [text('x')] },
      found: 'required CarePlan.category',
      says: 'AssessPlan',
    },
  ]),
  ...of('CareTeam-us-core-careteam', [
    { what: 'no participant', change: { participant: undefined }, found: 'required CareTeam.participant' },
    {
      what: 'a participant without role',
      change: { 'participant/0/role': undefined },
      found: 'required CareTeam.participant[0].role',
    },
    {
      what: 'a participant of two roles',
      change: { 'participant/0/role/1': text('x') },
      found: 'structure CareTeam.participant[0].role',
    },
    {
      what: 'a participant without member',
      change: { 'participant/0/member': undefined },
      found: 'required CareTeam.participant[0].member',
    },
    { what: 'no subject', change: { subject: undefined }, found: 'required CareTeam.subject' },
  ]),
  ...of('DiagnosticReport-us-core-diagnosticreport-lab', [
    {
      what: 'another category',
      change: { category: [concept(hl7('v2-0074'), 'RAD')] },
      found: 'required DiagnosticReport.category',
      says: 'LaboratorySlice',
    },
    {
      what: 'a final report without time',
      change: { effectiveDateTime: undefined },
      found: 'invariant DiagnosticReport',
      says: 'us-core-8',
    },
    {
      what: 'a final report that is not issued',
      change: { issued: undefined },
      found: 'invariant DiagnosticReport',
      says: 'us-core-9',
    },
    { what: 'no subject', change: { subject: undefined }, found: 'required DiagnosticReport.subject' },
    {
      what: 'a result that is no observation',
      change: { result: [ref('DiagnosticReport/d2')] },
      found: 'value DiagnosticReport.result[0].reference',
    },
  ]),
  ...of('DocumentReference-us-core-documentreference', [
    { what: 'no type', change: { type: undefined }, found: 'required DocumentReference.type' },
    { what: 'no category', change: { category: undefined }, found: 'required DocumentReference.category' },
    {
      what: 'neither url nor data',
      change: { 'content/0/attachment/url': undefined },
      found: 'invariant DocumentReference.content[0].attachment',
      says: 'us-core-6',
    },
    {
      what: 'two encounters',
      change: { context: { encounter: [ref('Encounter/e1'), ref('Encounter/e2')] } },
      found: 'structure DocumentReference.context.encounter',
    },
  ]),
  ...of('Encounter-us-core-encounter', [
    { what: 'no type', change: { type: undefined }, found: 'required Encounter.type' },
    { what: 'no subject', change: { subject: undefined }, found: 'required Encounter.subject' },
    {
      what: 'an identifier without system',
      change: { 'identifier/0/system': undefined },
      found: 'required Encounter.identifier[0].system',
    },
    {
      what: 'a participant that is a device',
      change: { participant: [{ individual: ref('Device/d1') }] },
      found: 'value Encounter.participant[0].individual.reference',
    },
  ]),
  ...of('Goal-us-core-goal', [
    {
      what: 'a due time of a choice the profile keeps, but no subject',
      change: { subject: undefined },
      found: 'required Goal.subject',
    },
    { what: 'a subject that is a group', change: { subject: ref('Group/g1') }, found: 'value Goal.subject.reference' },
  ]),
  ...of('Immunization-us-core-immunization', [
    { what: 'no primary source', change: { primarySource: undefined }, found: 'required Immunization.primarySource' },
    { what: 'no occurrence', change: { occurrenceDateTime: undefined }, found: 'required Immunization.occurrence' },
  ]),
  ...of('Device-us-core-implantable-device', [
    {
      what: 'two carriers',
      change: { 'udiCarrier/1': { deviceIdentifier: '1' } },
      found: 'structure Device.udiCarrier',
    },
    {
      what: 'a carrier without identifier',
      change: { 'udiCarrier/0': { carrierHRF: 'x' } },
      found: 'required Device.udiCarrier[0].deviceIdentifier',
    },
    { what: 'no type', change: { type: undefined }, found: 'required Device.type' },
    { what: 'no patient', change: { patient: undefined }, found: 'required Device.patient' },
  ]),
  ...of('Location-us-core-location', [
    { what: 'no name', change: { name: undefined }, found: 'required Location.name' },
    {
      what: 'a managing organization that is none',
      change: { managingOrganization: ref('Practitioner/d1') },
      found: 'value Location.managingOrganization.reference',
    },
  ]),
  ...of('MedicationRequest-us-core-medicationrequest', [
    { what: 'no requester', change: { requester: undefined }, found: 'required MedicationRequest.requester' },
    {
      what: 'a requester that is a care team',
      change: { requester: ref('CareTeam/c1') },
      found: 'value MedicationRequest.requester.reference',
    },
    {
      what: 'a medication that is a substance',
      change: { medicationCodeableConcept: undefined, medicationReference: ref('Substance/s1') },
      found: 'value MedicationRequest.medication.reference',
    },
    {
      what: 'a subject that is a group',
      change: { subject: ref('Group/g1') },
      found: 'value MedicationRequest.subject.reference',
    },
    { what: 'an intent that is none', change: { intent: 'wish' }, found: 'code-invalid MedicationRequest.intent' },
  ]),
  ...of('Organization-us-core-organization', [
    { what: 'not said whether active', change: { active: undefined }, found: 'required Organization.active' },
    { what: 'no name', change: { name: undefined }, found: 'required Organization.name' },
    {
      what: 'two NPIs',
      change: { 'identifier/1': { system: 'http://hl7.org/fhir/sid/us-npi', value: '2' } },
      found: 'structure Organization.identifier',
      says: 'NPI',
    },
    {
      what: 'five lines of address',
      change: { 'address/0/line': ['1', '2', '3', '4', '5'] },
      found: 'structure Organization.address[0].line',
    },
  ]),
  ...of('Practitioner-us-core-practitioner', [
    { what: 'no identifier', change: { identifier: undefined }, found: 'required Practitioner.identifier' },
    {
      what: 'a name without family',
      change: { 'name/0': { given: ['Florence'] } },
      found: 'required Practitioner.name[0].family',
    },
    {
      what: 'an identifier without value',
      change: { 'identifier/0/value': undefined },
      found: 'required Practitioner.identifier[0].value',
    },
  ]),
  ...of('Procedure-us-core-procedure', [
    {
      what: 'completed without time',
      change: { performedDateTime: undefined },
      found: 'invariant Procedure',
      says: 'us-core-7',
    },
    { what: 'no code', change: { code: undefined }, found: 'required Procedure.code' },
  ]),
  ...of('Provenance-us-core-provenance', [
    {
      what: 'an agent that is a group',
      change: { 'agent/0/who': ref('Group/g1') },
      found: 'value Provenance.agent[0].who.reference',
    },
  ]),
  ...of('RelatedPerson-us-core-relatedperson', [
    { what: 'not said whether active', change: { active: undefined }, found: 'required RelatedPerson.active' },
    { what: 'neither name nor relationship', change: { name: undefined }, found: 'invariant RelatedPerson' },
  ]),
  ...of('ServiceRequest-us-core-servicerequest', [
    { what: 'no code', change: { code: undefined }, found: 'required ServiceRequest.code' },
    {
      what: 'a subject that is a group',
      change: { subject: ref('Group/g1') },
      found: 'value ServiceRequest.subject.reference',
    },
  ]),
];
