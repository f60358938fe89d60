// Each row breaks one thing in a sound resource and says with which code, and where, it is refused.
import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { parseJson } from '../../../../src/fhir/model/json.ts';
import { createValidator } from '../../../../src/fhir/validation/validate.ts';

const validate = createValidator(loadDefinitions());

const concept = { coding: [{ system: 'http://loinc.org', code: '8302-2' }] };
const sound: Record<string, Record<string, unknown>> = {
  Patient: {
    id: 'p1',
    active: true,
    name: [{ family: 'Chalmers', given: ['Peter', 'James'] }],
    birthDate: '1974-12-25',
  },
  Observation: {
    status: 'final',
    code: concept,
    subject: { reference: 'Patient/p1' },
    valueQuantity: { value: 1.5, unit: 'g' },
  },
  Encounter: { status: 'planned', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' } },
  Condition: {
    subject: { reference: 'Patient/p1' },
    clinicalStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
    },
  },
  MedicationRequest: {
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: { text: 'aspirin' },
    subject: { reference: 'Patient/p1' },
  },
  Bundle: { type: 'collection', entry: [{ resource: { resourceType: 'Patient', id: 'p1' } }] },
  Parameters: { parameter: [{ name: 'one', valueString: 'x' }] },
  Slot: {
    schedule: { reference: 'Schedule/s' },
    status: 'free',
    start: '2024-01-01T08:00:00Z',
    end: '2024-01-01T09:00:00Z',
  },
  Binary: { contentType: 'text/plain', data: 'aGVsbG8=' },
  Questionnaire: {
    status: 'active',
    item: [{ linkId: '1', type: 'group', item: [{ linkId: '1.1', type: 'string' }] }],
  },
  Appointment: { status: 'booked', participant: [{ status: 'accepted', actor: { reference: 'Patient/p1' } }] },
  Immunization: {
    status: 'completed',
    vaccineCode: { text: 'flu' },
    patient: { reference: 'Patient/p1' },
    occurrenceDateTime: '2024-01-01',
  },
  ValueSet: { status: 'draft', url: 'http://example.org/vs' },
};

type Row = [what: string, type: string, change: Record<string, unknown>, code: string, expression: string];

const div = (inner: string): unknown => ({ status: 'generated', div: inner });
const xhtml = '<div xmlns="http://www.w3.org/1999/xhtml">';

const rows: Row[] = [
  // names
  ['an unknown element', 'Patient', { foo: 1 }, 'structure', 'Patient.foo'],
  ['a mistyped element', 'Patient', { birthdate: '1974-12-25' }, 'structure', 'Patient.birthdate'],
  [
    'an unknown element inside a datatype',
    'Patient',
    { name: [{ family: 'A' }, { famly: 'B' }] },
    'structure',
    'Patient.name[1].famly',
  ],
  [
    'an unknown element inside a backbone element',
    'Patient',
    { contact: [{ gendre: 'male' }] },
    'structure',
    'Patient.contact[0].gendre',
  ],
  [
    'an unknown element far below',
    'Questionnaire',
    { item: [{ linkId: '1', type: 'group', item: [{ linkId: '2', type: 'string', x: 1 }] }] },
    'structure',
    'Questionnaire.item[0].item[0].x',
  ],
  [
    'a choice without its type',
    'Observation',
    { valueQuantity: undefined, value: 1 },
    'structure',
    'Observation.value',
  ],
  [
    'a choice of a type it does not allow',
    'Observation',
    { valueQuantity: undefined, valueAddress: {} },
    'structure',
    'Observation.valueAddress',
  ],
  ['an element of another type', 'Observation', { birthDate: '1974' }, 'structure', 'Observation.birthDate'],
  [
    'resourceType in a datatype',
    'Patient',
    { name: [{ resourceType: 'HumanName', family: 'A' }] },
    'structure',
    'Patient.name[0].resourceType',
  ],
  ['a name that is no identifier', 'Patient', { 'foo bar': 1 }, 'structure', 'Patient.`foo bar`'],
  ['_ before an element that is no primitive', 'Patient', { _name: [{ id: 'x' }] }, 'structure', 'Patient._name'],
  ['the comments of old versions', 'Patient', { fhir_comments: ['x'] }, 'structure', 'Patient.fhir_comments'],
  // JSON types
  ['a string for a boolean', 'Patient', { active: 'true' }, 'structure', 'Patient.active'],
  ['a number for a boolean', 'Patient', { active: 1 }, 'structure', 'Patient.active'],
  ['a number for a string', 'Patient', { name: [{ family: 5 }] }, 'structure', 'Patient.name[0].family'],
  ['a number for a date', 'Patient', { birthDate: 1974 }, 'structure', 'Patient.birthDate'],
  [
    'a string for a decimal',
    'Observation',
    { valueQuantity: { value: '1.5' } },
    'structure',
    'Observation.value.value',
  ],
  ['a string for an integer', 'Patient', { multipleBirthInteger: '2' }, 'structure', 'Patient.multipleBirth'],
  ['an object for a primitive', 'Patient', { birthDate: { value: '1974' } }, 'structure', 'Patient.birthDate'],
  ['a boolean for a code', 'Patient', { gender: true }, 'structure', 'Patient.gender'],
  ['a string for an object', 'Observation', { subject: 'Patient/p1' }, 'structure', 'Observation.subject'],
  ['a string for an object in a list', 'Patient', { name: ['Peter'] }, 'structure', 'Patient.name[0]'],
  [
    'a number in a list of strings',
    'Patient',
    { name: [{ given: ['Peter', 7] }] },
    'structure',
    'Patient.name[0].given[1]',
  ],
  ['an array in an array', 'Patient', { name: [[{ family: 'A' }]] }, 'structure', 'Patient.name[0]'],
  ['a single value where a list is', 'Patient', { name: { family: 'A' } }, 'structure', 'Patient.name'],
  ['a single string where a list is', 'Patient', { name: [{ given: 'Peter' }] }, 'structure', 'Patient.name[0].given'],
  ['a list where one value is', 'Patient', { birthDate: ['1974-12-25'] }, 'structure', 'Patient.birthDate'],
  ['a list where one object is', 'Observation', { code: [concept] }, 'structure', 'Observation.code'],
  ['a list in a choice', 'Observation', { valueQuantity: [{ value: 1 }] }, 'structure', 'Observation.value'],
  // emptiness
  ['an empty list', 'Patient', { name: [] }, 'structure', 'Patient.name'],
  ['an empty list of strings', 'Patient', { name: [{ given: [] }] }, 'structure', 'Patient.name[0].given'],
  ['an empty object', 'Observation', { subject: {} }, 'structure', 'Observation.subject'],
  ['an empty object in a list', 'Patient', { name: [{}] }, 'structure', 'Patient.name[0]'],
  ['an object with an id only', 'Patient', { name: [{ id: 'x' }] }, 'structure', 'Patient.name[0]'],
  ['an empty string', 'Patient', { name: [{ family: '' }] }, 'value', 'Patient.name[0].family'],
  ['an empty uri', 'ValueSet', { url: '' }, 'value', 'ValueSet.url'],
  ['an empty code', 'Patient', { gender: '' }, 'value', 'Patient.gender'],
  ['null for a primitive', 'Patient', { birthDate: null }, 'structure', 'Patient.birthDate'],
  ['null for an object', 'Observation', { subject: null }, 'structure', 'Observation.subject'],
  ['null for a list', 'Patient', { name: null }, 'structure', 'Patient.name'],
  ['null in a list of objects', 'Patient', { name: [null] }, 'structure', 'Patient.name[0]'],
  [
    'null in a list of strings with nothing beside it',
    'Patient',
    { name: [{ given: ['A', null] }] },
    'structure',
    'Patient.name[0].given[1]',
  ],
  [
    'null on both sides',
    'Patient',
    { name: [{ given: ['A', null], _given: [{ id: 'x' }, null] }] },
    'structure',
    'Patient.name[0].given[1]',
  ],
  // cardinality
  ['a required element left out', 'Observation', { status: undefined }, 'required', 'Observation.status'],
  ['a required object left out', 'Observation', { code: undefined }, 'required', 'Observation.code'],
  ['a required list left out', 'Appointment', { participant: undefined }, 'required', 'Appointment.participant'],
  [
    'a required choice left out',
    'MedicationRequest',
    { medicationCodeableConcept: undefined },
    'required',
    'MedicationRequest.medication',
  ],
  [
    'another required choice left out',
    'Immunization',
    { occurrenceDateTime: undefined },
    'required',
    'Immunization.occurrence',
  ],
  [
    'a required element of a datatype left out',
    'Patient',
    { text: { div: `${xhtml}x</div>` } },
    'required',
    'Patient.text.status',
  ],
  [
    'a required element of a backbone element left out',
    'Patient',
    { communication: [{ preferred: true }] },
    'required',
    'Patient.communication[0].language',
  ],
  [
    'a required element of a nested item left out',
    'Questionnaire',
    { item: [{ linkId: '1', type: 'group', item: [{ type: 'string' }] }] },
    'required',
    'Questionnaire.item[0].item[0].linkId',
  ],
  ['two types of one choice', 'Observation', { valueString: 'x' }, 'structure', 'Observation.value'],
  [
    'two types of one choice, one by extension only',
    'Patient',
    { deceasedBoolean: true, _deceasedDateTime: { extension: [{ url: 'http://x', valueCode: 'a' }] } },
    'structure',
    'Patient.deceased',
  ],
  [
    'two types of a required choice',
    'MedicationRequest',
    { medicationReference: { reference: 'Medication/1' } },
    'structure',
    'MedicationRequest.medication',
  ],
  // required bindings
  ['a code outside its value set', 'Patient', { gender: 'man' }, 'code-invalid', 'Patient.gender'],
  ['a code in the wrong case', 'Patient', { gender: 'Male' }, 'code-invalid', 'Patient.gender'],
  ['a status of another resource', 'Observation', { status: 'planned' }, 'code-invalid', 'Observation.status'],
  ['a code inside a datatype', 'Patient', { name: [{ use: 'wrong' }] }, 'code-invalid', 'Patient.name[0].use'],
  [
    'a code in a list of telecoms',
    'Patient',
    {
      telecom: [
        { system: 'phone', value: '1' },
        { system: 'pigeon', value: '2' },
      ],
    },
    'code-invalid',
    'Patient.telecom[1].system',
  ],
  [
    'a code of a backbone element',
    'Appointment',
    { participant: [{ status: 'maybe' }] },
    'code-invalid',
    'Appointment.participant[0].status',
  ],
  [
    'a comparator',
    'Observation',
    { valueQuantity: { value: 1, comparator: '=' } },
    'code-invalid',
    'Observation.value.comparator',
  ],
  [
    'a code with its system before it',
    'Patient',
    { gender: 'http://hl7.org/fhir/administrative-gender|male' },
    'code-invalid',
    'Patient.gender',
  ],
  [
    'a narrative status',
    'Patient',
    { text: { status: 'made', div: `${xhtml}x</div>` } },
    'code-invalid',
    'Patient.text.status',
  ],
  [
    'a CodeableConcept without a coding of its value set',
    'Condition',
    {
      clinicalStatus: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'sick' }],
      },
    },
    'code-invalid',
    'Condition.clinicalStatus',
  ],
  [
    'a CodeableConcept with the right code of a wrong system',
    'Condition',
    { clinicalStatus: { coding: [{ system: 'http://example.org', code: 'active' }] } },
    'code-invalid',
    'Condition.clinicalStatus',
  ],
  ['a trigger of a wrong kind', 'Bundle', { type: 'bunch' }, 'code-invalid', 'Bundle.type'],
  [
    'a method of a Bundle entry',
    'Bundle',
    { entry: [{ request: { method: 'get', url: 'Patient' } }] },
    'code-invalid',
    'Bundle.entry[0].request.method',
  ],
  // formats
  ['a date that is none', 'Patient', { birthDate: 'yesterday' }, 'value', 'Patient.birthDate'],
  ['30 February', 'Patient', { birthDate: '2023-02-30' }, 'value', 'Patient.birthDate'],
  ['29 February of a common year', 'Patient', { birthDate: '2023-02-29' }, 'value', 'Patient.birthDate'],
  ['29 February 1900', 'Patient', { birthDate: '1900-02-29' }, 'value', 'Patient.birthDate'],
  ['31 April', 'Patient', { birthDate: '2023-04-31' }, 'value', 'Patient.birthDate'],
  ['a 13th month', 'Patient', { birthDate: '2023-13-01' }, 'value', 'Patient.birthDate'],
  ['a date with a time', 'Patient', { birthDate: '1974-12-25T00:00:00Z' }, 'value', 'Patient.birthDate'],
  ['the year 0', 'Patient', { birthDate: '0000' }, 'value', 'Patient.birthDate'],
  [
    'a dateTime with a time but no zone',
    'Patient',
    { deceasedDateTime: '2023-01-01T10:00:00' },
    'value',
    'Patient.deceased',
  ],
  ['a dateTime without seconds', 'Patient', { deceasedDateTime: '2023-01-01T10:00Z' }, 'value', 'Patient.deceased'],
  [
    'a dateTime on a day that does not exist',
    'Patient',
    { deceasedDateTime: '2023-06-31T10:00:00Z' },
    'value',
    'Patient.deceased',
  ],
  ['24 o’clock', 'Patient', { deceasedDateTime: '2023-01-01T24:00:00Z' }, 'value', 'Patient.deceased'],
  [
    'a zone that does not exist',
    'Patient',
    { deceasedDateTime: '2023-01-01T10:00:00+15:00' },
    'value',
    'Patient.deceased',
  ],
  ['an instant without a time', 'Slot', { start: '2024-01-01' }, 'value', 'Slot.start'],
  ['an instant without a zone', 'Slot', { start: '2024-01-01T08:00:00' }, 'value', 'Slot.start'],
  ['a date with a space before it', 'Patient', { birthDate: ' 1974-12-25' }, 'value', 'Patient.birthDate'],
  ['a date with a line behind it', 'Patient', { birthDate: '1974-12-25\n' }, 'value', 'Patient.birthDate'],
  [
    'a time with a zone',
    'Observation',
    { valueQuantity: undefined, valueTime: '10:00:00Z' },
    'value',
    'Observation.value',
  ],
  [
    'a time without seconds',
    'Observation',
    { valueQuantity: undefined, valueTime: '10:00' },
    'value',
    'Observation.value',
  ],
  ['an id with an underscore', 'Patient', { id: 'p_1' }, 'value', 'Patient.id'],
  ['an id that is too long', 'Patient', { id: 'x'.repeat(65) }, 'value', 'Patient.id'],
  ['an id with a slash', 'Patient', { id: 'a/b' }, 'value', 'Patient.id'],
  [
    'a code with spaces at its ends',
    'Observation',
    { code: { coding: [{ code: ' 8302-2' }] } },
    'value',
    'Observation.code.coding[0].code',
  ],
  [
    'a code with two spaces',
    'Observation',
    { code: { coding: [{ code: 'a  b' }] } },
    'value',
    'Observation.code.coding[0].code',
  ],
  ['a uri with a space', 'ValueSet', { url: 'http://example.org/a b' }, 'value', 'ValueSet.url'],
  [
    'a canonical with a space',
    'Patient',
    { meta: { profile: ['http://example.org/ x'] } },
    'value',
    'Patient.meta.profile[0]',
  ],
  [
    'an oid that is none',
    'Parameters',
    { parameter: [{ name: 'a', valueOid: 'urn:oid:9.1' }] },
    'value',
    'Parameters.parameter[0].value',
  ],
  [
    'a uuid in capitals',
    'Parameters',
    { parameter: [{ name: 'a', valueUuid: 'urn:uuid:C757873D-EC9A-4326-A141-556F43239520' }] },
    'value',
    'Parameters.parameter[0].value',
  ],
  ['base64 of a wrong length', 'Binary', { data: 'aGVsbG8' }, 'value', 'Binary.data'],
  ['base64 with a wrong letter', 'Binary', { data: 'aGVs*G8=' }, 'value', 'Binary.data'],
  ['base64 with padding in the middle', 'Binary', { data: 'aG==bG8=' }, 'value', 'Binary.data'],
  ['base64 of nothing but spaces', 'Binary', { data: '  ' }, 'value', 'Binary.data'],
  ['a control character in a string', 'Patient', { name: [{ family: 'a\u0007b' }] }, 'value', 'Patient.name[0].family'],
  [
    'a string of more than 1 MB',
    'Patient',
    { name: [{ text: 'x'.repeat(1_048_577) }] },
    'value',
    'Patient.name[0].text',
  ],
  ['a fraction for an integer', 'Patient', { multipleBirthInteger: 1.5 }, 'value', 'Patient.multipleBirth'],
  ['an integer beyond 32 bits', 'Patient', { multipleBirthInteger: 2_147_483_648 }, 'value', 'Patient.multipleBirth'],
  [
    'zero for a positive integer',
    'Patient',
    { telecom: [{ value: '1', rank: 0 }] },
    'value',
    'Patient.telecom[0].rank',
  ],
  ['a negative number where none may be', 'Bundle', { total: -1 }, 'value', 'Bundle.total'],
  [
    'a decimal beyond all bounds',
    'Observation',
    { valueQuantity: { value: Number.POSITIVE_INFINITY } },
    'value',
    'Observation.value.value',
  ],
  // narrative
  ['a div that is no div', 'Patient', { text: div('<p>x</p>') }, 'value', 'Patient.text.div'],
  ['a div of plain text', 'Patient', { text: div('hello') }, 'value', 'Patient.text.div'],
  ['a div left out', 'Patient', { text: { status: 'generated' } }, 'required', 'Patient.text.div'],
  ['a div that is not closed', 'Patient', { text: div(`${xhtml}<p>x</p>`) }, 'value', 'Patient.text.div'],
  ['a tag that is not closed', 'Patient', { text: div(`${xhtml}<p>x</div>`) }, 'value', 'Patient.text.div'],
  ['a script', 'Patient', { text: div(`${xhtml}<script>alert(1)</script></div>`) }, 'value', 'Patient.text.div'],
  [
    'a script in an attribute',
    'Patient',
    { text: div(`${xhtml}<p onclick="x()">x</p></div>`) },
    'value',
    'Patient.text.div',
  ],
  [
    'a script in a link',
    'Patient',
    { text: div(`${xhtml}<a href="javascript:x()">x</a></div>`) },
    'value',
    'Patient.text.div',
  ],
  ['a frame', 'Patient', { text: div(`${xhtml}<iframe src="x"></iframe></div>`) }, 'value', 'Patient.text.div'],
  ['a DOCTYPE', 'Patient', { text: div(`<!DOCTYPE x [<!ENTITY y "z">]>${xhtml}x</div>`) }, 'value', 'Patient.text.div'],
  ['a DOCTYPE inside', 'Patient', { text: div(`${xhtml}<!DOCTYPE x></div>`) }, 'value', 'Patient.text.div'],
  ['something behind the div', 'Patient', { text: div(`${xhtml}x</div><p>y</p>`) }, 'value', 'Patient.text.div'],
  // extensions, primitives' companions
  [
    'an extension without url',
    'Patient',
    { extension: [{ valueString: 'x' }] },
    'required',
    'Patient.extension[0].url',
  ],
  ['an extension without value', 'Patient', { extension: [{ url: 'http://x' }] }, 'invariant', 'Patient.extension[0]'],
  [
    'an extension with value and extensions',
    'Patient',
    { extension: [{ url: 'http://x', valueString: 'a', extension: [{ url: 'y', valueCode: 'b' }] }] },
    'invariant',
    'Patient.extension[0]',
  ],
  [
    'an extension with two values',
    'Patient',
    { extension: [{ url: 'http://x', valueString: 'a', valueCode: 'b' }] },
    'structure',
    'Patient.extension[0].value',
  ],
  [
    'a nested extension without value',
    'Patient',
    { extension: [{ url: 'http://x', extension: [{ url: 'y' }] }] },
    'invariant',
    'Patient.extension[0].extension[0]',
  ],
  [
    'an unknown element of an extension',
    'Patient',
    { extension: [{ url: 'http://x', valueFoo: 'a' }] },
    'structure',
    'Patient.extension[0].valueFoo',
  ],
  [
    'an unknown element beside a primitive',
    'Patient',
    { _birthDate: { value: '1974' } },
    'structure',
    'Patient.birthDate.value',
  ],
  ['an empty object beside a primitive', 'Patient', { _birthDate: {} }, 'structure', 'Patient.birthDate'],
  ['a list beside a primitive', 'Patient', { _birthDate: [{ id: 'x' }] }, 'structure', 'Patient.birthDate'],
  [
    'an object beside a list of primitives',
    'Patient',
    { name: [{ given: ['A'], _given: { id: 'x' } }] },
    'structure',
    'Patient.name[0].given',
  ],
  ['a string beside a primitive', 'Patient', { _birthDate: 'x' }, 'structure', 'Patient.birthDate'],
  [
    'a broken extension beside a primitive',
    'Patient',
    { _birthDate: { extension: [{ url: 'http://x' }] } },
    'invariant',
    'Patient.birthDate.extension[0]',
  ],
  // references
  ['a reference without anything', 'Observation', { subject: { type: 'Patient' } }, 'invariant', 'Observation.subject'],
  [
    'a reference with an unknown element',
    'Observation',
    { subject: { reference: 'Patient/1', ref: 'x' } },
    'structure',
    'Observation.subject.ref',
  ],
  [
    'a reference that is a number',
    'Observation',
    { subject: { reference: 1 } },
    'structure',
    'Observation.subject.reference',
  ],
  // contained resources
  [
    'a contained resource without id',
    'Patient',
    { contained: [{ resourceType: 'Organization', name: 'x' }] },
    'required',
    'Patient.contained[0].id',
  ],
  [
    'a contained resource in a contained resource',
    'Patient',
    {
      contained: [
        {
          resourceType: 'Organization',
          id: 'a',
          name: 'x',
          contained: [{ resourceType: 'Organization', id: 'b', name: 'y' }],
        },
      ],
    },
    'invariant',
    'Patient.contained[0].contained',
  ],
  [
    'a contained resource with a version',
    'Patient',
    { contained: [{ resourceType: 'Organization', id: 'a', name: 'x', meta: { versionId: '1' } }] },
    'invariant',
    'Patient.contained[0].meta',
  ],
  [
    'a contained resource with a security label',
    'Patient',
    { contained: [{ resourceType: 'Organization', id: 'a', name: 'x', meta: { security: [{ code: 'R' }] } }] },
    'invariant',
    'Patient.contained[0].meta',
  ],
  ['a contained resource of no type', 'Patient', { contained: [{ id: 'a' }] }, 'required', 'Patient.contained[0]'],
  [
    'a contained resource of an unknown type',
    'Patient',
    { contained: [{ resourceType: 'Organisation', id: 'a' }] },
    'value',
    'Patient.contained[0]',
  ],
  [
    'a contained resource of an abstract type',
    'Patient',
    { contained: [{ resourceType: 'DomainResource', id: 'a' }] },
    'value',
    'Patient.contained[0]',
  ],
  [
    'a broken contained resource',
    'Patient',
    { contained: [{ resourceType: 'Organization', id: 'a', name: 5 }] },
    'structure',
    'Patient.contained[0].name',
  ],
  // Bundle and Parameters
  [
    'a broken resource in a Bundle',
    'Bundle',
    {
      entry: [
        { resource: { resourceType: 'Patient' } },
        { resource: { resourceType: 'Patient', name: [{ family: 1 }] } },
      ],
    },
    'structure',
    'Bundle.entry[1].resource.name[0].family',
  ],
  [
    'a resource of an unknown type in a Bundle',
    'Bundle',
    { entry: [{ resource: { resourceType: 'Foo' } }] },
    'value',
    'Bundle.entry[0].resource',
  ],
  [
    'a resource that is none in a Bundle',
    'Bundle',
    { entry: [{ resource: 'Patient/1' }] },
    'structure',
    'Bundle.entry[0].resource',
  ],
  [
    'an entry without url in its request',
    'Bundle',
    { entry: [{ request: { method: 'GET' } }] },
    'required',
    'Bundle.entry[0].request.url',
  ],
  [
    'a Bundle in a Bundle that is broken',
    'Bundle',
    { entry: [{ resource: { resourceType: 'Bundle', type: 'batch', entry: [{ foo: 1 }] } }] },
    'structure',
    'Bundle.entry[0].resource.entry[0].foo',
  ],
  [
    'a parameter without name',
    'Parameters',
    { parameter: [{ valueString: 'x' }] },
    'required',
    'Parameters.parameter[0].name',
  ],
  [
    'a parameter with two values',
    'Parameters',
    { parameter: [{ name: 'a', valueString: 'x', valueCode: 'y' }] },
    'structure',
    'Parameters.parameter[0].value',
  ],
  [
    'a broken part of a parameter',
    'Parameters',
    { parameter: [{ name: 'a', part: [{ name: 'b', valueDate: 'x' }] }] },
    'value',
    'Parameters.parameter[0].part[0].value',
  ],
  [
    'a broken resource in Parameters',
    'Parameters',
    { parameter: [{ name: 'a', resource: { resourceType: 'Patient', gender: 'x' } }] },
    'code-invalid',
    'Parameters.parameter[0].resource.gender',
  ],
];

describe('a broken resource', () => {
  for (const [type, resource] of Object.entries(sound)) {
    it(`is not the ${type} that the rows start from`, () => {
      assert.deepEqual(validate({ resourceType: type, ...resource }, { type }), []);
    });
  }

  for (const [what, type, change, code, expression] of rows) {
    it(`with ${what} is refused at ${expression}`, () => {
      const issues = validate({ resourceType: type, ...sound[type], ...change }, { type });
      assert.deepEqual(
        issues.map((issue) => ({ code: issue.code, expression: issue.expression })),
        [{ code, expression }],
        JSON.stringify(issues, null, 1),
      );
      assert.ok(issues[0]!.severity === 'error' && issues[0]!.diagnostics.length > 10);
    });
  }

  const borders: [
    what: string,
    resource: unknown,
    options: { type?: string; path?: string },
    code: string,
    expression: string,
  ][] = [
    ['that is no object', 'x', { type: 'Patient' }, 'structure', 'Patient'],
    ['that is an array', [], { type: 'Patient' }, 'structure', 'Patient'],
    ['that is null', null, {}, 'structure', 'Resource'],
    ['of no type', { id: 'x' }, { type: 'Patient' }, 'required', 'Patient'],
    ['of an unknown type', { resourceType: 'Pateint' }, {}, 'value', 'Resource'],
    ['of an abstract type', { resourceType: 'Resource' }, {}, 'value', 'Resource'],
    ['of a datatype', { resourceType: 'HumanName' }, {}, 'value', 'Resource'],
    ['of a type that is no string', { resourceType: 5 }, {}, 'structure', 'Resource'],
    ['of another type than the endpoint', { resourceType: 'Patient' }, { type: 'Group' }, 'value', 'Group'],
    ['of a name every object has', { resourceType: 'constructor' }, {}, 'value', 'Resource'],
    [
      'below a prefix',
      { resourceType: 'Patient', foo: 1 },
      { path: 'Bundle.entry[3].resource' },
      'structure',
      'Bundle.entry[3].resource.foo',
    ],
    [
      'with a name every object has',
      { resourceType: 'Patient', constructor: 1 },
      {},
      'structure',
      'Patient.constructor',
    ],
  ];
  for (const [what, resource, options, code, expression] of borders) {
    it(`${what} is refused at ${expression}`, () => {
      const issues = validate(resource, options);
      assert.deepEqual(
        issues.map((issue) => [issue.code, issue.expression]),
        [[code, expression]],
      );
    });
  }

  const written: [text: string, expression: string][] = [
    ['{"resourceType":"Patient","multipleBirthInteger":1.0}', 'Patient.multipleBirth'],
    ['{"resourceType":"Patient","multipleBirthInteger":1e2}', 'Patient.multipleBirth'],
    ['{"resourceType":"Patient","telecom":[{"value":"1","rank":2.00}]}', 'Patient.telecom[0].rank'],
  ];
  for (const [text, expression] of written) {
    it(`that writes a whole number otherwise is refused: ${text}`, () => {
      assert.deepEqual(
        validate(parseJson(text), {}).map((issue) => [issue.code, issue.expression]),
        [['value', expression]],
      );
    });
  }

  const hints: [resource: object, hint: RegExp][] = [
    [{ resourceType: 'Patient', birthdate: '1974' }, /did you mean "birthDate"\?/],
    [{ resourceType: 'Patient', nmae: [] }, /did you mean "name"\?/],
    [{ resourceType: 'Patient', _birthdate: { id: 'x' } }, /did you mean "_birthDate"\?/],
    [{ resourceType: 'Pateint' }, /did you mean "Patient"\?/],
    [{ resourceType: 'Patient', gender: 'femal' }, /did you mean "female"\?/],
    [{ resourceType: 'Patient', deceased: true }, /deceasedBoolean, deceasedDateTime/],
  ];
  for (const [resource, hint] of hints) {
    it(`gets a hint: ${JSON.stringify(resource)}`, () => assert.match(validate(resource, {})[0]!.diagnostics, hint));
  }

  it('tells all its faults at once', () => {
    const issues = validate({ resourceType: 'Observation', foo: 1, status: 'x', valueQuantity: { value: '1' } }, {});
    assert.deepEqual(
      issues.map((issue) => issue.code),
      ['structure', 'code-invalid', 'structure', 'required'],
    );
  });

  it('tells no more than 50 faults, and that there may be more', () => {
    const name = Array.from({ length: 100_000 }, () => ({ family: 1, given: 'x' }));
    const issues = validate({ resourceType: 'Patient', name }, {});
    assert.equal(issues.filter(({ severity }) => severity === 'error').length, 50);
    assert.equal(issues.at(-1)?.diagnostics, 'The check ended here; there may be more problems');
  });
});

describe('an unusual but sound resource', () => {
  const accepted: [what: string, resource: object][] = [
    [
      'with null beside an extension',
      {
        resourceType: 'Patient',
        name: [{ given: [null, 'B'], _given: [{ extension: [{ url: 'http://x', valueCode: 'masked' }] }, null] }],
      },
    ],
    [
      'with a required code that is absent for a reason',
      {
        resourceType: 'Observation',
        _status: { extension: [{ url: 'http://x', valueCode: 'unknown' }] },
        code: concept,
      },
    ],
    [
      'with a choice and its own companion',
      { resourceType: 'Patient', _deceasedBoolean: { id: 'x' }, deceasedBoolean: true },
    ],
    [
      'with an extension whose value has only extensions',
      {
        resourceType: 'Patient',
        extension: [{ url: 'http://x', _valueString: { extension: [{ url: 'y', valueCode: 'z' }] } }],
      },
    ],
    [
      'with one right coding among others',
      {
        resourceType: 'Condition',
        subject: { display: 'x' },
        clinicalStatus: {
          coding: [
            { system: 'http://example.org', code: 'x' },
            { system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' },
          ],
        },
      },
    ],
    [
      'with a text alone where codes are bound',
      { resourceType: 'Condition', subject: { display: 'x' }, clinicalStatus: { text: 'active' } },
    ],
    [
      'with a reference by identifier',
      { resourceType: 'Observation', status: 'final', code: concept, subject: { identifier: { value: '1' } } },
    ],
    ['with a leap second', { resourceType: 'Patient', deceasedDateTime: '2016-12-31T23:59:60Z' }],
    ['with 29 February 2000', { resourceType: 'Patient', birthDate: '2000-02-29' }],
    ['with base64 in lines', { resourceType: 'Binary', contentType: 'a/b', data: 'aGVs\nbG8=\n' }],
    [
      'with a no-break space in a code',
      { resourceType: 'Observation', status: 'final', code: { coding: [{ code: 'KIDN\u00a0' }] } },
    ],
    [
      'with text that talks of scripts',
      {
        resourceType: 'Patient',
        text: div(`${xhtml}&lt;script&gt; on x = 1<br/><img src="a.png" alt="a > b"/><!-- note --></div>`),
      },
    ],
    [
      'with a conditional reference',
      {
        resourceType: 'Observation',
        status: 'final',
        code: concept,
        subject: { reference: 'Patient?identifier=http://x|1' },
      },
    ],
    ['with a mime type of its own', { resourceType: 'Binary', contentType: 'application/x-own' }],
  ];
  for (const [what, resource] of accepted) {
    it(`${what} is accepted`, () => assert.deepEqual(validate(resource, {}), []));
  }
});
