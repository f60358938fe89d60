// The keys that tokens are signed with. Of each algorithm there is one in use, one that is published before it comes into use, and those
// that were used lately, so that what they signed can be checked to its end. All processes share them through the database, sealed.
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { Seal } from '../../../platform/secrets/secrets.ts';
import { StartError } from '../../../platform/start-error.ts';
import { type Grants, REMEMBER_END_MS, type SigningKeyStore } from '../../storage/grants.ts';

/** RS256 is what every client of OpenID understands; ES384 is SMART's other one. */
export const algorithms = ['RS256', 'ES384'] as const;
export type Algorithm = (typeof algorithms)[number];

export interface SigningKey {
  kid: string;
  alg: Algorithm;
  state: 'next' | 'current' | 'previous';
  /** when it came into this state, ms since 1970 */
  since: number;
  /** with its private part */
  jwk: JWK;
}

export interface SigningKeys {
  /** those in use first, then those to come, then those that were */
  list(): readonly SigningKey[];
  version(): number;
  /** what comes next comes into use; `compromised`: all keys there were are worth nothing from now on, and so are their tokens */
  rotate(options?: { compromised?: boolean }): Promise<void>;
  /** rotates when the key in use is old enough, forgets those that are no longer needed */
  tend(): Promise<void>;
  /** reads what other processes changed */
  reload(): Promise<void>;
  onChange(listener: () => void): void;
}

export interface SigningKeysDeps {
  store: SigningKeyStore;
  /** other processes read the keys anew when they see this among what has ended */
  grants: Pick<Grants, 'markEnded'>;
  seal: Seal;
  now: () => number;
}

export const KEYS_CHANGED = 'keys:';
/** the server key that the signing keys are sealed with */
export const SEAL_PURPOSE = 'oauth-signing-keys';

const DAY_MS = 24 * 60 * 60 * 1000;
export const USE_FOR_MS = 30 * DAY_MS;
/** longer than anything that is signed lives, and longer than clients cache key sets */
export const CHECK_FOR_MS = 2 * DAY_MS;
/** others are faster at most so often */
const ROUNDS = 10;

export async function createSigningKeys({ store, grants, seal, now }: SigningKeysDeps): Promise<SigningKeys> {
  let version = 0;
  let keys: readonly SigningKey[] = [];
  const listeners: (() => void)[] = [];

  async function reload(): Promise<void> {
    const stored = await store.read();
    if (stored === undefined || stored.version === version) return;
    keys = inOrder(JSON.parse(opened(stored.sealed)) as SigningKey[]);
    version = stored.version;
    for (const listener of listeners) listener();
  }

  function opened(sealed: string): string {
    try {
      return seal.open(sealed);
    } catch (cause) {
      throw new StartError(
        'The signing keys in the database do not open. SERVER_SECRET must be the one with which the server was first started, or unset if it was not set then.',
        2,
        { cause },
      );
    }
  }

  /** `change` gives undefined where nothing is to be done; it is asked again when another process was faster */
  async function change(
    next: (keys: readonly SigningKey[]) => Promise<readonly SigningKey[] | undefined>,
  ): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      await reload();
      const changed = await next(keys);
      if (changed === undefined) return;
      const isOurs = await store.replace(version, seal.close(JSON.stringify(changed)));
      await reload();
      if (isOurs) return grants.markEnded(`${KEYS_CHANGED}${version}`, now() + REMEMBER_END_MS);
    }
    throw new Error('The signing keys are changed by others all the time');
  }

  const fresh = (state: SigningKey['state']): Promise<SigningKey[]> =>
    Promise.all(algorithms.map((alg) => newKey(alg, state, now())));

  async function rotated(old: readonly SigningKey[]): Promise<readonly SigningKey[]> {
    const moved = old.flatMap((key): SigningKey[] => {
      if (key.state === 'current') return [{ ...key, state: 'previous', since: now() }];
      if (key.state === 'next') return [{ ...key, state: 'current', since: now() }];
      return isNeeded(key) ? [key] : [];
    });
    return [...moved, ...(await fresh('next'))];
  }

  const isNeeded = ({ state, since }: SigningKey): boolean => state !== 'previous' || since > now() - CHECK_FOR_MS;
  const renewed = async (): Promise<readonly SigningKey[]> => [...(await fresh('current')), ...(await fresh('next'))];

  await change(async (found) => (found.length === 0 ? renewed() : undefined));
  return {
    list: () => keys,
    version: () => version,
    reload,
    rotate: ({ compromised = false } = {}) => change((old) => (compromised ? renewed() : rotated(old))),
    tend: () =>
      change(async (old) => {
        if (old.some(({ state, since }) => state === 'current' && since <= now() - USE_FOR_MS)) return rotated(old);
        const needed = old.filter(isNeeded);
        return needed.length < old.length ? needed : undefined;
      }),
    onChange(listener) {
      listeners.push(listener);
    },
  };
}

const rank = { current: 0, next: 1, previous: 2 } as const;
const inOrder = (keys: readonly SigningKey[]): SigningKey[] => keys.toSorted((a, b) => rank[a.state] - rank[b.state]);

const generate = promisify(generateKeyPair);

async function newKey(alg: Algorithm, state: SigningKey['state'], since: number): Promise<SigningKey> {
  const { privateKey } =
    alg === 'RS256' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ec', { namedCurve: 'P-384' });
  const jwk = privateKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, alg, state, since, jwk: { ...jwk, kid, alg, use: 'sig' } };
}
