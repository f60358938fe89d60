// Access tokens made by the command line: whoever has the database and the server's secret could read everything anyway, and so is not asked
// for a password. One of a person is as one of `$login`, but without a refresh token; it hangs on a grant, so it is among the person's
// sessions and ends with them. One of the command line itself acts for nobody. Both are good for an hour.
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
}

export interface OperatorTokensDeps {
  /** FHIR base as clients see it */
  base: string;
  grants: Pick<Grants, 'insert'>;
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

  return {
    async ofAccount({ id: account, roles, organizations, fhirUser, limits = limitsOfPeople(FIRST_PARTY, roles) }) {
      const grant = randomBytes(24).toString('base64url');
      const at = now();
      const expiresAt = at + lifetimes.accessToken * 1000;
      const seconds = { iat: Math.floor(at / 1000), exp: Math.floor(expiresAt / 1000) };
      await grants.insert({
        id: grant,
        account,
        client: FIRST_PARTY,
        scopes: [],
        context: {},
        address: '',
        userAgent: 'wardgate token, on the command line',
        authenticatedAt: at,
        // what the library's own record of it would be
        payload: { ...seconds, jti: grant, kind: 'Grant', accountId: account, clientId: FIRST_PARTY },
        startedAt: at,
        lastUsedAt: at,
        expiresAt,
      });
      return sign(account, FIRST_PARTY, {
        grant,
        roles,
        organizations,
        ...(fhirUser !== undefined && { fhirUser }),
        limits,
      });
    },
    ofCommandLine: () =>
      sign(
        OPERATOR,
        OPERATOR,
        { grant: clientGrant(OPERATOR, 0), roles: ['admin'], organizations: [], limits: 'admin' },
        'system/*.cruds',
      ),
  };
}
