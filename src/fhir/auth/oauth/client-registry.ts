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
import { clientGrant, FIRST_PARTY, OPERATOR } from './token-claims.ts';

/** RFC 7591 names; `smart_scopes` and the other members of ours besides */
export type NewClient = AllClientMetadata & OwnMetadata;

export interface Registered {
  id: string;
  /** told once: it is kept as a hash */
  secret?: string;
}

export type ClientChanges = {
  [Name in
    | 'client_name'
    | 'redirect_uris'
    | 'post_logout_redirect_uris'
    | 'launch_uri'
    | 'smart_scopes'
    | 'jwks'
    | 'jwks_uri']?: NewClient[Name] | undefined;
};

export interface ClientRegistry {
  register(client: NewClient): Promise<Registered>;
  list(): Promise<ClientRecord[]>;
  find(id: string): Promise<ClientRecord | undefined>;
  /**
   * Other metadata in the place of some; `undefined` takes a member away. Where what it may get or how it shows who it is changes, everything
   * it holds ends. `newSecret`: the old one is of no use any more
   */
  change(id: string, changes: ClientChanges, options?: { newSecret?: boolean }): Promise<Registered>;
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

const OURS = [FIRST_PARTY, OPERATOR];
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

  /** as the library reads it, or a refusal that says what is wrong */
  async function save(id: string, metadata: object): Promise<void> {
    try {
      const made = new (checker())(metadata);
      await clients.save(id, asStored(made.metadata()));
    } catch (cause) {
      if (!(cause instanceof errors.OIDCProviderError)) throw cause;
      const text = cause.error_description ?? cause.message;
      const expression = parameterIn(text);
      throw new FhirError('value', text, { cause, ...(expression !== undefined && { expression }) });
    }
  }

  const newSecret = (): string => randomBytes(32).toString('base64url');

  return {
    async register({ client_id: id = randomBytes(12).toString('base64url'), ...given }) {
      if (!ID.test(id))
        throw new FhirError('value', 'client_id has 3 to 100 letters, digits, dots, dashes, underscores or tildes', {
          expression: 'id',
        });
      if (OURS.includes(id) || (await clients.find(id)) !== undefined)
        throw new FhirError('duplicate', `There is a client ${id} already`, { expression: 'id' });
      checkScopes(given.smart_scopes, rules);
      const isForItself = [...(given.grant_types ?? [])].includes('client_credentials');
      if (isForItself && scopesIn(given.smart_scopes).length === 0) throw needsScopes();
      const metadata: ClientMetadata = {
        registered: 'administrator',
        ...(isForItself && { response_types: [], redirect_uris: [] }),
        ...given,
        client_id: id,
      };
      const needsSecret = checker().needsSecret({ token_endpoint_auth_method: 'client_secret_basic', ...metadata });
      const secret = needsSecret ? newSecret() : undefined;
      await save(id, { ...metadata, ...(secret !== undefined && { client_secret: secret }) });
      return { id, ...(secret !== undefined && { secret }) };
    },
    async change(id, changes, options = {}) {
      const client = await clients.find(id);
      if (client === undefined) throw unknown(id);
      const changed = { ...client.metadata, client_id: id, ...changes };
      const metadata = Object.fromEntries(
        Object.entries(changed).filter(([, value]) => value !== undefined),
      ) as ClientMetadata;
      const scopes = metadata.smart_scopes as string | undefined;
      checkScopes(scopes, rules);
      if (metadata.grant_types?.includes('client_credentials') && scopesIn(scopes).length === 0) throw needsScopes();
      const hasSecret = client.metadata.client_secret !== undefined;
      if (options.newSecret && !hasSecret)
        throw new FhirError('business-rule', 'This client has no secret', { expression: 'newSecret' });
      const secret = options.newSecret ? newSecret() : undefined;
      await save(id, { ...metadata, ...(secret !== undefined && { client_secret: secret }) });
      const isOther = (name: string): boolean =>
        name in changes &&
        JSON.stringify(changes[name as keyof ClientChanges]) !== JSON.stringify(client.metadata[name]);
      if (secret !== undefined || ['smart_scopes', 'jwks', 'jwks_uri'].some(isOther)) await endAll(id);
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
  if (wrong.length > 0) throw new FhirError('value', `No such scope: ${wrong.join(', ')}`, { expression: 'scope' });
}

const needsScopes = (): FhirError =>
  new FhirError('required', 'A client that acts for itself needs scopes, for example system/*.rs', {
    expression: 'scope',
  });

/** names of RFC 7591, and the parameters of our operations that say the same */
const parameters = {
  redirect_uris: 'redirectUri',
  post_logout_redirect_uris: 'signOutUri',
  launch_uri: 'launchUri',
  jwks_uri: 'jwksUri',
  jwks: 'jwks',
  client_name: 'name',
} as const;

const parameterIn = (text: string): string | undefined =>
  Object.entries(parameters).find(([name]) => text.startsWith(name))?.[1];
