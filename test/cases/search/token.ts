// https://hl7.org/fhir/R4/search.html#token
import type { SearchCases } from './cases.ts';

const LOINC = 'http://loinc.org';
const observation = (id: string, more: object) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: LOINC, code: '8302-2' }] },
  ...more,
});

const coded = (system: string | undefined, code: string) => ({ coding: [{ ...(system && { system }), code }] });

const V2 = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const identified = (id: string, type: string | undefined, value: string) => ({
  resourceType: 'Patient',
  id,
  identifier: [{ value, ...(type && { type: coded(V2, type) }) }],
});

export const tokenCases: readonly SearchCases[] = [
  {
    title: 'codes, with and without system',
    type: 'Observation',
    resources: [
      observation('loinc', {}),
      observation('local', { code: { coding: [{ system: 'http://local', code: '8302-2' }] }, status: 'preliminary' }),
      observation('bare', { code: { coding: [{ code: '8302-2' }] }, status: 'amended' }),
      observation('both', {
        code: {
          coding: [
            { system: LOINC, code: '1-1' },
            { system: 'http://local', code: 'A|b' },
          ],
        },
      }),
      observation('text', { code: { text: '8302-2' } }),
      observation('upper', { code: { coding: [{ system: 'http://local', code: 'AbC' }] } }),
    ],
    rows: [
      ['code=8302-2', ['loinc', 'local', 'bare']],
      [`code=${LOINC}|8302-2`, ['loinc']],
      ['code=|8302-2', ['bare']],
      [`code=${LOINC}|`, ['loinc', 'both']],
      ['code=http://nowhere|', []],
      [`code=${LOINC}|8302-2,http://local|8302-2`, ['loinc', 'local']],
      [`code=${LOINC}|1-1&code=http://local|A\\|b`, ['both']],
      [`code=${LOINC}|A\\|b`, []],
      ['code=a\\|b', ['both']],
      ['code=ABC', ['upper']],
      ['code=http://local|abc', ['upper']],
      ['code:not=8302-2', ['both', 'text', 'upper']],
      [`code:not=${LOINC}|8302-2`, ['local', 'bare', 'both', 'text', 'upper']],
      ['code:missing=true', ['text']],
      ['code:in=http://x', 'refused'],
      ['code:exact=x', 'refused'],
    ],
  },
  {
    title: 'one code in two systems, alone and with its patient',
    type: 'Observation',
    resources: [
      { resourceType: 'Patient', id: 'p' },
      observation('loinc', { subject: { reference: 'Patient/p' }, code: coded(LOINC, 'X') }),
      observation('local', { subject: { reference: 'Patient/p' }, code: coded('http://local', 'x') }),
      observation('bare', { subject: { reference: 'Patient/p' }, code: coded(undefined, 'x') }),
      observation('other', { subject: { reference: 'Patient/q' }, code: coded(LOINC, 'x') }),
      observation('crossed', {
        code: { coding: [...coded(LOINC, 'y').coding, ...coded('http://local', 'x').coding] },
        component: [{ code: coded(LOINC, 'x') }],
      }),
      observation('ucum', { code: coded('http://unitsofmeasure.org', 'mG') }),
    ],
    rows: [
      ['code=x', ['loinc', 'local', 'bare', 'other', 'crossed']],
      [`code=${LOINC}|x`, ['loinc', 'other']],
      [`code=${LOINC}|X`, ['loinc', 'other']],
      ['code=http://local|x', ['local', 'crossed']],
      ['code=|x', ['bare']],
      ['code=|', ['bare']],
      [`code=${LOINC}|x,http://local|x`, ['loinc', 'local', 'other', 'crossed']],
      [`code=${LOINC}|x,|x`, ['loinc', 'bare', 'other']],
      [`code=${LOINC}|x,y`, ['loinc', 'other', 'crossed']],
      [`code=${LOINC}|x&code=http://local|x`, []],
      [`code=${LOINC}|y&code=http://local|x`, ['crossed']],
      [`code:not=${LOINC}|x`, ['local', 'bare', 'crossed', 'ucum']],
      ['code:not=|x', ['loinc', 'local', 'other', 'crossed', 'ucum']],
      [`code:not=${LOINC}|x,http://local|x`, ['bare', 'ucum']],
      [`code:not=${LOINC}|`, ['local', 'bare', 'ucum']],
      ['code=http://unitsofmeasure.org|mG', ['ucum']],
      ['code=http://unitsofmeasure.org|mg', []],
      ['code=MG', ['ucum']],
      [`combo-code=${LOINC}|x`, ['loinc', 'other', 'crossed']],
      [`combo-code:not=${LOINC}|x`, ['local', 'bare', 'ucum']],
      ['patient=p&code=x', ['loinc', 'local', 'bare']],
      [`patient=p&code=${LOINC}|x`, ['loinc']],
      ['patient=p&code=|x', ['bare']],
      [`patient=p&code=${LOINC}|x,|x`, ['loinc', 'bare']],
      [`patient=p&code=${LOINC}|x&status=final`, ['loinc']],
      [`patient=p&code:not=${LOINC}|x`, ['local', 'bare']],
      [`patient=p&code=x&code:not=${LOINC}|x`, ['local', 'bare']],
    ],
  },
  {
    title: 'one code in two systems, behind a reference',
    type: 'Patient',
    needsStore: true,
    resources: [
      { resourceType: 'Patient', id: 'loinc' },
      { resourceType: 'Patient', id: 'local' },
      observation('1', { subject: { reference: 'Patient/loinc' }, code: coded(LOINC, 'x') }),
      observation('2', { subject: { reference: 'Patient/local' }, code: coded('http://local', 'x') }),
    ],
    rows: [
      ['_has:Observation:patient:code=x', ['loinc', 'local']],
      [`_has:Observation:patient:code=${LOINC}|x`, ['loinc']],
      ['_has:Observation:patient:code=http://nowhere|x', []],
    ],
  },
  {
    title: 'code elements, whose system is implied',
    type: 'Observation',
    resources: [
      observation('final', {}),
      observation('amended', { status: 'amended' }),
      observation('unknown', { status: 'unknown' }),
    ],
    rows: [
      ['status=final', ['final']],
      ['status=FINAL', []],
      ['status=http://hl7.org/fhir/observation-status|final', ['final']],
      ['status=http://elsewhere|final', []],
      ['status=final,amended', ['final', 'amended']],
      ['status:not=final', ['amended', 'unknown']],
      ['status:not=final,amended', ['unknown']],
      ['status:missing=true', []],
    ],
  },
  {
    title: 'absent values are not this value',
    type: 'Patient',
    resources: [
      { resourceType: 'Patient', id: 'f', gender: 'female', active: true },
      { resourceType: 'Patient', id: 'm', gender: 'male', active: false, deceasedBoolean: true },
      { resourceType: 'Patient', id: 'none', deceasedDateTime: '2020' },
    ],
    rows: [
      ['gender:not=male', ['f', 'none']],
      ['gender:missing=true', ['none']],
      ['active=true', ['f']],
      ['active=false', ['m']],
      ['active:not=true', ['m', 'none']],
      ['deceased=true', ['m', 'none']],
      ['deceased=false', ['f']],
    ],
  },
  {
    title: 'identifiers, which are case-sensitive, and contact points, which are not',
    type: 'Patient',
    resources: [
      {
        resourceType: 'Patient',
        id: 'one',
        identifier: [{ system: 'http://mrn', value: 'A1' }],
        telecom: [
          { system: 'phone', value: '555-1234' },
          { system: 'email', value: 'Ann@Example.org' },
        ],
      },
      { resourceType: 'Patient', id: 'two', identifier: [{ system: 'http://ssn', value: 'A1' }, { value: '*' }] },
      { resourceType: 'Patient', id: 'three', identifier: [{ system: 'http://mrn', value: 'a$1,2|3\\4' }] },
      { resourceType: 'Patient', id: 'four', identifier: [{ value: 'http://mrn' }] },
    ],
    rows: [
      ['identifier=A1', ['one', 'two']],
      ['identifier=a1', []],
      ['identifier=http://mrn|A1', ['one']],
      ['identifier=http://mrn|', ['one', 'three']],
      ['identifier=|*', ['two']],
      ['identifier=*', ['two']],
      ['identifier=http://mrn|*', []],
      ['identifier=http://mrn|a\\$1\\,2\\|3\\\\4', ['three']],
      ['identifier=http://mrn|a$1\\,2|3\\\\4', ['three']],
      ['identifier=http:\\/\\/mrn', []],
      ['phone=555-1234', ['one']],
      ['email=ann@example.org', ['one']],
      ['email=555-1234', []],
      ['telecom=555-1234', ['one']],
      ['identifier:not=A1', ['three', 'four']],
    ],
  },
  {
    title: 'tags and security labels of any resource',
    type: 'Basic',
    resources: [
      {
        resourceType: 'Basic',
        id: 'a',
        code: {},
        meta: { tag: [{ system: 'http://t', code: 'x' }], security: [{ code: 'R' }] },
      },
      { resourceType: 'Basic', id: 'b', code: {}, meta: { profile: ['http://p|1.0'], source: 'http://s#1' } },
    ],
    rows: [
      ['_tag=http://t|x', ['a']],
      ['_tag=y', []],
      ['_security=|R', ['a']],
      ['_profile=http://p', ['b']],
      ['_profile=http://p\\|1.0', ['b']],
      ['_profile=http://p\\|2.0', []],
      ['_source=http://s#1'.replace('#', '%23'), ['b']],
      ['_tag:missing=true', ['b']],
    ],
  },
  {
    title: 'uris and strings as tokens',
    type: 'ValueSet',
    resources: [
      {
        resourceType: 'ValueSet',
        id: 'a',
        status: 'active',
        version: '1.0',
        jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code: 'US' }] }],
      },
      {
        resourceType: 'ValueSet',
        id: 'b',
        status: 'draft',
        version: '2.0',
        compose: { include: [{ system: 'http://s' }] },
      },
    ],
    rows: [
      ['version=1.0', ['a']],
      ['reference=http://s', ['b']],
      ['jurisdiction=us', ['a']],
    ],
  },
  {
    title: 'identifiers by their type',
    type: 'Patient',
    resources: [
      identified('mr', 'MR', '1'),
      identified('ss', 'SS', '1'),
      identified('bare', undefined, '1'),
      {
        resourceType: 'Patient',
        id: 'two',
        identifier: [...identified('', 'MR', '2').identifier, ...identified('', 'SS', '1').identifier],
      },
    ],
    rows: [
      [`identifier:of-type=${V2}|MR|1`, ['mr']],
      [`identifier:of-type=${V2}|SS|1`, ['ss', 'two']],
      [`identifier:of-type=${V2}|MR|1,${V2}|MR|2`, ['mr', 'two']],
      ['identifier:of-type=http://elsewhere|MR|1', []],
      [`identifier:of-type=${V2}|MR`, 'refused'],
      [`identifier:of-type=${V2}|MR|`, 'refused'],
      ['identifier:of-type=|MR|1', 'refused'],
    ],
  },
];
