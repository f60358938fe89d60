// https://hl7.org/fhir/R4/search.html#uri
import type { SearchCases } from './cases.ts';

const valueSet = (id: string, url: string) => ({ resourceType: 'ValueSet', id, status: 'active', url });

export const uriCases: readonly SearchCases[] = [
  {
    title: 'exactly, below and above',
    type: 'ValueSet',
    resources: [
      valueSet('root', 'http://acme.org/fhir'),
      valueSet('child', 'http://acme.org/fhir/ValueSet/1'),
      valueSet('sibling', 'http://acme.org/fhirplace'),
      valueSet('oid', 'urn:oid:1.2.3.4.5'),
      { resourceType: 'ValueSet', id: 'none', status: 'active' },
    ],
    rows: [
      ['url=http://acme.org/fhir', ['root']],
      ['url=http://ACME.org/fhir', []],
      ['url=http://acme.org/fhir/', []],
      ['url=urn:oid:1.2.3.4.5', ['oid']],
      ['url:below=http://acme.org/fhir', ['root', 'child']],
      ['url:below=http://acme.org/fhir/', ['child']],
      ['url:above=http://acme.org/fhir/ValueSet/1/_history/5', ['root', 'child']],
      ['url=http://acme.org/fhir,urn:oid:1.2.3.4.5', ['root', 'oid']],
      ['url:missing=true', ['none']],
      ['url:contains=acme', 'refused'],
    ],
  },
];
