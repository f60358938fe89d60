// What an access token says, written and read: JWT claims (RFC 9068) and ours.
import type { Named } from '../caller.ts';
import type { AccessToken } from '../tokens.ts';

/** The client of our own pages and of `$login`. Its tokens carry no scopes: they say all that the roles allow. */
export const FIRST_PARTY = 'wardgate';
/** The command line of who has the database, where it acts for nobody in particular: operator-token.ts. */
export const OPERATOR = 'wardgate-cli';

export interface TokenFacts {
  /** of a person; or what stands for one where a client acts for itself */
  grant: string;
  roles: readonly string[];
  organizations: readonly string[];
  fhirUser?: Named;
  patient?: string;
  encounter?: string;
  limits: string;
  /** when the person showed who they are, ms since 1970 */
  authenticatedAt?: number;
}

/** Tokens that a client got by itself hang on no grant, but end together when its generation does. */
export const clientGrant = (client: string, generation: number | string): string =>
  `${OF_CLIENT}${client}:${generation}`;
const OF_CLIENT = 'client:';

/** class of rate limits */
export const limitsOfPeople = (client: string, roles: readonly string[]): string => {
  if (client !== FIRST_PARTY) return 'app';
  return roles.includes('admin') ? 'admin' : 'standard';
};

export const claimsOf = ({ grant, roles, organizations, fhirUser, authenticatedAt, ...rest }: TokenFacts): Claims => ({
  gid: grant,
  // `auth_time` of OpenID Connect is in whole seconds
  ...(authenticatedAt !== undefined && { auth_ms: authenticatedAt }),
  ...(roles.length > 0 && { roles }),
  ...(organizations.length > 0 && { organizations }),
  ...(fhirUser !== undefined && { fhirUser: `${fhirUser.type}/${fhirUser.id}` }),
  ...rest,
});

export type Claims = Record<string, unknown>;

/** undefined where a claim is missing or of another kind: then we have not issued it */
export function readClaims(claims: Claims): AccessToken | undefined {
  const { jti, sub, gid, client_id: client, exp, auth_ms: authenticatedAt, limits, scope, patient, encounter } = claims;
  const roles = texts(claims.roles);
  const organizations = texts(claims.organizations);
  if (!isText(jti) || !isText(sub) || !isText(gid) || !isText(client) || !isText(limits)) return undefined;
  if (typeof exp !== 'number' || ![scope, patient, encounter].every(isOptionalText)) return undefined;
  if (roles === undefined || organizations === undefined) return undefined;
  const fhirUser = readNamed(claims.fhirUser);
  return {
    id: jti,
    grant: gid,
    client,
    roles,
    organizations,
    limits,
    expires: exp * 1000,
    ...(!gid.startsWith(OF_CLIENT) && { account: sub }),
    ...(typeof authenticatedAt === 'number' && { authenticatedAt }),
    ...(fhirUser !== undefined && { fhirUser }),
    // of every other client, no scope at all is no right at all
    ...(client !== FIRST_PARTY && { scopes: scope === undefined ? [] : String(scope).split(' ') }),
    ...(patient !== undefined && { patient: String(patient) }),
    ...(encounter !== undefined && { encounter: String(encounter) }),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isOptionalText = (value: unknown): value is string | undefined => value === undefined || isText(value);

function texts(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  return Array.isArray(value) && value.every(isText) ? value : undefined;
}

function readNamed(value: unknown): Named | undefined {
  const [type, id] = typeof value === 'string' ? value.split('/') : [];
  return type && id ? { type, id } : undefined;
}
