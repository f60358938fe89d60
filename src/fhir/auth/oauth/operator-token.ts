// Access tokens made by the command line: whoever has the database and the server's secret could read everything anyway, and so is not asked
// for a password. One of a person is as one of `$login`, but without a refresh token; it hangs on a grant, so it is among the person's
// sessions and ends with them. One of the command line itself acts for nobody. Both are good for an hour, and can be ended before.
import { randomBytes } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';
import type { Grants } from '../../storage/grants.ts';
import type { Account } from '../sign-in.ts';
import { addressesOf } from './addresses.ts';
import { lifetimes } from './lifetimes.ts';
import type { SigningKeys } from './signing-keys.ts';
import { claimsOf, clientGrant, FIRST_PARTY, limitsOfPeople, OPERATOR, type TokenFacts } from './token-claims.ts';
import { ACCESS_TOKEN_ALG } from './verify.ts';

export interface OperatorToken {
  token: string;
  id: string;
  /** ms since 1970 */
  expires: number;
  grant: string;
}

export interface OperatorTokens {
  ofAccount(account: Account): Promise<OperatorToken>;
  ofCommandLine(): Promise<OperatorToken>;
  /** those that were made here for an account, or for the command line (`OPERATOR`); tells how many. Servers know within five seconds */
  end(account: string): Promise<number>;
}

export interface OperatorTokensDeps {
  /** FHIR base as clients see it */
  base: string;
  grants: Pick<Grants, 'insert' | 'ofAccount' | 'end'>;
  keys: Pick<SigningKeys, 'list'>;
  now: () => number;
}

export function createOperatorTokens({ base, grants, keys, now }: OperatorTokensDeps): OperatorTokens {
  const { issuer } = addressesOf(base);

  /** As the library signs them: RFC 9068. */
  async function sign(subject: string, client: string, facts: TokenFacts, scope?: string): Promise<OperatorToken> {
    const { jwk, kid } = keys.list().find(({ alg, state }) => alg === ACCESS_TOKEN_ALG && state === 'current')!;
    const id = randomBytes(16).toString('base64url');
    const from = Math.floor(now() / 1000);
    const until = from + lifetimes.accessToken;
    const token = await new SignJWT({ ...claimsOf(facts), client_id: client, ...(scope !== undefined && { scope }) })
      .setProtectedHeader({ alg: ACCESS_TOKEN_ALG, typ: 'at+jwt', kid })
      .setJti(id)
      .setSubject(subject)
      .setIssuer(issuer)
      .setAudience(base)
      .setIssuedAt(from)
      .setExpirationTime(until)
      .sign(await importJWK(jwk, ACCESS_TOKEN_ALG));
    return { token, id, expires: until * 1000, grant: facts.grant };
  }

  async function openGrant(id: string, account: string, client: string, at = now()): Promise<void> {
    const expiresAt = at + lifetimes.accessToken * 1000;
    const seconds = { iat: Math.floor(at / 1000), exp: Math.floor(expiresAt / 1000) };
    await grants.insert({
      id,
      account,
      client,
      scopes: [],
      context: {},
      address: '',
      userAgent: MADE_HERE,
      authenticatedAt: at,
      // what the library's own record of it would be
      payload: { ...seconds, jti: id, kind: 'Grant', accountId: account, clientId: client },
      startedAt: at,
      lastUsedAt: at,
      expiresAt,
    });
  }

  return {
    async ofAccount({ id: account, roles, organizations, fhirUser, limits = limitsOfPeople(FIRST_PARTY, roles) }) {
      const grant = newGrantId();
      const authenticatedAt = now();
      await openGrant(grant, account, FIRST_PARTY, authenticatedAt);
      return sign(account, FIRST_PARTY, {
        grant,
        roles,
        organizations,
        ...(fhirUser !== undefined && { fhirUser }),
        limits,
        authenticatedAt,
      });
    },
    async ofCommandLine() {
      const grant = clientGrant(OPERATOR, newGrantId());
      await openGrant(grant, OPERATOR, OPERATOR);
      return sign(
        OPERATOR,
        OPERATOR,
        { grant, roles: ['admin'], organizations: [], limits: 'admin' },
        'system/*.cruds',
      );
    },
    async end(account) {
      const made = (await grants.ofAccount(account)).filter(({ userAgent }) => userAgent === MADE_HERE);
      await Promise.all(made.map(({ id }) => grants.end(id)));
      return made.length;
    },
  };
}

/** what their owner sees among the sessions */
const MADE_HERE = 'wardgate token, on the command line';

const newGrantId = (): string => randomBytes(24).toString('base64url');
