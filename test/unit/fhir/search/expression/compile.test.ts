import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../../src/fhir/definitions/load.ts';
import type { Resource } from '../../../../../src/fhir/model/resource.ts';
import { compileExpression } from '../../../../../src/fhir/search/expression/compile.ts';

const definitions = loadDefinitions();

const observation: Resource = {
  resourceType: 'Observation',
  id: 'o1',
  contained: [{ resourceType: 'Patient', id: 'p', name: [{ given: ['Ann', null, 'Bea'] }] }],
  extension: [
    { url: 'http://example.org/a', valueString: 'first' },
    { url: 'http://example.org/b', valueCode: 'second' },
  ],
  code: { text: 'pressure', coding: [{ code: 'a' }, { code: 'b' }] },
  subject: { reference: '#p' },
  performer: [
    { reference: 'Practitioner/1' },
    { reference: 'https://example.org/fhir/Organization/2/_history/3' },
    { identifier: { value: 'x' }, type: 'Practitioner' },
    { reference: 'urn:uuid:6f5b5d50-1b1f-4a8a-9a5c-1c9d5f0a7a01' },
    { reference: 'Practitioner?identifier=7' },
  ],
  valueQuantity: { value: 5.4, unit: 'mg' },
  component: [{ code: { text: 'upper' }, valueInteger: 3 }],
};
const bundle: Resource = {
  resourceType: 'Bundle',
  entry: [{ resource: observation }, { resource: { resourceType: 'Patient' } }],
};
const patient: Resource = {
  resourceType: 'Patient',
  deceasedDateTime: '2020',
  birthDate: '1970-01-01',
  _birthDate: { extension: [{ url: 'http://example.org/time', valueDateTime: '1970-01-01T08:00:00Z' }] },
  gender: 'other',
  telecom: [{ system: 'phone', value: '1' }, { system: 'email', value: '2' }, { value: '3' }],
};

/** expression → types and values found; compiled unless marked */
const cases: [
  resource: Resource,
  expression: string,
  found: [type: string, value: unknown][],
  leftToFhirpath?: true,
][] = [
  [observation, 'Observation.id', [['id', 'o1']]],
  [observation, 'Resource.id', [['id', 'o1']]],
  [observation, 'DomainResource.id', [['id', 'o1']]],
  [observation, 'id', [['id', 'o1']]],
  [observation, 'Patient.name', []],
  [observation, 'Observation.method', []],
  [
    observation,
    'Observation.code.coding.code',
    [
      ['code', 'a'],
      ['code', 'b'],
    ],
  ],
  [observation, 'Observation.code.coding[1].code', [['code', 'b']]],
  [observation, 'Observation.code.coding[2].code', []],
  [observation, 'Observation.code.coding.first().code', [['code', 'a']]],
  [
    observation,
    'Observation.code.text | Observation.component.code.text',
    [
      ['string', 'pressure'],
      ['string', 'upper'],
    ],
  ],
  [observation, 'Observation.value', [['Quantity', observation['valueQuantity']]]],
  [observation, '(Observation.value as Quantity).value', [['decimal', 5.4]]],
  [observation, 'Observation.value.as(Quantity).unit', [['string', 'mg']]],
  [observation, 'Observation.value.ofType(FHIR.Quantity).unit', [['string', 'mg']]],
  [observation, 'Observation.value.as(CodeableConcept)', []],
  [observation, 'value.as(DateTime) | value.as(Period)', []],
  [observation, 'Observation.component.value', [['integer', 3]]],
  [observation, 'Observation.where(value is Quantity).id', [['id', 'o1']]],
  [observation, 'Observation.subject.where(resolve() is Patient).reference', [['string', '#p']]],
  [observation, 'Observation.subject.where(resolve() is Group)', []],
  [
    observation,
    'Observation.performer.where(resolve() is Organization).reference',
    [['string', 'https://example.org/fhir/Organization/2/_history/3']],
  ],
  [
    observation,
    'Observation.performer.where(resolve() is Practitioner).reference',
    [
      ['string', 'Practitioner/1'],
      ['string', 'Practitioner?identifier=7'],
    ],
  ],
  [observation, 'Observation.performer.where(resolve() is Practitioner).identifier.value', [['string', 'x']]],
  [observation, "Observation.extension('http://example.org/a').value", [['string', 'first']]],
  [observation, "Observation.extension.where(url = 'http://example.org/b').value as code", [['code', 'second']]],
  [observation, 'Observation.component.exists()', [['boolean', true]]],
  [observation, 'Observation.component.empty()', [['boolean', false]]],
  [observation, "Observation.code.coding.exists(code = 'b' or code = 'c')", [['boolean', true]]],
  [observation, "Observation.code.coding.where((code = 'a').not()).code", [['code', 'b']]],
  [
    observation,
    'Observation.component.select(code.text | value)',
    [
      ['string', 'upper'],
      ['integer', 3],
    ],
  ],
  [observation, "Observation.component.where(%resource.code.text = 'pressure').code.text", [['string', 'upper']]],
  [observation, 'Observation.code.coding.count()', [['decimal', 2]], true],
  [observation, 'Observation.subject.resolve().is(Patient)', [['boolean', true]]],
  [observation, '(Observation.subject.resolve() as Patient).exists()', [['boolean', true]], true],
  [
    observation,
    'Observation.contained.name.given',
    [
      ['string', 'Ann'],
      ['string', 'Bea'],
    ],
    true,
  ],
  [
    observation,
    'Observation.contained.as(Patient).name.given',
    [
      ['string', 'Ann'],
      ['string', 'Bea'],
    ],
  ],
  [bundle, 'Bundle.entry[0].resource', [['Observation', observation]]],
  [bundle, 'Bundle.entry.resource.as(Observation).code.text', [['string', 'pressure']]],
  [patient, 'Patient.deceased.exists() and Patient.deceased != false', [['boolean', true]]],
  [{ resourceType: 'Patient' }, 'Patient.deceased.exists() and Patient.deceased != false', [['boolean', false]]],
  [
    { resourceType: 'Patient', deceasedBoolean: false },
    'Patient.deceased.exists() and Patient.deceased != false',
    [['boolean', false]],
  ],
  [patient, "Patient.telecom.where(system='phone').value", [['string', '1']]],
  [patient, "Patient.telecom.where(system != 'phone').value", [['string', '2']]],
  [patient, 'Patient.gender.where($this is string)', [['code', 'other']]],
  [
    patient,
    "Patient.birthDate.extension('http://example.org/time').value",
    [['dateTime', '1970-01-01T08:00:00Z']],
    true,
  ],
  [patient, 'Patient.birthDate = @1970-01-01', [['boolean', true]], true],
];

describe('a search expression', () => {
  for (const [resource, expression, found, leftToFhirpath = false] of cases) {
    it(`finds ${found.map(([type]) => type).join(', ') || 'nothing'} by ${expression}`, () => {
      const find = compileExpression(definitions, resource.resourceType, expression);
      assert.deepEqual(
        find(resource).map(({ type, value }) => [type, value]),
        found,
      );
      assert.equal(find.compiled, !leftToFhirpath);
    });
  }

  it('tells where a value hangs, so that the text of a decimal can be found', () => {
    const [value] = compileExpression(definitions, 'Observation', 'Observation.value.value')(observation);
    assert.equal(value?.parent, observation['valueQuantity']);
    assert.equal(value?.key, 'value');
    const [, code] = compileExpression(definitions, 'Observation', 'Observation.code.coding')(observation);
    assert.ok(Array.isArray(code?.parent));
    assert.equal(code.parent[1], code.value);
    assert.equal(code.key, 1);
  });

  it('reads a component of a composite from a part of the resource', () => {
    const resource: Resource = {
      resourceType: 'MolecularSequence',
      referenceSeq: { chromosome: { text: '1' } },
      variant: [{ start: 7 }],
    };
    const [variant] = compileExpression(definitions, 'MolecularSequence', 'MolecularSequence.variant')(resource);
    const part = variant?.value as Resource;
    assert.equal(variant?.type, 'MolecularSequence.variant');
    assert.equal(compileExpression(definitions, variant.type, 'start')(part, resource)[0]?.value, 7);
    const chromosome = compileExpression(definitions, variant.type, '%resource.referenceSeq.chromosome');
    assert.deepEqual(chromosome(part, resource)[0]?.value, { text: '1' });
  });

  it('knows before any resource is seen which types it can find', () => {
    const { types } = compileExpression(
      definitions,
      'Condition',
      'Condition.onset.as(dateTime) | Condition.onset.as(Period)',
    );
    assert.deepEqual(types, ['dateTime', 'Period']);
  });
});
