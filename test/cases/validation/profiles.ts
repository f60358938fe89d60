// What profiles say, told by small ones of our own: cardinality, choices, fixed values, limits, slices, types, references, bindings, extensions.
import { own } from './posted.ts';
import type { Json, Row } from './row.ts';

interface Broken {
  what: string;
  change: Json;
  found: string | string[];
  says?: string;
  note?: string;
}

const codes = 'http://example.org/CodeSystem/codes';
const coding = (code: string): Json => ({ coding: [{ system: codes, code }] });
const ref = (reference: string): Json => ({ reference });
const text = (of: string): Json => ({ text: of });
const ucum = 'http://unitsofmeasure.org';
const grams = (value: number): Json => ({ value, unit: 'g', system: ucum, code: 'g' });
const phone = (value: string): Json => ({ system: 'phone', value });

/** The rows of one profile; their sound resource is named by type and profile. */
function of(base: string, rows: Broken[], profile: string = own(base.slice(base.indexOf('-') + 1))): Row[] {
  return rows.map((row) => ({ base, profile, ...row }));
}

const noted = (note: string, rows: Row[]): Row[] => rows.map((row) => ({ ...row, note }));

const cardinality = of('Patient-cardinality', [
  { what: 'a list that must not be empty', change: { identifier: undefined }, found: 'required Patient.identifier' },
  {
    what: 'more than a profile allows',
    change: { 'identifier/1': { value: '2' }, 'identifier/2': { value: '3' } },
    found: 'structure Patient.identifier',
  },
  { what: 'a second where one is allowed', change: { 'telecom/1': phone('2') }, found: 'structure Patient.telecom' },
  { what: 'a required primitive left out', change: { birthDate: undefined }, found: 'required Patient.birthDate' },
  { what: 'a prohibited choice', change: { deceasedBoolean: false }, found: 'structure Patient.deceased' },
  {
    what: 'a prohibited choice by its extension',
    change: { _deceasedDateTime: { extension: [{ url: own('anywhere'), valueString: 'x' }] } },
    found: 'structure Patient.deceased',
  },
  {
    what: 'a prohibited backbone element',
    change: { contact: [{ name: { family: 'x' } }] },
    found: 'structure Patient.contact',
  },
  { what: 'too few in a list below', change: { 'name/0/given/1': undefined }, found: 'required Patient.name[0].given' },
  {
    what: 'too few in the second of two',
    change: { 'name/1': { given: ['A'] } },
    found: 'required Patient.name[1].given',
  },
  {
    what: 'a prohibited element of a datatype',
    change: { 'name/0/suffix': ['jr'] },
    found: 'structure Patient.name[0].suffix',
  },
  {
    what: 'a required element below a backbone element',
    change: { 'communication/0/preferred': undefined },
    found: 'required Patient.communication[0].preferred',
  },
  {
    what: 'a required reference left out',
    change: { generalPractitioner: undefined },
    found: 'required Patient.generalPractitioner',
  },
  {
    what: 'two things at once',
    change: { birthDate: undefined, 'telecom/1': phone('2') },
    found: ['required Patient.birthDate', 'structure Patient.telecom'],
  },
]);

const choices = [
  ...of('Observation-choices', [
    {
      what: 'a choice the profile excludes',
      change: { effectiveDateTime: undefined, effectivePeriod: { start: '2026' } },
      found: 'structure Observation.effective',
    },
    {
      what: 'another type than one of two',
      change: { valueQuantity: undefined, valueString: 'x' },
      found: 'structure Observation.value',
    },
    { what: 'a required choice left out', change: { valueQuantity: undefined }, found: 'required Observation.value' },
    {
      what: 'a choice excluded below',
      change: { 'component/0': { code: text('x'), valueInteger: 1 } },
      found: 'structure Observation.component[0].value',
    },
  ]),
  ...of('Observation-choice-slices', [
    {
      what: 'a rule of one type of a choice',
      change: { 'valueQuantity/unit': undefined },
      found: 'required Observation.value.unit',
    },
    {
      what: 'a fixed code of one type of a choice',
      change: { 'valueQuantity/code': 'kg' },
      found: 'value Observation.value.code',
    },
    {
      what: 'a limit of another type of the choice',
      change: { valueQuantity: undefined, valueString: 'too long' },
      found: 'value Observation.value',
    },
    {
      what: 'a type outside closed slices',
      change: { valueQuantity: undefined, valueBoolean: true },
      found: 'structure Observation.value',
      note: "HL7's validator only informs, though the slices are closed",
    },
  ]),
  ...of('Observation-required-choice-slice', [
    {
      what: 'another type than the required slice',
      change: { valueQuantity: undefined, valueString: 'x' },
      found: 'required Observation.value',
      says: 'valueQuantity',
    },
  ]),
];

const fixed = [
  ...of('Observation-fixed', [
    { what: 'another code than the fixed one', change: { status: 'amended' }, found: 'value Observation.status' },
    {
      what: 'another Coding than the fixed one',
      change: { 'category/0': coding('two') },
      found: 'value Observation.category[0].coding[0]',
    },
    {
      what: 'a fixed Coding with a display more',
      change: { 'category/0/coding/0/display': 'The one' },
      found: 'value Observation.category[0].coding[0]',
    },
    {
      what: 'a fixed CodeableConcept with a text more',
      change: { 'code/text': 'Red' },
      found: 'value Observation.code',
    },
    {
      what: 'a fixed CodeableConcept with a coding more',
      change: { 'code/coding/1': { system: codes, code: 'green' } },
      found: 'value Observation.code',
    },
    { what: 'another markdown', change: { 'note/0/text': '*y*' }, found: 'value Observation.note[0].text' },
    {
      what: 'a CodeableConcept without the coding of its pattern',
      change: { 'method/coding/0/code': 'red' },
      found: 'value Observation.method',
    },
    {
      what: 'a CodeableConcept of text instead of its pattern',
      change: { method: text('blue') },
      found: 'value Observation.method',
    },
    {
      what: 'a Reference without the type of its pattern',
      change: { device: ref('Device/d1') },
      found: 'value Observation.device',
    },
    {
      what: 'a Quantity of another unit than its pattern',
      change: { 'referenceRange/0/low/code': 'kg' },
      found: 'value Observation.referenceRange[0].low',
    },
    {
      what: 'another number than a fixed Quantity',
      change: { 'referenceRange/0/high/value': 3 },
      found: 'value Observation.referenceRange[0].high',
    },
    {
      what: 'a Range of another unit than its pattern',
      change: { 'referenceRange/0/age/low/code': 'mo' },
      found: 'value Observation.referenceRange[0].age',
    },
  ]),
  ...noted(
    "HL7's validator refuses the sound one too: it compares with the fixed date as a local clock would write it",
    of('Observation-fixed-dates', [
      {
        what: 'another instant, of the same time',
        change: { issued: '2026-03-01T10:00:00+01:00' },
        found: 'value Observation.issued',
      },
      {
        what: 'a Period with another start than its pattern',
        change: { 'component/0/valuePeriod/start': '2026-01-02' },
        found: 'value Observation.component[0].value',
      },
      {
        what: 'a Period without the start of its pattern',
        change: { 'component/0/valuePeriod/start': undefined },
        found: 'value Observation.component[0].value',
      },
      { what: 'another dateTime', change: { effectiveDateTime: '2026-03-02' }, found: 'value Observation.effective' },
    ]),
  ),
  ...noted(
    "HL7's validator refuses the sound one too: dates as above, and it wants as many given names as the pattern has; but each item of a pattern must only be found",
    of('Patient-fixed-birth-date', [
      { what: 'another date', change: { birthDate: '1974-12' }, found: 'value Patient.birthDate' },
      {
        what: 'a HumanName without the given name of its pattern',
        change: { 'name/0/given': ['James'] },
        found: 'value Patient.name[0]',
      },
    ]),
  ),
  ...of('Patient-fixed-patient', [
    {
      what: 'an Identifier of another system than its pattern',
      change: { 'identifier/0/system': 'http://example.org/card' },
      found: 'value Patient.identifier[0]',
    },
    {
      what: 'an Identifier of another type than its pattern',
      change: { 'identifier/0/type': coding('two') },
      found: 'value Patient.identifier[0]',
    },
    { what: 'another boolean', change: { active: false }, found: 'value Patient.active' },
    {
      what: 'a HumanName of another use than its pattern',
      change: { 'name/0/use': 'usual' },
      found: 'value Patient.name[0]',
    },
    { what: 'another string', change: { 'name/0/family': 'chalmers' }, found: 'value Patient.name[0].family' },
    {
      what: 'a ContactPoint of another system than its pattern',
      change: { 'telecom/0/system': 'fax' },
      found: 'value Patient.telecom[0]',
    },
    { what: 'another code than the pattern', change: { gender: 'female' }, found: 'value Patient.gender' },
    { what: 'another integer', change: { multipleBirthInteger: 3 }, found: 'value Patient.multipleBirth' },
    { what: 'a fixed Address with more', change: { 'address/0/text': 'Berlin' }, found: 'value Patient.address[0]' },
    {
      what: 'a fixed Address with less',
      change: { 'address/0/country': undefined },
      found: 'value Patient.address[0]',
    },
    { what: 'another url', change: { 'photo/0/url': 'http://example.org/other' }, found: 'value Patient.photo[0].url' },
    {
      what: 'a fixed language',
      change: { 'communication/0/language/coding/0/code': 'en' },
      found: 'value Patient.communication[0].language',
    },
  ]),
];

const limits = of('Observation-limits', [
  {
    what: 'a dateTime before the first',
    change: { effectiveDateTime: '2019-12-31' },
    found: 'value Observation.effective',
    note: "HL7's validator does not compare dates with minValue and maxValue",
  },
  {
    what: 'a dateTime after the last',
    change: { effectiveDateTime: '2031-01-01' },
    found: 'value Observation.effective',
    note: "HL7's validator does not compare dates with minValue and maxValue",
  },
  {
    what: 'an instant before the first',
    change: { issued: '2019-12-31T23:59:59Z' },
    found: 'value Observation.issued',
    note: "HL7's validator does not compare dates with minValue and maxValue",
  },
  {
    what: 'a Quantity and its number above the greatest',
    change: { 'valueQuantity/value': 11 },
    found: ['value Observation.value', 'value Observation.value.value'],
  },
  {
    what: 'a decimal below the least',
    change: { 'valueQuantity/value': 1.25 },
    found: 'value Observation.value.value',
  },
  {
    what: 'a decimal above the greatest',
    change: { 'valueQuantity/value': 9.75 },
    found: 'value Observation.value.value',
  },
  {
    what: 'a text longer than allowed',
    change: { 'note/0/text': 'much too long' },
    found: 'value Observation.note[0].text',
    note: "HL7's validator does not check the length of markdown",
  },
  {
    what: 'an integer below the least',
    change: { 'component/0/valueInteger': 2 },
    found: 'value Observation.component[0].value',
  },
  {
    what: 'an integer above the greatest',
    change: { 'component/0/valueInteger': 6 },
    found: 'value Observation.component[0].value',
  },
]);

const slices = [
  ...of('Patient-slices-by-value', [
    {
      what: 'a required slice left out',
      change: { 'identifier/0': undefined },
      found: 'required Patient.identifier',
      says: 'mrn',
    },
    {
      what: 'a slice twice',
      change: { 'identifier/2': { system: 'http://example.org/mrn', value: '2' } },
      found: 'structure Patient.identifier',
      says: 'mrn',
    },
    {
      what: 'a required element of a slice',
      change: { 'identifier/0/value': undefined },
      found: 'required Patient.identifier[0].value',
    },
    {
      what: 'a limit of a slice',
      change: { 'identifier/0/value': '123456' },
      found: 'value Patient.identifier[0].value',
    },
    {
      what: 'a required element of another slice',
      change: { 'identifier/1/period': undefined },
      found: 'required Patient.identifier[1].period',
    },
    {
      what: 'a slice three times',
      change: {
        'identifier/2': { system: 'http://example.org/card', period: { start: '2020' } },
        'identifier/3': { system: 'http://example.org/card', period: { start: '2020' } },
      },
      found: 'structure Patient.identifier',
      says: 'card',
    },
    { what: 'no element at all', change: { identifier: undefined }, found: 'required Patient.identifier' },
  ]),
  ...of('Patient-slices-closed', [
    {
      what: 'an item outside closed slices',
      change: { 'telecom/1/system': 'fax' },
      found: 'structure Patient.telecom[1]',
    },
    {
      what: 'an item without the discriminator in closed slices',
      change: { 'telecom/1': { id: 'x', use: 'home' } },
      found: 'structure Patient.telecom[1]',
    },
  ]),
  ...of('Patient-slices-ordered', [
    { what: 'slices in the wrong order', change: { 'telecom/3': phone('3') }, found: 'structure Patient.telecom[3]' },
  ]),
  ...of('Patient-slices-open-at-end', [
    {
      what: 'a slice behind what may stand at the end only',
      change: { 'telecom/3': phone('3') },
      found: 'structure Patient.telecom[3]',
      note: "HL7's validator only informs; openAtEnd allows other items at the end only",
    },
  ]),
  ...of('Patient-slices-by-two', [
    {
      what: 'a slice of two discriminators, one missed',
      change: { 'telecom/1/use': 'mobile' },
      found: 'required Patient.telecom',
      says: 'home',
    },
    {
      what: 'a required element of a slice of two discriminators',
      change: { 'telecom/1/rank': undefined },
      found: 'required Patient.telecom[1].rank',
    },
  ]),
  ...of('Observation-slices-by-pattern', [
    {
      what: 'a required slice by pattern left out',
      change: { 'component/0/code': text('x') },
      found: 'required Observation.component',
      says: 'systolic',
    },
    {
      what: 'a slice by pattern without value',
      change: { 'component/0/valueQuantity': undefined },
      found: 'required Observation.component[0].value',
    },
    {
      what: 'a slice by pattern with a value of another type',
      change: { 'component/0': { code: coding('systolic'), valueString: 'x' } },
      found: 'structure Observation.component[0].value',
    },
    {
      what: 'a slice by pattern twice',
      change: {
        'component/2/code': coding('systolic'),
        'component/2/valueBoolean': undefined,
        'component/2/valueQuantity': grams(1),
      },
      found: 'structure Observation.component',
      says: 'systolic',
    },
    {
      what: 'a prohibited element of a slice by the second coding',
      change: { 'component/1/interpretation': [text('x')] },
      found: 'structure Observation.component[1].interpretation',
    },
  ]),
  ...of('Observation-slices-by-this', [
    {
      what: 'a required slice by $this left out',
      change: { 'category/0': undefined },
      found: 'required Observation.category',
      says: 'first',
    },
    {
      what: 'a slice by $this twice',
      change: { 'category/2': coding('one') },
      found: 'structure Observation.category',
      says: 'first',
    },
    {
      what: 'a required element of a slice by $this',
      change: { 'category/1/text': undefined },
      found: 'required Observation.category[1].text',
    },
  ]),
  ...of('Observation-slices-by-binding', [
    {
      what: 'a required slice by its binding left out',
      change: { 'category/0': undefined },
      found: 'required Observation.category',
      says: 'colour',
    },
    {
      what: 'a slice by its binding twice',
      change: { 'category/1': coding('blue') },
      found: 'structure Observation.category',
      says: 'colour',
    },
  ]),
  ...of('Patient-slices-by-existence', [
    {
      what: 'a required slice of what must be absent',
      change: { 'name/0': undefined },
      found: 'required Patient.name',
      says: 'present',
    },
    {
      what: 'a required element of the slice of what is present',
      change: { 'name/1/period': { start: '2020' } },
      found: 'required Patient.name[1].period.end',
    },
    {
      what: 'a required element of the slice of what is absent',
      change: { 'name/0': { text: 'x' } },
      found: 'required Patient.name[0].family',
    },
    {
      what: 'a slice of what is absent twice',
      change: { 'name/2': { family: 'Other' } },
      found: 'structure Patient.name',
      says: 'present',
    },
  ]),
  ...of('Observation-slices-by-target', [
    {
      what: 'a required slice by the type of a target left out',
      change: { 'performer/0': undefined, 'contained/0': undefined },
      found: 'required Observation.performer',
      says: 'doctor',
    },
    {
      what: 'a required element of a slice by the type of a target',
      change: { 'performer/1/display': undefined },
      found: 'required Observation.performer[1].display',
    },
    {
      what: 'a slice by the type of a target twice',
      change: { 'performer/2': ref('#d') },
      found: 'structure Observation.performer',
      says: 'doctor',
    },
  ]),
  ...of('Observation-slices-by-profile', [
    {
      what: 'a required slice by the profile of a target',
      change: { 'contained/0/name': undefined, 'contained/0/active': true },
      found: 'required Observation.performer',
      says: 'named',
    },
  ]),
  ...of('Patient-slices-by-extension', [
    {
      what: 'a required slice by the value of an extension',
      change: { 'name/1/extension/0/valueCode': 'pen' },
      found: 'required Patient.name',
      says: 'stage',
    },
    {
      what: 'a required element of a slice by the value of an extension',
      change: { 'name/1/text': undefined },
      found: 'required Patient.name[1].text',
    },
  ]),
  ...of('Bundle-slices-by-entry', [
    {
      what: 'an entry outside closed slices by type',
      change: { 'entry/1/resource': { resourceType: 'Practitioner', active: true } },
      found: 'structure Bundle.entry[1]',
    },
    {
      what: 'a required entry left out',
      change: { 'entry/1/resource/subject': ref('Patient/p1'), 'entry/0': undefined },
      found: 'required Bundle.entry',
      says: 'patient',
    },
    {
      what: 'a required element of an entry',
      change: { 'entry/1/fullUrl': undefined, 'entry/1/resource/subject/reference': 'Patient/p1' },
      found: 'required Bundle.entry[1].fullUrl',
    },
    {
      what: 'an entry too many',
      change: {
        'entry/2': {
          fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000003',
          resource: { resourceType: 'Patient', active: false },
        },
      },
      found: 'structure Bundle.entry',
      says: 'patient',
    },
  ]),
  ...of('Bundle-slices-by-entry-profile', [
    {
      what: 'a required entry left out, where the profile of a discriminator is that of the type',
      change: { 'entry/0': undefined },
      found: 'required Bundle.entry',
      says: 'patient',
    },
    {
      what: 'a required entry that has the type, but not the profile',
      change: { 'entry/1/resource/active': false },
      found: 'required Bundle.entry',
      says: 'organization',
    },
  ]),
  ...noted(
    "HL7's validator tells slices of a slice apart by the discriminators of the outer slicing only, and refuses the sound resource too",
    of('Observation-reslices-further', [
      {
        what: 'a required slice of a slice left out',
        change: { 'component/0/interpretation/0/text': 'mild' },
        found: 'required Observation.component',
        says: 'low',
      },
      {
        what: 'a slice of a slice twice',
        change: { 'component/1': { code: coding('red'), interpretation: [text('low')], valueBoolean: true } },
        found: 'structure Observation.component',
        says: 'low',
      },
      {
        what: 'a required element of a slice of a slice',
        change: { 'component/0/valueBoolean': undefined },
        found: 'required Observation.component[0].value',
      },
      {
        what: 'more in slices of a slice than the slice allows',
        change: { 'component/2': { code: coding('red') }, 'component/3': { code: coding('red') } },
        found: 'structure Observation.component',
        says: 'colour',
      },
    ]),
  ),
];

const types = [
  ...of('Patient-typed', [
    {
      what: 'a required element of the profile of a datatype',
      change: { 'identifier/0/system': undefined },
      found: 'required Patient.identifier[0].system',
    },
    {
      what: 'a fixed element of the profile of a datatype',
      change: { 'identifier/0/use': 'old' },
      found: 'value Patient.identifier[0].use',
    },
    {
      what: 'another required element of the profile of a datatype',
      change: { 'contact/0/address/postalCode': undefined },
      found: 'required Patient.contact[0].address.postalCode',
    },
    {
      what: 'an invariant of the profile of a datatype',
      change: { 'contact/0/address/postalCode': '1' },
      found: 'invariant Patient.contact[0].address.postalCode',
      says: 'de-1',
    },
    {
      what: 'a fixed string of the profile of a datatype below',
      change: { 'contact/0/address/country': 'AT' },
      found: 'value Patient.contact[0].address.country',
    },
    {
      what: 'a reference to a type the profile excludes',
      change: { 'generalPractitioner/0': ref('Organization/o1') },
      found: 'value Patient.generalPractitioner[0].reference',
    },
    {
      what: 'a reference to a type the profile excludes, by an absolute URL',
      change: { 'generalPractitioner/0': ref('http://example.org/fhir/Organization/o1') },
      found: 'value Patient.generalPractitioner[0].reference',
    },
    {
      what: 'a reference to a type the profile excludes, by version',
      change: { 'link/0/other': ref('RelatedPerson/r1/_history/2') },
      found: 'value Patient.link[0].other.reference',
    },
    {
      what: 'a contained target without what its profile requires',
      change: { 'contained/0/name': undefined, 'contained/0/identifier': [{ value: '1' }] },
      found: 'structure Patient.managingOrganization.reference',
    },
    {
      what: 'a contained target with another value than its profile',
      change: { 'contained/0/active': false },
      found: 'structure Patient.managingOrganization.reference',
    },
  ]),
  ...of('Questionnaire-flat-questionnaire', [
    {
      what: 'a required element of an item',
      change: { 'item/0/text': undefined },
      found: 'required Questionnaire.item[0].text',
    },
    {
      what: 'a rule of items of items',
      change: { 'item/0/item/0/prefix': undefined },
      found: 'required Questionnaire.item[0].item[0].prefix',
    },
    {
      what: 'too many items of an item',
      change: { 'item/0/item/1': { linkId: '1.2', type: 'string', prefix: 'b' } },
      found: 'structure Questionnaire.item[0].item',
    },
  ]),
  ...of('Patient-contains', [
    {
      what: 'a contained resource of another type',
      change: {
        'contained/0': { resourceType: 'Practitioner', id: 'o', active: true },
        managingOrganization: undefined,
        generalPractitioner: [ref('#o')],
      },
      found: 'structure Patient.contained[0]',
    },
    {
      what: 'a contained resource that breaks its profile',
      change: { 'contained/0/name': undefined, 'contained/0/identifier': [{ value: '1' }] },
      found: 'required Patient.contained[0].name',
    },
  ]),
];

const rules = of('Observation-rules', [
  {
    what: 'an invariant of the root',
    change: { valueQuantity: undefined },
    found: 'invariant Observation',
    says: 'own-1',
  },
  {
    what: 'an invariant over a reference',
    change: { subject: ref('Group/g1') },
    found: 'invariant Observation',
    says: 'own-3',
  },
  {
    what: 'an invariant with %resource',
    change: { 'component/0/valueBoolean': undefined, 'component/0/dataAbsentReason': text('x') },
    found: 'invariant Observation.component[0]',
    says: 'own-4',
  },
  {
    what: 'an invariant with %context',
    change: { 'referenceRange/0/low/value': 0 },
    found: 'invariant Observation.referenceRange[0].low',
    says: 'own-5',
  },
  {
    what: 'an invariant of a choice',
    change: { effectiveDateTime: '2026-03' },
    found: 'invariant Observation.effective',
    says: 'own-6',
  },
  {
    what: 'an invariant of a primitive',
    change: { 'note/0/text': 'a text that is much too long' },
    found: 'invariant Observation.note[0].text',
    says: 'own-7',
  },
]);

const bindings = [
  ...of('Observation-bindings', [
    {
      what: 'a CodeableConcept outside a required value set',
      change: { 'category/0': coding('red') },
      found: 'code-invalid Observation.category[0]',
    },
    {
      what: 'a CodeableConcept of text where a code is required',
      change: { 'category/0': text('one') },
      found: 'code-invalid Observation.category[0]',
    },
    {
      what: 'a code of another system where one is required',
      change: { 'category/0/coding/0/system': 'http://example.org/other' },
      found: 'code-invalid Observation.category[0]',
    },
    {
      what: 'a code without system where one is required',
      change: { 'category/0/coding/0/system': undefined },
      found: 'code-invalid Observation.category[0]',
    },
    {
      what: 'the second of two outside',
      change: { 'category/1': coding('blue') },
      found: 'code-invalid Observation.category[1]',
    },
    {
      what: 'a Quantity whose unit is outside',
      change: { 'valueQuantity/code': 'red' },
      found: 'code-invalid Observation.value',
    },
    {
      what: 'a string outside a required value set',
      change: { 'component/0/valueString': 'yellow' },
      found: 'code-invalid Observation.component[0].value',
    },
    {
      what: 'a code outside the greatest value set allowed',
      change: { bodySite: coding('one') },
      found: 'code-invalid Observation.bodySite',
    },
  ]),
  ...of('Encounter-bound-coding', [
    {
      what: 'a Coding outside a required value set',
      change: { 'class/code': 'red' },
      found: 'code-invalid Encounter.class',
    },

    {
      what: 'a tag outside a required value set',
      change: { 'meta/tag/0/code': 'one' },
      found: 'code-invalid Encounter.meta.tag[0]',
    },
  ]),
];

const extensions = of('Patient-extended', [
  {
    what: 'a required extension left out',
    change: { 'extension/0': undefined },
    found: 'required Patient.extension',
    says: 'colour',
  },
  {
    what: 'an extension twice',
    change: { 'extension/2': { url: own('colour'), valueCode: 'green' } },
    found: 'structure Patient.extension',
    says: 'colour',
  },
  {
    what: 'an extension with a value of another type',
    change: { 'extension/0': { url: own('colour'), valueString: 'red' } },
    found: 'structure Patient.extension[0].value',
  },
  {
    what: 'a code outside the value set of an extension',
    change: { 'extension/0/valueCode': 'one' },
    found: 'code-invalid Patient.extension[0].value',
  },
  {
    what: 'a required nested extension left out',
    change: { 'extension/1/extension/0': undefined },
    found: 'required Patient.extension[1].extension',
    says: 'land',
  },
  {
    what: 'a nested extension of an unknown url',
    change: { 'extension/1/extension/1': { url: 'until', valueDate: '2021' } },
    found: 'structure Patient.extension[1].extension[1]',
  },
  {
    what: 'a nested extension with a value of another type',
    change: { 'extension/1/extension/1/valueDate': undefined, 'extension/1/extension/1/valueString': '2020' },
    found: 'structure Patient.extension[1].extension[1].value',
  },
  {
    what: 'a value where nested extensions are',
    change: { 'extension/1': { url: own('origin'), valueString: 'Chad' } },
    found: ['required Patient.extension[1].extension', 'structure Patient.extension[1].value'],
  },
  {
    what: 'a limit of an extension of a primitive',
    change: { '_birthDate/extension/0/valueString': 'about then' },
    found: 'value Patient.birthDate.extension[0].value',
  },
  {
    what: 'an extension of a name at a patient',
    change: { 'extension/2': { url: own('kind'), valueCode: 'x' } },
    found: 'extension Patient.extension[2].url',
  },
  {
    what: 'an extension of telecoms at a patient',
    change: { 'extension/2': { url: own('of-telecom'), valueBoolean: true } },
    found: 'extension Patient.extension[2].url',
  },
  {
    what: 'an extension of a patient at a telecom',
    change: { 'telecom/0/extension/0': { url: own('colour'), valueCode: 'red' } },
    found: 'extension Patient.telecom[0].extension[0].url',
  },
  {
    what: 'an unknown modifier extension',
    change: { modifierExtension: [{ url: 'http://example.org/unknown', valueBoolean: true }] },
    found: 'extension Patient.modifierExtension[0].url',
    note: "HL7's validator, told to accept unknown extensions, accepts this too; but who does not understand a modifier must not process the resource",
  },
  {
    what: 'a modifier extension among the others',
    change: { 'extension/2': { url: own('not-really'), valueBoolean: true } },
    found: 'extension Patient.extension[2].url',
  },
  {
    what: 'another extension among the modifiers',
    change: { modifierExtension: [{ url: own('anywhere'), valueString: 'x' }] },
    found: 'extension Patient.modifierExtension[0].url',
  },
]);

export const profiles: Row[] = [
  ...cardinality,
  ...choices,
  ...fixed,
  ...limits,
  ...slices,
  ...types,
  ...rules,
  ...bindings,
  ...extensions,
];
