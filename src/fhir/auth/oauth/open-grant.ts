// Makes a grant: the library's record of it and our facts, in one write.
import { randomBytes } from 'node:crypto';
import type Provider from 'oidc-provider';
import type { GrantFacts, Grants, Payload } from '../../storage/grants.ts';
import type { Addresses } from './addresses.ts';
import { wordScopes } from './scopes.ts';

export interface GrantRoom {
  provider: Provider;
  grants: Pick<Grants, 'insert'>;
  addresses: Addresses;
  now: () => number;
}

/** Until its first tokens it is kept for as long as a person may need to come back to the app. */
const UNUSED_MS = 10 * 60 * 1000;

export async function openGrant(
  { provider, grants, addresses, now }: GrantRoom,
  { expiresAt, startedAt, ...facts }: GrantFacts & { startedAt?: number; expiresAt?: number },
): Promise<string> {
  const id = randomBytes(24).toString('base64url');
  const grant = new provider.Grant({ accountId: facts.account, clientId: facts.client });
  grant.jti = id;
  const words = facts.scopes.filter((scope) => (wordScopes as readonly string[]).includes(scope));
  if (words.length > 0) grant.addOIDCScope(words.join(' '));
  if (facts.scopes.length > 0) grant.addResourceScope(addresses.base, facts.scopes.join(' '));
  const { payload } = await (
    grant as unknown as { getValueAndPayload(): Promise<{ payload: Payload }> }
  ).getValueAndPayload();
  const at = startedAt ?? now();
  await grants.insert({ id, ...facts, payload, startedAt: at, lastUsedAt: at, expiresAt: expiresAt ?? at + UNUSED_MS });
  return id;
}
