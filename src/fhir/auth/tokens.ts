// The port to the one issuer of tokens. `$login`, the pages and OAuth clients hold grants of the same issuer, so one revocation ends all.
import type { Named } from './caller.ts';

/** What is known of a person when a token is made. */
export interface Subject {
  /** the account's id: `sub` */
  account: string;
  roles: readonly string[];
  organizations: readonly string[];
  fhirUser?: Named;
  /** authentication methods (RFC 8176): `pwd`, `otp` */
  amr: readonly string[];
  /** before they showed who they are and anything was looked up for it, ms since 1970 */
  since: number;
  address: string;
  userAgent?: string;
  /** class of rate limits where it is not the usual one of the roles */
  limits?: string;
  /** on a shared workstation: without a refresh for so many seconds the session is over */
  idleSeconds?: number;
}

export interface TokenSet {
  accessToken: string;
  refreshToken: string;
  /** seconds until the access token ends */
  expiresIn: number;
}

/** A grant as its owner sees it. */
export interface Session {
  /** the grant's id */
  id: string;
  /** client's id, and its name for people */
  client: string;
  clientName: string;
  scopes: readonly string[];
  address: string;
  userAgent?: string;
  /** ms since 1970 */
  startedAt: number;
  lastUsedAt: number;
  expiresAt: number;
}

/** What a valid access token says. */
export interface AccessToken {
  id: string;
  grant: string;
  /** account's id; absent for backend clients */
  account?: string;
  client: string;
  roles: readonly string[];
  organizations: readonly string[];
  fhirUser?: Named;
  /** absent: not restricted beyond the roles */
  scopes?: readonly string[];
  patient?: string;
  encounter?: string;
  /** class of rate limits */
  limits: string;
  /** ms since 1970 */
  expires: number;
  /** when the person showed who they are, ms since 1970; absent for backend clients */
  authenticatedAt?: number;
}

export interface EndAll {
  /** this grant goes on: a change of password keeps the session it was made in */
  besides?: string | undefined;
  /** only what the person may do is different now: work that they began goes on as long as they may do that */
  keepsWork?: boolean;
}

export interface Tokens {
  /** a grant of our own pages and of `$login`. Throws 'login' where the account was shut since to whoever could come in */
  issue(subject: Subject): Promise<TokenSet>;
  /** rotates; a token that was used before ends the whole grant. Throws 'login' */
  refresh(refreshToken: string): Promise<TokenSet>;
  /** signature, time, audience, revocation (known everywhere within 5 s), without a round trip on the common path. Throws 'login' */
  verify(accessToken: string): AccessToken | Promise<AccessToken>;
  /** by either token of it */
  endGrantOf(token: string): Promise<void>;
  endGrant(id: string): Promise<void>;
  /** all of an account, with the work that goes on without them */
  endAllOf(account: string, how?: EndAll): Promise<void>;
  sessions(account: string): Promise<Session[]>;
  /**
   * From now on the grant is used for somebody, or at one place: what `SignIn.account` understands as `acting`; undefined: as oneself. The
   * refresh token stays. Throws 'login' where the grant has ended
   */
  actAs(grant: string, acting: string | undefined): Promise<Omit<TokenSet, 'refreshToken'>>;
}
