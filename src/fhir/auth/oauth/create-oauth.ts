// The authorization server and the one issuer of tokens, built from their parts. docs/smart.md is for those who use it, ADR 0021 says why
// it is so.
import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { IdentityProvider } from '../../../platform/config/parse.ts';
import type { Logger } from '../../../platform/logger/logger.ts';
import type { Redis } from '../../../platform/redis/connect.ts';
import { createSeal, type Secrets } from '../../../platform/secrets/secrets.ts';
import type { Definitions } from '../../definitions/definitions.ts';
import type { GrantStore } from '../../storage/grants.ts';
import type { Limits } from '../limits/index.ts';
import type { SignIn, Visitor } from '../sign-in.ts';
import { createAdapters, refreshTokenKey } from './adapter.ts';
import { type Addresses, addressesOf } from './addresses.ts';
import { type ClientRegistry, createClientRegistry } from './client-registry.ts';
import type { Directory } from './directory.ts';
import { createEnded } from './ended.ts';
import { createFederation } from './federation.ts';
import { createForeignSignIn, type ForeignSignIn } from './foreign-sign-in.ts';
import { addGrantRecord, introspectionEvent, type OauthEvent } from './grant-record.ts';
import { addSteps, createHandle, refusalOf, type TooMany } from './handle.ts';
import { createIdentityLinks, type IdentityLinksRoom } from './identity-links.ts';
import { createInteractions, type Interactions } from './interactions.ts';
import { introspectByToken } from './introspect.ts';
import { createKeyFetch } from './key-fetch.ts';
import { createLaunchRoom } from './launch-room.ts';
import { createLaunches, type Launches } from './launches.ts';
import { createFindPerson } from './people.ts';
import { createProvider, type OauthPages } from './provider.ts';
import type { Registration } from './registration.ts';
import { createScopeRules } from './scopes.ts';
import { createSigningKeys, KEYS_CHANGED, SEAL_PURPOSE, type SigningKeys } from './signing-keys.ts';
import { smartConfiguration } from './smart-configuration.ts';
import { createTokenFacts } from './token-facts.ts';
import { createTokens, type Issuer } from './tokens.ts';
import { createVerify } from './verify.ts';

export interface OauthDeps {
  /** FHIR base as clients see it */
  base: string;
  store: GrantStore;
  redis: Redis;
  /** keeps databases that share a Redis apart */
  space: string;
  secrets: Secrets;
  definitions: Definitions;
  /** accounts need the issuer and the issuer needs accounts, so each is asked for when it is used */
  signIn: () => SignIn;
  directory: () => Directory;
  pages: OauthPages;
  registration: Registration;
  /** where else people may sign in */
  identityProviders?: readonly IdentityProvider[];
  visitorOf: (req: IncomingMessage) => Visitor;
  /** Counts what an address does; rejects where that was too often: a self-registration, */
  demand: Limits['demand'];
  /** … and the beginning of a sign-in */
  admitStranger: (address: string) => Promise<void>;
  /** how key sets of clients are fetched: those who give the addresses must not reach what is private here */
  fetch: typeof fetch;
  /** puts on record who signed in, got a token or was refused one; rejects where that is not possible */
  record?: (event: OauthEvent) => Promise<void>;
  logger: Logger;
  now: () => number;
}

export interface Oauth {
  addresses: Addresses;
  tokens: Issuer;
  /** everything below the issuer; `req.url` without the mount path */
  handle(req: IncomingMessage, res: ServerResponse): void;
  interactions: Interactions;
  foreign: ForeignSignIn;
  links: IdentityLinksRoom;
  smartConfiguration: () => Record<string, unknown>;
  clients: ClientRegistry;
  launches: Launches;
  keys: SigningKeys;
  close(): Promise<void>;
}

const TEND_KEYS_MS = 60 * 60 * 1000;

export async function createOauth(deps: OauthDeps): Promise<Oauth> {
  const { store, redis, space, secrets, signIn, logger, now, record = async () => undefined } = deps;
  const addresses = addressesOf(deps.base);
  const onError = (error: unknown): void => logger.warn('the list of ended sign-ins could not be read', { error });

  const [sealKey, cookieKey, successorKey] = await Promise.all(
    [SEAL_PURPOSE, 'oauth-cookies', 'oauth-refresh-tokens'].map((purpose) => secrets.key(purpose)),
  );
  const keys = await createSigningKeys({
    store: store.signingKeys,
    grants: store.grants,
    seal: createSeal(sealKey!),
    now,
  });
  const ended = await createEnded({ grants: store.grants, now, onError });
  const verify = createVerify({ addresses, keys, ended, now });
  const facts = createTokenFacts({ grants: store.grants, signIn });
  const successorOf = (token: string): string => createHmac('sha256', successorKey!).update(token).digest('base64url');

  let provider: Provider;
  const tokens = createTokens({
    addresses,
    provider: () => provider,
    store,
    facts,
    ended,
    verify,
    signIn,
    successorOf,
    now,
  });
  const rules = createScopeRules(deps.definitions);
  const launches = createLaunches(redis, space);
  const room = createLaunchRoom({ addresses, launches, rules, store, visitorOf: deps.visitorOf, now });
  const federation = createFederation({
    providers: deps.identityProviders ?? [],
    addresses,
    redis,
    space,
    onError: (error) => logger.warn('another identity provider', { error }),
  });
  const links = createIdentityLinks({ providers: deps.identityProviders ?? [], store, signIn, record, now });
  const adapter = createAdapters({ redis, space, store, endGrant: tokens.endGrant, now });

  const tooMany: TooMany = (req) => deps.admitStranger(deps.visitorOf(req).address).then(() => undefined, refusalOf);

  /** The library reads its keys once, so other keys are another server; all its state is in the databases. */
  function build(): Provider {
    const built = createProvider({
      addresses,
      keys: keys.list(),
      cookieKeys: [cookieKey!.toString('base64url')],
      adapter,
      findPerson: createFindPerson({ signIn, store, addresses }),
      facts,
      room,
      rules,
      registration: deps.registration,
      beginSignIn: async (req) => deps.admitStranger(deps.visitorOf(req).address),
      pages: deps.pages,
      successorOf,
      fetch: createKeyFetch(deps.fetch),
      now,
    });
    addGrantRecord(built, { visitorOf: deps.visitorOf, record });
    addSteps(built, { addresses, grants: store.grants, tokens, pages: deps.pages, tooMany });
    report(built, logger);
    return built;
  }
  provider = build();
  keys.onChange(() => {
    provider = build();
  });
  async function publicClientOf(refreshToken: string): Promise<string | undefined> {
    const found = await store.refreshTokens.find(refreshTokenKey(refreshToken));
    const client = found && (await provider.Client.find(String(found.payload.clientId)));
    return client?.tokenEndpointAuthMethod === 'none' ? client.clientId : undefined;
  }
  const clients = createClientRegistry({ store, rules, keys, now, onEnd: ended.add });
  const stopKeepingUp = keepUpWithKeys({ keys, onEnd: ended.onEnd, logger });

  return {
    addresses,
    tokens,
    handle: createHandle({
      provider: () => provider,
      addresses,
      publicClientOf,
      ...(deps.registration.policy === 'open' && {
        beginRegistration: async (req) => deps.demand('registration', deps.visitorOf(req).address),
      }),
      introspectByToken: (authorization, form) =>
        introspectByToken(authorization, form, { verify, grants: store.grants, addresses, clients }),
      recordIntrospection: (asked, req) => record(introspectionEvent(asked, deps.visitorOf(req).address)),
      tooMany,
    }),
    interactions: createInteractions({
      ...deps,
      addresses,
      provider: () => provider,
      room,
      rules,
      federation,
      links,
      record,
      endSession: tokens.endSession,
    }),
    foreign: createForeignSignIn({ federation, links, signIn, record, now }),
    links,
    smartConfiguration: () => smartConfiguration(addresses, deps.registration),
    clients,
    launches,
    keys,
    async close() {
      stopKeepingUp();
      await ended.close();
    },
  };
}

function keepUpWithKeys({
  keys,
  onEnd,
  logger,
}: {
  keys: SigningKeys;
  onEnd: (listener: (id: string) => void) => void;
  logger: Logger;
}): () => void {
  const warn = (error: unknown): void => logger.warn('the signing keys could not be looked after', { error });
  onEnd((id) => {
    if (id.startsWith(KEYS_CHANGED)) keys.reload().catch(warn);
  });
  const timer = setInterval(() => void keys.tend().catch(warn), TEND_KEYS_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** What went wrong, for who helps developers of apps: no tokens, no people. */
function report(provider: Provider, logger: Logger): void {
  provider.on('server_error', (ctx, error) =>
    logger.error('the authorization server failed', { route: ctx.oidc?.route, error }),
  );
  const refused = [
    'authorization.error',
    'grant.error',
    'registration_create.error',
    'introspection.error',
    'revocation.error',
  ] as const;
  for (const event of refused) {
    provider.on(event as 'grant.error', (ctx, error) => {
      // what is asked about JWTs is answered by us
      if (error.error === 'unsupported_token_type') return;
      logger.info('the authorization server refused', {
        route: ctx.oidc?.route,
        client: ctx.oidc?.client?.clientId,
        error: error.error,
        why: error.error_description,
        detail: error.error_detail,
      });
    });
  }
}
