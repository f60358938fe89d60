// One's own account: profile, address, password, where one is signed in, apps that were allowed, carers. Each form is an operation (docs/sign-in.md).
import { roleOf } from '../../fhir/auth/accounts/roles.ts';
import type {
  ActForOutput,
  CarersOutput,
  ChangeEmailOutput,
  IdentityLinksOutput,
  ProfileOutput,
  SessionsOutput,
  WorkAtOutput,
} from '../../generated/operation-io.ts';
import { describeScopes } from '../interaction/describe-scopes.ts';
import { ownPath, PLACE_PATH } from '../signed-in/paths.ts';
import type { Again, Room, View, Visit } from '../signed-in/room.ts';
import { deviceOf } from '../signed-in/words.ts';

type Account = ProfileOutput['account'];

const SIGNED_OUT = '/account/signed-out';

export interface OwnPagesSettings {
  mailbox?: string | undefined;
  /** people may sign in by other identity providers */
  hasOtherProviders: boolean;
}

export function addOwnPages({ page, form, filters }: Room, { mailbox, hasOtherProviders }: OwnPagesSettings): void {
  const tabsOf = ({ caller, ask }: Visit): object => ({
    tabs: [
      { href: '/account', label: 'Profile' },
      { href: '/account/email', label: 'E-mail address' },
      { href: '/account/password', label: 'Password' },
      { href: '/account/sessions', label: 'Sessions and apps' },
      ...(hasOtherProviders && ask.mayRun('identity-links')
        ? [{ href: '/account/links', label: 'Other sign-ins' }]
        : []),
      ...(caller.fhirUser?.type === 'Patient' && ask.mayRun('carers')
        ? [{ href: '/account/carers', label: 'Carers' }]
        : []),
    ],
  });

  async function profile(visit: Visit, { said, problem }: Again): Promise<View> {
    const { account } = await visit.ask.run<ProfileOutput>('profile');
    const { firstName, lastName, phone = '', role = [], actsFor = [] } = account;
    // who is nothing here but a carer is never there as oneself
    const isSelf =
      role.some(({ status }) => status === 'active') || account.fhirUser?.reference?.startsWith('Patient/');
    return {
      template: 'account/profile',
      title: 'Your account',
      ...tabsOf(visit),
      tab: '/account',
      account,
      roles: rolesOf(account),
      caresFor: actsFor.map(({ reference = '', display = reference }) => ({ reference, name: display })),
      isSelf,
      values: problem ? said : { firstName, lastName, phone },
    };
  }
  page('/account', profile);
  form(
    '/account/profile',
    async ({ ask }, { firstName, lastName, phone }) => {
      await ask.run('update-profile', { firstName, lastName, ...(phone && { phone }) });
      return { to: '/account', text: 'Your profile is changed.' };
    },
    profile,
  );

  form(
    '/account/act-for',
    async ({ ask }, { patient: reference }) => {
      const { account } = await ask.run<ProfileOutput>('profile');
      const name = account.actsFor?.find((one) => one.reference === reference)?.display ?? reference ?? '';
      const { accessToken } = await ask.run<ActForOutput>('act-for', reference ? { patient: { reference } } : {});
      return {
        to: '/account',
        become: { accessToken, ...(reference && { acting: { as: 'carer', reference, name } }) },
        text: reference ? `You act for ${name} now.` : 'You act for yourself again.',
      };
    },
    profile,
  );

  async function place({ ask, req, acting }: Visit, { said }: Again): Promise<View> {
    const { account } = await ask.run<ProfileOutput>('profile');
    const places = new Map<string, { name: string; roles: string[] }>();
    for (const { code, status, organization: at } of account.role ?? []) {
      if (status !== 'active' || at?.reference === undefined) continue;
      const { reference, display: name = reference } = at;
      const known = places.get(reference)?.roles ?? [];
      places.set(reference, { name, roles: [...known, roleOf(code).display] });
    }
    return {
      template: 'account/place',
      title: 'Where do you work now?',
      places: [...places].map(([reference, { name, roles }]) => ({ reference, name, roles: roles.join(', ') })),
      isNarrowed: acting?.as === 'staff',
      to: ownPath(said.to ?? req.query.to),
    };
  }
  page(PLACE_PATH, place);
  form(
    PLACE_PATH,
    async ({ ask }, { organization: reference, to }) => {
      const { account } = await ask.run<ProfileOutput>('profile');
      const at = account.role?.find(({ organization }) => organization?.reference === reference)?.organization;
      const name = at?.display ?? reference ?? '';
      const { accessToken } = await ask.run<WorkAtOutput>('work-at', reference ? { organization: { reference } } : {});
      return {
        to: ownPath(to),
        become: { accessToken, ...(reference && { acting: { as: 'staff', reference, name } }) },
        text: reference ? `You work at ${name} now.` : 'You work at all your hospitals.',
      };
    },
    place,
  );

  async function email(visit: Visit, { said, problem }: Again): Promise<View> {
    const sent = said.f ?? visit.req.query.f;
    const { newEmail, challenge } = filters.open(sent);
    const { account } = await visit.ask.run<ProfileOutput>('profile');
    return {
      template: challenge === undefined ? 'account/email' : 'account/email-code',
      title: challenge === undefined ? 'E-mail address' : 'Enter the code',
      ...tabsOf(visit),
      tab: '/account/email',
      email: account.email,
      hasOtherProviders,
      newEmail,
      mailbox,
      f: sent,
      values: problem ? said : {},
    };
  }
  page('/account/email', email);
  form(
    '/account/email',
    async ({ ask }, { newEmail = '', password = '' }) => {
      const { challenge } = await ask.run<ChangeEmailOutput>('change-email', { newEmail, password });
      return { to: `/account/email?f=${filters.close({ newEmail, challenge })}` };
    },
    email,
  );
  form(
    '/account/email/confirm',
    async ({ ask }, { code = '', f }) => {
      const { challenge } = filters.open(f);
      await ask.run('confirm-email', { code: code.replaceAll(' ', ''), challenge });
      return {
        to: '/account/email',
        isRenamed: true,
        text: 'Your account has the new address. All other sessions have ended.',
      };
    },
    email,
  );

  const password = (visit: Visit): View => ({
    template: 'account/password',
    title: 'Password',
    ...tabsOf(visit),
    tab: '/account/password',
    hasOtherProviders,
  });
  page('/account/password', password);
  form(
    '/account/password',
    async ({ ask }, { currentPassword = '', newPassword = '' }) => {
      await ask.run('change-password', { currentPassword, newPassword });
      return {
        to: '/account/password',
        isRenamed: true,
        text: 'The password is changed, and all other sessions have ended.',
      };
    },
    password,
  );

  async function sessions(visit: Visit): Promise<View> {
    const { session = [] } = await visit.ask.run<SessionsOutput>('sessions');
    const shown = session.map((one) => ({ ...one, device: deviceOf(one.userAgent) }));
    return {
      template: 'account/sessions',
      title: 'Sessions and apps',
      ...tabsOf(visit),
      tab: '/account/sessions',
      sessions: shown
        .filter(({ scope }) => scope === undefined)
        .sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent)),
      apps: shown
        .filter(({ scope }) => scope !== undefined)
        .map(({ scope = '', ...one }) => ({ ...one, lines: describeScopes(scope.split(' ')) })),
    };
  }
  page('/account/sessions', sessions);
  form(
    '/account/sessions/end',
    async ({ ask, caller }, { id = '', what }) => {
      if (caller.token?.grant === id) return { to: SIGNED_OUT, isOver: true };
      await ask.run('end-session', { id });
      return {
        to: '/account/sessions',
        text: what === 'app' ? 'The app has no access any more.' : 'The session has ended.',
      };
    },
    sessions,
  );
  form(
    '/account/sessions/end-others',
    async ({ ask }) => {
      await ask.run('end-session', { others: true });
      return { to: '/account/sessions', text: 'All other sessions have ended, and no app has access any more.' };
    },
    sessions,
  );

  async function links(visit: Visit, { said, problem }: Again): Promise<View> {
    const { link = [] } = await visit.ask.run<IdentityLinksOutput>('identity-links');
    return {
      template: 'account/links',
      title: 'Other sign-ins',
      ...tabsOf(visit),
      tab: '/account/links',
      links: link,
      tried: problem && said.id,
    };
  }
  page('/account/links', links);
  form(
    '/account/links/remove',
    async ({ ask }, { id = '', password: given = '' }) => {
      await ask.run('remove-identity-link', { id, password: given });
      return {
        to: '/account/links',
        isRenamed: true,
        text: 'It does not open your account any more, and all other sessions have ended.',
      };
    },
    links,
  );

  async function carers(visit: Visit, { said, problem }: Again): Promise<View> {
    const { carer = [] } = await visit.ask.run<CarersOutput>('carers');
    return {
      template: 'account/carers',
      title: 'Carers',
      ...tabsOf(visit),
      tab: '/account/carers',
      carers: carer,
      values: problem ? said : {},
    };
  }
  page('/account/carers', carers);
  form(
    '/account/carers',
    async ({ ask }, { email: address = '', relationship }) => {
      await ask.run('add-carer', { email: address, ...(relationship && { relationship }) });
      return { to: '/account/carers', text: 'The request is on its way. Your carer is here once it is accepted.' };
    },
    carers,
  );
  form(
    '/account/carers/remove',
    async ({ ask }, { id = '' }) => {
      await ask.run('remove-carer', { id });
      return { to: '/account/carers', text: 'The carer has no access any more.' };
    },
    carers,
  );

  form(
    '/account/sign-out',
    async ({ ask }) => {
      await ask.run('logout');
      return { to: SIGNED_OUT, isOver: true };
    },
    profile,
  );
}

/** For people: what, where, and whether it waits. */
export const rolesOf = (
  { role = [] }: Pick<Account, 'role'>,
  nameFor: (reference: string) => string = (reference) => reference,
): object[] =>
  role.map(({ code, status, organization, department }) => ({
    code,
    status,
    display: roleOf(code).display,
    organization: organization?.reference,
    place: [department, organization?.reference && (organization.display ?? nameFor(organization.reference))]
      .filter(Boolean)
      .join(', '),
  }));
