// Checks access tokens without asking anybody: signature, times, issuer, audience (RFC 9068), and that neither the token nor its grant
// has ended. What was checked once is remembered until the token ends; then a check is a look into two maps.
import { type CryptoKey, importJWK, jwtVerify } from 'jose';
import { FhirError } from '../../model/errors.ts';
import type { AccessToken } from '../tokens.ts';
import type { Addresses } from './addresses.ts';
import type { Ended } from './ended.ts';
import type { SigningKeys } from './signing-keys.ts';
import { type Claims, readClaims } from './token-claims.ts';

export type Verify = (token: string) => AccessToken | Promise<AccessToken>;

export interface VerifyDeps {
  addresses: Addresses;
  keys: SigningKeys;
  ended: Ended;
  now: () => number;
}

/** Access tokens are signed with this one alone: it is checked ten times faster than ES384. */
export const ACCESS_TOKEN_ALG = 'RS256';
/** ours have far less; what is longer is not worth a hash */
const LONGEST_TOKEN = 8192;
const REMEMBERED = 20_000;
const SIGNATURE_END = 32;
/** an unknown kid makes us look for new keys, but not at everybody's pleasure */
const LOOK_FOR_KEYS_MS = 5000;

/** `token:<jti>` in the list of what has ended */
export const endedToken = (id: string): string => `token:${id}`;

interface Checked {
  text: string;
  token: AccessToken;
  endedAs: string;
}

export function createVerify({ addresses, keys, ended, now }: VerifyDeps): Verify {
  let publicKeys = importPublic(keys);
  let remembered = createRecent<Checked>(REMEMBERED);
  let soughtAt = Number.NEGATIVE_INFINITY;
  keys.onChange(() => {
    publicKeys = importPublic(keys);
    remembered = createRecent(REMEMBERED);
  });

  function verify(text: string): AccessToken | Promise<AccessToken> {
    const known = recall(text);
    return known !== undefined && ended.isKnown() ? judge(known) : check(text);
  }

  /** By the end of the signature, because a whole token takes longer to look up than to compare. */
  function recall(text: string): Checked | undefined {
    const known = remembered.get(text.slice(-SIGNATURE_END));
    return known?.text === text ? known : undefined;
  }

  function judge({ token, endedAs }: Checked): AccessToken {
    if (token.expires <= now()) throw refused('The access token has expired');
    if (ended.has(token.grant) || ended.has(endedAs)) throw refused('The access token was revoked');
    return token;
  }

  async function check(text: string): Promise<AccessToken> {
    const checked = recall(text) ?? (await read(text));
    if (!ended.isKnown()) await ended.look();
    if (!ended.isKnown())
      throw new FhirError('transient', 'It cannot be told at the moment whether the access token is valid');
    return judge(checked);
  }

  async function read(text: string): Promise<Checked> {
    if (text.length > LONGEST_TOKEN) throw refused('The access token is not valid');
    const from = remembered;
    const token = readClaims(await claimsIn(text));
    if (token === undefined) throw refused('The access token is not valid');
    const checked = { text, token, endedAs: endedToken(token.id) };
    // keys may have changed meanwhile
    if (from === remembered) remembered.set(text.slice(-SIGNATURE_END), checked);
    return checked;
  }

  async function claimsIn(text: string): Promise<Claims> {
    try {
      const { payload } = await jwtVerify(text, ({ kid, alg }) => keyFor(kid, alg), {
        algorithms: [ACCESS_TOKEN_ALG],
        typ: 'at+jwt',
        issuer: addresses.issuer,
        audience: addresses.base,
        requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
        currentDate: new Date(now()),
      });
      return payload;
    } catch (error) {
      if (error instanceof FhirError) throw error;
      const isOld = (error as { code?: string }).code === 'ERR_JWT_EXPIRED';
      throw refused(isOld ? 'The access token has expired' : 'The access token is not valid', error);
    }
  }

  /** Only keys of ours, by their name as it stands: `kid` never becomes a path, a query or an address. */
  async function keyFor(kid: string | undefined, alg: string): Promise<CryptoKey> {
    if (kid === undefined || alg !== ACCESS_TOKEN_ALG) throw refused('The access token is not valid');
    if (!(await publicKeys).has(kid) && performance.now() - soughtAt > LOOK_FOR_KEYS_MS) {
      soughtAt = performance.now();
      await keys.reload();
    }
    const key = (await publicKeys).get(kid);
    if (key === undefined) throw refused('The access token is not valid');
    return key;
  }

  return verify;
}

async function importPublic(keys: SigningKeys): Promise<Map<string, CryptoKey>> {
  const usable = keys.list().filter(({ alg }) => alg === ACCESS_TOKEN_ALG);
  const entries = usable.map(async ({ kid, jwk: { kty, n, e } }) => {
    const key = (await importJWK({ kty: kty!, n: n!, e: e! }, ACCESS_TOKEN_ALG)) as CryptoKey;
    return [kid, key] as const;
  });
  return new Map(await Promise.all(entries));
}

export const refused = (message: string, cause?: unknown): FhirError =>
  new FhirError('login', message, cause === undefined ? {} : { cause });

interface Recent<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
}

/** Remembers what was used lately, in two halves: when the young one is full it becomes the old one, and the old one is forgotten. */
export function createRecent<Value>(size: number): Recent<Value> {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  const set = (key: string, value: Value): void => {
    if (young.size >= size / 2) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    set,
    get(key) {
      const found = young.get(key);
      if (found !== undefined) return found;
      const older = old.get(key);
      if (older !== undefined) set(key, older);
      return older;
    },
  };
}
