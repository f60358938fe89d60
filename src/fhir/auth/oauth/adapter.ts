// Where the OAuth library keeps its records. Redis has what a person would do again: sign-ins in progress, browser sessions,
// authorization codes, assertions that were used. MongoDB has clients, grants and refresh tokens. Access tokens are nowhere: they are JWTs.
import { createHash } from 'node:crypto';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import type { Redis } from '../../../platform/redis/connect.ts';
import { createScript, RedisAway, soon } from '../../../platform/redis/scripts.ts';
import { FhirError } from '../../model/errors.ts';
import type { GrantStore, Payload } from '../../storage/grants.ts';
import { asLibraryClient, asStored } from './client-metadata.ts';
import { errors } from './library.ts';
import { REFRESH_GRACE_MS } from './lifetimes.ts';

export interface AdapterDeps {
  redis: Redis;
  /** keeps databases that share a Redis apart */
  space: string;
  store: GrantStore;
  endGrant(id: string): Promise<void>;
  now: () => number;
}

type Kind = Partial<Omit<Adapter, 'findByUserCode'>>;

export function createAdapters(deps: AdapterDeps): AdapterFactory {
  const { redis, space } = deps;
  const kinds: Record<string, Kind> = {
    Session: sessions(redis, space),
    Interaction: inRedis(redis, `${space}:oauth:interaction`),
    AuthorizationCode: codes(deps),
    ReplayDetection: assertions(redis, space),
    Client: clients(deps),
    Grant: grants(deps),
    RefreshToken: refreshTokens(deps),
    // JWTs are not kept: there is nothing to find, and ending their grant ends them
    AccessToken: { find: async () => undefined, revokeByGrantId: async () => undefined },
    ClientCredentials: { find: async () => undefined },
  };
  return (name) => whole(name, kinds[name] ?? {});
}

/** What the library does not call for a kind of record is a mistake of ours, not a silent nothing. */
function whole(name: string, kind: Kind): Adapter {
  const missing = (method: string) => async (): Promise<never> => {
    throw new Error(`${name} has no ${method}`);
  };
  const guarded = Object.fromEntries(
    Object.entries(kind).map(([method, run]) => [
      method,
      (...args: never[]) => available(() => (run as Work)(...args)),
    ]),
  );
  return {
    upsert: missing('upsert'),
    find: missing('find'),
    findByUid: missing('findByUid'),
    findByUserCode: missing('findByUserCode'),
    consume: missing('consume'),
    destroy: missing('destroy'),
    revokeByGrantId: missing('revokeByGrantId'),
    ...guarded,
  };
}

type Work = (...args: never[]) => Promise<unknown>;

/** A database that is away is told as such, not as a mistake. */
async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isAway = cause instanceof RedisAway || (cause instanceof FhirError && cause.kind === 'transient');
    if (!isAway) throw cause;
    const error = new errors.TemporarilyUnavailable('sign-in is not possible at the moment', { cause });
    error.status = 503;
    error.statusCode = 503;
    throw error;
  }
}

/** Times of the library are in seconds; records without one do not exist here. */
function inRedis(redis: Redis, prefix: string): Required<Pick<Kind, 'upsert' | 'find' | 'destroy'>> {
  const key = (id: string): string => `${prefix}:${id}`;
  return {
    async upsert(id, payload, seconds) {
      await soon(redis, () => redis.set(key(id), JSON.stringify(payload), 'EX', Math.max(1, seconds ?? 1)));
    },
    async find(id) {
      return parsed(await soon(redis, () => redis.get(key(id))));
    },
    async destroy(id) {
      await soon(redis, () => redis.del(key(id)));
    },
  };
}

const parsed = (text: string | null): AdapterPayload | undefined =>
  text === null ? undefined : (JSON.parse(text) as AdapterPayload);

/** Sessions are found by the cookie, and by the name that tokens have for them. */
function sessions(redis: Redis, space: string): Kind {
  const byId = inRedis(redis, `${space}:oauth:session`);
  const uidKey = (uid: string): string => `${space}:oauth:session-uid:${uid}`;
  return {
    ...byId,
    async upsert(id, payload, seconds) {
      await byId.upsert(id, payload, seconds);
      await soon(redis, () => redis.set(uidKey(String(payload.uid)), id, 'EX', Math.max(1, seconds ?? 1)));
    },
    async findByUid(uid) {
      const id = await soon(redis, () => redis.get(uidKey(uid)));
      return id === null ? undefined : byId.find(id);
    },
  };
}

/** KEYS: code → 1 for the one who was first */
const USE_CODE = `
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
local code = cjson.decode(text)
if code.consumed then return 0 end
local seconds = redis.call('TTL', KEYS[1])
redis.call('SET', KEYS[1], string.sub(text, 1, -2) .. ',"consumed":true}', 'EX', math.max(seconds, 1))
return 1`;

/**
 * Of several who come with one code at the same moment one wins. The others, as those who come later, end the grant: someone has the code
 * who should not. https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 */
function codes({ redis, space, endGrant }: AdapterDeps): Kind {
  const prefix = `${space}:oauth:code`;
  const byId = inRedis(redis, prefix);
  const use = createScript(redis, USE_CODE);
  return {
    ...byId,
    async consume(id) {
      if ((await use([`${prefix}:${id}`], [])) === 1) return;
      const code = await byId.find(id);
      if (code?.grantId !== undefined) await endGrant(code.grantId);
      throw new errors.InvalidGrant('authorization code already consumed');
    },
    // a code whose grant has ended is worth nothing, and lives for a minute
    revokeByGrantId: async () => undefined,
  };
}

/** The library looks first and writes then; here the write tells who was first. */
function assertions(redis: Redis, space: string): Kind {
  const key = (id: string): string => `${space}:oauth:assertion:${id}`;
  return {
    async upsert(id, payload, seconds) {
      const answer = await soon(redis, () =>
        redis.set(key(id), JSON.stringify(payload), 'EX', Math.max(1, seconds ?? 1), 'NX'),
      );
      if (answer === null) throw new errors.InvalidClientAuth('client assertion tokens must only be used once');
    },
    async find(id) {
      return parsed(await soon(redis, () => redis.get(key(id))));
    },
  };
}

function clients({ store }: AdapterDeps): Kind {
  return {
    async upsert(id, metadata) {
      await store.clients.save(id, asStored(metadata as Payload));
    },
    async find(id) {
      const client = await store.clients.find(id);
      return client === undefined || client.disabled ? undefined : asLibraryClient(client);
    },
  };
}

function grants({ store, endGrant }: AdapterDeps): Kind {
  return {
    async find(id) {
      return (await store.grants.find(id))?.payload as AdapterPayload | undefined;
    },
    destroy: endGrant,
  };
}

export const refreshTokenKey = (token: string): string => createHash('sha256').update(token).digest('base64url');

function refreshTokens({ store, now }: AdapterDeps): Kind {
  const tokens = store.refreshTokens;
  const isInGrace = (consumedAt: number): boolean => now() - consumedAt < REFRESH_GRACE_MS;
  return {
    async upsert(id, { jti: _, ...payload }, seconds) {
      const expiresAt = now() + (seconds ?? 0) * 1000;
      await tokens.insert(refreshTokenKey(id), { grant: String(payload.grantId), payload, expiresAt });
    },
    async find(id) {
      const found = await tokens.find(refreshTokenKey(id));
      if (found === undefined) return undefined;
      const { payload, consumedAt } = found;
      const isUsed = consumedAt !== undefined && !isInGrace(consumedAt);
      return { ...payload, jti: id, ...(isUsed && { consumed: consumedAt }) } as AdapterPayload;
    },
    async consume(id) {
      const first = await tokens.consume(refreshTokenKey(id), now());
      if (first === undefined || !isInGrace(first)) throw new errors.InvalidGrant('refresh token already used');
    },
    async destroy(id) {
      await tokens.remove(refreshTokenKey(id));
    },
    async revokeByGrantId(grant) {
      await tokens.removeAllOf([grant]);
    },
  };
}
