// "A chained condition will be evaluated inside contained resources": https://hl7.org/fhir/R4/search.html#contained
import type { SearchCases } from './cases.ts';

const RX = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const medication = (id: string, code: string, more: object = {}) => ({
  resourceType: 'Medication',
  id,
  code: { coding: [{ system: RX, code, display: `Drug ${code}` }] },
  ...more,
});
const request = (id: string, reference: string, contained: object[] = []) => ({
  resourceType: 'MedicationRequest',
  id,
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/p' },
  medicationReference: { reference },
  ...(contained.length > 0 && { contained }),
});

export const containedCases: readonly SearchCases[] = [
  {
    title: 'chains into what is contained, and beyond',
    type: 'MedicationRequest',
    needsStore: true,
    resources: [
      { resourceType: 'Organization', id: 'acme', name: 'Acme' },
      medication('outside', 'a'),
      request('by-reference', 'Medication/outside'),
      request('contained', '#m', [medication('m', 'a', { manufacturer: { reference: 'Organization/acme' } })]),
      request('nested', '#m', [
        medication('m', 'b', { manufacturer: { reference: '#o' }, status: 'inactive' }),
        { resourceType: 'Organization', id: 'o', name: 'Béta Works' },
      ]),
      // the one that is meant is not the one that has the code
      request('other', '#m', [medication('m', 'c'), medication('n', 'a')]),
      request('broken', '#nothing', [medication('m', 'a')]),
      request('plain', 'Medication/gone'),
    ],
    rows: [
      ['medication.code=a', ['by-reference', 'contained']],
      [`medication.code=${RX}|a`, ['by-reference', 'contained']],
      ['medication.code=http://elsewhere|a', []],
      ['medication.code=a,b', ['by-reference', 'contained', 'nested']],
      [`medication.code=${RX}|`, ['by-reference', 'contained', 'nested', 'other']],
      ['medication.code:text=drug', ['by-reference', 'contained', 'nested', 'other']],
      ['medication.code:not=a', ['nested', 'other']],
      ['medication.status=inactive', ['nested']],
      ['medication.status:missing=true', ['by-reference', 'contained', 'other']],
      ['medication.manufacturer.name=acme', ['contained']],
      ['medication.manufacturer.name=beta', ['nested']],
      ['medication.manufacturer.name:contains=work', ['nested']],
      ['medication:Medication.manufacturer.name=beta&medication.code=b', ['nested']],
      ['medication=Medication/outside', ['by-reference']],
      ['medication:missing=true', []],
      [
        `_filter=${encodeURIComponent('medication.code eq a and not (medication.manufacturer.name eq acme)')}`,
        ['by-reference'],
      ],
      ['code=a', []],
    ],
  },
];
