// People: who has an account, who waits for approval, who is invited. docs/sign-in.md tells of the operations behind it.

import { type RoleCode, roleCodes, roleOf } from '../../fhir/auth/accounts/roles.ts';
import type { Caller } from '../../fhir/auth/caller.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { IdentityLinksOutput, InvitationsOutput, UsersOutput } from '../../generated/operation-io.ts';
import { rolesOf } from '../account/own.ts';
import type { Ask } from '../signed-in/ask.ts';
import { namesOf } from '../signed-in/names.ts';
import type { Again, Form, Room, View, Visit } from '../signed-in/room.ts';

type Account = UsersOutput['account'] extends (infer One)[] | undefined ? One : never;

const USERS = '/admin/users';
const INVITATIONS = '/admin/invitations';
const MOST_ORGANIZATIONS = 200;

const allRoles = roleCodes.map((code) => [code, roleOf(code).display] as const);
/** what somebody may give: to make others administrators of the server is for such */
const givable = ({ roles }: Caller): typeof allRoles =>
  roles.includes('admin') ? allRoles : allRoles.filter(([code]) => !roleOf(code).isGlobal);
const statuses = [
  ['', 'any'],
  ['active', 'active'],
  ['pending', 'waits for approval'],
  ['deactivated', 'deactivated'],
] as const;

const tabs = [
  { href: USERS, label: 'Accounts' },
  { href: INVITATIONS, label: 'Invitations' },
];

export function addUserPages({ page, form, filters }: Room): void {
  async function users({ ask, req }: Visit): Promise<View> {
    const { role, status, f } = req.query;
    const { text, after } = filters.open(f);
    const asked = {
      ...(isText(role) && { role }),
      ...(isText(status) && { status }),
    };
    const {
      total,
      next,
      account = [],
    } = await ask.run<UsersOutput>('users', {
      ...asked,
      ...(text !== undefined && { text }),
      ...(after !== undefined && { after }),
    });
    const nameFor = await namesOf(ask, organizationsIn(account));
    const addressOf = (position?: string): string => listAddress(asked, filters.close({ text, after: position }));
    return {
      template: 'admin/users',
      title: 'People',
      tabs,
      tab: USERS,
      total,
      accounts: account.map((one) => ({ ...one, roles: rolesOf(one, nameFor) })),
      values: { text, ...asked },
      roleChoices: [['', 'any'], ...allRoles],
      statuses,
      isFiltered: text !== undefined || Object.keys(asked).length > 0,
      first: after === undefined ? undefined : addressOf(),
      next: next === undefined ? undefined : addressOf(next),
    };
  }
  page(USERS, users);
  form(
    USERS,
    async (_visit, { role, status, text }) => ({
      to: listAddress({ ...(role && { role }), ...(status && { status }) }, filters.close({ text })),
    }),
    users,
  );

  async function invite({ ask, caller }: Visit, { said }: Again): Promise<View> {
    ask.need('invite');
    return {
      template: 'admin/invite',
      title: 'Invite somebody',
      back: { href: USERS, label: 'People' },
      roleChoices: givable(caller),
      organizations: await organizationsFor(ask, caller),
      values: { role: 'doctor', ...said },
    };
  }
  page(`${USERS}/invite`, invite);
  form(
    `${USERS}/invite`,
    async ({ ask }, { email = '', role, firstName, lastName, ...place }) => {
      const who = { ...(firstName && { firstName }), ...(lastName && { lastName }) };
      await ask.run('invite', { email, role, ...who, ...placeIn(place) });
      return { to: INVITATIONS, text: 'The invitation is on its way. Its link is good for seven days.' };
    },
    invite,
  );

  async function invitations({ ask }: Visit): Promise<View> {
    const { invitation = [] } = await ask.run<InvitationsOutput>('invitations');
    const nameFor = await namesOf(
      ask,
      invitation.map(({ organization }) => organization?.reference),
    );
    return {
      template: 'admin/invitations',
      title: 'Invitations',
      tabs,
      tab: INVITATIONS,
      invitations: invitation.map(({ role, organization, department, ...one }) => ({
        ...one,
        role: roleOf(role as RoleCode).display,
        place: [department, organization?.reference && nameFor(organization.reference)].filter(Boolean).join(', '),
      })),
    };
  }
  page(INVITATIONS, invitations);
  form(
    `${INVITATIONS}/revoke`,
    async ({ ask }, { id = '' }) => {
      await ask.run('revoke-invitation', { id });
      return { to: INVITATIONS, text: 'The link of the invitation is of no use any more.' };
    },
    invitations,
  );

  async function user({ ask, id, caller }: Visit, { said }: Again): Promise<View> {
    const { account: [account] = [] } = await ask.run<UsersOutput>('users', { account: id });
    if (account === undefined) throw new FhirError('not-found', 'There is no such account');
    const nameFor = await namesOf(ask, organizationsIn([account]));
    const { link = [] } = ask.mayRun('identity-links')
      ? await ask.run<IdentityLinksOutput>('identity-links', { account: id })
      : {};
    return {
      template: 'admin/user',
      title: `${account.firstName} ${account.lastName}`,
      back: { href: USERS, label: 'People' },
      account,
      path: `${USERS}/${id}`,
      roles: rolesOf(account, nameFor),
      links: link,
      isSelf: caller.id === id,
      mayLimit: ask.mayRun('set-limits'),
      limitChoices: [
        ['standard', 'usual'],
        ['premium', 'premium'],
      ],
      roleChoices: givable(caller),
      organizations: await organizationsFor(ask, caller),
      values: { role: 'doctor', ...said },
      audit: ask.maySearch('AuditEvent') && {
        by: `/admin/audit?f=${filters.close({ who: id })}`,
        to: `/admin/audit?f=${filters.close({ account: id })}`,
      },
    };
  }
  page(`${USERS}/:id`, user);

  const acts: Record<string, (ask: Ask, account: string, form: Form) => Promise<string>> = {
    async approve(ask, account, { role, ...place }) {
      await ask.run('approve', { account, ...(role && { role }), ...placeIn(place) });
      return 'The role is active; a mail says so.';
    },
    async withdraw(ask, account, { role, ...place }) {
      await ask.run('withdraw-role', { account, role, ...placeIn(place) });
      return 'The role is withdrawn, and the sessions that had it have ended.';
    },
    async limits(ask, account, { limits }) {
      await ask.run('set-limits', { account, limits });
      return 'The limits are changed; they hold within an hour, and after the next sign-in at once.';
    },
    async deactivate(ask, account, { reason }) {
      await ask.run('deactivate', { account, ...(reason && { reason }) });
      return 'The account is deactivated, and all its sessions have ended.';
    },
    async reactivate(ask, account) {
      await ask.run('reactivate', { account });
      return 'The account may sign in again.';
    },
    async unlink(ask, account, { link }) {
      await ask.run('remove-identity-link', { account, id: link });
      return 'It does not open the account any more, and all its sessions have ended; a mail says so.';
    },
    async recover(ask, account, { newEmail }) {
      await ask.run('recover-account', { account, newEmail });
      return 'The account belongs to the new address. Its owner chooses a password with “Forgot your password?”.';
    },
  };
  for (const [name, act] of Object.entries(acts)) {
    form(
      `${USERS}/:id/${name}`,
      async ({ ask, id }, said) => ({ to: `${USERS}/${id}`, text: await act(ask, id, said) }),
      user,
    );
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** What somebody looks for stands in the address sealed: it names people. */
const listAddress = (query: Record<string, string>, f: string): string =>
  `${USERS}?${new URLSearchParams({ ...query, f })}`;

const organizationsIn = (accounts: readonly Account[]): (string | undefined)[] =>
  accounts.flatMap(({ role = [] }) => role.map(({ organization }) => organization?.reference));

/**
 * For a list to choose from: the caller's own where there are such, else all, and first what `$approve` and `$invite` do without one. Undefined
 * where there are too many for a list.
 */
async function organizationsFor(
  ask: Ask,
  { organizations }: Caller,
): Promise<(readonly [id: string, name: string])[] | undefined> {
  if (!ask.maySearch('Organization')) return [];
  const { entries, next } = await ask.search('Organization', [
    ...(organizations.length > 0 ? [['_id', organizations.join(',')] as const] : []),
    ['_sort', 'name'],
    ['_elements', 'name'],
    ['_count', String(MOST_ORGANIZATIONS)],
  ]);
  if (next !== undefined) return undefined;
  const known = entries.map(({ resource: { id = '', name } }) => [id, typeof name === 'string' ? name : id] as const);
  return organizations.length > 0 || known.length === 0 ? known : [['', 'The only hospital in use'], ...known];
}

const placeIn = ({ organization, department }: Form): object => ({
  ...(organization && {
    organization: { reference: organization.includes('/') ? organization : `Organization/${organization}` },
  }),
  ...(department && { department }),
});
