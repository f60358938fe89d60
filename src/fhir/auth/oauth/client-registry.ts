// Applications, as administrators keep them.
import { randomBytes } from 'node:crypto';
import type Provider from 'oidc-provider';
import type { AllClientMetadata, ClientMetadata } from 'oidc-provider';
import { FhirError } from '../../model/errors.ts';
import type { ClientRecord, Clients } from '../../storage/grants.ts';
import type { OwnMetadata } from './client-metadata.ts';
import { errors } from './library.ts';
import { type ScopeRules, scopesIn, wordScopes } from './scopes.ts';
import { FIRST_PARTY } from './token-claims.ts';
import type { Issuer } from './tokens.ts';

/** RFC 7591 names; `smart_scopes` and the other members of ours besides */
export type NewClient = AllClientMetadata & OwnMetadata;

export interface Registered {
  id: string;
  /** told once: it is kept as a hash */
  secret?: string;
}

export interface ClientRegistry {
  register(client: NewClient): Promise<Registered>;
  list(): Promise<ClientRecord[]>;
  find(id: string): Promise<ClientRecord | undefined>;
  /** ends everything it holds; it can be enabled again */
  disable(id: string): Promise<void>;
  enable(id: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface ClientRegistryDeps {
  provider: () => Provider;
  clients: Clients;
  tokens: Pick<Issuer, 'endAllOfClient'>;
  rules: ScopeRules;
}

const ID = /^[A-Za-z0-9._~-]{3,100}$/;

export function createClientRegistry({ provider, clients, tokens, rules }: ClientRegistryDeps): ClientRegistry {
  const unknown = (id: string): FhirError => new FhirError('not-found', `There is no client ${id}`);

  return {
    async register({ client_id: id = randomBytes(12).toString('base64url'), ...given }) {
      if (!ID.test(id))
        throw new FhirError('value', 'client_id has 3 to 100 letters, digits, dots, dashes, underscores or tildes');
      if (id === FIRST_PARTY || (await clients.find(id)) !== undefined)
        throw new FhirError('duplicate', `There is a client ${id} already`);
      checkScopes(given.smart_scopes, rules);
      const isForItself = [...(given.grant_types ?? [])].includes('client_credentials');
      if (isForItself && scopesIn(given.smart_scopes).length === 0)
        throw new FhirError('required', 'A client that acts for itself needs scopes, for example system/*.rs');
      const metadata: ClientMetadata = {
        registered: 'administrator',
        ...(isForItself && { response_types: [], redirect_uris: [] }),
        ...given,
        client_id: id,
      };
      const { Client } = provider() as unknown as { Client: LibraryClient };
      const secret = Client.needsSecret({ token_endpoint_auth_method: 'client_secret_basic', ...metadata })
        ? randomBytes(32).toString('base64url')
        : undefined;
      const whole = { ...metadata, ...(secret !== undefined && { client_secret: secret }) };
      try {
        const made = new Client(whole);
        await Client.adapter.upsert(id, made.metadata());
      } catch (cause) {
        if (!(cause instanceof errors.OIDCProviderError)) throw cause;
        throw new FhirError('value', cause.error_description ?? cause.message, { cause });
      }
      return { id, ...(secret !== undefined && { secret }) };
    },
    list: () => clients.list(),
    find: (id) => clients.find(id),
    async disable(id) {
      if (!(await clients.setDisabled(id, true))) throw unknown(id);
      await tokens.endAllOfClient(id);
    },
    async enable(id) {
      if (!(await clients.setDisabled(id, false))) throw unknown(id);
    },
    async remove(id) {
      await tokens.endAllOfClient(id);
      if (!(await clients.remove(id))) throw unknown(id);
    },
  };
}

interface LibraryClient {
  new (metadata: object): { metadata(): ClientMetadata };
  needsSecret(metadata: object): boolean;
  adapter: { upsert(id: string, metadata: object): Promise<void> };
}

function checkScopes(text: string | undefined, rules: ScopeRules): void {
  const wrong = scopesIn(text).filter(
    (scope) => !(wordScopes as readonly string[]).includes(scope) && rules.read(scope) === undefined,
  );
  if (wrong.length > 0) throw new FhirError('value', `No such scope: ${wrong.join(', ')}`);
}
