// What an administrator says about an application, as the metadata of RFC 7591 and ours. The command line and the operations share it. Pure.
import { FhirError } from '../../model/errors.ts';
import type { NewClient } from './client-registry.ts';

/** How a client shows who it is. */
export type Authentication = 'none' | 'secret' | 'key';

export interface ClientRequest {
  name: string;
  id?: string | undefined;
  /** acts for itself, without people */
  backend?: boolean | undefined;
  /** an app on a device */
  native?: boolean | undefined;
  /** absent: `key` where there are keys, else `none` */
  authentication?: Authentication | undefined;
  redirectUri?: readonly string[] | undefined;
  launchUri?: string | undefined;
  signOutUri?: readonly string[] | undefined;
  scope?: string | undefined;
  keys?: ClientKeys | undefined;
  role?: readonly string[] | undefined;
  organization?: readonly string[] | undefined;
  limits?: string | undefined;
  resourceServer?: boolean | undefined;
}

export type ClientKeys = { jwks_uri: string } | { jwks: { keys: object[] } };

const methods = { none: 'none', secret: 'client_secret_basic', key: 'private_key_jwt' } as const;

export function clientFrom(request: ClientRequest): NewClient {
  const { name, id, backend, native, redirectUri = [], launchUri, scope, keys, role = [], organization = [] } = request;
  const { signOutUri = [], limits, resourceServer, authentication = keys === undefined ? 'none' : 'key' } = request;
  return {
    client_name: name,
    ...(id !== undefined && { client_id: id }),
    ...(backend ? { grant_types: ['client_credentials'] } : { redirect_uris: [...redirectUri] }),
    ...(resourceServer && !backend && redirectUri.length === 0 && { response_types: [], grant_types: [] }),
    ...(native && { application_type: 'native' as const }),
    token_endpoint_auth_method: methods[authentication],
    ...keys,
    ...(scope !== undefined && { smart_scopes: scope }),
    ...(launchUri !== undefined && { launch_uri: launchUri }),
    ...(signOutUri.length > 0 && { post_logout_redirect_uris: [...signOutUri] }),
    ...(role.length > 0 && { roles: role }),
    ...(organization.length > 0 && { organizations: organization }),
    ...(limits !== undefined && { limits }),
    ...(resourceServer && { resource_server: true }),
  };
}

export const authenticationOf = (method: unknown): Authentication =>
  method === 'none' ? 'none' : method === 'private_key_jwt' ? 'key' : 'secret';

/** `{ "keys": […] }`, or one key alone. Throws a SyntaxError. */
export function readKeySet(text: string): { jwks: { keys: object[] } } {
  const set = JSON.parse(text) as { keys?: object[]; kty?: string };
  return { jwks: { keys: set.keys ?? [set] } };
}

/** of the parameters `jwks` and `jwksUri`, which are only one of them */
export function keysIn({
  jwks,
  jwksUri,
}: {
  jwks?: string | undefined;
  jwksUri?: string | undefined;
}): ClientKeys | undefined {
  if (jwks !== undefined && jwksUri !== undefined)
    throw new FhirError('value', 'Either jwks or jwksUri', { expression: 'jwksUri' });
  if (jwksUri !== undefined) return { jwks_uri: jwksUri };
  if (jwks === undefined) return undefined;
  try {
    return readKeySet(jwks);
  } catch (error) {
    throw new FhirError('structure', `jwks is no key set: ${(error as Error).message}`, { expression: 'jwks' });
  }
}
