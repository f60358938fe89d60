// Small profiles, extensions and terminology of our own for what no published guide uses: posted to the server (or given to a validator) as they
// are, without snapshot. An element is named by its id: `Observation.component:systolic.code`.
import type { Json } from './row.ts';

const base = 'http://example.org/';
export const own = (name: string): string => `${base}StructureDefinition/${name}`;
const core = (name: string): string => `http://hl7.org/fhir/StructureDefinition/${name}`;
const codes = `${base}CodeSystem/codes`;
export const valueSet = (name: string): string => `${base}ValueSet/${name}`;

function profile(name: string, type: string, elements: Record<string, Json>, more: Json = {}): Json {
  const element = Object.entries(elements).map(([id, rules]) => {
    const sliceName = /:([^.]*)$/.exec(id)?.[1];
    return { id, path: id.replaceAll(/:[^.]*/g, ''), ...(sliceName === undefined ? {} : { sliceName }), ...rules };
  });
  return {
    resourceType: 'StructureDefinition',
    id: name,
    url: own(name),
    name: name.replaceAll(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase()),
    status: 'active',
    fhirVersion: '4.0.1',
    kind: dataTypes.has(type) ? 'complex-type' : 'resource',
    abstract: false,
    type,
    baseDefinition: core(type),
    derivation: 'constraint',
    differential: { element: type in elements ? element : [{ id: type, path: type }, ...element] },
    ...more,
  };
}

const dataTypes = new Set(['Address', 'Extension', 'HumanName', 'Identifier', 'Quantity']);

/** elements of a differential stand in the order of the base: extension, url, value */
function extension(name: string, on: string[], elements: Record<string, Json>, more: Json = {}): Json {
  const all = Object.entries({ ...elements, 'Extension.url': { fixedUri: own(name) } });
  const rank = ([id]: [string, Json]): number =>
    ['Extension.e', 'Extension.u', 'Extension.v'].findIndex((start) => id.startsWith(start));
  const sorted = Object.fromEntries(all.sort((one, other) => rank(one) - rank(other)));
  return profile(name, 'Extension', sorted, {
    context: on.map((expression) => ({ type: 'element', expression })),
    ...more,
  });
}

const slicing = (type: string, path: string, more: Json = {}): Json => ({
  slicing: { discriminator: [{ type, path }], rules: 'open', ...more },
});
const type = (code: string, more: Json = {}): Json => ({ type: [{ code, ...more }] });
const binding = (strength: string, name: string, more: Json = {}): Json => ({
  binding: { strength, valueSet: valueSet(name), ...more },
});
const coding = (code: string): Json => ({ coding: [{ system: codes, code }] });
const rule = (key: string, expression: string, severity = 'error'): Json => ({
  constraint: [{ key, severity, human: `rule ${key}`, expression }],
});

const ucum = 'http://unitsofmeasure.org';

export const posted: Json[] = [
  {
    resourceType: 'CodeSystem',
    id: 'codes',
    url: codes,
    name: 'Codes',
    status: 'active',
    caseSensitive: true,
    content: 'complete',
    concept: ['red', 'green', 'blue', 'one', 'two', 'systolic', 'diastolic', 'g', 'kg', 'house'].map((code) => ({
      code,
      display: `The ${code}`,
    })),
  },
  ...Object.entries({
    colours: ['red', 'green', 'blue'],
    numbers: ['one', 'two'],
    units: ['g', 'kg'],
    warm: ['red'],
  }).map(([name, members]) => ({
    resourceType: 'ValueSet',
    id: name,
    url: valueSet(name),
    name,
    status: 'active',
    compose: { include: [{ system: codes, concept: members.map((code) => ({ code })) }] },
  })),

  profile('cardinality', 'Patient', {
    'Patient.identifier': { min: 1, max: '2' },
    'Patient.name': { min: 1 },
    'Patient.name.given': { min: 2 },
    'Patient.name.suffix': { max: '0' },
    'Patient.telecom': { max: '1' },
    'Patient.birthDate': { min: 1 },
    'Patient.deceased[x]': { max: '0' },
    'Patient.contact': { max: '0' },
    'Patient.communication.preferred': { min: 1 },
    'Patient.generalPractitioner': { min: 1 },
  }),
  profile('choices', 'Observation', {
    'Observation.effective[x]': { min: 1, ...type('dateTime') },
    'Observation.value[x]': { min: 1, type: [{ code: 'Quantity' }, { code: 'CodeableConcept' }] },
    'Observation.component.value[x]': type('string'),
  }),
  profile('choice-slices', 'Observation', {
    'Observation.value[x]': { ...slicing('type', '$this', { ordered: false, rules: 'closed' }) },
    'Observation.value[x]:valueQuantity': { min: 0, max: '1', ...type('Quantity') },
    'Observation.value[x]:valueQuantity.unit': { min: 1 },
    'Observation.value[x]:valueQuantity.code': { fixedCode: 'g' },
    'Observation.value[x]:valueString': { min: 0, max: '1', ...type('string'), maxLength: 5 },
  }),
  profile('required-choice-slice', 'Observation', {
    'Observation.value[x]': { min: 1, ...slicing('type', '$this', { ordered: false, rules: 'open' }) },
    'Observation.value[x]:valueQuantity': { min: 1, max: '1', ...type('Quantity') },
  }),
  profile('fixed', 'Observation', {
    'Observation.status': { fixedCode: 'final' },
    'Observation.category.coding': { fixedCoding: { system: codes, code: 'one' } },
    'Observation.code': { fixedCodeableConcept: coding('red') },
    'Observation.note.text': { fixedMarkdown: '*x*' },
    'Observation.method': { patternCodeableConcept: coding('blue') },
    'Observation.device': { patternReference: { type: 'Device' } },
    'Observation.referenceRange.low': { patternQuantity: { system: ucum, code: 'g' } },
    'Observation.referenceRange.high': { fixedQuantity: { value: 2.5, unit: 'g', system: ucum, code: 'g' } },
    'Observation.referenceRange.age': { patternRange: { low: { code: 'a' } } },
  }),
  profile('fixed-dates', 'Observation', {
    'Observation.effective[x]': { ...type('dateTime'), patternDateTime: '2026-03-01' },
    'Observation.issued': { fixedInstant: '2026-03-01T09:00:00Z' },
    'Observation.component.value[x]': { min: 1, type: [{ code: 'Period' }], patternPeriod: { start: '2026-01-01' } },
  }),
  profile('fixed-birth-date', 'Patient', {
    'Patient.name': { patternHumanName: { given: ['Peter'] } },
    'Patient.birthDate': { fixedDate: '1974-12-25' },
  }),
  profile('fixed-patient', 'Patient', {
    'Patient.identifier': { patternIdentifier: { type: coding('one'), system: 'http://example.org/mrn' } },
    'Patient.active': { fixedBoolean: true },
    'Patient.name': { patternHumanName: { use: 'official' } },
    'Patient.name.family': { fixedString: 'Chalmers' },
    'Patient.telecom': { patternContactPoint: { system: 'phone' } },
    'Patient.gender': { patternCode: 'male' },
    'Patient.address': { fixedAddress: { city: 'Berlin', country: 'DE' } },
    'Patient.multipleBirth[x]': { ...type('integer'), fixedInteger: 2 },
    'Patient.photo.url': { fixedUrl: 'http://example.org/photo' },
    'Patient.communication.language': { fixedCodeableConcept: { coding: [{ system: 'urn:ietf:bcp:47', code: 'de' }] } },
  }),
  profile('limits', 'Observation', {
    'Observation.effective[x]': { ...type('dateTime'), minValueDateTime: '2020-01-01', maxValueDateTime: '2030-12-31' },
    'Observation.issued': { minValueInstant: '2020-01-01T00:00:00Z' },
    'Observation.value[x]': {
      ...type('Quantity'),
      minValueQuantity: { value: 1, system: ucum, code: 'g' },
      maxValueQuantity: { value: 10, system: ucum, code: 'g' },
    },
    'Observation.value[x].value': { minValueDecimal: 1.5, maxValueDecimal: 9.5 },
    'Observation.note.text': { maxLength: 10 },
    'Observation.component.value[x]': { type: [{ code: 'integer' }], minValueInteger: 3, maxValueInteger: 5 },
  }),

  // slicing
  profile('slices-by-value', 'Patient', {
    'Patient.identifier': { ...slicing('value', 'system'), min: 1 },
    'Patient.identifier:mrn': { min: 1, max: '1' },
    'Patient.identifier:mrn.system': { min: 1, fixedUri: 'http://example.org/mrn' },
    'Patient.identifier:mrn.value': { min: 1, maxLength: 5 },
    'Patient.identifier:card': { min: 0, max: '2' },
    'Patient.identifier:card.system': { min: 1, fixedUri: 'http://example.org/card' },
    'Patient.identifier:card.period': { min: 1 },
  }),
  profile('slices-closed', 'Patient', {
    'Patient.telecom': slicing('value', 'system', { rules: 'closed' }),
    'Patient.telecom:phone': { max: '1' },
    'Patient.telecom:phone.system': { min: 1, fixedCode: 'phone' },
    'Patient.telecom:email': { max: '1' },
    'Patient.telecom:email.system': { min: 1, fixedCode: 'email' },
  }),
  profile('slices-ordered', 'Patient', {
    'Patient.telecom': slicing('value', 'system', { ordered: true }),
    'Patient.telecom:phone': { max: '*' },
    'Patient.telecom:phone.system': { min: 1, fixedCode: 'phone' },
    'Patient.telecom:email': { max: '*' },
    'Patient.telecom:email.system': { min: 1, fixedCode: 'email' },
  }),
  profile('slices-open-at-end', 'Patient', {
    'Patient.telecom': slicing('value', 'system', { ordered: true, rules: 'openAtEnd' }),
    'Patient.telecom:phone': { max: '*' },
    'Patient.telecom:phone.system': { min: 1, fixedCode: 'phone' },
  }),
  profile('slices-by-two', 'Patient', {
    'Patient.telecom': {
      slicing: {
        discriminator: [
          { type: 'value', path: 'system' },
          { type: 'value', path: 'use' },
        ],
        rules: 'open',
      },
    },
    'Patient.telecom:home': { min: 1, max: '1' },
    'Patient.telecom:home.system': { min: 1, fixedCode: 'phone' },
    'Patient.telecom:home.use': { min: 1, fixedCode: 'home' },
    'Patient.telecom:home.rank': { min: 1 },
  }),
  profile('slices-by-pattern', 'Observation', {
    'Observation.component': { ...slicing('pattern', 'code'), min: 1 },
    'Observation.component:systolic': { min: 1, max: '1' },
    'Observation.component:systolic.code': { patternCodeableConcept: coding('systolic') },
    'Observation.component:systolic.value[x]': { min: 1, ...type('Quantity') },
    'Observation.component:diastolic': { min: 0, max: '1' },
    'Observation.component:diastolic.code': { patternCodeableConcept: coding('diastolic') },
    'Observation.component:diastolic.interpretation': { max: '0' },
  }),
  profile('slices-by-this', 'Observation', {
    'Observation.category': { ...slicing('pattern', '$this'), min: 1 },
    'Observation.category:first': { min: 1, max: '1', patternCodeableConcept: coding('one') },
    'Observation.category:second': { min: 0, max: '1', patternCodeableConcept: coding('two') },
    'Observation.category:second.text': { min: 1 },
  }),
  profile('slices-by-binding', 'Observation', {
    'Observation.category': { ...slicing('value', '$this') },
    'Observation.category:colour': { min: 1, max: '1', ...binding('required', 'colours') },
  }),
  profile('slices-by-existence', 'Patient', {
    'Patient.name': slicing('exists', 'period'),
    'Patient.name:former': { min: 0, max: '1' },
    'Patient.name:former.period': { min: 1 },
    'Patient.name:former.period.end': { min: 1 },
    'Patient.name:present': { min: 1, max: '1' },
    'Patient.name:present.family': { min: 1 },
    'Patient.name:present.period': { max: '0' },
  }),
  profile('slices-by-target', 'Observation', {
    'Observation.performer': slicing('type', 'resolve()'),
    'Observation.performer:doctor': {
      min: 1,
      max: '1',
      ...type('Reference', { targetProfile: [core('Practitioner')] }),
    },
    'Observation.performer:clinic': {
      min: 0,
      max: '1',
      ...type('Reference', { targetProfile: [core('Organization')] }),
    },
    'Observation.performer:clinic.display': { min: 1 },
  }),
  profile('slices-by-profile', 'Observation', {
    'Observation.performer': slicing('profile', 'resolve()'),
    'Observation.performer:named': { min: 1, max: '1', ...type('Reference', { targetProfile: [own('named')] }) },
  }),
  profile('named', 'Practitioner', { 'Practitioner.name': { min: 1 } }),
  profile('slices-by-extension', 'Patient', {
    'Patient.name': slicing('value', `extension('${own('kind')}').value`),
    'Patient.name:stage': { min: 1, max: '1' },
    'Patient.name:stage.extension': slicing('value', 'url'),
    'Patient.name:stage.extension:kind': { min: 1, max: '1', ...type('Extension', { profile: [own('kind')] }) },
    'Patient.name:stage.extension:kind.value[x]': { min: 1, ...type('code'), fixedCode: 'stage' },
    'Patient.name:stage.text': { min: 1 },
  }),
  profile('slices-by-entry', 'Bundle', {
    'Bundle.entry': slicing('type', 'resource', { rules: 'closed' }),
    'Bundle.entry:patient': { min: 1, max: '1' },
    'Bundle.entry:patient.resource': { min: 1, ...type('Patient') },
    'Bundle.entry:condition': { min: 0, max: '*' },
    'Bundle.entry:condition.fullUrl': { min: 1 },
    'Bundle.entry:condition.resource': { min: 1, ...type('Condition') },
  }),
  profile('slices-by-entry-profile', 'Bundle', {
    'Bundle.entry': {
      slicing: {
        discriminator: [
          { type: 'type', path: 'resource' },
          { type: 'profile', path: 'resource' },
        ],
        rules: 'open',
      },
    },
    'Bundle.entry:patient': { min: 1, max: '1' },
    'Bundle.entry:patient.resource': { min: 1, ...type('Patient') },
    'Bundle.entry:organization': { min: 1, max: '1' },
    'Bundle.entry:organization.resource': {
      min: 1,
      ...type('Organization', { profile: [own('active-organization')] }),
    },
  }),
  profile('slices-by-entry-references', 'Bundle', {
    'Bundle.entry': slicing('profile', 'resource'),
    'Bundle.entry:result': { min: 1, max: '1' },
    'Bundle.entry:result.resource': { min: 1, ...type('Observation', { profile: [own('refers-inside')] }) },
  }),
  profile('refers-inside', 'Observation', {
    'Observation.performer': slicing('type', 'resolve()'),
    'Observation.performer:doctor': {
      min: 1,
      ...type('Reference', { targetProfile: [own('named')] }),
    },
    'Observation.performer:clinic': {
      min: 1,
      ...type('Reference', { targetProfile: [core('Organization')] }),
    },
  }),
  profile('reslices', 'Observation', {
    'Observation.component': { ...slicing('pattern', 'code'), min: 1 },
    'Observation.component:colour': { min: 1, max: '3' },
    'Observation.component:colour.code': { patternCodeableConcept: coding('red') },
  }),
  profile(
    'reslices-further',
    'Observation',
    {
      'Observation.component': slicing('pattern', 'code'),
      'Observation.component:colour': slicing('value', 'interpretation.text'),
      'Observation.component:colour/low': { min: 1, max: '1' },
      'Observation.component:colour/low.code': { patternCodeableConcept: coding('red') },
      'Observation.component:colour/low.value[x]': { min: 1 },
      'Observation.component:colour/low.interpretation': { min: 1, max: '1' },
      'Observation.component:colour/low.interpretation.text': { min: 1, fixedString: 'low' },
    },
    { baseDefinition: own('reslices') },
  ),

  // nested profiles, references, content references
  profile('typed', 'Patient', {
    'Patient.identifier': type('Identifier', { profile: [own('complete-identifier')] }),
    'Patient.contact.address': type('Address', { profile: [own('german-address')] }),
    'Patient.generalPractitioner': type('Reference', { targetProfile: [core('Practitioner')] }),
    'Patient.managingOrganization': type('Reference', { targetProfile: [own('active-organization')] }),
    'Patient.link.other': type('Reference', { targetProfile: [core('Patient')] }),
  }),
  profile('complete-identifier', 'Identifier', {
    'Identifier.use': { fixedCode: 'official' },
    'Identifier.system': { min: 1 },
    'Identifier.value': { min: 1 },
  }),
  profile('german-address', 'Address', {
    'Address.postalCode': { min: 1, ...rule('de-1', "matches('^[0-9]{5}$')") },
    'Address.country': { fixedString: 'DE' },
  }),
  profile('active-organization', 'Organization', {
    'Organization.active': { min: 1, fixedBoolean: true },
    'Organization.name': { min: 1 },
  }),
  profile('flat-questionnaire', 'Questionnaire', {
    'Questionnaire.item.text': { min: 1 },
    'Questionnaire.item.item': { max: '1' },
    'Questionnaire.item.item.prefix': { min: 1 },
  }),
  profile('entries', 'Bundle', {
    'Bundle.entry.resource': { min: 1, ...type('Patient', { profile: [own('cardinality')] }) },
  }),
  profile('contains', 'Patient', {
    'Patient.contained': { max: '1', ...type('Organization', { profile: [own('active-organization')] }) },
  }),
  profile('rules', 'Observation', {
    Observation: {
      constraint: [
        {
          key: 'own-1',
          severity: 'error',
          human: 'a value or a reason',
          expression: 'value.exists() or dataAbsentReason.exists()',
        },
        { key: 'own-2', severity: 'warning', human: 'better with a note', expression: 'note.exists()' },
        {
          key: 'own-3',
          severity: 'error',
          human: 'a subject by reference',
          expression: "subject.reference.startsWith('Patient/')",
        },
      ],
    },
    'Observation.effective[x]': rule('own-6', '$this.toString().length() >= 10'),
    'Observation.note.text': rule('own-7', 'length() < 20'),
    'Observation.referenceRange.low': rule('own-5', '%context.value > 0'),
    'Observation.component': rule('own-4', "%resource.status = 'final' implies value.exists()"),
  }),

  // bindings
  profile('bindings', 'Observation', {
    'Observation.category': binding('required', 'numbers'),
    'Observation.code': binding('extensible', 'colours'),
    'Observation.value[x]': { ...type('Quantity'), ...binding('required', 'units') },
    'Observation.interpretation': binding('required', 'nowhere'),
    'Observation.bodySite': binding('extensible', 'warm', {
      extension: [{ url: core('elementdefinition-maxValueSet'), valueCanonical: valueSet('colours') }],
    }),
    'Observation.method': binding('preferred', 'colours'),
    'Observation.component.value[x]': { ...type('string'), ...binding('required', 'colours') },
  }),
  profile('bound-coding', 'Encounter', {
    'Encounter.meta.tag': binding('required', 'colours'),
    'Encounter.class': binding('required', 'numbers'),
  }),

  // extensions
  extension('colour', ['Patient'], {
    'Extension.value[x]': { min: 1, ...type('code'), ...binding('required', 'colours') },
  }),
  extension('kind', ['HumanName'], { 'Extension.value[x]': { min: 1, ...type('code') } }),
  extension('anywhere', ['Element'], { 'Extension.value[x]': { min: 1, ...type('string'), maxLength: 5 } }),
  extension('of-telecom', ['Patient.telecom'], { 'Extension.value[x]': { min: 1, ...type('boolean') } }),
  extension(
    'in-weight',
    ['Observation.component'],
    { 'Extension.value[x]': { min: 1, ...type('boolean') } },
    { contextInvariant: ["%resource.code.text = 'Glucose'"] },
  ),
  extension('origin', ['Patient'], {
    'Extension.extension': { min: 1, ...slicing('value', 'url', { rules: 'closed' }) },
    'Extension.extension:land': { min: 1, max: '1' },
    'Extension.extension:land.url': { fixedUri: 'land' },
    'Extension.extension:land.value[x]': { min: 1, ...type('string') },
    'Extension.extension:since': { min: 0, max: '1' },
    'Extension.extension:since.url': { fixedUri: 'since' },
    'Extension.extension:since.value[x]': { min: 1, ...type('date') },
    'Extension.value[x]': { max: '0' },
  }),
  extension('not-really', ['Patient', 'Observation'], {
    Extension: { isModifier: true, isModifierReason: 'turns the meaning around' },
    'Extension.value[x]': { min: 1, ...type('boolean') },
  }),
  profile('extended', 'Patient', {
    'Patient.extension': slicing('value', 'url'),
    'Patient.extension:colour': { min: 1, max: '1', ...type('Extension', { profile: [own('colour')] }) },
    'Patient.extension:origin': { min: 0, max: '1', ...type('Extension', { profile: [own('origin')] }) },
    'Patient.birthDate.extension': slicing('value', 'url'),
    'Patient.birthDate.extension:anywhere': { min: 0, max: '1', ...type('Extension', { profile: [own('anywhere')] }) },
  }),
];
