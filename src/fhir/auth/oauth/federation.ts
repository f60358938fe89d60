// Signing in with another OpenID provider. What comes back names a person there; who that is here, a person has shown once by signing in
// here as well. An e-mail address is never enough. https://openid.net/specs/openid-connect-core-1_0.html
import { createHash, randomBytes } from 'node:crypto';
import * as client from 'openid-client';
import type { IdentityProvider } from '../../../platform/config/parse.ts';
import type { Redis } from '../../../platform/redis/connect.ts';
import { soon } from '../../../platform/redis/scripts.ts';
import { FhirError } from '../../model/errors.ts';
import { type Addresses, INTERACTION_PATH } from './addresses.ts';
import { lifetimes } from './lifetimes.ts';

/** A person as the other provider knows them. */
export interface ForeignIdentity {
  /** the provider's name, for people */
  provider: string;
  issuer: string;
  subject: string;
  name?: string;
  email?: string;
}

export interface Begun {
  url: string;
  /** for a cookie of this browser: who comes back without it was sent by someone else */
  binding: string;
}

export interface Federation {
  providers: readonly { id: string; name: string }[];
  /** `uid`: the sign-in that it is for */
  begin(provider: string, uid: string): Promise<Begun>;
  /** `address`: as the browser came back, once. Gives the sign-in it was for, and who it is; absent: the other side refused */
  finish(
    provider: string,
    back: { address: URL; binding: string | undefined },
  ): Promise<{ uid: string; identity?: ForeignIdentity; provider: string }>;
}

export interface FederationDeps {
  providers: readonly IdentityProvider[];
  addresses: Addresses;
  redis: Redis;
  space: string;
  onError: (error: unknown) => void;
}

export const RETURN_PATH = `${INTERACTION_PATH}/return`;

interface Pending {
  uid: string;
  provider: string;
  verifier: string;
  nonce: string;
  /** of the binding */
  hash: string;
}

export function createFederation({ providers, addresses, redis, space, onError }: FederationDeps): Federation {
  const known = new Map<string, Promise<client.Configuration>>();
  const keyOf = (state: string): string => `${space}:oauth:foreign:${state}`;

  function providerOf(id: string): IdentityProvider {
    const found = providers.find((one) => one.id === id);
    if (found === undefined) throw new FhirError('not-found', `There is no identity provider ${id}`);
    return found;
  }

  /** Asked for once; after a failure again. */
  function configurationOf(provider: IdentityProvider): Promise<client.Configuration> {
    const { id, issuer, clientId, clientSecret } = provider;
    const auth = clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret);
    const isPlain = issuer.startsWith('http:');
    const found =
      known.get(id) ??
      client.discovery(new URL(issuer), clientId, undefined, auth, {
        ...(isPlain && { execute: [client.allowInsecureRequests] }),
      });
    known.set(id, found);
    found.catch(() => known.delete(id));
    return found;
  }

  const returnAddress = (id: string): string => `${addresses.root}${RETURN_PATH}/${id}`;

  return {
    providers: providers.map(({ id, name }) => ({ id, name })),

    async begin(id, uid) {
      const provider = providerOf(id);
      const configuration = await configurationOf(provider).catch((cause: unknown) => {
        onError(cause);
        throw new FhirError('transient', `${provider.name} does not answer at the moment`, { cause });
      });
      const [state, nonce, binding] = [randomBytes(24), randomBytes(24), randomBytes(24)].map((one) =>
        one.toString('base64url'),
      ) as [string, string, string];
      const verifier = client.randomPKCECodeVerifier();
      const pending: Pending = { uid, provider: id, verifier, nonce, hash: hashOf(binding) };
      await soon(redis, () => redis.set(keyOf(state), JSON.stringify(pending), 'EX', lifetimes.interaction));
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: returnAddress(id),
        scope: provider.scope ?? 'openid profile email',
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...provider.parameters,
      });
      return { url: url.href, binding };
    },

    async finish(id, { address, binding }) {
      const provider = providerOf(id);
      const state = address.searchParams.get('state') ?? '';
      const text = await soon(redis, () => redis.get(keyOf(state)));
      const pending = text === null ? undefined : (JSON.parse(text) as Pending);
      const isHere = pending?.provider === id && binding !== undefined && hashOf(binding) === pending.hash;
      // only the right browser uses it up, and once: another one would end the sign-in of somebody else
      if (!isHere || (await soon(redis, () => redis.del(keyOf(state)))) === 0)
        throw new FhirError('not-found', 'This sign-in is over, or was begun in another browser');
      const { uid, verifier, nonce } = pending;
      try {
        const back = new URL(returnAddress(id));
        back.search = address.search;
        const tokens = await client.authorizationCodeGrant(await configurationOf(provider), back, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        });
        const { iss, sub, name, email } = tokens.claims()!;
        const identity = {
          provider: provider.name,
          issuer: iss,
          subject: sub,
          ...(typeof name === 'string' && { name }),
          ...(typeof email === 'string' && { email }),
        };
        return { uid, provider: provider.name, identity };
      } catch (error) {
        onError(error);
        return { uid, provider: provider.name };
      }
    },
  };
}

const hashOf = (binding: string): string => createHash('sha256').update(binding).digest('base64url');
