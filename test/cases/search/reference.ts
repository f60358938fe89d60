// https://hl7.org/fhir/R4/search.html#reference
import type { SearchCases } from './cases.ts';

const observation = (id: string, reference?: object) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'x' },
  ...(reference && { subject: reference }),
});

const place = (id: string, partOf?: string) => ({
  resourceType: 'Location',
  id,
  ...(partOf && { partOf: { reference: partOf } }),
});

export const referenceCases: readonly SearchCases[] = [
  {
    title: 'relative, absolute, versioned and logical references',
    type: 'Observation',
    resources: [
      observation('p1', { reference: 'Patient/1' }),
      observation('p1-version', { reference: 'Patient/1/_history/2' }),
      observation('group', { reference: 'Group/1' }),
      observation('foreign', { reference: 'http://elsewhere/fhir/Patient/1' }),
      observation('own', { reference: 'http://own.example/fhir/Patient/1' }),
      observation('logical', { identifier: { system: 'http://mrn', value: 'A1' }, type: 'Patient' }),
      observation('none'),
    ],
    rows: [
      ['subject=Patient/1', ['p1', 'p1-version', 'own']],
      ['subject=1', ['p1', 'p1-version', 'own', 'group']],
      ['subject:Patient=1', ['p1', 'p1-version', 'own']],
      ['subject:Group=1', ['group']],
      ['subject:Patient=Patient/1', ['p1', 'p1-version', 'own']],
      ['subject:Patient=Group/1', 'refused'],
      ['subject:Medication=1', 'refused'],
      ['patient=1', ['p1', 'p1-version', 'own']],
      ['patient=Patient/1', ['p1', 'p1-version', 'own']],
      ['patient=Group/1', []],
      ['subject=http://own.example/fhir/Patient/1', ['p1', 'p1-version', 'own']],
      ['subject=http://elsewhere/fhir/Patient/1', ['foreign']],
      ['subject=Patient/1/_history/2', ['p1-version']],
      ['subject=Patient/1,Group/1', ['p1', 'p1-version', 'own', 'group']],
      ['subject:identifier=http://mrn|A1', ['logical']],
      ['subject:identifier=A1', ['logical']],
      ['subject:identifier=http://other|A1', []],
      ['subject:identifier=|A1', []],
      ['subject:identifier=http://mrn|', ['logical']],
      ['subject:identifier=http://other|', []],
      ['subject:missing=true', ['none']],
      ['subject:missing=false', ['p1', 'p1-version', 'group', 'foreign', 'own', 'logical']],
      ['patient:missing=false', ['p1', 'p1-version', 'own']],
      ['subject=not an id', 'refused'],
    ],
  },
  {
    title: 'canonicals, with and without version',
    type: 'QuestionnaireResponse',
    resources: [
      { resourceType: 'QuestionnaireResponse', id: 'v1', status: 'completed', questionnaire: 'http://q|1.0' },
      { resourceType: 'QuestionnaireResponse', id: 'any', status: 'completed', questionnaire: 'http://q' },
    ],
    rows: [
      ['questionnaire=http://q', ['v1', 'any']],
      ['questionnaire=http://q|1.0', ['v1']],
      ['questionnaire=http://q|2.0', []],
    ],
  },
  {
    title: 'patient and code in one key',
    type: 'Observation',
    resources: [
      {
        ...observation('a', { reference: 'Patient/1' }),
        code: {
          coding: [
            { system: 'http://loinc.org', code: 'x' },
            { system: 'http://l', code: 'y|' },
          ],
        },
      },
      {
        ...observation('b', { reference: 'Patient/1' }),
        code: { coding: [{ system: 'http://loinc.org', code: 'z' }] },
      },
      {
        ...observation('c', { reference: 'Patient/2' }),
        code: { coding: [{ system: 'http://loinc.org', code: 'x' }] },
      },
      { ...observation('d', { reference: 'Group/1' }), code: { coding: [{ system: 'http://loinc.org', code: 'x' }] } },
      { ...observation('e', { reference: 'Patient/1' }), code: { coding: [{ code: 'x' }] } },
    ],
    rows: [
      ['patient=1&code=http://loinc.org|x', ['a']],
      ['patient=1&code=http://loinc.org|x,http://loinc.org|z', ['a', 'b']],
      ['patient=1&code=x', ['a', 'e']],
      ['patient=1&code=|x', ['e']],
      ['patient=1&code=http://l|y\\|', ['a']],
      ['patient=1&code=http://loinc.org|x&code=http://l|y\\|', ['a']],
      ['patient=1&code=http://loinc.org|x&code=http://loinc.org|z', []],
      ['subject=Group/1&code=http://loinc.org|x', ['d']],
      ['patient=1&patient=2&code=http://loinc.org|x', []],
      ['patient=1&code:not=http://loinc.org|x', ['b', 'e']],
    ],
  },
  {
    title: 'above and below in a hierarchy',
    type: 'Encounter',
    needsStore: true,
    resources: [
      place('site'),
      place('ward', 'Location/site'),
      place('bed', 'Location/ward'),
      place('other'),
      // each is part of the other
      place('egg', 'Location/hen'),
      place('hen', 'http://own.example/fhir/Location/egg'),
      ...['site', 'ward', 'bed', 'other', 'hen'].map((at) => ({
        resourceType: 'Encounter',
        id: at,
        status: 'finished',
        class: { code: 'IMP' },
        location: [{ location: { reference: `Location/${at}` } }],
      })),
    ],
    rows: [
      ['location:below=Location/site', ['site', 'ward', 'bed']],
      ['location:below=ward', ['ward', 'bed']],
      ['location:below=http://own.example/fhir/Location/bed', ['bed']],
      ['location:above=Location/bed', ['site', 'ward', 'bed']],
      ['location:above=site', ['site']],
      ['location:below=egg', ['hen']],
      ['location:above=hen', ['hen']],
      ['location:below=nowhere', []],
      ['location:below=site,other', ['site', 'ward', 'bed', 'other']],
      ['patient:below=Patient/1', 'refused'],
      ['patient:below=1', 'refused'],
      ['location:below=http://elsewhere/Location/1', 'refused'],
    ],
  },
  {
    title: 'canonicals above and below a version',
    type: 'QuestionnaireResponse',
    resources: ['http://q|1', 'http://q|1.2', 'http://q|1.2.3', 'http://q|12', 'http://q|2', 'http://q'].map(
      (questionnaire) => ({
        resourceType: 'QuestionnaireResponse',
        id: questionnaire.slice('http://q'.length).replace('|', 'v') || 'any',
        status: 'completed',
        questionnaire,
      }),
    ),
    rows: [
      ['questionnaire:below=http://q', ['v1', 'v1.2', 'v1.2.3', 'v12', 'v2', 'any']],
      ['questionnaire:below=http://q|1', ['v1', 'v1.2', 'v1.2.3']],
      ['questionnaire:below=http://q|1.2', ['v1.2', 'v1.2.3']],
      ['questionnaire:above=http://q|1.2.3', ['v1', 'v1.2', 'v1.2.3']],
      ['questionnaire:above=http://q|2', ['v2']],
    ],
  },
];
