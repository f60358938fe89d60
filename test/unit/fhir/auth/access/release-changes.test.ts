// What a release adds to a policy that was changed, and what of it can be put together with the change.
import assert from 'node:assert/strict';
import { releaseChanges } from '../../../../../src/fhir/auth/access/release-changes.ts';
import { loadDefinitions } from '../../../../../src/fhir/definitions/load.ts';

const context = { definitions: loadDefinitions(), groups: { people: ['Patient', 'Practitioner'] } };
const people = { types: ['#people'], may: 'rs' };
const basic = { types: ['Basic'], may: 'rs' };
const narrow = { ...people, where: ['?active=true'] };
const base = { role: 'clerk', title: 'Clerk', description: 'Lists', grants: [people], operations: ['$meta'] };
const listed = { mine: [{ search: 'Encounter?status=finished', take: 'patient' }] };
const other = { mine: [{ search: 'Encounter?status=planned', take: 'patient' }] };

interface Expected {
  gained?: readonly string[];
  lost?: readonly string[];
  contested?: readonly string[];
  /** beside the administrator's; absent: nothing can be taken */
  merged?: object;
}

const text = JSON.stringify;
const rows: readonly (readonly [
  what: string,
  mine: object,
  release: object,
  expected: Expected | undefined,
  base?: object,
])[] = [
  ['nothing', { title: 'Mine' }, {}, undefined],
  ['what is taken already', { grants: [people, basic] }, { grants: [people, basic] }, undefined],
  ['what both took away', { grants: [] }, { grants: [] }, undefined],
  ['other words', { grants: [narrow] }, { title: 'Clerks' }, undefined],
  [
    'an operation',
    { title: 'Mine' },
    { operations: ['$meta', '$diff'] },
    { gained: ['$diff'], merged: { operations: ['$meta', '$diff'] } },
  ],
  ['an operation less', {}, { operations: [] }, { lost: ['$meta'], merged: { operations: [] } }],
  [
    'a grant, and other words where they are as they were',
    { operations: [] },
    { title: 'Clerks', grants: [people, basic] },
    { gained: [text(basic)], merged: { title: 'Clerks', grants: [people, basic] } },
  ],
  [
    'a grant in the place of another',
    {},
    { grants: [narrow] },
    { gained: [text(narrow)], lost: [text(people)], merged: { grants: [narrow] } },
  ],
  [
    'a grant of what was narrowed by the administrator',
    { grants: [narrow] },
    { grants: [people, { types: ['Patient'], may: 'r' }] },
    { contested: [text({ types: ['Patient'], may: 'r' })] },
  ],
  [
    'other letters of what was narrowed by the administrator',
    { grants: [narrow] },
    { grants: [people, { types: ['Patient'], may: 'h' }] },
    {
      gained: [text({ types: ['Patient'], may: 'h' })],
      merged: { grants: [narrow, { types: ['Patient'], may: 'h' }] },
    },
  ],
  [
    'a grant in the place of one that the administrator took away',
    { grants: [basic] },
    { grants: [narrow] },
    { contested: [text(narrow)] },
  ],
  [
    'a grant less that the administrator has in another way',
    { grants: [narrow] },
    { grants: [] },
    { contested: [text(people)] },
  ],
  ['a clearance', {}, { clearance: 'R' }, { gained: ['"clearance": "R"'], merged: { clearance: 'R' } }],
  [
    'a clearance that the administrator has set',
    { clearance: 'V' },
    { clearance: 'R' },
    { contested: ['"clearance": "R"'] },
  ],
  [
    'a flag less',
    {},
    { explains: undefined },
    { lost: ['"explains": true'], merged: { explains: undefined } },
    { explains: true },
  ],
  ['a list', { grants: [] }, { lists: listed }, { gained: [`"lists": ${text(listed)}`], merged: { lists: listed } }],
  [
    'a list that the administrator has changed',
    { lists: other },
    { lists: { mine: [] } },
    { contested: ['"lists": {"mine":[]}'] },
    { lists: listed },
  ],
];

describe('what a release changes in a policy', () => {
  for (const [what, mine, release, expected, more = {}] of rows) {
    it(`is ${what}`, () => {
      const [before, own, now] = [{}, mine, release].map(
        (one) => JSON.parse(text({ ...base, ...more, ...one })) as object,
      );
      const found = releaseChanges({ mine: own, base: before, release: now }, context);
      const { merged, ...told } = expected ?? {};
      assert.deepEqual(
        found,
        expected && {
          ...{ gained: [], lost: [], contested: [] },
          ...told,
          ...(merged && { merged: JSON.parse(text({ ...own, ...merged })) }),
        },
      );
    });
  }

  it('is all that is not in it, where nobody knows what it was made from', () => {
    const mine = { ...base, title: 'Mine', grants: [narrow] };
    const release = { ...base, grants: [people, basic], operations: ['$meta', '$diff'], clearance: 'R' };
    assert.deepEqual(releaseChanges({ mine, base: undefined, release }, context), {
      gained: ['$diff', text(basic), '"clearance": "R"'],
      lost: [],
      contested: [text(people)],
      merged: { ...mine, grants: [narrow, basic], operations: ['$meta', '$diff'], clearance: 'R' },
    });
  });

  it('is not put together where that would be no policy', () => {
    const withList = { types: ['Patient'], may: 'rs', where: ['?_id={gone}'] };
    const release = { ...base, grants: [people, withList] };
    const found = releaseChanges({ mine: base, base, release }, context);
    assert.deepEqual([found?.gained, found?.merged], [[text(withList)], undefined]);
  });
});
