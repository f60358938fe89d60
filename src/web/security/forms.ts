// That a form was sent from our own page. Cookies are SameSite=Lax already; browsers say where a request comes from (Sec-Fetch-Site, or
// Origin where they do not know it yet); and a form of somebody who is signed in carries a token that only our page could know.
// https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a page of another site sent it. Programs that are no browser say nothing, and have no cookies of anybody. `own`: our origin, for
 * browsers that do not say Sec-Fetch-Site; where it is not known their Origin is not judged.
 */
export function isForeign(headers: IncomingHttpHeaders, own?: string): boolean {
  const site = headers['sec-fetch-site'];
  // `same-site` is another name of the same domain: not ours either
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return own !== undefined && headers.origin !== undefined && headers.origin !== own;
}

export interface FormTokens {
  /** for a hidden field of a form of this session */
  of(session: string): string;
  isOf(session: string, token: unknown): boolean;
}

const LIFE_MS = 12 * 3_600_000;
const TOKEN = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/;

export function createFormTokens(key: Buffer, now: () => number): FormTokens {
  const sign = (session: string, at: string): string =>
    createHmac('sha256', key).update(`form\0${session}\0${at}`).digest('base64url');
  return {
    of(session) {
      const at = now().toString(36);
      return `${at}.${sign(session, at)}`;
    },
    isOf(session, token) {
      const [, at, mac] = (typeof token === 'string' && TOKEN.exec(token)) || [];
      if (at === undefined || mac === undefined) return false;
      const age = now() - Number.parseInt(at, 36);
      return age >= 0 && age <= LIFE_MS && timingSafeEqual(Buffer.from(sign(session, at)), Buffer.from(mac));
    },
  };
}
