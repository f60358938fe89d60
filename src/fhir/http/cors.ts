// Which web pages may call, and what they may see. https://fetch.spec.whatwg.org/#http-cors-protocol
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FhirError } from '../model/errors.ts';
import type { HttpSettings } from './settings.ts';

const exposed =
  'ETag, Location, Content-Location, Last-Modified, X-Request-Id, X-Correlation-Id, Retry-After, Allow, Idempotency-Replayed, X-Security-Context, WWW-Authenticate, RateLimit, RateLimit-Policy';
const accepted =
  'Accept, Authorization, Content-Type, Content-Encoding, If-Match, If-None-Match, If-None-Exist, If-Modified-Since, Idempotency-Key, Prefer, X-Request-Id, X-Correlation-Id, X-Security-Context, X-Break-Glass';
const SECONDS_PER_DAY = '86400';
const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const loopbackOrigin = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Only requests of pages carry Origin; others are left as they are. */
export function allowOrigin(req: IncomingMessage, res: ServerResponse, { corsOrigins }: HttpSettings): void {
  const { origin } = req.headers;
  if (origin === undefined) return;
  if (corsOrigins !== '*') {
    res.appendHeader('Vary', 'Origin');
    if (!corsOrigins.includes(origin) && !loopbackOrigin.test(origin)) return;
  }
  res.setHeader('Access-Control-Allow-Origin', corsOrigins === '*' ? '*' : origin);
  res.setHeader('Access-Control-Expose-Headers', exposed);
}

/** What a page is told before its real request. */
export function preflightHeaders(allow: string): Record<string, string> {
  return {
    'Access-Control-Allow-Methods': allow,
    'Access-Control-Allow-Headers': accepted,
    'Access-Control-Max-Age': SECONDS_PER_DAY,
  };
}

const addressHost = /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Without sign-in a foreign web page could reach the data through the user's own browser: by a name that it resolves to this server's
 * address (the Host header gives it away), or directly (the Origin header does). So only names that no foreigner can point here count:
 * addresses, localhost, and the server's own name.
 */
export function refuseForeigners(
  { headers }: IncomingMessage,
  { trustedHosts, base, corsOrigins }: Pick<HttpSettings, 'trustedHosts' | 'base' | 'corsOrigins'>,
): void {
  if (trustedHosts === 'any') return;
  const { host = '', origin } = headers;
  const ours = trustedHosts === 'loopback' ? loopbackHost : addressHost;
  if (!ours.test(host) && host !== hostOf(base)) {
    const who = trustedHosts === 'loopback' ? 'localhost' : 'an address or the name in BASE_URL';
    throw new FhirError('forbidden', `While AUTH is off, only requests to ${who} are answered`);
  }
  if (origin === undefined || loopbackOrigin.test(origin)) return;
  const isListed = corsOrigins !== '*' && corsOrigins.includes(origin);
  if (!isListed && hostOf(origin) !== host) {
    throw new FhirError(
      'forbidden',
      'While AUTH is off, only pages of localhost, or of origins in CORS_ORIGINS, may call',
    );
  }
}

const hostOf = (url: string | undefined): string | undefined => /^https?:\/\/([^/]+)/.exec(url ?? '')?.[1];
