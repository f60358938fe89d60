import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';

const definitions = loadDefinitions();
const element = (type: string, name: string) => definitions.type(type)?.elements.get(name);

describe('the definitions', () => {
  it('hold the 146 concrete resource types of R4, sorted', () => {
    assert.equal(definitions.resourceTypes.length, 146);
    assert.deepEqual(definitions.resourceTypes, [...definitions.resourceTypes].sort());
    assert.ok(!definitions.resourceTypes.includes('DomainResource'));
  });

  it('know nothing of what every object has', () => {
    for (const name of ['constructor', '__proto__', 'toString']) assert.equal(definitions.type(name), undefined);
  });

  it('lead from each element to a type that they know', () => {
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      const type = definitions.type(name);
      assert.ok(type, name);
      for (const { type: next } of type.elements.values()) visit(next);
    };
    for (const name of definitions.resourceTypes) visit(name);
    assert.ok(seen.size > 600, `${seen.size} types`);
  });

  it('expand a choice to one property for each allowed type', () => {
    const choices = [...(definitions.type('Observation')?.elements.values() ?? [])].filter(
      ({ choice }) => choice === 'value',
    );
    assert.equal(choices.length, 11);
    assert.deepEqual(
      choices.slice(0, 2).map(({ name, type }) => [name, type]),
      [
        ['valueQuantity', 'Quantity'],
        ['valueCodeableConcept', 'CodeableConcept'],
      ],
    );
    assert.equal(choices[0]?.path, 'Observation.value[x]');
  });

  it('resolve content references to the backbone element', () => {
    assert.equal(element('Observation.component', 'referenceRange')?.type, 'Observation.referenceRange');
    assert.equal(element('Questionnaire.item', 'item')?.type, 'Questionnaire.item');
  });

  it('keep cardinality, binding, targets, summary and modifier flags', () => {
    const { min, max, isArray, requiredBinding, isSummary, isModifier } = element('Observation', 'status') ?? {};
    assert.deepEqual(
      { min, max, isArray, requiredBinding, isSummary, isModifier },
      {
        min: 1,
        max: 1,
        isArray: false,
        requiredBinding: 'http://hl7.org/fhir/ValueSet/observation-status',
        isSummary: true,
        isModifier: true,
      },
    );
    assert.deepEqual(element('Observation', 'subject')?.targets, ['Device', 'Group', 'Location', 'Patient']);
    assert.equal(element('Observation', 'focus')?.targets, undefined);
    assert.equal(element('Patient', 'name')?.max, Number.POSITIVE_INFINITY);
    assert.equal(element('Patient', 'id')?.type, 'id');
  });

  it('give primitives their published pattern', () => {
    assert.equal(definitions.type('id')?.pattern, '[A-Za-z0-9\\-\\.]{1,64}');
    assert.equal(definitions.type('code')?.base, 'string');
    for (const name of ['date', 'dateTime', 'instant', 'decimal', 'uri'])
      assert.ok(definitions.type(name)?.pattern, name);
  });

  it('give each type its own search parameters and those of Resource', () => {
    const parameters = definitions.searchParameters('Observation');
    assert.equal(parameters.get('code')?.expression, 'Observation.code');
    assert.equal(parameters.get('_id')?.expression, 'Resource.id');
    assert.ok(parameters.has('_text'));
    assert.ok(!definitions.searchParameters('Bundle').has('_text'), 'Bundle is no DomainResource');
    assert.equal(definitions.searchParameters('Nothing').size, 0);
  });

  it('cut a parameter of many types to the part that speaks of one', () => {
    const patient = definitions.searchParameters('Observation').get('patient');
    assert.equal(patient?.expression, 'Observation.subject.where(resolve() is Patient)');
    assert.equal(patient?.description, 'The subject that the observation is about (if patient)');
    assert.equal(definitions.searchParameters('InsurancePlan').get('name')?.expression, 'name | alias');
  });

  it('name the components of a composite by definitions that exist', () => {
    for (const type of definitions.resourceTypes) {
      const parameters = [...definitions.searchParameters(type).values()];
      for (const { components } of parameters) {
        for (const { definition } of components)
          assert.ok(
            parameters.some(({ url }) => url === definition),
            definition,
          );
      }
    }
  });

  it('hold the five compartments, each with its own resource in it', () => {
    assert.deepEqual(
      [...definitions.compartments.keys()],
      ['Device', 'Encounter', 'Patient', 'Practitioner', 'RelatedPerson'],
    );
    for (const [code, { members }] of definitions.compartments) assert.equal(members.get(code)?.[0], '{def}');
    assert.deepEqual(definitions.compartments.get('Patient')?.members.get('Observation'), ['subject', 'performer']);
  });

  it('list the codes of required bindings, and none where they are unbounded', () => {
    const status = definitions.codes('http://hl7.org/fhir/ValueSet/observation-status');
    assert.ok(status?.has('final'));
    assert.ok(status?.has('http://hl7.org/fhir/observation-status|final'));
    assert.ok(!status?.has('finished'));
    for (const name of ['mimetypes', 'ucum-units', 'currencies']) {
      assert.equal(definitions.codes(`http://hl7.org/fhir/ValueSet/${name}`), undefined);
    }
    assert.equal(definitions.codes('http://example.org/ValueSet/unknown'), undefined);
  });

  it('tell the system that a code implies, where there is one', () => {
    const systemOf = (name: string) => definitions.impliedSystem(`http://hl7.org/fhir/ValueSet/${name}`);
    assert.equal(systemOf('observation-status'), 'http://hl7.org/fhir/observation-status');
    assert.equal(systemOf('currencies'), 'urn:iso:std:iso:4217');
    assert.equal(systemOf('task-intent'), undefined, 'it has codes of two systems');
  });
});
