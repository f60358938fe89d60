// What goes into an access token, looked up when it is made: a person's roles as they are now, not as they were at the sign-in.
import type { AccessToken, Client, ClientCredentials } from 'oidc-provider';
import type { Grants } from '../../storage/grants.ts';
import type { SignIn } from '../sign-in.ts';
import type { OwnMetadata } from './client-metadata.ts';
import { errors } from './library.ts';
import { clientGrant, limitsOfPeople, type TokenFacts } from './token-claims.ts';

export interface TokenFactsDeps {
  grants: Grants;
  signIn: () => Pick<SignIn, 'account'>;
}

export interface TokenFactsRoom {
  of(token: AccessToken | ClientCredentials): Promise<TokenFacts>;
  /** who makes a token knows already what it says */
  give(token: AccessToken, facts: TokenFacts): void;
}

export function createTokenFacts({ grants, signIn }: TokenFactsDeps): TokenFactsRoom {
  const given = new WeakMap<object, TokenFacts>();

  async function of(token: AccessToken | ClientCredentials): Promise<TokenFacts> {
    const known = given.get(token);
    if (known !== undefined) return known;
    const metadata = token.client as Client & OwnMetadata;
    if (token.kind === 'ClientCredentials') return factsOfClient(metadata);
    const { grantId, accountId, clientId } = token as AccessToken;
    const [grant, account] = await Promise.all([grants.find(grantId), signIn().account(accountId)]);
    if (grant === undefined) throw new errors.InvalidGrant('grant not found');
    if (account === undefined) throw new errors.InvalidGrant('account not found');
    const { patient, encounter } = grant.context;
    return {
      grant: grantId,
      roles: account.roles,
      organizations: account.organizations,
      ...(account.fhirUser !== undefined && { fhirUser: account.fhirUser }),
      ...(patient !== undefined && { patient }),
      ...(encounter !== undefined && { encounter }),
      limits: metadata.limits ?? limitsOfPeople(clientId!, account.roles),
      authenticatedAt: grant.authenticatedAt,
    };
  }

  return { of, give: (token, facts) => void given.set(token, facts) };
}

function factsOfClient({
  clientId,
  generation = 0,
  roles = [],
  organizations = [],
  limits = 'backend',
}: Client & OwnMetadata): TokenFacts {
  return { grant: clientGrant(clientId, generation), roles, organizations, limits };
}
