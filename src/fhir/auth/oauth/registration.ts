// Apps that register themselves, where the operator lets them (RFC 7591). What they say of themselves gives them no right that a person
// does not give them.
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { OwnMetadata } from './client-metadata.ts';
import { errors } from './library.ts';
import { scopesIn } from './scopes.ts';

/** `token`: to whoever has the operator's token */
export type Registration = { policy: 'off' } | { policy: 'open' } | { policy: 'token'; token: string };

type Feature = NonNullable<NonNullable<Configuration['features']>['registration']>;

export const registrationFeature = (registration: Registration): Feature =>
  registration.policy === 'off'
    ? { enabled: false }
    : {
        enabled: true,
        initialAccessToken: registration.policy === 'token' ? registration.token : false,
        // changes are the administrator's
        issueRegistrationAccessToken: false,
      };

interface Metadata extends OwnMetadata {
  scope?: unknown;
  client_name?: unknown;
  redirect_uris?: unknown;
  post_logout_redirect_uris?: unknown;
  grant_types?: unknown;
  token_endpoint_auth_method?: unknown;
}

/**
 * Called by the library for each member of ours, before it looks at the rest itself. `grantable`: of the scopes that an app wants, those that
 * people could allow it; needed where apps register themselves.
 */
export const metadataCheck =
  (grantable: (scopes: readonly string[]) => string[] = (scopes) => [...scopes]) =>
  (ctx: KoaContextWithOIDC | undefined, key: string, value: unknown, metadata: object): void => {
    if (key === 'launch_uri' && value !== undefined && !/^https?:/.test(String(value)))
      throw new errors.InvalidClientMetadata('launch_uri must be a web address');
    if (key !== 'smart_scopes') return;
    const given = metadata as Metadata;
    checkName(given.client_name);
    if (given.scope !== undefined) {
      if (typeof given.scope !== 'string')
        throw new errors.InvalidClientMetadata('scope is one text, its parts separated by spaces');
      given.smart_scopes = given.scope;
      delete given.scope;
    }
    if (ctx?.oidc?.route !== 'registration') return;
    limitWhoCameAlone(given);
    if (given.smart_scopes !== undefined) given.smart_scopes = scopesOfPeople(given.smart_scopes, grantable);
  };

/** People decide by it: what is not seen, or turns letters round, makes it look like another. */
function checkName(name: unknown): void {
  if (typeof name !== 'string') return;
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/u.test(name))
    throw new errors.InvalidClientMetadata('client_name has characters that cannot be seen');
  if (name.trim() === '' || name.length > LONGEST_NAME)
    throw new errors.InvalidClientMetadata(`client_name has 1 to ${LONGEST_NAME} characters`);
}

const LONGEST_NAME = 100;

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

function limitWhoCameAlone(given: Metadata): void {
  for (const member of ['roles', 'organizations', 'limits', 'resource_server', 'generation'] as const)
    delete given[member];
  given.registered = 'dynamic';
  const grants = Array.isArray(given.grant_types) ? given.grant_types : [];
  if (grants.includes('client_credentials'))
    throw new errors.InvalidClientMetadata('clients that act for themselves are registered by an administrator');
  const texts = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  for (const uri of [...texts(given.redirect_uris), ...texts(given.post_logout_redirect_uris)]) {
    if (typeof uri !== 'string' || !URL.canParse(uri)) continue;
    const url = new URL(uri);
    if (isOpenToOthers(url))
      throw new errors.InvalidClientMetadata('redirect_uris use https, unless they are of the same machine');
    if (url.username !== '' || url.password !== '')
      throw new errors.InvalidClientMetadata(
        'redirect_uris name nobody: https://app.example, not https://who@app.example',
      );
  }
}

/** RFC 7591 section 2 lets the server put others in their place; the answer says which. */
function scopesOfPeople(text: string, grantable: (scopes: readonly string[]) => string[]): string {
  const kept = grantable(scopesIn(text));
  if (kept.length > 0) return kept.join(' ');
  throw new errors.InvalidClientMetadata('scope has none that people could allow an app, such as patient/*.rs');
}

const isOpenToOthers = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && !loopback.has(hostname);
