// What the operations about clients share: who may ask, and how a client is answered. Never its secret.
import type { Call } from '../../../interactions/call.ts';
import { FhirError } from '../../../model/errors.ts';
import type { OperationContext } from '../../../operations/operation.ts';
import type { ClientRecord } from '../../../storage/grants.ts';
import { isGlobal, needPerson } from '../../accounts/visitor.ts';
import type { ClientRegistry } from '../client-registry.ts';
import { authenticationOf } from '../client-request.ts';

/** Who registers a client can give it any role, so this is for administrators of the whole server. */
export function clientsOf({
  parts,
  call,
}: {
  parts: OperationContext['parts'];
  call: Pick<Call, 'caller'>;
}): ClientRegistry {
  const oauth = parts.oauth as { clients: ClientRegistry } | undefined;
  if (oauth === undefined) throw new FhirError('not-configured', 'Nobody signs in here: AUTH is off');
  if (!isGlobal(needPerson(call))) throw new FhirError('forbidden', 'Only administrators of the server may do this');
  return oauth.clients;
}

export async function needClient(clients: ClientRegistry, id: string): Promise<ClientRecord> {
  const found = await clients.find(id);
  if (found === undefined) throw new FhirError('not-found', `There is no client ${id}`, { expression: 'id' });
  return found;
}

export function shownClient({ id, metadata, createdAt, disabled }: ClientRecord) {
  const { client_name: name, launch_uri: launchUri, smart_scopes: scope, jwks, jwks_uri: jwksUri, limits } = metadata;
  return {
    id,
    name: typeof name === 'string' ? name : id,
    backend: textsIn(metadata.grant_types).includes('client_credentials'),
    native: metadata.application_type === 'native',
    authentication: authenticationOf(metadata.token_endpoint_auth_method),
    redirectUri: textsIn(metadata.redirect_uris),
    ...(typeof launchUri === 'string' && { launchUri }),
    signOutUri: textsIn(metadata.post_logout_redirect_uris),
    ...(typeof scope === 'string' && { scope }),
    ...(jwks !== undefined && { jwks: JSON.stringify(jwks) }),
    ...(typeof jwksUri === 'string' && { jwksUri }),
    role: textsIn(metadata.roles),
    organization: textsIn(metadata.organizations),
    ...(typeof limits === 'string' && { limits }),
    resourceServer: metadata.resource_server === true,
    registered: metadata.registered === 'dynamic' ? 'dynamic' : 'administrator',
    disabled,
    createdAt: new Date(createdAt).toISOString(),
  };
}

const textsIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
