import assert from 'node:assert/strict';
import { readPolicy } from '../../../../../src/fhir/auth/access/policy.ts';
import { loadDefinitions } from '../../../../../src/fhir/definitions/load.ts';

const context = {
  definitions: loadDefinitions(),
  groups: { people: ['Patient', 'Practitioner'] },
  operations: new Set(['$everything', 'Patient/$everything']),
};

const grant = { types: ['Patient'], may: 'rs' };
const policy = { role: 'clerk', title: 'Clerk', description: 'Writes lists', grants: [grant], operations: [] };

const wrong: readonly (readonly [what: string, policy: unknown, expression: string, words: RegExp])[] = [
  ['no object', [], 'policy', /JSON object/],
  ['an unknown member', { ...policy, rules: [] }, 'policy.rules', /has no 'rules'/],
  ['no title', { ...policy, title: undefined }, 'policy.title', /missing/],
  ['a role with a space', { ...policy, role: 'Clerk of all' }, 'policy.role', /small letters/],
  ['an unknown operation', { ...policy, operations: ['$nothing'] }, 'policy.operations', /\$nothing/],
  ['an unknown clearance', { ...policy, clearance: 'X' }, 'policy.clearance', /U, L, M, N, R, V/],
  ['an unknown type', { ...policy, grants: [{ ...grant, types: ['Human'] }] }, 'policy.grants[0].types', /Human/],
  ['an unknown group', { ...policy, grants: [{ ...grant, types: ['#all'] }] }, 'policy.grants[0].types', /#all/],
  ['a letter twice', { ...policy, grants: [{ ...grant, may: 'rr' }] }, 'policy.grants[0].may', /each once/],
  ['an unknown letter', { ...policy, grants: [{ ...grant, may: 'x' }] }, 'policy.grants[0].may', /letters of/],
  [
    'criteria that are none',
    { ...policy, grants: [{ ...grant, where: ['all'] }] },
    'policy.grants[0].where',
    /neither/,
  ],
  [
    'an unknown parameter',
    { ...policy, grants: [{ ...grant, where: ['?colour=red'] }] },
    'policy.grants[0].where',
    /no search parameter colour/,
  ],
  [
    'a parameter that only some of the types have',
    { ...policy, grants: [{ ...grant, types: ['#people'], where: ['?birthdate=2000'] }] },
    'policy.grants[0].where',
    /Practitioner has no search parameter birthdate/,
  ],
  [
    'a compartment that a type is not in',
    { ...policy, grants: [{ ...grant, types: ['Organization'], where: ['Patient/{patients}'] }] },
    'policy.grants[0].where',
    /Organization is in no Patient compartment/,
  ],
  [
    'an unknown variable',
    { ...policy, grants: [{ ...grant, where: ['?_id={nobody}'] }] },
    'policy.grants[0].where',
    /\{nobody\}/,
  ],
  [
    'a reference that the type has not',
    { ...policy, grants: [{ ...grant, where: ['visible:colour'] }] },
    'policy.grants[0].where',
    /no reference colour/,
  ],
  [
    'hiding what must be there',
    { ...policy, grants: [{ types: ['Observation'], may: 'rs', hide: ['status'] }] },
    'policy.grants[0].hide',
    /cannot be hidden/,
  ],
  [
    'hiding nothing known',
    { ...policy, grants: [{ ...grant, hide: ['colour'] }] },
    'policy.grants[0].hide',
    /no element colour/,
  ],
  [
    'hiding and showing',
    { ...policy, grants: [{ ...grant, hide: ['photo'], show: ['name'] }] },
    'policy.grants[0].hide',
    /Either/,
  ],
  [
    'a rule that is no FHIRPath',
    { ...policy, grants: [{ ...grant, writes: [{ on: 'c', rule: '%after.(', says: 'No' }] }] },
    'policy.grants[0].writes[0].rule',
    /./,
  ],
  [
    'a rule that says nothing',
    { ...policy, grants: [{ ...grant, writes: [{ on: 'c', rule: 'true' }] }] },
    'policy.grants[0].writes[0].says',
    /missing/,
  ],
  [
    'a condition that demands nothing',
    { ...policy, grants: [{ ...grant, writes: [{ says: 'No' }] }] },
    'policy.grants[0].writes[0].rule',
    /missing/,
  ],
  [
    'a condition with an unknown member',
    { ...policy, grants: [{ ...grant, writes: [{ keep: ['name'], rule: 'true', says: 'No' }] }] },
    'policy.grants[0].writes[0].keep',
    /has no 'keep'/,
  ],
  [
    'keeping what the type has not',
    { ...policy, grants: [{ ...grant, writes: [{ keeps: ['colour'], says: 'No' }] }] },
    'policy.grants[0].writes[0].keeps',
    /Patient has no element colour/,
  ],
  [
    'keeping elements of what is created',
    { ...policy, grants: [{ ...grant, writes: [{ on: 'cu', keeps: ['name'], says: 'No' }] }] },
    'policy.grants[0].writes[0].on',
    /speak of updates/,
  ],
  [
    'a list that takes no reference',
    { ...policy, lists: { mine: [{ search: 'Encounter?status=planned', take: 'status' }] } },
    'policy.lists.mine',
    /not a reference/,
  ],
  [
    'a list during what there is not',
    { ...policy, lists: { mine: [{ search: 'Encounter?status=planned', take: 'subject', during: 'shift' }] } },
    'policy.lists.mine',
    /Encounter has no element shift/,
  ],
];

describe('an access policy', () => {
  it('is read with groups, letters, criteria, lists, hidden elements and rules', () => {
    const written = {
      ...policy,
      lists: { wards: [{ search: 'PractitionerRole?practitioner=Practitioner/{practitioner}', take: 'location' }] },
      grants: [
        { types: ['#people'], may: 'rs', hide: ['photo'] },
        {
          types: ['Encounter'],
          may: 'cru',
          where: ['?location=Location/{wards}', 'Patient/{patients}?status=planned'],
        },
        {
          types: ['Observation'],
          may: 'c',
          writes: [{ on: 'c', rule: "%after.status = 'final'", says: 'Only final ones' }],
        },
      ],
      operations: ['$everything'],
    };
    const { policy: read, issues } = readPolicy(written, context);
    assert.deepEqual(issues, []);
    assert.deepEqual(read?.grants[1]?.may, ['c', 'r', 'u']);
  });
  for (const [what, written, expression, words] of wrong) {
    it(`is refused with ${what}`, () => {
      const { policy: read, issues } = readPolicy(written, context);
      assert.equal(read, undefined);
      const [issue] = issues;
      assert.equal(issue?.expression, expression);
      assert.match(issue?.diagnostics ?? '', words);
    });
  }
  it('is told everything that is wrong with it at once', () => {
    const { issues } = readPolicy(
      { ...policy, operations: ['$a'], grants: [{ ...grant, may: 'q', where: ['?x=1'] }] },
      context,
    );
    assert.equal(issues.length, 3);
  });
});
