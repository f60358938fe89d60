// https://hl7.org/fhir/R4/search.html#string
import type { SearchCases } from './cases.ts';

const patient = (id: string, name: object, address?: object) => ({
  resourceType: 'Patient',
  id,
  name: [name],
  ...(address && { address: [address] }),
});

export const stringCases: readonly SearchCases[] = [
  {
    title: 'names and addresses',
    type: 'Patient',
    resources: [
      patient(
        'muller',
        { family: 'Müller', given: ['Anne-Marie', 'Zoë'] },
        { line: ['1 High Street'], city: 'Ann Arbor' },
      ),
      patient('obrien', { family: "O'Brien", given: ['Sam'], prefix: ['Dr.'] }, { postalCode: '01086', state: 'MA' }),
      patient('mull', { text: 'Mull, Peter', family: 'Mull' }),
      patient('comma', { family: 'Smith, Jones' }),
      { resourceType: 'Patient', id: 'none' },
    ],
    rows: [
      ['family=mull', ['muller', 'mull']],
      ['family=MULLER', ['muller']],
      ['family=m%C3%BCller', ['muller']],
      ['family=uller', []],
      ['family=obrien', ['obrien']],
      ["family=O'B", ['obrien']],
      ['family:exact=M%C3%BCller', ['muller']],
      ['family:exact=Muller', []],
      ['family:exact=Mull', ['mull']],
      ['family:contains=ULL', ['muller', 'mull']],
      ['family:contains=ller', ['muller']],
      ['given=anne marie', ['muller']],
      ['given=zoe,sam', ['muller', 'obrien']],
      ['given=zoe&given=anne', ['muller']],
      ['given=zoe&given=sam', []],
      ['name=dr', ['obrien']],
      ['name=mull peter', ['mull']],
      ['phonetic=muller', ['muller']],
      ['family=smith\\, jones', ['comma']],
      ['family:exact=Smith\\, Jones', ['comma']],
      ['family=smith,mull', ['comma', 'muller', 'mull']],
      ['address=1 high', ['muller']],
      ['address=ann', ['muller']],
      ['address-city=ann  arbor', ['muller']],
      ['address-postalcode=01086', ['obrien']],
      ['address:contains=arbor', ['muller']],
      ['family:missing=true', ['none']],
      ['family:missing=false', ['muller', 'obrien', 'mull', 'comma']],
      ['family:below=x', 'refused'],
    ],
  },
  {
    title: 'letters of many scripts, and texts that look like keys',
    type: 'Organization',
    resources: [
      { resourceType: 'Organization', id: 'straße', name: 'Straße' },
      { resourceType: 'Organization', id: 'greek', name: 'Νοσοκομείο' },
      { resourceType: 'Organization', id: 'hindi', name: 'अस्पताल' },
      { resourceType: 'Organization', id: 'key', name: 'name:x|y' },
      { resourceType: 'Organization', id: 'long', name: `Very ${'long '.repeat(300)}name` },
    ].map((organization) => ({ ...organization, id: organization.id.replace('ß', 'ss') })),
    rows: [
      ['name=strasse', ['strasse']],
      ['name=νοσοκομειο', ['greek']],
      ['name=अस्पताल', ['hindi']],
      ['name=name x', ['key']],
      ['name:exact=name:x\\|y', ['key']],
      ['name=very long long', ['long']],
      [`name:exact=Very ${'long '.repeat(300)}name`, ['long']],
    ],
  },
];
