// What an access token stands for, told to who may know. https://www.rfc-editor.org/rfc/rfc7662 and
// http://hl7.org/fhir/smart-app-launch/token-introspection.html
import { decodeJwt } from 'jose';
import { FhirError } from '../../model/errors.ts';
import type { Grants, LaunchContext } from '../../storage/grants.ts';
import type { AccessToken, Tokens } from '../tokens.ts';
import type { Addresses } from './addresses.ts';
import type { ClientRegistry } from './client-registry.ts';

export interface IntrospectDeps {
  verify: Tokens['verify'];
  grants: Pick<Grants, 'find'>;
  addresses: Addresses;
}

export async function introspect(
  text: string,
  mayLookAt: (client: string) => boolean,
  { verify, grants, addresses }: IntrospectDeps,
): Promise<Record<string, unknown>> {
  const token = await verified(text, verify);
  if (token === undefined || !mayLookAt(token.client)) return { active: false };
  const { sub, iat, aud, iss } = decodeJwt(text);
  const { fhirUser } = token;
  return {
    active: true,
    token_type: 'Bearer',
    client_id: token.client,
    sub,
    iss,
    aud,
    iat,
    exp: token.expires / 1000,
    jti: token.id,
    ...(token.scopes !== undefined && { scope: token.scopes.join(' ') }),
    ...launchParameters((await grants.find(token.grant))?.context),
    ...(fhirUser !== undefined && { fhirUser: `${addresses.base}/${fhirUser.type}/${fhirUser.id}` }),
  };
}

/** undefined where it is none; nothing is said about why */
async function verified(text: string, verify: Tokens['verify']): Promise<AccessToken | undefined> {
  try {
    return await verify(text);
  } catch (error) {
    if (error instanceof FhirError && error.kind === 'login') return undefined;
    throw error;
  }
}

/** As in the token response: http://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token */
export const launchParameters = ({
  patient,
  encounter,
  fhirContext,
  intent,
  needPatientBanner,
}: LaunchContext = {}): Record<string, unknown> => ({
  ...(patient !== undefined && { patient, need_patient_banner: needPatientBanner ?? true }),
  ...(encounter !== undefined && { encounter }),
  ...(fhirContext !== undefined && { fhirContext }),
  ...(intent !== undefined && { intent }),
});

const BEARER = /^Bearer +(\S+)$/i;

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers?: Readonly<Record<string, string>>;
}

export interface Asked {
  answer: Answer;
  /** whose token was shown, where it is good */
  asker?: AccessToken;
}

/**
 * Who asks may show an access token in place of its client's credentials. One of a resource server tells about all tokens, every other about
 * those of its own client; undefined where none is shown.
 */
export async function introspectByToken(
  authorization: string | undefined,
  form: URLSearchParams,
  deps: IntrospectDeps & { clients: Pick<ClientRegistry, 'find'> },
): Promise<Asked | undefined> {
  const [, shown] = BEARER.exec(authorization ?? '') ?? [];
  if (shown === undefined) return undefined;
  const asker = await verified(shown, deps.verify);
  if (asker === undefined) {
    const error_description = 'the bearer token is not valid';
    const headers = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };
    return { answer: { status: 401, body: { error: 'invalid_token', error_description }, headers } };
  }
  const text = form.get('token');
  if (text === null) {
    const body = { error: 'invalid_request', error_description: 'token is missing' };
    return { answer: { status: 400, body }, asker };
  }
  const { metadata } = (await deps.clients.find(asker.client)) ?? {};
  const isOfResourceServer = metadata?.resource_server === true;
  const mayLookAt = (owner: string): boolean => isOfResourceServer || owner === asker.client;
  return { answer: { status: 200, body: await introspect(text, mayLookAt, deps) }, asker };
}
