// Who is signed in to our own pages: the browser has an opaque random cookie, Redis what belongs to it, sealed and under the cookie's hash, so
// that who reads Redis can neither be somebody nor act for somebody. It lies beside a grant of the one issuer and ends with it.
// https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
import { createHash, randomBytes } from 'node:crypto';
import type { Caller } from '../../fhir/auth/caller.ts';
import type { Subject, Tokens } from '../../fhir/auth/tokens.ts';
import { callerFrom } from '../../fhir/http/authenticate.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { Redis } from '../../platform/redis/connect.ts';
import { RedisAway, soon } from '../../platform/redis/scripts.ts';
import type { Seal } from '../../platform/secrets/secrets.ts';

export interface PageSession {
  /** the cookie's value */
  id: string;
  caller: Caller;
  /** when the person signed in, ms since 1970 */
  since: number;
  acting?: Acting;
}

/** The account is used for a patient who is cared for, or at one of the hospitals where the person works. */
export interface Acting {
  as: 'carer' | 'staff';
  /** the patient, or the hospital */
  reference: string;
  name: string;
}

/** Something for the next page alone: what was done, or a secret that is told once. */
export interface Told {
  text: string;
  secret?: string;
}

export interface PageSessions {
  /** a new cookie; whatever the browser had before is not looked at */
  begin(subject: Subject): Promise<string>;
  /** undefined where there is none, or it has ended */
  find(id: string, address: string): Promise<PageSession | undefined>;
  /** another cookie for the same session; undefined where it has ended */
  rename(id: string): Promise<string | undefined>;
  /** from now on with another access token of the same grant, under another cookie; undefined where it has ended */
  become(id: string, accessToken: string, acting: Acting | undefined): Promise<string | undefined>;
  /** who acts for somebody without having chosen to */
  note(id: string, acting: Acting): Promise<void>;
  /** with its grant */
  end(id: string): Promise<void>;
  tell(id: string, told: Told): Promise<void>;
  told(id: string): Promise<Told | undefined>;
}

export interface PageSessionsDeps {
  redis: Redis;
  /** keeps databases that share a Redis apart */
  space: string;
  seal: Seal;
  tokens: Pick<Tokens, 'issue' | 'refresh' | 'verify' | 'endGrantOf'>;
  now: () => number;
}

/** without a request for so long it is over */
export const IDLE_SECONDS = 30 * 60;
/** however busy it is: then the person signs in again */
export const LONGEST_MS = 12 * 3600 * 1000;
/** roles and the time of the last use are at most so old */
const RENEW_MS = 5 * 60 * 1000;
const TOLD_SECONDS = 300;
const SESSION_ID = /^[A-Za-z0-9_-]{43}$/;

interface Kept {
  accessToken: string;
  refreshToken: string;
  startedAt: number;
  renewedAt: number;
  acting?: Acting;
}

export function createPageSessions({ redis, space, seal, tokens, now }: PageSessionsDeps): PageSessions {
  const keyOf = (id: string): string => `{${space}:pages}:${createHash('sha256').update(id).digest('base64url')}`;
  const toldKeyOf = (id: string): string => `${keyOf(id)}:told`;

  async function read(key: string): Promise<Kept | undefined> {
    const text = await soon(redis, () => redis.get(key));
    try {
      return text === null ? undefined : (JSON.parse(seal.open(text)) as Kept);
    } catch {
      // of a server with another secret
      return undefined;
    }
  }
  const sealed = (kept: Kept): string => seal.close(JSON.stringify(kept));

  async function begin(subject: Subject): Promise<string> {
    const id = randomBytes(32).toString('base64url');
    // it outlives a pause that is allowed, counted from the last renewal
    const { accessToken, refreshToken } = await tokens.issue({
      ...subject,
      idleSeconds: IDLE_SECONDS + RENEW_MS / 1000,
    });
    const kept = { accessToken, refreshToken, startedAt: now(), renewedAt: now() };
    await soon(redis, () => redis.set(keyOf(id), sealed(kept), 'EX', IDLE_SECONDS));
    return id;
  }

  /** Only where it is still there: a session that ended meanwhile stays ended. */
  async function keep(key: string, kept: Kept): Promise<void> {
    await soon(redis, () => redis.set(key, sealed(kept), 'EX', IDLE_SECONDS, 'XX'));
  }

  async function renew(key: string, { refreshToken, ...before }: Kept): Promise<Kept> {
    const next = await tokens.refresh(refreshToken);
    const kept = { ...before, accessToken: next.accessToken, refreshToken: next.refreshToken, renewedAt: now() };
    await keep(key, kept);
    return kept;
  }

  async function find(id: string, address: string): Promise<PageSession | undefined> {
    if (!SESSION_ID.test(id)) return undefined;
    const key = keyOf(id);
    let kept = await read(key);
    if (kept === undefined) return undefined;
    if (now() - kept.startedAt >= LONGEST_MS) {
      await end(id);
      return undefined;
    }
    try {
      if (now() - kept.renewedAt >= RENEW_MS) kept = await renew(key, kept);
      else await soon(redis, () => redis.expire(key, IDLE_SECONDS));
      const caller = callerFrom(await tokens.verify(kept.accessToken), address);
      return { id, caller, since: kept.startedAt, ...(kept.acting && { acting: kept.acting }) };
    } catch (error) {
      if (!(error instanceof FhirError) || error.kind !== 'login') throw error;
      await soon(redis, () => redis.del(key));
      return undefined;
    }
  }

  async function end(id: string): Promise<void> {
    if (!SESSION_ID.test(id)) return;
    const kept = await read(keyOf(id));
    await soon(redis, () => redis.del(keyOf(id), toldKeyOf(id)));
    if (kept !== undefined) await tokens.endGrantOf(kept.refreshToken);
  }

  async function rename(id: string): Promise<string | undefined> {
    const next = randomBytes(32).toString('base64url');
    try {
      await soon(redis, () => redis.rename(keyOf(id), keyOf(next)));
      return next;
    } catch (error) {
      if (error instanceof RedisAway) throw error;
      return undefined;
    }
  }

  return {
    begin,
    find,
    end,
    rename,
    async become(id, accessToken, acting) {
      const next = await rename(id);
      const kept = next && (await read(keyOf(next)));
      if (!kept) return undefined;
      const { acting: _, ...rest } = kept;
      await keep(keyOf(next), { ...rest, accessToken, ...(acting && { acting }) });
      return next;
    },
    async note(id, acting) {
      const kept = await read(keyOf(id));
      if (kept !== undefined) await keep(keyOf(id), { ...kept, acting });
    },
    async tell(id, told) {
      const text = seal.close(JSON.stringify(told));
      await soon(redis, () => redis.set(toldKeyOf(id), text, 'EX', TOLD_SECONDS));
    },
    async told(id) {
      const text = await soon(redis, () => redis.getdel(toldKeyOf(id)));
      return text === null ? undefined : (JSON.parse(seal.open(text)) as Told);
    },
  };
}
