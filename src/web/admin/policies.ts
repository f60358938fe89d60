// What each role may see and do, as data: looked at, changed, and put back as it was. docs/access.md explains what a policy says.
import { FIXED_ROLE } from '../../fhir/auth/access/policies.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { AccessPoliciesOutput, ChangeAccessPolicyOutput, UsersOutput } from '../../generated/operation-io.ts';
import type { Ask } from '../signed-in/ask.ts';
import type { Again, Done, Room, View, Visit } from '../signed-in/room.ts';

type Entry = NonNullable<AccessPoliciesOutput['entry']>[number];

const POLICIES = '/admin/policies';
// not below the list: a role may have any name
const NEW_ROLE = '/admin/new-role';

const blank = {
  role: 'porter',
  title: 'Porter',
  description: 'Fetches people',
  grants: [{ types: ['Patient'], may: 'rs', show: ['name'] }],
  operations: [],
};

export function addPolicyPages({ page, form }: Room): void {
  async function policies({ ask }: Visit): Promise<View> {
    const { entry = [] } = await ask.run<AccessPoliciesOutput>('access-policies');
    return { template: 'admin/policies', title: 'Roles', entries: entry };
  }
  page(POLICIES, policies);

  async function policy({ ask, id: role }: Visit, { said, problem }: Again): Promise<View> {
    const { entry = [] } = await ask.run<AccessPoliciesOutput>('access-policies', { role, history: true });
    const [inForce, ...earlier] = await withAuthors(ask, entry);
    return {
      template: 'admin/policy',
      title: inForce!.title,
      back: { href: POLICIES, label: 'Roles' },
      path: `${POLICIES}/${role}`,
      inForce,
      earlier,
      isFixed: role === FIXED_ROLE,
      // somebody was faster: what they wrote is to be looked at first
      version: problem ? said.ifVersion : inForce!.version,
      text: problem && said.policy ? said.policy : inForce!.text,
      details: problem?.details,
    };
  }
  page(`${POLICIES}/:id`, policy);
  form(
    `${POLICIES}/:id`,
    ({ ask }, { policy: text = '', ifVersion }) => change(ask, text, { ifVersion: Number(ifVersion) }),
    policy,
  );
  form(
    `${POLICIES}/:id/revert`,
    async ({ ask, id: role }, { version }) => {
      const { entry = [] } = await ask.run<AccessPoliciesOutput>('access-policies', { role, history: true });
      const wanted = entry.find((one) => one.version === Number(version));
      if (wanted === undefined) throw new FhirError('not-found', 'There is no such version');
      const done = await change(ask, wanted.policy, { ifVersion: entry[0]!.version });
      return { ...done, text: `The role is as it was in version ${version}.` };
    },
    policy,
  );

  // by the version that was shown: what was told of another one was not seen
  form(
    `${POLICIES}/:id/release`,
    async ({ ask, id: role }, { ifVersion, take }) => {
      const { entry: [inForce] = [] } = await ask.run<AccessPoliciesOutput>('access-policies', { role });
      const { policy, merged = policy } = inForce!;
      const isTaken = take !== undefined;
      const done = await change(ask, isTaken ? merged : policy, {
        ifVersion: Number(ifVersion),
        releaseSeen: !isTaken,
      });
      return isTaken ? done : { ...done, text: 'The role stays as it is.' };
    },
    policy,
  );

  function newRole({ ask }: Visit, { said, problem }: Again): View {
    ask.need('change-access-policy');
    return {
      template: 'admin/new-role',
      title: 'A new role',
      back: { href: POLICIES, label: 'Roles' },
      text: said.policy ?? readable(blank),
      details: problem?.details,
    };
  }
  page(NEW_ROLE, newRole);
  // version 0 is that of a role which nobody has changed: of one that there is not, too
  form(NEW_ROLE, ({ ask }, { policy: text = '' }) => change(ask, text, { ifVersion: 0 }), newRole);
}

async function change(ask: Ask, policy: string, options: { ifVersion: number; releaseSeen?: boolean }): Promise<Done> {
  const { role } = await ask.run<ChangeAccessPolicyOutput>('change-access-policy', { policy, ...options });
  return { to: `${POLICIES}/${role}`, text: 'The role is changed. It is so everywhere within five seconds.' };
}

interface Shown extends Entry {
  text: string;
  author?: string;
}

/** Who made each version, by name where the reader may know it. */
async function withAuthors(ask: Ask, entries: readonly Entry[]): Promise<Shown[]> {
  const names = new Map<string, string>();
  for (const id of new Set(entries.flatMap(({ changedBy }) => changedBy ?? []))) {
    const { account: [one] = [] } =
      /^[A-Za-z0-9.-]{1,64}$/.test(id) && ask.mayRun('users')
        ? await ask.run<UsersOutput>('users', { account: id })
        : {};
    names.set(id, one === undefined ? id : `${one.firstName} ${one.lastName}`);
  }
  return entries.map((entry) => ({
    ...entry,
    text: readable(JSON.parse(entry.policy)),
    ...(entry.changedBy !== undefined && { author: names.get(entry.changedBy)! }),
  }));
}

const LONGEST_LINE = 110;

/** JSON with short lists of texts on one line. */
const readable = (policy: unknown): string =>
  JSON.stringify(policy, undefined, 2).replace(
    /\[\n\s+((?:"(?:[^"\\]|\\.)*"(?:,\n\s+)?)+)\n\s+\]/g,
    (whole, inner: string) => {
      const line = `[${inner.replace(/,\n\s+/g, ', ')}]`;
      return line.length <= LONGEST_LINE ? line : whole;
    },
  );
