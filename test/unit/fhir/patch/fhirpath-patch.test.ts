import assert from 'node:assert/strict';
import { FhirError } from '../../../../src/fhir/model/errors.ts';
import { parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import { applyFhirPathPatch } from '../../../../src/fhir/patch/fhirpath-patch.ts';

// In the tables an operation is written `type path; name=…; value={…}`; `value` is the JSON of the part without its name.
function operation(text: string): unknown {
  const [head = '', ...parts] = text.split('; ');
  const [type = '', ...path] = head.split(' ');
  return {
    name: 'operation',
    part: [
      { name: 'type', valueCode: type },
      { name: 'path', valueString: path.join(' ') },
      ...parts.map((part) => {
        const [name = '', ...rest] = part.split('=');
        const value = rest.join('=');
        if (name === 'value') return { name, ...(parseJson(value) as object) };
        return name === 'name' ? { name, valueString: value } : { name, valueInteger: Number(value) };
      }),
    ],
  };
}

const patchOf = (operations: string[]): unknown => ({
  resourceType: 'Parameters',
  parameter: operations.map(operation),
});

const patient = (rest: string): string => `{"resourceType":"Patient","id":"p"${rest === '' ? '' : `,${rest}`}}`;
const observation = (rest: string): string =>
  `{"resourceType":"Observation","status":"final"${rest === '' ? '' : `,${rest}`}}`;
const identifiers = (...values: number[]): string =>
  patient(`"identifier":[${values.map((value) => `{"value":"${value}"}`).join(',')}]`);
const identifier = (value: number): string => `{"valueIdentifier":{"value":"${value}"}}`;

type Row = [what: string, before: string, operations: string[], after: string];

const rows: Row[] = [
  ['nothing', patient('"active":true'), [], patient('"active":true')],
  // primitives
  [
    'adds a primitive',
    patient(''),
    ['add Patient; name=birthDate; value={"valueDate":"1930-01-01"}'],
    patient('"birthDate":"1930-01-01"'),
  ],
  [
    'replaces a primitive',
    patient('"birthDate":"1920-01-01"'),
    ['replace Patient.birthDate; value={"valueDate":"1930-01-01"}'],
    patient('"birthDate":"1930-01-01"'),
  ],
  ['deletes a primitive', patient('"birthDate":"1920-01-01"'), ['delete Patient.birthDate'], patient('')],
  [
    'deletes what is not there',
    patient('"active":true'),
    ['delete Patient.birthDate', 'delete Patient.contact[3]'],
    patient('"active":true'),
  ],
  [
    'adds to a nested element',
    patient('"contact":[{"name":{"text":"a"}}]'),
    ['add Patient.contact[0]; name=gender; value={"valueCode":"male"}'],
    patient('"contact":[{"name":{"text":"a"},"gender":"male"}]'),
  ],
  [
    'replaces a nested primitive',
    patient('"contact":[{"gender":"male"}]'),
    ['replace Patient.contact[0].gender; value={"valueCode":"female"}'],
    patient('"contact":[{"gender":"female"}]'),
  ],
  [
    'removes the objects that a deletion empties',
    patient('"contact":[{"name":{"text":"a"},"gender":"male"}]'),
    ['delete Patient.contact[0].name.text'],
    patient('"contact":[{"gender":"male"}]'),
  ],
  [
    'removes the list that a deletion empties',
    patient('"contact":[{"name":{"text":"a"}}]'),
    ['delete Patient.contact[0].name.text'],
    patient(''),
  ],
  [
    'replaces a boolean by false',
    patient('"active":true'),
    ['replace Patient.active; value={"valueBoolean":false}'],
    patient('"active":false'),
  ],
  // datatypes
  [
    'adds a datatype',
    patient(''),
    ['add Patient; name=maritalStatus; value={"valueCodeableConcept":{"text":"married"}}'],
    patient('"maritalStatus":{"text":"married"}'),
  ],
  [
    'replaces a datatype as a whole',
    patient('"maritalStatus":{"id":"1","text":"married"}'),
    ['replace Patient.maritalStatus; value={"valueCodeableConcept":{"text":"single"}}'],
    patient('"maritalStatus":{"text":"single"}'),
  ],
  ['deletes a datatype', patient('"maritalStatus":{"text":"married"}'), ['delete Patient.maritalStatus'], patient('')],
  [
    'begins a list',
    patient(''),
    ['add Patient; name=name; value={"valueHumanName":{"family":"A"}}'],
    patient('"name":[{"family":"A"}]'),
  ],
  [
    'appends to a list',
    patient('"name":[{"family":"A"}]'),
    ['add Patient; name=name; value={"valueHumanName":{"family":"B"}}'],
    patient('"name":[{"family":"A"},{"family":"B"}]'),
  ],
  [
    'adds a contained resource',
    patient(''),
    ['add Patient; name=contained; value={"resource":{"resourceType":"Organization","id":"o"}}'],
    patient('"contained":[{"resourceType":"Organization","id":"o"}]'),
  ],
  [
    'changes a contained resource',
    patient('"contained":[{"resourceType":"Organization","id":"o"}]'),
    ['add Patient.contained.where(id=\'o\'); name=name; value={"valueString":"x"}'],
    patient('"contained":[{"resourceType":"Organization","id":"o","name":"x"}]'),
  ],
  // elements without a datatype
  [
    'adds an element made of parts',
    patient(''),
    ['add Patient; name=contact; value={"part":[{"name":"name","valueHumanName":{"text":"a"}}]}'],
    patient('"contact":[{"name":{"text":"a"}}]'),
  ],
  [
    'makes lists of repeated parts',
    patient(''),
    [
      'add Patient; name=contact; value={"part":[{"name":"telecom","valueContactPoint":{"value":"1"}},{"name":"telecom","valueContactPoint":{"value":"2"}},{"name":"gender","valueCode":"male"}]}',
    ],
    patient('"contact":[{"telecom":[{"value":"1"},{"value":"2"}],"gender":"male"}]'),
  ],
  [
    'makes choices of parts',
    observation(''),
    [
      'add Observation; name=component; value={"part":[{"name":"code","valueCodeableConcept":{"text":"x"}},{"name":"value","valueQuantity":{"value":1.50}}]}',
    ],
    observation('"component":[{"code":{"text":"x"},"valueQuantity":{"value":1.50}}]'),
  ],
  [
    'makes nested parts',
    '{"resourceType":"Questionnaire","status":"draft"}',
    [
      'add Questionnaire; name=item; value={"part":[{"name":"linkId","valueString":"1"},{"name":"item","part":[{"name":"linkId","valueString":"1.1"}]}]}',
    ],
    '{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","item":[{"linkId":"1.1"}]}]}',
  ],
  [
    'replaces an element by parts',
    patient('"contact":[{"gender":"male"},{"gender":"male"}]'),
    ['replace Patient.contact[1]; value={"part":[{"name":"gender","valueCode":"female"}]}'],
    patient('"contact":[{"gender":"male"},{"gender":"female"}]'),
  ],
  [
    'deletes an element without a datatype',
    patient('"contact":[{"gender":"male"}]'),
    ['delete Patient.contact[0]'],
    patient(''),
  ],
  // choices
  [
    'adds a choice by its FHIRPath name',
    observation(''),
    ['add Observation; name=value; value={"valueQuantity":{"value":1.50}}'],
    observation('"valueQuantity":{"value":1.50}'),
  ],
  [
    'adds a choice by its JSON name',
    observation(''),
    ['add Observation; name=valueString; value={"valueString":"x"}'],
    observation('"valueString":"x"'),
  ],
  [
    'replaces a choice by the same type',
    patient('"deceasedBoolean":true'),
    ['replace Patient.deceased; value={"valueBoolean":false}'],
    patient('"deceasedBoolean":false'),
  ],
  [
    'replaces a choice by another type',
    patient('"deceasedBoolean":true'),
    ['replace Patient.deceased; value={"valueDateTime":"2020"}'],
    patient('"deceasedDateTime":"2020"'),
  ],
  ['deletes a choice', patient('"deceasedBoolean":true'), ['delete Patient.deceased'], patient('')],
  [
    'changes what is inside a choice',
    observation('"valueQuantity":{"value":1.5,"unit":"g"}'),
    ['replace Observation.value.unit; value={"valueString":"kg"}'],
    observation('"valueQuantity":{"value":1.5,"unit":"kg"}'),
  ],
  [
    'finds a choice by its type',
    observation('"valueQuantity":{"value":1.5,"unit":"g"}'),
    ['delete Observation.value.ofType(Quantity).unit'],
    observation('"valueQuantity":{"value":1.5}'),
  ],
  // lists
  [
    'inserts at the beginning',
    identifiers(1, 2),
    [`insert Patient.identifier; index=0; value=${identifier(3)}`],
    identifiers(3, 1, 2),
  ],
  [
    'inserts in the middle',
    identifiers(1, 2),
    [`insert Patient.identifier; index=1; value=${identifier(3)}`],
    identifiers(1, 3, 2),
  ],
  [
    'inserts at the end',
    identifiers(1, 2),
    [`insert Patient.identifier; index=2; value=${identifier(3)}`],
    identifiers(1, 2, 3),
  ],
  [
    'inserts into a list that is not there yet',
    patient(''),
    [`insert Patient.identifier; index=0; value=${identifier(1)}`],
    identifiers(1),
  ],
  [
    'inserts several, one after the other',
    identifiers(1),
    [
      `insert Patient.identifier; index=1; value=${identifier(2)}`,
      `insert Patient.identifier; index=2; value=${identifier(3)}`,
    ],
    identifiers(1, 2, 3),
  ],
  ['deletes from a list', identifiers(1, 2, 3), ['delete Patient.identifier[1]'], identifiers(1, 3)],
  [
    'deletes what a filter finds',
    identifiers(1, 2, 3),
    ["delete Patient.identifier.where(value='2')"],
    identifiers(1, 3),
  ],
  [
    'moves forward',
    identifiers(1, 2, 3, 4),
    ['move Patient.identifier; source=0; destination=2'],
    identifiers(2, 3, 1, 4),
  ],
  [
    'moves back',
    identifiers(1, 2, 3, 4),
    ['move Patient.identifier; source=3; destination=0'],
    identifiers(4, 1, 2, 3),
  ],
  [
    'moves to the end',
    identifiers(1, 2, 3, 4),
    ['move Patient.identifier; source=1; destination=3'],
    identifiers(1, 3, 4, 2),
  ],
  [
    'replaces in a list',
    identifiers(1, 2),
    [`replace Patient.identifier[1]; value=${identifier(3)}`],
    identifiers(1, 3),
  ],
  [
    'replaces a string in a list',
    patient('"name":[{"given":["a","b"]}]'),
    ['replace Patient.name[0].given[1]; value={"valueString":"c"}'],
    patient('"name":[{"given":["a","c"]}]'),
  ],
  [
    'sees what earlier operations did',
    patient(''),
    [
      'add Patient; name=name; value={"valueHumanName":{"family":"A"}}',
      'add Patient.name[0]; name=given; value={"valueString":"b"}',
      'delete Patient.name[0].family',
    ],
    patient('"name":[{"given":["b"]}]'),
  ],
  // primitives' companions
  [
    'replaces a primitive with its extensions',
    patient('"birthDate":"1920","_birthDate":{"id":"x"}'),
    ['replace Patient.birthDate; value={"valueDate":"1930"}'],
    patient('"birthDate":"1930"'),
  ],
  [
    'adds an extension to a primitive',
    patient('"birthDate":"1920"'),
    ['add Patient.birthDate; name=extension; value={"valueExtension":{"url":"http://x","valueCode":"a"}}'],
    patient('"birthDate":"1920","_birthDate":{"extension":[{"url":"http://x","valueCode":"a"}]}'),
  ],
  [
    'deletes an extension of a primitive',
    patient('"birthDate":"1920","_birthDate":{"extension":[{"url":"http://x","valueCode":"a"}]}'),
    ['delete Patient.birthDate.extension[0]'],
    patient('"birthDate":"1920"'),
  ],
  [
    'adds an extension to a primitive in a list',
    patient('"name":[{"given":["a","b"]}]'),
    ['add Patient.name[0].given[1]; name=extension; value={"valueExtension":{"url":"http://x","valueCode":"a"}}'],
    patient('"name":[{"given":["a","b"],"_given":[null,{"extension":[{"url":"http://x","valueCode":"a"}]}]}]'),
  ],
  [
    'keeps companions beside their values',
    patient('"name":[{"given":["a","b"],"_given":[null,{"id":"x"}]}]'),
    ['insert Patient.name[0].given; index=0; value={"valueString":"c"}'],
    patient('"name":[{"given":["c","a","b"],"_given":[null,null,{"id":"x"}]}]'),
  ],
  [
    'moves companions with their values',
    patient('"name":[{"given":["a","b"],"_given":[null,{"id":"x"}]}]'),
    ['move Patient.name[0].given; source=1; destination=0'],
    patient('"name":[{"given":["b","a"],"_given":[{"id":"x"},null]}]'),
  ],
  [
    'deletes companions with their values',
    patient('"name":[{"given":["a","b"],"_given":[null,{"id":"x"}]}]'),
    ['delete Patient.name[0].given[1]'],
    patient('"name":[{"given":["a"]}]'),
  ],
  // decimals
  [
    'keeps decimals it does not touch',
    observation('"valueQuantity":{"value":1.50,"unit":"g"}'),
    ['replace Observation.value.unit; value={"valueString":"kg"}'],
    observation('"valueQuantity":{"value":1.50,"unit":"kg"}'),
  ],
  [
    'takes a decimal over as it was written',
    observation('"valueQuantity":{"value":1.50}'),
    ['replace Observation.value.value; value={"valueDecimal":3.10}'],
    observation('"valueQuantity":{"value":3.10}'),
  ],
  [
    'replaces a decimal by the same one written shorter',
    observation('"valueQuantity":{"value":1.50}'),
    ['replace Observation.value.value; value={"valueDecimal":1.5}'],
    observation('"valueQuantity":{"value":1.5}'),
  ],
  [
    'takes decimals over that lie deeper',
    observation(''),
    ['add Observation; name=value; value={"valueRange":{"low":{"value":0.0},"high":{"value":2.00}}}'],
    observation('"valueRange":{"low":{"value":0.0},"high":{"value":2.00}}'),
  ],
];

const refused: [what: string, before: string, operations: string[], kind: string, message: RegExp][] = [
  ['an unknown type', patient(''), ['change Patient'], 'invalid', /type/],
  ['a broken path', patient(''), ['delete Patient.('], 'invalid', /path "Patient\.\(" cannot be used/],
  [
    'a path that computes',
    patient('"name":[{"family":"A"}]'),
    ['replace Patient.name.count(); value={"valueInteger":1}'],
    'invalid',
    /no element of the resource/,
  ],
  ['a function that does not exist', patient(''), ['delete Patient.foo()'], 'invalid', /cannot be used/],
  [
    'adding to what is not there',
    patient(''),
    ['add Patient.contact[0]; name=gender; value={"valueCode":"male"}'],
    'conflict',
    /finds nothing/,
  ],
  [
    'adding to several',
    patient('"contact":[{"gender":"male"},{"gender":"male"}]'),
    ['add Patient.contact; name=gender; value={"valueCode":"male"}'],
    'conflict',
    /finds 2 elements/,
  ],
  [
    'adding what is there',
    patient('"birthDate":"1920"'),
    ['add Patient; name=birthDate; value={"valueDate":"1930"}'],
    'conflict',
    /exists already/,
  ],
  [
    'adding a second type of a choice',
    patient('"deceasedBoolean":true'),
    ['add Patient; name=deceased; value={"valueDateTime":"2020"}'],
    'conflict',
    /exists already/,
  ],
  [
    'adding an unknown element',
    patient(''),
    ['add Patient; name=foo; value={"valueString":"x"}'],
    'invalid',
    /no such element: "foo"/,
  ],
  [
    'adding a choice of a wrong type',
    observation(''),
    ['add Observation; name=value; value={"valueAddress":{"city":"x"}}'],
    'invalid',
    /of type Address/,
  ],
  ['adding without a name', patient(''), ['add Patient; value={"valueString":"x"}'], 'invalid', /"name"/],
  ['adding without a value', patient(''), ['add Patient; name=birthDate'], 'invalid', /"value"/],
  [
    'a value of two types',
    patient(''),
    ['add Patient; name=birthDate; value={"valueDate":"1930","part":[]}'],
    'invalid',
    /one value\[x\]/,
  ],
  ['a value of no type', patient(''), ['add Patient; name=birthDate; value={}'], 'invalid', /one value\[x\]/],
  [
    'unknown parts',
    patient(''),
    ['add Patient; name=contact; value={"part":[{"name":"foo","valueString":"x"}]}'],
    'invalid',
    /no such element: "foo"/,
  ],
  [
    'a part twice',
    patient(''),
    [
      'add Patient; name=contact; value={"part":[{"name":"gender","valueCode":"male"},{"name":"gender","valueCode":"male"}]}',
    ],
    'invalid',
    /only once/,
  ],
  ['deleting several', identifiers(1, 2), ['delete Patient.identifier'], 'conflict', /finds 2 elements/],
  ['deleting the resource', patient(''), ['delete Patient'], 'invalid', /the resource itself/],
  [
    'replacing what is not there',
    patient(''),
    ['replace Patient.birthDate; value={"valueDate":"1930"}'],
    'conflict',
    /finds nothing/,
  ],
  [
    'replacing a choice by a wrong type',
    patient('"deceasedBoolean":true'),
    ['replace Patient.deceased; value={"valueQuantity":{"value":1}}'],
    'invalid',
    /of type Quantity/,
  ],
  [
    'inserting behind the end',
    identifiers(1),
    [`insert Patient.identifier; index=2; value=${identifier(2)}`],
    'conflict',
    /0 to 1/,
  ],
  [
    'inserting before the beginning',
    identifiers(1),
    [`insert Patient.identifier; index=-1; value=${identifier(2)}`],
    'conflict',
    /0 to 1/,
  ],
  [
    'inserting without an index',
    identifiers(1),
    [`insert Patient.identifier; value=${identifier(2)}`],
    'invalid',
    /"index"/,
  ],
  [
    'inserting where no list is',
    patient('"birthDate":"1920"'),
    ['insert Patient.birthDate; index=0; value={"valueDate":"1930"}'],
    'conflict',
    /one list/,
  ],
  [
    'inserting into part of a list',
    identifiers(1, 2),
    [`insert Patient.identifier[0]; index=0; value=${identifier(3)}`],
    'conflict',
    /all items of one list/,
  ],
  [
    'inserting into several lists',
    patient('"name":[{"given":["a"]},{"given":["b"]}]'),
    ['insert Patient.name.given; index=0; value={"valueString":"x"}'],
    'conflict',
    /one list/,
  ],
  [
    'moving from behind the end',
    identifiers(1, 2),
    ['move Patient.identifier; source=2; destination=0'],
    'conflict',
    /0 to 1/,
  ],
  [
    'moving to behind the end',
    identifiers(1, 2),
    ['move Patient.identifier; source=0; destination=2'],
    'conflict',
    /0 to 1/,
  ],
  ['changing the id', patient(''), ['replace Patient.id; value={"valueId":"q"}'], 'invalid', /the id of a resource/],
  [
    'the third operation',
    patient(''),
    [
      'add Patient; name=active; value={"valueBoolean":true}',
      'delete Patient.active',
      'replace Patient.active; value={"valueBoolean":true}',
    ],
    'conflict',
    /Parameters\.parameter\[2\]/,
  ],
];

describe('a FHIRPath Patch', () => {
  for (const [what, before, operations, after] of rows) {
    it(`${what}: ${operations.map((text) => text.split(';')[0]).join(', ') || 'no operation'}`, () => {
      const resource = parseJson(before) as Resource;
      assert.equal(stringifyJson(applyFhirPathPatch(resource, patchOf(operations))), after);
      assert.equal(stringifyJson(resource), before, 'the resource itself must not change');
    });
  }

  for (const [what, before, operations, kind, message] of refused) {
    it(`refuses ${what}`, () => {
      const resource = parseJson(before) as Resource;
      assert.throws(
        () => applyFhirPathPatch(resource, patchOf(operations)),
        (error) => {
          assert.ok(error instanceof FhirError, `${(error as Error).stack}`);
          assert.equal(error.kind, kind);
          assert.match(error.message, message);
          return true;
        },
      );
      assert.equal(stringifyJson(resource), before, 'the resource itself must not change');
    });
  }

  const shapeless: unknown[] = [
    undefined,
    [],
    { resourceType: 'Patient' },
    { resourceType: 'Parameters', parameter: {} },
    { resourceType: 'Parameters', parameter: [null] },
    { resourceType: 'Parameters', parameter: [{ name: 'operation' }] },
    { resourceType: 'Parameters', parameter: [{ name: 'other', part: [] }] },
    { resourceType: 'Parameters', parameter: [{ name: 'operation', part: [{ valueCode: 'add' }] }] },
    { resourceType: 'Parameters', parameter: [{ name: 'operation', part: [{ name: 'type', valueCode: 'toString' }] }] },
    { resourceType: 'Parameters', parameter: [{ name: 'operation', part: [{ name: 'type', valueCode: 'delete' }] }] },
  ];
  for (const patch of shapeless) {
    it(`refuses ${JSON.stringify(patch)}`, () => {
      const resource = parseJson(patient('')) as Resource;
      assert.throws(
        () => applyFhirPathPatch(resource, patch),
        (error) => error instanceof FhirError && error.kind === 'invalid',
      );
    });
  }
});
