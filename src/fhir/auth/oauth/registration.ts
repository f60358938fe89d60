// Apps that register themselves, where the operator lets them (RFC 7591). What they say of themselves gives them no right that a person
// does not give them.
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { OwnMetadata } from './client-metadata.ts';
import { errors } from './library.ts';

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
  scope?: string;
  redirect_uris?: unknown;
  grant_types?: unknown;
  token_endpoint_auth_method?: unknown;
}

/** Called by the library for each member of ours, before it looks at the rest itself. */
export function checkMetadata(
  ctx: KoaContextWithOIDC | undefined,
  key: string,
  value: unknown,
  metadata: object,
): void {
  if (key === 'launch_uri' && value !== undefined && !/^https?:/.test(String(value)))
    throw new errors.InvalidClientMetadata('launch_uri must be a web address');
  if (key !== 'smart_scopes') return;
  const given = metadata as Metadata;
  if (given.scope !== undefined) {
    given.smart_scopes = given.scope;
    delete given.scope;
  }
  if (ctx?.oidc?.route === 'registration') limitWhoCameAlone(given);
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

function limitWhoCameAlone(given: Metadata): void {
  for (const member of ['roles', 'organizations', 'limits', 'resource_server', 'generation'] as const)
    delete given[member];
  given.registered = 'dynamic';
  const grants = Array.isArray(given.grant_types) ? given.grant_types : [];
  if (grants.includes('client_credentials'))
    throw new errors.InvalidClientMetadata('clients that act for themselves are registered by an administrator');
  const uris: unknown[] = Array.isArray(given.redirect_uris) ? given.redirect_uris : [];
  for (const uri of uris) {
    const isOpen = typeof uri === 'string' && URL.canParse(uri) && isOpenToOthers(new URL(uri));
    if (isOpen) throw new errors.InvalidClientMetadata('redirect_uris use https, unless they are of the same machine');
  }
}

const isOpenToOthers = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && !loopback.has(hostname);
