// Sound resources for US Core 5.0.1, named by type and profile: `Observation-us-core-blood-pressure`. Nothing in them needs a value set that is not
// published with the guide.
import type { Json } from './row.ts';

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
const narrative = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Sound.</div>' };
const observation = (category: string, code: Json, more: Json): Json => ({
  resourceType: 'Observation',
  status: 'final',
  category: [concept(hl7('observation-category'), category)],
  code,
  subject: ref('Patient/p1'),
  effectiveDateTime: '2026-03-01T09:00:00Z',
  ...more,
});
const vital = (code: Json, more: Json): Json => observation('vital-signs', code, more);

export const soundUsCore: Record<string, Json> = {
  'Patient-us-core-patient': {
    resourceType: 'Patient',
    extension: [
      { url: us('us-core-race'), extension: [{ url: 'text', valueString: 'White' }] },
      { url: us('us-core-ethnicity'), extension: [{ url: 'text', valueString: 'Not Hispanic' }] },
    ],
    identifier: [{ system: 'http://example.org/mrn', value: '1' }],
    name: [{ family: 'Chalmers', given: ['Peter'] }],
    telecom: [{ system: 'phone', value: '1', use: 'home' }],
    gender: 'male',
  },
  'Observation-us-core-observation-lab': observation('laboratory', loinc('2339-0'), {
    valueQuantity: quantity(95, 'mg/dL'),
  }),
  'Observation-us-core-blood-pressure': vital(loinc('85354-9'), {
    component: [
      { code: loinc('8480-6'), valueQuantity: quantity(120, 'mm[Hg]') },
      { code: loinc('8462-4'), valueQuantity: quantity(80, 'mm[Hg]') },
    ],
  }),
  'Observation-us-core-body-weight': vital(loinc('29463-7'), { valueQuantity: quantity(61.5, 'kg') }),
  'Observation-us-core-body-height': vital(loinc('8302-2'), { valueQuantity: quantity(170, 'cm') }),
  'Observation-us-core-body-temperature': vital(loinc('8310-5'), { valueQuantity: quantity(37, 'Cel') }),
  'Observation-us-core-heart-rate': vital(loinc('8867-4'), { valueQuantity: quantity(60, '/min') }),
  'Observation-us-core-respiratory-rate': vital(loinc('9279-1'), { valueQuantity: quantity(16, '/min') }),
  'Observation-us-core-bmi': vital(loinc('39156-5'), { valueQuantity: quantity(22, 'kg/m2') }),
  'Observation-us-core-head-circumference': vital(loinc('9843-4'), { valueQuantity: quantity(40, 'cm') }),
  'Observation-us-core-pulse-oximetry': vital(
    {
      coding: [
        { system: 'http://loinc.org', code: '59408-5' },
        { system: 'http://loinc.org', code: '2708-6' },
      ],
    },
    { valueQuantity: quantity(98, '%'), component: [{ code: loinc('3151-8'), valueQuantity: quantity(2, 'L/min') }] },
  ),
  'Observation-us-core-smokingstatus': observation('social-history', loinc('72166-2'), {
    valueCodeableConcept: concept('http://snomed.info/sct', '266919005'),
  }),
  'Observation-us-core-observation-survey': observation('survey', loinc('76504-0'), {
    valueQuantity: quantity(0, '{score}'),
  }),
  'Observation-us-core-observation-social-history': observation('social-history', text('Occupation'), {
    valueString: 'nurse',
  }),
  'Condition-us-core-condition-encounter-diagnosis': {
    resourceType: 'Condition',
    clinicalStatus: concept(hl7('condition-clinical'), 'active'),
    verificationStatus: concept(hl7('condition-ver-status'), 'confirmed'),
    category: [concept(hl7('condition-category'), 'encounter-diagnosis')],
    code: text('Asthma'),
    subject: ref('Patient/p1'),
  },
  'AllergyIntolerance-us-core-allergyintolerance': {
    resourceType: 'AllergyIntolerance',
    clinicalStatus: concept(hl7('allergyintolerance-clinical'), 'active'),
    verificationStatus: concept(hl7('allergyintolerance-verification'), 'confirmed'),
    code: text('Penicillin'),
    patient: ref('Patient/p1'),
    reaction: [{ manifestation: [text('Rash')] }],
  },
  'CarePlan-us-core-careplan': {
    resourceType: 'CarePlan',
    text: narrative,
    status: 'active',
    intent: 'plan',
    category: [concept('http://hl7.org/fhir/us/core/CodeSystem/careplan-category', 'assess-plan')],
    subject: ref('Patient/p1'),
  },
  'CareTeam-us-core-careteam': {
    resourceType: 'CareTeam',
    status: 'active',
    subject: ref('Patient/p1'),
    participant: [{ role: [text('Physician')], member: ref('Practitioner/d1') }],
  },
  'DiagnosticReport-us-core-diagnosticreport-lab': {
    resourceType: 'DiagnosticReport',
    status: 'final',
    category: [concept(hl7('v2-0074'), 'LAB')],
    code: loinc('58410-2'),
    subject: ref('Patient/p1'),
    effectiveDateTime: '2026-03-01T09:00:00Z',
    issued: '2026-03-01T10:00:00Z',
    result: [ref('Observation/o1')],
  },
  'DocumentReference-us-core-documentreference': {
    resourceType: 'DocumentReference',
    status: 'current',
    type: loinc('34133-9'),
    category: [concept('http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category', 'clinical-note')],
    subject: ref('Patient/p1'),
    content: [{ attachment: { contentType: 'text/plain', url: 'http://example.org/note' } }],
  },
  'Encounter-us-core-encounter': {
    resourceType: 'Encounter',
    identifier: [{ system: 'http://example.org/visit', value: '1' }],
    status: 'finished',
    class: { system: hl7('v3-ActCode'), code: 'AMB' },
    type: [text('Visit')],
    subject: ref('Patient/p1'),
  },
  'Goal-us-core-goal': {
    resourceType: 'Goal',
    lifecycleStatus: 'active',
    description: text('Lose weight'),
    subject: ref('Patient/p1'),
    target: [{ dueDate: '2026-06-01' }],
  },
  'Immunization-us-core-immunization': {
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: text('Influenza'),
    patient: ref('Patient/p1'),
    occurrenceDateTime: '2026-03-01',
    primarySource: true,
  },
  'Device-us-core-implantable-device': {
    resourceType: 'Device',
    udiCarrier: [{ deviceIdentifier: '09504000059118' }],
    type: text('Pacemaker'),
    patient: ref('Patient/p1'),
  },
  'Location-us-core-location': {
    resourceType: 'Location',
    status: 'active',
    name: 'Ward',
    managingOrganization: ref('Organization/o1'),
  },
  'MedicationRequest-us-core-medicationrequest': {
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    category: [concept(hl7('medicationrequest-category'), 'outpatient')],
    reportedBoolean: false,
    medicationCodeableConcept: text('Aspirin'),
    subject: ref('Patient/p1'),
    encounter: ref('Encounter/e1'),
    authoredOn: '2026-03-01',
    requester: ref('Practitioner/d1'),
  },
  'Organization-us-core-organization': {
    resourceType: 'Organization',
    identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1144221847' }],
    active: true,
    name: 'Clinic',
    address: [{ line: ['1', '2'], city: 'Boston', state: 'MA' }],
  },
  'Practitioner-us-core-practitioner': {
    resourceType: 'Practitioner',
    identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '9941339108' }],
    name: [{ family: 'Nightingale' }],
  },
  'Procedure-us-core-procedure': {
    resourceType: 'Procedure',
    status: 'completed',
    code: text('Suture'),
    subject: ref('Patient/p1'),
    performedDateTime: '2026-03-01',
  },
  'Provenance-us-core-provenance': {
    resourceType: 'Provenance',
    target: [ref('Patient/p1')],
    recorded: '2026-03-01T09:00:00Z',
    agent: [
      {
        type: concept(hl7('provenance-participant-type'), 'author'),
        who: ref('Practitioner/d1'),
        onBehalfOf: ref('Organization/o1'),
      },
      {
        type: concept('http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type', 'transmitter'),
        who: ref('Organization/o1'),
        onBehalfOf: ref('Organization/o1'),
      },
    ],
  },
  'RelatedPerson-us-core-relatedperson': {
    resourceType: 'RelatedPerson',
    active: true,
    patient: ref('Patient/p1'),
    name: [{ family: 'Chalmers' }],
  },
  'ServiceRequest-us-core-servicerequest': {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    category: [concept('http://snomed.info/sct', '386053000')],
    code: text('X-ray'),
    subject: ref('Patient/p1'),
    occurrenceDateTime: '2026-03-01',
    authoredOn: '2026-03-01',
    requester: ref('Practitioner/d1'),
  },
};
