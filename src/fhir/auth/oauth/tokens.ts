// The one issuer, as the rest of the server knows it: auth/tokens.ts is the port. Our own client's tokens are made here by the library's
// models; those of other apps are made by its endpoints. All hang on grants, so all end the same way.
import type Provider from 'oidc-provider';
import type { Client, AccessToken as LibraryAccessToken, RefreshToken } from 'oidc-provider';
import { FhirError } from '../../model/errors.ts';
import type { Grant, GrantStore } from '../../storage/grants.ts';
import type { Account, SignIn } from '../sign-in.ts';
import type { EndAll, Session, Subject, TokenSet, Tokens } from '../tokens.ts';
import { refreshTokenKey } from './adapter.ts';
import type { Addresses } from './addresses.ts';
import { isCutOff, type Shown } from './cutoff.ts';
import type { Ended } from './ended.ts';
import { errors } from './library.ts';
import { lifetimes } from './lifetimes.ts';
import { openGrant } from './open-grant.ts';
import { FIRST_PARTY, limitsOfPeople } from './token-claims.ts';
import type { TokenFactsRoom } from './token-facts.ts';
import { ACCESS_TOKEN_ALG, endedToken, refused, type Verify } from './verify.ts';

export interface TokensDeps {
  addresses: Addresses;
  /** the one with the keys that are in use */
  provider: () => Provider;
  store: GrantStore;
  facts: TokenFactsRoom;
  ended: Ended;
  verify: Verify;
  signIn: () => Pick<SignIn, 'account'>;
  successorOf: (refreshToken: string) => string;
  now: () => number;
}

/** Beyond the port, for the endpoints of OAuth. */
export interface Issuer extends Tokens {
  /** one access token; its grant goes on */
  endAccessToken(id: string, expires: number): Promise<void>;
  /** the person signed out of the browser: apps that may not stay connected end */
  endSession(uid: string): Promise<void>;
  /** before its time, and not longer ago than any token lives: one that has lapsed has not */
  hasEnded(grant: string): Promise<boolean>;
  /** what was begun then goes on no more: the account was shut since to whoever could come in before */
  isWorkOver(account: string, shown: Shown): Promise<boolean>;
  /** a grant was used for new tokens */
  used(grant: string, withRefreshToken: boolean): Promise<void>;
}

export function createTokens(deps: TokensDeps): Issuer {
  const { addresses, provider, store, facts, ended, verify, signIn, successorOf, now } = deps;
  const { grants, refreshTokens, consents, cutoffs } = store;

  async function firstParty(): Promise<Client> {
    return (await provider().Client.find(FIRST_PARTY))!;
  }

  /** on a shared workstation they end with the pause that is allowed there */
  const accessEnds = (idleSeconds: number = lifetimes.accessToken): number =>
    Math.min(lifetimes.accessToken, idleSeconds);
  const refreshEnds = (from: number, idleSeconds: number = lifetimes.refreshToken): number => from + idleSeconds * 1000;

  async function accessToken(
    account: Omit<Account, 'email' | 'name'>,
    {
      grant: { id: grant, authenticatedAt },
      client,
      seconds,
    }: { grant: Pick<Grant, 'id' | 'authenticatedAt'>; client: Client; seconds: number },
  ): Promise<string> {
    const { AccessToken, ResourceServer } = provider() as Provider & { ResourceServer: ResourceServerClass };
    const token: LibraryAccessToken = new AccessToken({
      accountId: account.id,
      client,
      grantId: grant,
      gty: FIRST_PARTY,
      expiresIn: seconds,
    });
    token.resourceServer = new ResourceServer(addresses.base, {
      scope: '',
      audience: addresses.base,
      accessTokenFormat: 'jwt',
      accessTokenTTL: seconds,
      jwt: { sign: { alg: ACCESS_TOKEN_ALG } },
    });
    const { roles, organizations, fhirUser, limits = limitsOfPeople(FIRST_PARTY, roles) } = account;
    facts.give(token, {
      grant,
      roles,
      organizations,
      ...(fhirUser !== undefined && { fhirUser }),
      limits,
      authenticatedAt,
    });
    return token.save();
  }

  function refreshToken(
    old: { accountId: string; grantId: string } & Partial<RefreshToken>,
    client: Client,
  ): RefreshToken {
    const { RefreshToken } = provider();
    return new RefreshToken({
      accountId: old.accountId,
      client,
      grantId: old.grantId,
      gty: FIRST_PARTY,
      scope: '',
      resource: addresses.base,
      amr: old.amr,
      authTime: old.authTime,
      rotations: (old.rotations ?? -1) + 1,
      ...(old.iiat !== undefined && { iiat: old.iiat }),
      ...(old.jti !== undefined && { jti: successorOf(old.jti) }),
    });
  }

  async function issue({
    account,
    roles,
    organizations,
    fhirUser,
    amr,
    since,
    address,
    userAgent,
    limits,
    idleSeconds,
  }: Subject): Promise<TokenSet> {
    const client = await firstParty();
    const at = now();
    const grant = await openGrant(
      { provider: provider(), grants, addresses, now },
      {
        account,
        client: FIRST_PARTY,
        scopes: [],
        context: {},
        address,
        ...(userAgent !== undefined && { userAgent }),
        authenticatedAt: since,
        ...(idleSeconds !== undefined && { idleSeconds }),
        startedAt: at,
        expiresAt: refreshEnds(at, idleSeconds),
      },
    );
    // whoever shuts the account later than this finds the grant
    if (isCutOff(await cutoffs.find(account), { at: since })) {
      await endGrant(grant);
      throw new FhirError('login', 'This sign-in is over; begin again');
    }
    const person = {
      id: account,
      roles,
      organizations,
      ...(fhirUser !== undefined && { fhirUser }),
      ...(limits !== undefined && { limits }),
    };
    const seconds = accessEnds(idleSeconds);
    const authTime = Math.floor(since / 1000);
    const [access, refresh] = await Promise.all([
      accessToken(person, { grant: { id: grant, authenticatedAt: since }, client, seconds }),
      refreshToken({ accountId: account, grantId: grant, amr: [...amr], authTime }, client).save(),
    ]);
    return { accessToken: access, refreshToken: refresh, expiresIn: seconds };
  }

  async function refresh(text: string): Promise<TokenSet> {
    const old = (await provider().RefreshToken.find(text, { ignoreExpiration: true })) as Found | undefined;
    // tokens of other clients are refreshed at the token endpoint, where the client shows who it is
    if (old === undefined || old.clientId !== FIRST_PARTY) throw noGoodRefreshToken();
    const grant = await grants.find(old.grantId);
    if (grant === undefined || old.isExpired || grant.account !== old.accountId) throw noGoodRefreshToken();
    const account = await signIn().account(old.accountId, grant.acting);
    if (account === undefined || grant.expiresAt <= now()) throw noGoodRefreshToken();
    if (grant.startedAt + lifetimes.grant * 1000 <= now()) throw noGoodRefreshToken();
    try {
      if (old.consumed !== undefined) throw new errors.InvalidGrant('refresh token already used');
      await old.consume();
    } catch (error) {
      if (!(error instanceof errors.InvalidGrant)) throw error;
      await endGrant(old.grantId);
      throw noGoodRefreshToken(error);
    }
    const client = await firstParty();
    const seconds = accessEnds(grant.idleSeconds);
    const [access, next] = await Promise.all([
      accessToken(account, { grant, client, seconds }),
      refreshToken(old, client).save(),
      grants.used(old.grantId, { lastUsedAt: now(), expiresAt: refreshEnds(now(), grant.idleSeconds) }),
    ]);
    return { accessToken: access, refreshToken: next, expiresIn: seconds };
  }

  async function actAs(id: string, acting: string | undefined): Promise<Omit<TokenSet, 'refreshToken'>> {
    const grant = await grants.find(id);
    const account = grant?.client === FIRST_PARTY ? await signIn().account(grant.account, acting) : undefined;
    if (grant === undefined || account === undefined || !(await grants.actAs(id, acting)))
      throw refused('The session has ended, or cannot be used so');
    const seconds = accessEnds(grant.idleSeconds);
    const access = await accessToken(account, { grant, client: await firstParty(), seconds });
    return { accessToken: access, expiresIn: seconds };
  }

  async function used(grant: string, withRefreshToken: boolean): Promise<void> {
    const at = now();
    await grants.used(grant, {
      lastUsedAt: at,
      expiresAt: withRefreshToken ? refreshEnds(at) : at + lifetimes.accessToken * 1000,
    });
  }

  async function endGrant(id: string): Promise<void> {
    const grant = await grants.find(id);
    await grants.end(id);
    ended.add(id);
    await refreshTokens.removeAllOf([id]);
    if (grant !== undefined) await consents.forget(grant.account, grant.client);
  }

  async function endAllOf(account: string, { besides, keepsWork = false }: EndAll = {}): Promise<void> {
    // first: a grant that is made while they are looked for is then given up by who made it
    await cutoffs.set(account, { at: now(), ...(besides !== undefined && { besides }) }, !keepsWork);
    const open = (await grants.ofAccount(account)).map(({ id }) => id).filter((id) => id !== besides);
    await grants.endAllOf(account, besides);
    for (const id of open) ended.add(id);
    await refreshTokens.removeAllOf(open);
  }

  async function endAccessToken(id: string, expires: number): Promise<void> {
    await grants.markEnded(endedToken(id), expires);
    ended.add(endedToken(id));
  }

  async function endGrantOf(text: string): Promise<void> {
    const refresh = await refreshTokens.find(refreshTokenKey(text));
    if (refresh !== undefined) return endGrant(refresh.grant);
    try {
      const token = await verify(text);
      if (token.account === undefined) await endAccessToken(token.id, token.expires);
      else await endGrant(token.grant);
    } catch (error) {
      // a token that is worth nothing has ended: RFC 7009 section 2.2
      if ((error as FhirError).kind !== 'login') throw error;
    }
  }

  async function sessions(account: string): Promise<Session[]> {
    const open = (await grants.ofAccount(account)).filter(({ expiresAt }) => expiresAt > now());
    const names = new Map<string, string>();
    for (const { client } of open) if (!names.has(client)) names.set(client, await nameOf(client));
    return open.map(({ id, client, scopes, address, userAgent, startedAt, lastUsedAt, expiresAt }) => ({
      id,
      client,
      clientName: names.get(client)!,
      scopes,
      address,
      ...(userAgent !== undefined && { userAgent }),
      startedAt,
      lastUsedAt,
      expiresAt,
    }));
  }

  const nameOf = async (client: string): Promise<string> =>
    (await provider().Client.find(client))?.clientName ?? client;

  return {
    issue: (subject) => asFhir(() => issue(subject)),
    refresh: (text) => asFhir(() => refresh(text)),
    actAs: (grant, acting) => asFhir(() => actAs(grant, acting)),
    verify,
    endGrantOf,
    endGrant,
    endAllOf,
    sessions,
    endAccessToken,
    async hasEnded(grant) {
      if (!ended.isKnown()) await ended.look();
      return ended.has(grant);
    },
    isWorkOver: async (account, shown) => isCutOff((await cutoffs.find(account))?.work, shown),
    used,
    endSession: (uid) => grants.endAllOfSession(uid, 'offline_access'),
  };
}

/** The library's error for a database that is away, in our words. */
async function asFhir<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof errors.TemporarilyUnavailable)) throw cause;
    throw new FhirError('transient', 'Sign-in is not possible at the moment', {
      headers: { 'Retry-After': '2' },
      cause,
    });
  }
}

type Found = RefreshToken & { grantId: string };

type ResourceServerClass = new (
  identifier: string,
  info: Parameters<typeof Object.assign>[0],
) => NonNullable<LibraryAccessToken['resourceServer']>;

const noGoodRefreshToken = (cause?: unknown): FhirError =>
  refused('The refresh token is not valid, or not any more', cause);
