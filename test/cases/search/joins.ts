// Chains, reverse chains and order, which need the database.
// https://hl7.org/fhir/R4/search.html#chaining, #has and #sort
import type { SearchCases } from './cases.ts';

const patient = (id: string, family: string, organization?: string) => ({
  resourceType: 'Patient',
  id,
  name: [{ family }],
  ...(organization && { managingOrganization: { reference: `Organization/${organization}` } }),
});
const observation = (id: string, subject: string, day: string, code = 'x') => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code }] },
  subject: { reference: subject },
  ...(day && { effectiveDateTime: day }),
});

const resources = [
  { resourceType: 'Organization', id: 'north', name: 'North', partOf: { reference: 'Organization/top' } },
  { resourceType: 'Organization', id: 'top', name: 'Top' },
  patient('ann', 'Adams', 'north'),
  patient('bob', 'Brown'),
  patient('cy', 'Cole', 'top'),
  { resourceType: 'Group', id: 'g', type: 'person', actual: true, member: [{ entity: { reference: 'Patient/cy' } }] },
  observation('a1', 'Patient/ann', '2024-01-01'),
  observation('a2', 'Patient/ann', '2024-03-01', 'y'),
  observation('b1', 'Patient/bob', '2024-02-01'),
  observation('g1', 'Group/g', ''),
  {
    resourceType: 'Provenance',
    id: 'pr',
    recorded: '2024-01-01T00:00:00Z',
    agent: [],
    target: [{ reference: 'Observation/b1' }],
  },
];

export const joinCases: readonly SearchCases[] = [
  {
    title: 'chains',
    type: 'Observation',
    needsStore: true,
    resources,
    rows: [
      ['patient.family=adams', ['a1', 'a2']],
      ['subject:Patient.family=brown', ['b1']],
      ['subject.name=adams', ['a1', 'a2']],
      ['patient.organization.name=north', ['a1', 'a2']],
      ['patient.organization.partof.name=top', ['a1', 'a2']],
      ['patient._id=bob', ['b1']],
      ['patient.family=adams&code=http://loinc.org|y', ['a2']],
      ['patient.family=nobody', []],
      ['patient.family:missing=true', []],
      ['subject:Group.type=person', ['g1']],
      ['patient._has:Group:member:type=person', []],
      ['code.family=x', 'refused'],
      ['patient.nonsense=x', 'refused'],
    ],
  },
  {
    title: 'reverse chains',
    type: 'Patient',
    needsStore: true,
    resources,
    rows: [
      ['_has:Observation:patient:code=x', ['ann', 'bob']],
      ['_has:Observation:patient:code=y', ['ann']],
      ['_has:Observation:patient:code=x&_has:Observation:patient:code=y', ['ann']],
      ['_has:Group:member:type=person', ['cy']],
      ['_has:Observation:patient:_has:Provenance:target:recorded=2024-01-01', ['bob']],
      ['_has:Observation:subject:date=gt2024-02', ['ann']],
      ['_has:Observation:patient=x', 'refused'],
      ['_has:Nothing:patient:code=x', 'refused'],
      ['_has:Observation:encounter:code=x', 'refused'],
    ],
  },
  {
    title: 'orders, where absent values come last',
    type: 'Observation',
    needsStore: true,
    resources,
    rows: [
      ['_sort=date', ['a1', 'b1', 'a2', 'g1']],
      ['_sort=-date', ['a2', 'b1', 'a1', 'g1']],
      ['_sort=code,-date', ['b1', 'a1', 'g1', 'a2']],
      ['_sort=-_id', ['g1', 'b1', 'a2', 'a1']],
      ['_sort=_id', ['a1', 'a2', 'b1', 'g1']],
      ['_sort=patient,_id', ['g1', 'a1', 'a2', 'b1']],
      ['patient=ann&code=http://loinc.org|x,http://loinc.org|y&_sort=-date', ['a2', 'a1']],
      ['_sort=nonsense', 'refused'],
    ],
  },
];
