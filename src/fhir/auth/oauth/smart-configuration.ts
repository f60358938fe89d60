// How apps find out what the authorization server can do. http://hl7.org/fhir/smart-app-launch/conformance.html
import { type Addresses, routes } from './addresses.ts';
import { ASSERTION_ALGS } from './provider.ts';
import type { Registration } from './registration.ts';
import { wordScopes } from './scopes.ts';

export function smartConfiguration({ issuer }: Addresses, registration: Registration): Record<string, unknown> {
  const at = (route: keyof typeof routes): string => `${issuer}${routes[route]}`;
  return {
    issuer,
    jwks_uri: at('jwks'),
    authorization_endpoint: at('authorization'),
    token_endpoint: at('token'),
    introspection_endpoint: at('introspection'),
    revocation_endpoint: at('revocation'),
    end_session_endpoint: at('end_session'),
    ...(registration.policy !== 'off' && { registration_endpoint: at('registration') }),
    grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: [...ASSERTION_ALGS],
    scopes_supported: [
      ...wordScopes,
      'patient/*.cruds',
      'user/*.cruds',
      'system/*.cruds',
      'patient/*.read',
      'patient/*.write',
      'user/*.read',
      'user/*.write',
      'system/*.read',
      'system/*.write',
    ],
    capabilities: [
      'launch-ehr',
      'launch-standalone',
      'authorize-post',
      'client-public',
      'client-confidential-symmetric',
      'client-confidential-asymmetric',
      'sso-openid-connect',
      'context-ehr-patient',
      'context-ehr-encounter',
      'context-standalone-patient',
      'context-standalone-encounter',
      'context-banner',
      'permission-offline',
      'permission-online',
      'permission-patient',
      'permission-user',
      'permission-v1',
      'permission-v2',
      'smart-app-state',
    ],
  };
}
