// One-time codes: six digits that live in Redis under the code itself, as a keyed hash. A code sent with its challenge is tied to that
// request and has five tries. A code alone is taken only from the address that asked for it, and only while few wrong ones are sent.
import { randomBytes, randomInt } from 'node:crypto';
import type { Redis } from '../../../platform/redis/connect.ts';
import { createScript, RedisAway, type Script, soon } from '../../../platform/redis/scripts.ts';
import { keyedHash } from '../../../platform/secrets/secrets.ts';
import { FhirError } from '../../model/errors.ts';

export type Purpose = 'login' | 'registration' | 'password' | 'email';

export interface CodeRequest {
  purpose: Purpose;
  /** what is done when the code comes back: an account, a registration */
  about: string;
  /** who is asked, to find the request again without its challenge */
  email: string;
  address: string;
}

export interface Issued {
  challenge: string;
  code: string;
  /** ms since 1970 */
  endsAt: number;
}

export interface Attempt {
  code: string;
  challenge?: string | undefined;
  address: string;
  purposes: readonly Purpose[];
}

export type Verdict =
  | { is: 'right'; purpose: Purpose; about: string }
  /** `about` is known where there is a challenge */
  | { is: 'wrong'; left?: number; about?: string }
  /** no such request, or its code has ended */
  | { is: 'unknown' }
  /** five wrong tries */
  | { is: 'spent' }
  /** codes alone are not taken for so many seconds */
  | { is: 'paused'; seconds: number };

/** false: nobody is there to send it to; throws where it must not be */
export type Allow = (purpose: Purpose, about: string) => Promise<boolean>;

export type Resent =
  | { is: 'sent'; code: string; endsAt: number }
  | { is: 'unknown' }
  | { is: 'too-often' }
  | { is: 'too-soon'; seconds: number };

export interface Codes {
  issue(request: CodeRequest): Promise<Issued>;
  /** ends a right code: of many who send it at once, one is right */
  take(attempt: Attempt): Promise<Verdict>;
  /** as take, but the code lives on; a wrong one counts as well */
  look(attempt: Attempt): Promise<Verdict>;
  /** the old code ends; wrong tries stay counted. `allow` is asked before anything is changed */
  resend(challenge: string, allow: Allow): Promise<Resent>;
  /** the latest request of this person from this address */
  resendTo(email: string, address: string, allow: Allow): Promise<Resent>;
}

export interface CodesDeps {
  redis: Redis;
  /** the server key */
  key: Buffer;
  /** keeps databases that share a Redis apart */
  space: string;
  now: () => number;
}

export const CODE_SECONDS = 600;
const TRIES = 5;
const MOST_SENT = 4;
const RESEND_SECONDS = 30;
/** a free one among so many is nearly always found: with 10,000 live codes one of 10^16 times not */
const CANDIDATES = 8;
const ROUNDS = 5;

/** Wrong codes without a challenge: so many from one address, and from all together, in ten minutes. */
const WRONG_BY_ADDRESS = 5;
const WRONG_IN_ALL = 20;
const WINDOW_MS = CODE_SECONDS * 1000;
const LONGEST_PAUSE_MS = 24 * 3600 * 1000;

/** KEYS: request, latest, codes… · ARGV: seconds, request, purpose, about, address, hashes of the codes… → position of the code taken, 0: none */
const ISSUE = `
for i = 3, #KEYS do
  if redis.call('SET', KEYS[i], ARGV[2], 'EX', ARGV[1], 'NX') then
    local now = redis.call('TIME')
    redis.call('HSET', KEYS[1], 'code', ARGV[3 + i], 'purpose', ARGV[3], 'about', ARGV[4], 'address', ARGV[5],
      'tries', 0, 'sent', 1, 'at', now[1])
    redis.call('EXPIRE', KEYS[1], ARGV[1])
    redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[1])
    return i - 2
  end
end
return 0`;

/** KEYS: request, code · ARGV: hash of the code, purposes, tries, '1' to end it */
const BY_CHALLENGE = `
local of = redis.call('HMGET', KEYS[1], 'code', 'purpose', 'about', 'tries')
if not of[1] or not string.find(ARGV[2], '|' .. of[2] .. '|', 1, true) then return {'unknown'} end
if tonumber(of[4]) >= tonumber(ARGV[3]) then return {'spent'} end
if of[1] ~= ARGV[1] then
  return {'wrong', tonumber(ARGV[3]) - redis.call('HINCRBY', KEYS[1], 'tries', 1), of[3]}
end
if ARGV[4] == '1' then redis.call('DEL', KEYS[1], KEYS[2]) end
return {'right', of[2], of[3]}`;

/**
 * KEYS: request, code, wrong in all, wrong from here, pause, level of the pause
 * ARGV: request that the code was seen to name, address, purposes, tries, '1' to end it, window, most in all, most from here, longest pause, a name for this guess
 */
const BY_CODE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local pause = redis.call('PTTL', KEYS[5])
if pause > 0 then return {'paused', pause} end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - ARGV[6])
if redis.call('ZCARD', KEYS[4]) >= tonumber(ARGV[8]) then
  local first = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')
  return {'paused', first[2] + ARGV[6] - now}
end
if ARGV[1] ~= '' and redis.call('GET', KEYS[2]) == ARGV[1] then
  local of = redis.call('HMGET', KEYS[1], 'address', 'purpose', 'about', 'tries')
  if of[1] == ARGV[2] and string.find(ARGV[3], '|' .. of[2] .. '|', 1, true) and tonumber(of[4]) < tonumber(ARGV[4]) then
    if ARGV[5] == '1' then redis.call('DEL', KEYS[1], KEYS[2]) end
    return {'right', of[2], of[3]}
  end
end
for i = 3, 4 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - ARGV[6])
  redis.call('ZADD', KEYS[i], now, ARGV[10])
  redis.call('PEXPIRE', KEYS[i], ARGV[6])
end
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[7]) then
  local level = redis.call('INCR', KEYS[6])
  redis.call('PEXPIRE', KEYS[6], ARGV[9])
  local length = math.min(ARGV[6] * 2 ^ (level - 1), tonumber(ARGV[9]))
  redis.call('SET', KEYS[5], level, 'PX', string.format('%d', length))
  redis.call('DEL', KEYS[3])
end
return {'wrong'}`;

/** KEYS: request, code that it had, codes… · ARGV: seconds, request, hash of the code that it had, most sent, pause, tries, hashes of the codes… */
const RESEND = `
local of = redis.call('HMGET', KEYS[1], 'code', 'tries', 'sent', 'at')
if not of[1] or of[1] ~= ARGV[3] or tonumber(of[2]) >= tonumber(ARGV[6]) then return {'unknown'} end
if tonumber(of[3]) >= tonumber(ARGV[4]) then return {'too-often'} end
local now = redis.call('TIME')[1]
local wait = of[4] + ARGV[5] - now
if wait > 0 then return {'too-soon', wait} end
for i = 3, #KEYS do
  if redis.call('SET', KEYS[i], ARGV[2], 'EX', ARGV[1], 'NX') then
    if redis.call('GET', KEYS[2]) == ARGV[2] then redis.call('DEL', KEYS[2]) end
    redis.call('HSET', KEYS[1], 'code', ARGV[4 + i], 'at', now)
    redis.call('HINCRBY', KEYS[1], 'sent', 1)
    redis.call('EXPIRE', KEYS[1], ARGV[1])
    return {'sent', i - 2}
  end
end
return {'none'}`;

export function createCodes({ redis, key, space, now }: CodesDeps): Codes {
  const script = (lua: string): Script => {
    const run = createScript(redis, lua);
    return (keys, args) => orUnavailable(run(keys, args));
  };
  const issueScript = script(ISSUE);
  const byChallenge = script(BY_CHALLENGE);
  const byCode = script(BY_CODE);
  const resendScript = script(RESEND);

  const at = (...parts: readonly string[]): string => `{${space}:otp}:${parts.join(':')}`;
  const hashOf = (kind: string, ...parts: readonly string[]): string => keyedHash(key, kind, ...parts);
  const codeKey = (code: string): string => at('code', hashOf('code', code));
  const requestKey = (request: string): string => at('request', request);
  const requestOf = (challenge: string): string => hashOf('challenge', challenge);
  const latestKey = (email: string, address: string): string => at('latest', hashOf('latest', email, address));
  const addressOf = (address: string): string => hashOf('address', address);

  const draw = (): string[] => Array.from({ length: CANDIDATES }, () => String(randomInt(1_000_000)).padStart(6, '0'));
  const endsAt = (): number => now() + CODE_SECONDS * 1000;

  async function judge(attempt: Attempt, ending: '1' | '0'): Promise<Verdict> {
    const code = attempt.code.replace(/[\s-]/g, '');
    const purposes = `|${attempt.purposes.join('|')}|`;
    if (attempt.challenge !== undefined) {
      const request = requestOf(attempt.challenge);
      const [is, ...rest] = (await byChallenge(
        [requestKey(request), codeKey(code)],
        [hashOf('code', code), purposes, TRIES, ending],
      )) as [string, ...(string | number)[]];
      if (is === 'wrong') return { is, left: Number(rest[0]), about: String(rest[1]) };
      return verdictOf(is, rest);
    }
    const request = (await orUnavailable(soon(redis, () => redis.get(codeKey(code))))) ?? '';
    const address = addressOf(attempt.address);
    const keys = [requestKey(request), codeKey(code), at('wrong'), at('wrong', address), at('pause'), at('level')];
    const guess = randomBytes(9).toString('base64url');
    const limits = [WINDOW_MS, WRONG_IN_ALL, WRONG_BY_ADDRESS, LONGEST_PAUSE_MS];
    const [is, ...rest] = (await byCode(keys, [request, address, purposes, TRIES, ending, ...limits, guess])) as [
      string,
      ...(string | number)[],
    ];
    return verdictOf(is, rest);
  }

  async function resendOf(request: string, allow: Allow): Promise<Resent> {
    const known = await orUnavailable(soon(redis, () => redis.hmget(requestKey(request), 'code', 'purpose', 'about')));
    const [old, purpose, about] = known;
    if (old == null) return { is: 'unknown' };
    /** without codes to choose from it only checks */
    const attempt = async (codes: readonly string[]): Promise<Resent | undefined> => {
      const [is, found] = (await resendScript(
        [requestKey(request), at('code', old), ...codes.map(codeKey)],
        [CODE_SECONDS, request, old, MOST_SENT, RESEND_SECONDS, TRIES, ...codes.map((code) => hashOf('code', code))],
      )) as [string, number];
      if (is === 'none') return undefined;
      if (is === 'too-soon') return { is, seconds: found };
      if (is === 'sent') return { is, code: codes[found - 1]!, endsAt: endsAt() };
      return { is: is as 'unknown' | 'too-often' };
    };
    const refused = await attempt([]);
    if (refused !== undefined) return refused;
    if (!(await allow(purpose as Purpose, about ?? ''))) return { is: 'unknown' };
    for (let round = 0; round < ROUNDS; round++) {
      const resent = await attempt(draw());
      if (resent !== undefined) return resent;
    }
    throw noneFree();
  }

  return {
    async issue({ purpose, about, email, address }) {
      const challenge = randomBytes(24).toString('base64url');
      const request = requestOf(challenge);
      for (let round = 0; round < ROUNDS; round++) {
        const codes = draw();
        const position = await issueScript(
          [requestKey(request), latestKey(email, address), ...codes.map(codeKey)],
          [CODE_SECONDS, request, purpose, about, addressOf(address), ...codes.map((code) => hashOf('code', code))],
        );
        if (position !== 0) return { challenge, code: codes[Number(position) - 1]!, endsAt: endsAt() };
      }
      throw noneFree();
    },
    take: (attempt) => judge(attempt, '1'),
    look: (attempt) => judge(attempt, '0'),
    resend: (challenge, allow) => resendOf(requestOf(challenge), allow),
    async resendTo(email, address, allow) {
      const request = await orUnavailable(soon(redis, () => redis.get(latestKey(email, address))));
      return request === null ? { is: 'unknown' } : resendOf(request, allow);
    },
  };
}

function verdictOf(is: string, [first, second]: readonly (string | number)[]): Verdict {
  if (is === 'right') return { is, purpose: first as Purpose, about: String(second) };
  if (is === 'paused') return { is, seconds: Math.max(1, Math.ceil(Number(first) / 1000)) };
  return { is: is as 'unknown' | 'spent' | 'wrong' };
}

async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RedisAway)) throw error;
    throw new FhirError('transient', 'Sign-in is not possible at the moment; please try again in a moment', {
      headers: { 'Retry-After': '5' },
      cause: error,
    });
  }
}

const noneFree = (): FhirError =>
  new FhirError('transient', 'Too many codes are in use at this moment', { headers: { 'Retry-After': '60' } });
