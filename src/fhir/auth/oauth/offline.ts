// What of the authorization server works on the database alone: for commands, beside servers that run.
import { createSeal, type Secrets } from '../../../platform/secrets/secrets.ts';
import { loadDefinitions } from '../../definitions/load.ts';
import type { GrantStore } from '../../storage/grants.ts';
import { type ClientRegistry, createClientRegistry } from './client-registry.ts';
import { createScopeRules } from './scopes.ts';
import { createSigningKeys, SEAL_PURPOSE, type SigningKeys } from './signing-keys.ts';

export interface OfflineOauth {
  clients: ClientRegistry;
  keys: SigningKeys;
}

export async function openOffline({
  store,
  secrets,
  now,
}: {
  store: GrantStore;
  secrets: Secrets;
  now: () => number;
}): Promise<OfflineOauth> {
  const seal = createSeal(await secrets.key(SEAL_PURPOSE));
  const keys = await createSigningKeys({ store: store.signingKeys, grants: store.grants, seal, now });
  return { keys, clients: createClientRegistry({ store, rules: createScopeRules(loadDefinitions()), keys, now }) };
}
