// What is known of an application: the metadata of RFC 7591, and members of our own. As stored, the secret is a hash; the library
// compares with it through `compareClientSecret` (provider.ts).
import { createHash, timingSafeEqual } from 'node:crypto';
import type { AdapterPayload } from 'oidc-provider';
import type { ClientRecord, Payload } from '../../storage/grants.ts';

/** Members of ours. `scope` itself the library would compare with its own fixed list, so SMART scopes are a member of their own. */
export const ownMembers = [
  'smart_scopes',
  'launch_uri',
  'roles',
  'organizations',
  'limits',
  'resource_server',
  'registered',
  'generation',
] as const;

export interface OwnMetadata {
  /** what it may ask for at most, separated by spaces; absent: all that people may allow it */
  smart_scopes?: string;
  /** where an EHR launch begins: it is called with `iss` and `launch` */
  launch_uri?: string;
  /** of a client that acts for itself */
  roles?: readonly string[];
  organizations?: readonly string[];
  /** class of rate limits */
  limits?: string;
  /** may ask about tokens of other clients (introspection) */
  resource_server?: boolean;
  /** how it came here: by an administrator, or by itself */
  registered?: 'dynamic' | 'administrator';
  generation?: number;
}

const HASH = 'sha256:';

const hashed = (secret: string): string => `${HASH}${createHash('sha256').update(secret).digest('base64url')}`;

export const asStored = ({ generation: _, client_secret: secret, ...metadata }: Payload): Payload => ({
  ...metadata,
  ...(typeof secret === 'string' && { client_secret: secret.startsWith(HASH) ? secret : hashed(secret) }),
});

export const asLibraryClient = ({ id, metadata, generation }: ClientRecord): AdapterPayload => ({
  ...metadata,
  client_id: id,
  generation,
});

/** Secrets are random and long, so a plain hash keeps them. */
export function isSecretOf(stored: string | undefined, given: string): boolean {
  const [expected, actual] = [Buffer.from(stored ?? ''), Buffer.from(hashed(given))];
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
