// Where things are as clients see them. All follow from the FHIR base, never from a request's Host header.

export interface Addresses {
  /** FHIR base: the audience of access tokens */
  base: string;
  /** what the issuer, the pages and FHIR lie below */
  root: string;
  /** `iss` of every token */
  issuer: string;
}

export const OAUTH_PATH = '/oauth';
export const INTERACTION_PATH = '/interaction';

/** below the issuer */
export const routes = {
  authorization: '/authorize',
  token: '/token',
  jwks: '/jwks',
  introspection: '/introspect',
  revocation: '/revoke',
  registration: '/register',
  end_session: '/logout',
} as const;

/** `https://h.example/fhir` → issuer `https://h.example/oauth`; a base that is a host alone is its own root */
export function addressesOf(base: string): Addresses {
  const root = base.replace(/\/fhir$/, '');
  return { base, root, issuer: `${root}${OAUTH_PATH}` };
}

const loopback = /^(http:\/\/)(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?=[:/]|$)/i;

/** The base as a client may spell it: with a slash at the end, and this machine by any of its own names. */
export function isBase(given: string, { base }: Addresses): boolean {
  const plain = (url: string): string => url.replace(/\/+$/, '').replace(loopback, '$1localhost');
  return plain(given) === plain(base);
}
