// Applications, as administrators keep them.
import { randomBytes } from 'node:crypto';
import type { AllClientMetadata, ClientMetadata } from 'oidc-provider';
import { FhirError } from '../../model/errors.ts';
import { type ClientRecord, type GrantStore, REMEMBER_END_MS } from '../../storage/grants.ts';
import { asStored, type OwnMetadata } from './client-metadata.ts';
import { errors, Provider } from './library.ts';
import { clientFeatures, clientRules } from './provider.ts';
import { type ScopeRules, scopesIn, wordScopes } from './scopes.ts';
import type { SigningKeys } from './signing-keys.ts';
import { clientGrant, FIRST_PARTY } from './token-claims.ts';

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
  store: Pick<GrantStore, 'clients' | 'grants'>;
  rules: ScopeRules;
  /** the library checks what is to be signed for a client against the keys there are */
  keys: Pick<SigningKeys, 'list'>;
  now: () => number;
  /** told of what ends, so that this process need not wait until it reads so */
  onEnd?: (id: string) => void;
}

const ID = /^[A-Za-z0-9._~-]{3,100}$/;

export function createClientRegistry({ store, rules, keys, now, onEnd }: ClientRegistryDeps): ClientRegistry {
  const { clients, grants } = store;
  const unknown = (id: string): FhirError => new FhirError('not-found', `There is no client ${id}`);

  /** a library of its own, that serves nobody */
  const checker = (): LibraryClient => {
    const library = new Provider('https://clients.invalid', {
      ...clientRules,
      jwks: { keys: keys.list().map(({ jwk }) => jwk) },
      features: { ...clientFeatures, devInteractions: { enabled: false } },
      adapter: () => ({}) as never,
    });
    return library.Client as unknown as LibraryClient;
  };

  async function endAll(id: string): Promise<void> {
    const client = await clients.find(id);
    if (client === undefined) throw unknown(id);
    await grants.endAllOfClient(id);
    await clients.raiseGeneration(id);
    const own = clientGrant(id, client.generation);
    await grants.markEnded(own, now() + REMEMBER_END_MS);
    onEnd?.(own);
  }

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
      const Client = checker();
      const secret = Client.needsSecret({ token_endpoint_auth_method: 'client_secret_basic', ...metadata })
        ? randomBytes(32).toString('base64url')
        : undefined;
      try {
        const made = new Client({ ...metadata, ...(secret !== undefined && { client_secret: secret }) });
        await clients.save(id, asStored(made.metadata()));
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
      await endAll(id);
    },
    async enable(id) {
      if (!(await clients.setDisabled(id, false))) throw unknown(id);
    },
    async remove(id) {
      await endAll(id);
      await clients.remove(id);
    },
  };
}

interface LibraryClient {
  new (metadata: object): { metadata(): ClientMetadata };
  needsSecret(metadata: object): boolean;
}

function checkScopes(text: string | undefined, rules: ScopeRules): void {
  const wrong = scopesIn(text).filter(
    (scope) => !(wordScopes as readonly string[]).includes(scope) && rules.read(scope) === undefined,
  );
  if (wrong.length > 0) throw new FhirError('value', `No such scope: ${wrong.join(', ')}`);
}
