// What an access token stands for, told to who may know. https://www.rfc-editor.org/rfc/rfc7662 and
// http://hl7.org/fhir/smart-app-launch/token-introspection.html

import { decodeJwt } from 'jose';
import { FhirError } from '../../model/errors.ts';
import type { Tokens } from '../tokens.ts';
import type { Addresses } from './addresses.ts';

export interface IntrospectDeps {
  verify: Tokens['verify'];
  addresses: Addresses;
  mayLookAt: (client: string) => boolean;
}

export async function introspect(
  text: string,
  { verify, addresses, mayLookAt }: IntrospectDeps,
): Promise<Record<string, unknown>> {
  try {
    const token = await verify(text);
    if (!mayLookAt(token.client)) return { active: false };
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
      ...(token.patient !== undefined && { patient: token.patient }),
      ...(token.encounter !== undefined && { encounter: token.encounter }),
      ...(fhirUser !== undefined && { fhirUser: `${addresses.base}/${fhirUser.type}/${fhirUser.id}` }),
    };
  } catch (error) {
    // nothing is said about why
    if (error instanceof FhirError && error.kind === 'login') return { active: false };
    throw error;
  }
}
