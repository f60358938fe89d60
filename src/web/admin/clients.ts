// Apps and systems that sign in here, with their addresses, scopes, keys and secrets. docs/smart.md tells of the operations behind it.
import type {
  AccessPoliciesOutput,
  ChangeClientOutput,
  ClientsOutput,
  RegisterClientOutput,
} from '../../generated/operation-io.ts';
import { describeScopes } from '../interaction/describe-scopes.ts';
import type { Again, Form, Room, View, Visit } from '../signed-in/room.ts';

type Client = RegisterClientOutput['client'];

const CLIENTS = '/admin/clients';
// not below the list: an app may have any name
const REGISTER = '/admin/register-client';

/** What an application is, and what follows for how it signs in. */
const kinds: Readonly<Record<string, readonly [label: string, said: object]>> = {
  browser: ['An app in a browser, or on a page without a secret', { authentication: 'none' }],
  server: ['A web app that keeps a secret on its server', { authentication: 'secret' }],
  key: ['A web app that signs with a key', { authentication: 'key' }],
  native: ['An app on a device', { authentication: 'none', native: true }],
  backend: ['A system that acts for itself', { backend: true }],
  reader: ['A server that asks about tokens (introspection)', { authentication: 'secret', resourceServer: true }],
};

export function addClientPages({ page, form }: Room): void {
  async function clients({ ask }: Visit): Promise<View> {
    const { client = [] } = await ask.run<ClientsOutput>('clients');
    return { template: 'admin/clients', title: 'Apps', clients: client.map((one) => ({ ...one, kind: kindOf(one) })) };
  }
  page(CLIENTS, clients);

  async function register({ ask }: Visit, { said }: Again): Promise<View> {
    ask.need('register-client');
    const { entry = [] } = await ask.run<AccessPoliciesOutput>('access-policies');
    return {
      template: 'admin/register-client',
      title: 'Register an app',
      back: { href: CLIENTS, label: 'Apps' },
      kinds: Object.entries(kinds).map(([code, [label]]) => [code, label]),
      roleChoices: [['', '–'], ...entry.map(({ role, title }) => [role, title])],
      values: { kind: 'browser', ...said },
    };
  }
  page(REGISTER, register);
  form(
    REGISTER,
    async ({ ask }, { kind = '', name, id, role, organization, ...said }) => {
      const { client, secret } = await ask.run<RegisterClientOutput>('register-client', {
        name,
        ...(id && { id }),
        ...kinds[kind]?.[1],
        ...membersIn(said),
        ...(role && { role: [role] }),
        ...(organization && { organization: organization.split(/[\s,]+/) }),
      });
      const text =
        secret === undefined
          ? 'The app is registered.'
          : 'The app is registered. Its secret is told this once; keep it now:';
      return { to: `${CLIENTS}/${client.id}`, text, ...(secret !== undefined && { secret }) };
    },
    register,
  );

  async function client({ ask, id }: Visit, { said, problem }: Again): Promise<View> {
    const { client: [one] = [] } = await ask.run<ClientsOutput>('clients', { id });
    const { redirectUri = [], signOutUri = [], launchUri, scope, jwks, jwksUri, name } = one!;
    return {
      template: 'admin/client',
      title: name,
      back: { href: CLIENTS, label: 'Apps' },
      client: one,
      kind: kindOf(one!),
      path: `${CLIENTS}/${id}`,
      scopes: scope === undefined ? undefined : describeScopes(scope.split(' ')),
      values: problem
        ? said
        : {
            name,
            redirectUri: redirectUri.join('\n'),
            signOutUri: signOutUri.join('\n'),
            launchUri,
            scope,
            jwksUri,
            jwks: jwks && pretty(jwks),
          },
    };
  }
  page(`${CLIENTS}/:id`, client);
  form(
    `${CLIENTS}/:id`,
    async ({ ask, id }, { name, ...said }) => {
      const without = ['launchUri', 'signOutUri', 'scope'].filter((member) => said[member]?.trim() === '');
      await ask.run('change-client', { id, name, ...membersIn(said), ...(without.length > 0 && { without }) });
      return { to: `${CLIENTS}/${id}`, text: 'The app is changed.' };
    },
    client,
  );
  form(
    `${CLIENTS}/:id/secret`,
    async ({ ask, id }) => {
      const { secret } = await ask.run<ChangeClientOutput>('change-client', { id, newSecret: true });
      const text = 'The old secret is of no use any more. The new one is told this once; keep it now:';
      return { to: `${CLIENTS}/${id}`, text, secret: secret! };
    },
    client,
  );
  const acts: Readonly<Record<string, string>> = {
    disable: 'The app is disabled, and everything it held has ended.',
    enable: 'The app can be used again.',
  };
  for (const [act, text] of Object.entries(acts)) {
    form(
      `${CLIENTS}/:id/${act}`,
      async ({ ask, id }) => {
        await ask.run(`${act}-client`, { id });
        return { to: `${CLIENTS}/${id}`, text };
      },
      client,
    );
  }
  form(
    `${CLIENTS}/:id/remove`,
    async ({ ask, id }) => {
      await ask.run('remove-client', { id });
      return { to: CLIENTS, text: 'The app is removed, and everything it held has ended.' };
    },
    client,
  );
}

/** One address a line; what is empty is not said. */
const membersIn = ({ redirectUri, signOutUri, launchUri, scope, jwks, jwksUri }: Form): object => {
  const [back, out] = [addressesIn(redirectUri), addressesIn(signOutUri)];
  return {
    ...(back.length > 0 && { redirectUri: back }),
    ...(out.length > 0 && { signOutUri: out }),
    ...(launchUri && { launchUri }),
    ...(scope && { scope: scope.split(/\s+/).join(' ') }),
    // a key set stays where it is until another is said
    ...(jwksUri ? { jwksUri } : jwks ? { jwks } : {}),
  };
};

const addressesIn = (text = ''): string[] => text.split(/\s+/).filter(Boolean);

function kindOf({ backend, native, authentication, resourceServer, redirectUri = [] }: Client): string {
  if (backend) return 'System';
  if (resourceServer && redirectUri.length === 0) return 'Asks about tokens';
  if (native) return 'App on a device';
  return { none: 'App', secret: 'App with a secret', key: 'App with a key' }[authentication] ?? 'App';
}

function pretty(json: string): string {
  return JSON.stringify(JSON.parse(json), undefined, 2);
}
