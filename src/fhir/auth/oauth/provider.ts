// The authorization server: oidc-provider, as SMART App Launch 2.2 wants it. Everything that differs from its usual ways is here or is
// called from here; ADR 0021 says why.
import type { IncomingMessage } from 'node:http';
import type Provider from 'oidc-provider';
import type { Client, Configuration, KoaContextWithOIDC, ResourceServer } from 'oidc-provider';
import { type Addresses, INTERACTION_PATH, isBase, routes } from './addresses.ts';
import { isSecretOf, type OwnMetadata, ownMembers } from './client-metadata.ts';
import { createPolicy } from './interaction-policy.ts';
import { IMPLIED_CONSENT, type LaunchRoom } from './launch-room.ts';
import { errors, Provider as Library } from './library.ts';
import { lifetimes } from './lifetimes.ts';
import type { FindPerson } from './people.ts';
import { metadataCheck, type Registration, registrationFeature } from './registration.ts';
import { type ScopeRules, scopesIn, wordScopes } from './scopes.ts';
import { keepSignInTimes } from './sign-in-time.ts';
import type { SigningKey } from './signing-keys.ts';
import { claimsOf, FIRST_PARTY } from './token-claims.ts';
import type { TokenFactsRoom } from './token-facts.ts';
import { ACCESS_TOKEN_ALG } from './verify.ts';

/** What people see of the library itself. */
export interface OauthPages {
  error(out: { error: string; error_description?: string }): string;
  /** `form` is a form with the id `op.logoutForm` that the page's buttons belong to */
  signOut(form: string): string;
  signedOut(): string;
  /** headers of every page */
  headers(formTargets?: readonly string[]): Readonly<Record<string, string>>;
}

export interface ProviderDeps {
  addresses: Addresses;
  keys: readonly SigningKey[];
  cookieKeys: readonly string[];
  adapter: NonNullable<Configuration['adapter']>;
  findPerson: FindPerson;
  facts: TokenFactsRoom;
  room: LaunchRoom;
  rules: ScopeRules;
  registration: Registration;
  /** somebody who is signed in nowhere begins to; rejects where that address did so too often */
  beginSignIn: (req: IncomingMessage) => Promise<void>;
  pages: OauthPages;
  /** the value of the refresh token that takes the place of another: the same however often it is asked for */
  successorOf: (refreshToken: string) => string;
  fetch: typeof fetch;
  now: () => number;
}

/** http://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html: RS384 and ES384 at least */
export const ASSERTION_ALGS = ['RS384', 'ES384', 'RS256', 'ES256'] as const;

export function createProvider(deps: ProviderDeps): Provider {
  const provider = new Library(deps.addresses.issuer, configurationOf(deps));
  // Everything about the address it is reached at is set by handle.ts from the configuration, not by whoever sends headers.
  provider.proxy = true;
  provider.Client.prototype.compareClientSecret = function (this: { clientSecret?: string }, given: string) {
    return isSecretOf(this.clientSecret, given);
  };
  giveSuccessors(provider, deps.successorOf);
  keepSignInTimes(provider);
  letScopesNarrow(provider, deps.rules);
  return provider;
}

/** What decides whether a client's metadata is right. */
export const clientRules = {
  clientDefaults: { grant_types: ['authorization_code', 'refresh_token'] },
  extraClientMetadata: { properties: [...ownMembers], validator: metadataCheck() },
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  enabledJWA: {
    clientAuthSigningAlgValues: [...ASSERTION_ALGS],
    idTokenSigningAlgValues: ['RS256', 'ES384'],
  },
  responseTypes: ['code'],
  scopes: [...wordScopes],
} satisfies Configuration;

export const clientFeatures = { clientCredentials: { enabled: true } };

function configurationOf(deps: ProviderDeps): Configuration {
  const { addresses, keys, cookieKeys, findPerson, facts, room, pages } = deps;
  return {
    adapter: deps.adapter,
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    routes,
    clients: [
      {
        client_id: FIRST_PARTY,
        client_name: 'Wardgate',
        redirect_uris: [],
        response_types: [],
        grant_types: [],
        token_endpoint_auth_method: 'none',
      },
    ],
    ...clientRules,
    extraClientMetadata: {
      ...clientRules.extraClientMetadata,
      validator: metadataCheck((scopes) => deps.rules.forPeople(scopes, undefined)),
    },
    claims: { openid: ['sub', 'auth_time', 'amr'], fhirUser: ['fhirUser'], profile: ['name'], email: ['email'] },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    cookies: {
      keys: [...cookieKeys],
      names: { session: 'wardgate_session', interaction: 'wardgate_interaction', resume: 'wardgate_resume' },
      long: { httpOnly: true, sameSite: 'lax', signed: true },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    ttl: {
      AccessToken: lifetimes.accessToken,
      AuthorizationCode: lifetimes.authorizationCode,
      ClientCredentials: lifetimes.accessToken,
      Grant: lifetimes.grant,
      IdToken: lifetimes.idToken,
      Interaction: lifetimes.interaction,
      RefreshToken: lifetimes.refreshToken,
      Session: lifetimes.session,
    },
    findAccount: findPerson,
    extraTokenClaims: async (_ctx, token) => claimsOf(await facts.of(token)),
    loadExistingGrant: room.loadGrant,
    // online tokens are bound to the session by people.ts
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client, { scopes }) =>
      client.grantTypeAllowed('refresh_token') && (scopes.has('offline_access') || scopes.has('online_access')),
    rotateRefreshToken: true,
    extraParams: {
      aud: (_ctx, given) => checkAudience(given, addresses),
      launch: (ctx, given) => checkLaunch(ctx, given, room),
      [IMPLIED_CONSENT]: null,
    },
    interactions: {
      policy: createPolicy(room, deps.beginSignIn),
      url: (_ctx, { uid }) => `${addresses.root}${INTERACTION_PATH}/${uid}`,
    },
    assertJwtClientAuthClaimsAndHeader: (_ctx, { exp }) => checkAssertion(exp, deps.now()),
    clientBasedCORS: (_ctx, origin, client) => isOriginOf(origin, client),
    renderError(ctx, out, error) {
      show(ctx, pages.error(out as { error: string; error_description?: string }), pages);
      ctx.status = error instanceof errors.OIDCProviderError ? error.statusCode : 500;
    },
    fetch: deps.fetch,
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      // its tokens would be the only ones that are not for FHIR
      userinfo: { enabled: false },
      ...clientFeatures,
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => mayLookAt(client, String(token.clientId)),
      },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      registration: registrationFeature(deps.registration),
      resourceIndicators: {
        enabled: true,
        defaultResource: () => addresses.base,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource, client) => resourceServer(ctx, { resource, client }, deps),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => show(ctx, pages.signOut(form), pages),
        postLogoutSuccessSource: (ctx) => show(ctx, pages.signedOut(), pages),
      },
    },
  };
}

function show(ctx: KoaContextWithOIDC, page: string, { headers }: OauthPages): void {
  ctx.type = 'html';
  ctx.set(headers());
  ctx.body = page;
}

/** `aud` is SMART's: the token must not reach a server that the person does not mean. */
function checkAudience(given: string | undefined, addresses: Addresses): void {
  if (given === undefined) throw new errors.InvalidRequest(`aud is missing: it is ${addresses.base}`);
  if (!isBase(given, addresses)) throw new errors.InvalidRequest(`aud is not this server: it is ${addresses.base}`);
}

async function checkLaunch(ctx: KoaContextWithOIDC, given: string | undefined, room: LaunchRoom): Promise<void> {
  if (given !== undefined) await room.checkHandle(given, ctx.oidc.client!.clientId);
}

function checkAssertion(exp: unknown, now: number): void {
  const latest = now / 1000 + lifetimes.assertion + SKEW_SECONDS;
  if (typeof exp !== 'number' || exp > latest)
    throw new errors.InvalidClientAuth('exp of the assertion is more than five minutes away');
}

const SKEW_SECONDS = 15;

/** Browser apps may call from where they are registered to be. */
function isOriginOf(origin: string, client: Client): boolean {
  return (client.redirectUris ?? []).some((uri) => URL.canParse(uri) && new URL(uri).origin === origin);
}

/** Tokens of others are shown to resource servers only. */
export const mayLookAt = (client: Client, owner: string): boolean =>
  owner === client.clientId || (client as Client & OwnMetadata).resource_server === true;

/**
 * The FHIR service is the one resource server. The library grants scopes only that it lists, character by character, so the list is
 * what this request asks for, as far as it can be granted.
 */
function resourceServer(
  ctx: KoaContextWithOIDC,
  { resource, client }: { resource: string; client: Client },
  { addresses, room, rules }: ProviderDeps,
): ResourceServer {
  if (!isBase(resource, addresses)) throw new errors.InvalidTarget(`the only resource here is ${addresses.base}`);
  const { params, entities } = ctx.oidc;
  const isForItself = params?.grant_type === 'client_credentials';
  const asked = params?.scope ?? entities.AuthorizationCode?.scope ?? entities.RefreshToken?.scope;
  const scopes = isForItself ? systemScopes(asked, client, rules) : grantedLater(ctx, asked, room);
  return {
    scope: scopes.join(' '),
    audience: addresses.base,
    accessTokenFormat: 'jwt',
    accessTokenTTL: lifetimes.accessToken,
    jwt: { sign: { alg: ACCESS_TOKEN_ALG } },
  };
}

function systemScopes(asked: unknown, client: Client, rules: ScopeRules): string[] {
  const scopes = scopesIn(asked);
  // words about people are left out without a word: the Python client asks for launch/patient whatever it does
  const others = scopes.filter((scope) => /^(patient|user)\//.test(scope));
  if (scopes.length === 0) throw new errors.InvalidScope('scope is missing, for example system/*.rs', '');
  if (others.length > 0)
    throw new errors.InvalidScope('a client that acts for itself has system/ scopes only', others.join(' '));
  const allowed = rules.forSystems(scopes, (client as Client & OwnMetadata).smart_scopes);
  if (allowed.length === 0) throw new errors.InvalidScope('the client is not registered for this', scopes.join(' '));
  return allowed;
}

/** While the person is asked: what may be granted. When the code or token is redeemed: what was. */
function grantedLater(ctx: KoaContextWithOIDC, asked: unknown, room: LaunchRoom): string[] {
  const { route, params, client } = ctx.oidc;
  if (route === 'token') return scopesIn(asked);
  const scopes = room.grantable(params, client);
  if (scopes.length === 0)
    throw new errors.InvalidScope('none of the scopes can be granted to this app', String(params?.scope ?? ''));
  return scopes;
}

/** https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2: rotation; lifetimes.ts tells of the time in which a second use is none. */
function giveSuccessors(provider: Provider, successorOf: (refreshToken: string) => string): void {
  const tokens = provider.RefreshToken.prototype as unknown as { generateTokenId(): string };
  const generate = tokens.generateTokenId;
  tokens.generateTokenId = function () {
    const old = Library.ctx?.oidc.entities.RotatedRefreshToken;
    return old === undefined ? generate.call(this) : successorOf(old.jti);
  };
}

/**
 * Who refreshes may ask for less than was granted, in SMART's sense: `patient/Observation.rs` of `patient/*.rs`. The library compares letter by
 * letter. What is kept stays what was granted: https://www.rfc-editor.org/rfc/rfc6749#section-6
 */
function letScopesNarrow(provider: Provider, rules: ScopeRules): void {
  const asked = (): ReadonlySet<string> => Library.ctx?.oidc.requestParamScopes ?? NO_SCOPES;
  const isRefresh = (): boolean => {
    const { grant_type: type, scope } = Library.ctx?.oidc.params ?? {};
    return type === 'refresh_token' && scope !== undefined;
  };

  Object.defineProperty(provider.RefreshToken.prototype, 'scopes', {
    configurable: true,
    get(this: { scope?: string }) {
      const own = scopesIn(this.scope);
      return new Set(isRefresh() ? [...own, ...rules.within(own, asked())] : own);
    },
  });

  const grants = provider.Grant.prototype as unknown as {
    getResourceScope(resource: string): string;
    getResourceScopeFiltered(resource: string, filter: Iterable<string>): string;
  };
  const filtered = grants.getResourceScopeFiltered;
  grants.getResourceScopeFiltered = function (resource, filter) {
    if (!isRefresh()) return filtered.call(this, resource, filter);
    return rules.within(scopesIn(this.getResourceScope(resource)), filter).join(' ');
  };
}

const NO_SCOPES: ReadonlySet<string> = new Set();
