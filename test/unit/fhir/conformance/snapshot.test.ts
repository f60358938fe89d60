// What a differential may say, and what the snapshot then says.
import assert from 'node:assert/strict';
import { createCanonicals } from '../../../../src/fhir/conformance/create-canonicals.ts';
import type { Element } from '../../../../src/fhir/conformance/element-tree.ts';
import { createPublished } from '../../../../src/fhir/conformance/published.ts';
import { type StructureDefinition, snapshotOf } from '../../../../src/fhir/conformance/snapshot.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';

const HL7 = 'http://hl7.org/fhir/StructureDefinition';
const canonicals = createCanonicals({ sources: [createPublished()] });

const snapshot = (type: string, element: object[], more: object = {}): Promise<Element[]> =>
  snapshotOf(
    {
      resourceType: 'StructureDefinition',
      type,
      kind: 'resource',
      derivation: 'constraint',
      baseDefinition: `${HL7}/${type}`,
      differential: { element: element as Element[] },
      ...more,
    },
    { find: async (url) => (await canonicals.find('StructureDefinition', url)) as StructureDefinition | undefined },
  );

async function elementOf(id: string, type: string, element: object[], more: object = {}): Promise<Element | undefined> {
  return (await snapshot(type, element, more)).find((one) => one.id === id);
}

describe('a snapshot', () => {
  const rows: [what: string, type: string, element: object[], id: string, expected: object][] = [
    [
      'says what the differential says, and what the base says of all else',
      'Patient',
      [{ path: 'Patient' }, { path: 'Patient.birthDate', min: 1, mustSupport: true }],
      'Patient.birthDate',
      { min: 1, max: '1', mustSupport: true, type: [{ code: 'date' }], isSummary: true },
    ],
    [
      'knows elements inside datatypes',
      'Patient',
      [{ path: 'Patient.name.family', min: 1 }],
      'Patient.name.family',
      { min: 1, max: '1', base: { path: 'HumanName.family', min: 0, max: '1' } },
    ],
    [
      'has slices by their name where the differential has no ids',
      'Patient',
      [
        {
          path: 'Patient.identifier',
          slicing: { discriminator: [{ type: 'value', path: 'system' }], rules: 'open' },
        },
        { path: 'Patient.identifier', sliceName: 'mrn', min: 1, max: '1' },
        { path: 'Patient.identifier.system', min: 1, fixedUri: 'urn:mrn' },
        { path: 'Patient.identifier', sliceName: 'ssn' },
      ],
      'Patient.identifier:mrn.system',
      { min: 1, fixedUri: 'urn:mrn' },
    ],
    [
      'begins a slice as optional, with what the base allows',
      'Patient',
      [{ id: 'Patient.identifier:ssn', path: 'Patient.identifier', sliceName: 'ssn' }],
      'Patient.identifier:ssn',
      { min: 0, max: '*', sliceName: 'ssn' },
    ],
    [
      'has slices of slices',
      'Observation',
      [
        { path: 'Observation.category', slicing: { discriminator: [{ type: 'value', path: '$this' }], rules: 'open' } },
        { id: 'Observation.category:a', path: 'Observation.category', sliceName: 'a', max: '2' },
        { id: 'Observation.category:a/b', path: 'Observation.category', sliceName: 'a/b', min: 1 },
      ],
      'Observation.category:a/b',
      { min: 1, max: '2' },
    ],
    [
      'takes the cardinality of an extension from its definition, and slices extensions by url',
      'Patient',
      [
        {
          id: 'Patient.extension:place',
          path: 'Patient.extension',
          sliceName: 'place',
          type: [{ code: 'Extension', profile: [`${HL7}/patient-birthPlace`] }],
        },
      ],
      'Patient.extension:place',
      { min: 0, max: '1' },
    ],
    [
      'names a choice by its type',
      'Observation',
      [
        { path: 'Observation.valueQuantity', min: 1 },
        { path: 'Observation.valueQuantity.code', min: 1 },
      ],
      'Observation.value[x]:valueQuantity.code',
      { min: 1 },
    ],
    [
      'closes a choice where one of its types must be there',
      'Observation',
      [{ path: 'Observation.valueQuantity', min: 1 }],
      'Observation.value[x]',
      { min: 1, type: [{ code: 'Quantity' }] },
    ],
    [
      'follows content references',
      'Questionnaire',
      [{ path: 'Questionnaire.item.item.item.text', min: 1 }],
      'Questionnaire.item.item.item.text',
      { min: 1, max: '1' },
    ],
    [
      'adds constraints and conditions, and says those of a known key anew',
      'Patient',
      [
        {
          path: 'Patient.contact',
          constraint: [{ key: 'pat-1', severity: 'warning', human: 'changed' }, { key: 'own-1' }],
        },
      ],
      'Patient.contact',
      {
        constraint: (list: { key: string; severity: string }[]) => {
          assert.deepEqual(
            list.map(({ key }) => key),
            ['ele-1', 'pat-1', 'own-1'],
          );
          assert.equal(list[1]?.severity, 'warning');
        },
      },
    ],
    [
      'keeps the value set of a binding that is only made stronger, and replaces a value of another kind',
      'Observation',
      [{ path: 'Observation.category', binding: { strength: 'required' }, patternCodeableConcept: { text: 'a' } }],
      'Observation.category',
      {
        binding: { valueSet: 'http://hl7.org/fhir/ValueSet/observation-category', strength: 'required' },
        patternCodeableConcept: { text: 'a' },
      },
    ],
    [
      'adds to a text that goes on with three dots',
      'Patient',
      [{ path: 'Patient.active', comment: '...And more.' }],
      'Patient.active',
      { comment: (text: string) => assert.match(text, /^If a record is inactive[\s\S]*\r\nAnd more\.$/) },
    ],
  ];
  for (const [what, type, element, id, expected] of rows) {
    it(what, async () => {
      const found = await elementOf(id, type, element);
      assert.ok(found, `no ${id}`);
      for (const [name, value] of Object.entries(expected)) {
        if (typeof value === 'function') value(found[name]);
        else assert.deepEqual(found[name], value, name);
      }
    });
  }

  it('stands in the order of the base, slices behind what they are slices of', async () => {
    const made = await snapshot('Patient', [
      { id: 'Patient.gender', path: 'Patient.gender', min: 1 },
      { id: 'Patient.name:official', path: 'Patient.name', sliceName: 'official' },
      { id: 'Patient.name:usual', path: 'Patient.name', sliceName: 'usual' },
    ]);
    const ids = made.map(({ id }) => id);
    const at = ids.indexOf('Patient.name');
    assert.deepEqual(ids.slice(at, at + 3), ['Patient.name', 'Patient.name:official', 'Patient.name:usual']);
    assert.ok(ids.indexOf('Patient.gender') > at);
  });

  it('of a logical model has the elements that it adds', async () => {
    const made = await snapshot(
      'Bed',
      [{ path: 'Bed' }, { path: 'Bed.number', min: 1, max: '1', type: [{ code: 'string' }] }],
      {
        kind: 'logical',
        derivation: 'specialization',
        baseDefinition: `${HL7}/Element`,
      },
    );
    assert.deepEqual(
      made.map(({ path }) => path),
      ['Bed', 'Bed.id', 'Bed.extension', 'Bed.number'],
    );
    assert.equal(made.at(-1)?.max, '1');
  });

  const refusals: [what: string, type: string, element: object[], message: RegExp, expression: string][] = [
    [
      'of an element that the base has not',
      'Patient',
      [{ path: 'Patient' }, { path: 'Patient.colour' }],
      /Patient\.colour: the base has not an element colour; it has id, meta/,
      'element[1].path',
    ],
    ['of another type', 'Patient', [{ path: 'Group.name' }], /Group\.name is not of Patient/, 'element[0].path'],
    [
      'that allows more than the base',
      'Patient',
      [{ path: 'Patient.gender', max: '*' }],
      /max \* is more than the base allows, 1/,
      'element[0].max',
    ],
    [
      'of more than it allows',
      'Patient',
      [{ path: 'Patient.name', min: 3, max: '2' }],
      /min 3 is more than max 2/,
      'element[0].min',
    ],
    [
      'of a type that the base has not',
      'Observation',
      [{ path: 'Observation.value[x]', type: [{ code: 'Address' }] }],
      /The type Address is not allowed there; the base allows Quantity/,
      'element[0].type',
    ],
    [
      'inside a choice of several types',
      'Observation',
      [{ path: 'Observation.value[x].code', min: 1 }],
      /value\[x\] can be of the types Quantity, .*; say which one before its elements/,
      'element[0].path',
    ],
  ];
  for (const [what, type, element, message, expression] of refusals) {
    it(`is refused ${what}`, async () => {
      await assert.rejects(snapshot(type, element), (error: FhirError) => {
        assert.ok(error instanceof FhirError, String(error));
        assert.equal(error.kind, 'business-rule');
        assert.match(error.message, message);
        assert.equal(error.issues[0]?.expression, `StructureDefinition.differential.${expression}`);
        return true;
      });
    });
  }

  it('is refused where the base is unknown', async () => {
    await assert.rejects(snapshot('Patient', [], { baseDefinition: 'http://example.org/none' }), (error: FhirError) => {
      assert.equal(error.issues[0]?.expression, 'StructureDefinition.baseDefinition');
      return true;
    });
  });
});
