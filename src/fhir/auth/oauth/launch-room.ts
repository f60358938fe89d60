// What is known while an app is being launched: scopes that can be granted, the EHR's launch, the context they lead to, and whether the
// person allowed all this before.
import type { IncomingMessage } from 'node:http';
import type { Grant, KoaContextWithOIDC } from 'oidc-provider';
import type { GrantStore } from '../../storage/grants.ts';
import type { Visitor } from '../sign-in.ts';
import type { Addresses } from './addresses.ts';
import type { OwnMetadata } from './client-metadata.ts';
import { type Decided, decideContext } from './launch-context.ts';
import type { Launch, Launches } from './launches.ts';
import { errors } from './library.ts';
import { openGrant } from './open-grant.ts';
import type { Person } from './people.ts';
import { type ScopeRules, scopesIn } from './scopes.ts';
import { signedInAt } from './sign-in-time.ts';

export interface LaunchRoomDeps {
  addresses: Addresses;
  launches: Launches;
  rules: ScopeRules;
  store: GrantStore;
  visitorOf: (req: IncomingMessage) => Visitor;
  now: () => number;
}

type Params = Readonly<Record<string, unknown>>;

export interface LaunchRoom {
  /** of the scopes that a request asks for, those that can be granted to this client */
  grantable(params: Params | undefined, client: unknown): string[];
  decide(ctx: KoaContextWithOIDC): Promise<Decided>;
  /** the grant that the person just gave, or one made because they gave it before: every launch has its own */
  loadGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined>;
  isRemembered(ctx: KoaContextWithOIDC): boolean;
  /** throws where there is no such launch for this client */
  checkHandle(handle: string, client: string): Promise<Launch>;
  /** the EHR's launch as this person and client may use it; throws where they may not */
  launchFor(handle: unknown, who: { account: string; client: string }): Promise<Launch | undefined>;
}

/** set by the route for apps that ask for `offline_access` without `prompt=consent`, which the library would drop */
export const IMPLIED_CONSENT = 'consent_implied';

export function createLaunchRoom({ addresses, launches, rules, store, visitorOf, now }: LaunchRoomDeps): LaunchRoom {
  const decided = new WeakMap<object, Promise<Decided>>();
  const remembered = new WeakSet<object>();

  async function checkHandle(handle: string, client: string): Promise<Launch> {
    const launch = await launches.find(handle);
    if (launch === undefined) throw new errors.InvalidRequest('the launch is not known, or has ended');
    if (launch.client !== undefined && launch.client !== client)
      throw new errors.AccessDenied('the launch is for another app');
    return launch;
  }

  async function launchFor(
    handle: unknown,
    { account, client }: { account: string; client: string },
  ): Promise<Launch | undefined> {
    if (typeof handle !== 'string') return undefined;
    const launch = await checkHandle(handle, client);
    if (launch.account !== account) throw new errors.AccessDenied('the launch was started by someone else');
    return launch;
  }

  /** without an EHR's launch there is no context that `launch` could give */
  function grantable(params: Params = {}, client: unknown): string[] {
    const scopes = rules.forPeople(scopesIn(params.scope), (client as OwnMetadata | undefined)?.smart_scopes);
    return params.launch === undefined ? scopes.filter((scope) => scope !== 'launch') : scopes;
  }

  async function decideOnce(ctx: KoaContextWithOIDC): Promise<Decided> {
    const { account } = ctx.oidc.account as Person;
    const launch = await launchFor(ctx.oidc.params?.launch, { account: account.id, client: ctx.oidc.client!.clientId });
    const picked = ctx.oidc.result?.[CONTEXT_RESULT] as { patient?: string; encounter?: string } | undefined;
    return decideContext({
      scopes: grantable(ctx.oidc.params, ctx.oidc.client),
      account,
      ...(launch !== undefined && { launched: launch.context }),
      ...(picked !== undefined && { picked }),
    });
  }

  function decide(ctx: KoaContextWithOIDC): Promise<Decided> {
    const known = decided.get(ctx) ?? decideOnce(ctx);
    decided.set(ctx, known);
    return known;
  }

  /** Native apps cannot be told apart by their address, so they are always asked: RFC 8252 section 8.6. */
  function mayBeSilent({ oidc }: KoaContextWithOIDC): boolean {
    const { params = {}, session } = oidc;
    const isAsked = oidc.prompts.has('consent') && params[IMPLIED_CONSENT] === undefined;
    const maxAge = params.max_age;
    const mustSignIn = oidc.promptPending('login') || (maxAge !== undefined && session?.past(Number(maxAge)) !== false);
    return oidc.client?.applicationType === 'web' && !isAsked && !mustSignIn;
  }

  async function loadGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
    const { oidc } = ctx;
    const given = oidc.result?.consent?.grantId;
    if (given !== undefined) return oidc.provider.Grant.find(given);
    if (!mayBeSilent(ctx)) return undefined;
    const context = await decide(ctx);
    const account = oidc.account!.accountId;
    const client = oidc.client!.clientId;
    const scopes = grantable(oidc.params, oidc.client);
    const before = new Set(await store.consents.find(account, client));
    if (context.ask !== undefined || before.size === 0 || !scopes.every((scope) => before.has(scope))) return undefined;
    const room = { provider: oidc.provider, grants: store.grants, addresses, now };
    const id = await openGrant(room, {
      account,
      client,
      scopes,
      context: context.context,
      session: oidc.session!.uid,
      ...visitorOf(ctx.req),
      authenticatedAt: signedInAt(oidc.session),
    });
    remembered.add(ctx);
    return oidc.provider.Grant.find(id);
  }

  return { grantable, decide, loadGrant, checkHandle, launchFor, isRemembered: (ctx) => remembered.has(ctx) };
}

/** where the pages leave what was picked */
export const CONTEXT_RESULT = 'smart_context';
