// Who asks: the bearer token of a request as a Caller. https://www.rfc-editor.org/rfc/rfc6750
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Caller } from '../auth/caller.ts';
import type { AccessToken, Tokens } from '../auth/tokens.ts';
import { FhirError } from '../model/errors.ts';

/** What a client is told that has to sign in. */
export const CHALLENGE = 'Bearer realm="fhir"';

/** only the scheme: a token that is checked already needs no look at each of its characters, and any other is checked whole */
const BEARER = /^bearer +(?=[^ ])/i;

export const anonymousAt = (address: string): Caller => ({
  kind: 'anonymous',
  id: '',
  roles: [],
  organizations: [],
  client: '',
  limits: 'anonymous',
  address,
});

/** Without a token: anonymous. With one that is no good: 401, whatever would be allowed without it. */
export function callerOf(req: IncomingMessage, address: string, verify: Tokens['verify']): Caller | Promise<Caller> {
  const { authorization } = req.headers;
  if (authorization === undefined) {
    const given = req.headers['x-break-glass'];
    // whatever the reason is, such a caller must sign in first
    return given === undefined ? anonymousAt(address) : { ...anonymousAt(address), breakGlass: String(given) };
  }
  if (isTwice(req.rawHeaders)) throw refusal('invalid_request', 'The Authorization header is there twice');
  const scheme = BEARER.exec(authorization)?.[0];
  if (scheme === undefined) throw refusal('invalid_token', 'The Authorization header is not "Bearer" and a token');
  const reason = reasonIn(req.headers);
  try {
    const known = verify(authorization.slice(scheme.length));
    return known instanceof Promise
      ? known.then(
          (late) => callerFrom(late, address, reason),
          (error: unknown) => {
            throw challenged(error);
          },
        )
      : callerFrom(known, address, reason);
  } catch (error) {
    throw challenged(error);
  }
}

/** node:http keeps the first of several, silently. */
function isTwice(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 13 && name.toLowerCase() === 'authorization') count++;
  }
  return count > 1;
}

const MOST_REASON = 500;

/** Why somebody wants to see what labels and consents hide (docs/access.md); it is on record. */
function reasonIn(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['x-break-glass'];
  if (given === undefined) return undefined;
  // browsers and fetch write header values as bytes: what is not ASCII arrives as UTF-8 read as Latin-1
  const reason = Buffer.from(String(given), 'latin1').toString('utf8').trim();
  if (reason !== '' && reason.length <= MOST_REASON) return reason;
  throw new FhirError('invalid', `X-Break-Glass gives a reason in at most ${MOST_REASON} characters`);
}

/** The same token comes again and again, nearly always from the same address. */
const callers = new WeakMap<AccessToken, Caller>();

/** What a token that is good says, as who asks. */
export function callerFrom(token: AccessToken, address: string, breakGlass?: string): Caller {
  const known = callers.get(token);
  if (known?.address === address && breakGlass === undefined) return known;
  const caller = callerOfToken(token, address, breakGlass);
  if (breakGlass === undefined) callers.set(token, caller);
  return caller;
}

function callerOfToken(token: AccessToken, address: string, breakGlass: string | undefined): Caller {
  const { id, grant, expires, authenticatedAt, account, client, roles, organizations, limits } = token;
  return {
    kind: account === undefined ? 'client' : 'account',
    id: account ?? client,
    roles,
    organizations,
    ...(token.fhirUser !== undefined && { fhirUser: token.fhirUser }),
    ...(token.scopes !== undefined && { scopes: token.scopes }),
    ...(token.patient !== undefined && { patient: token.patient }),
    ...(token.encounter !== undefined && { encounter: token.encounter }),
    client,
    limits,
    token: { id, grant, expires, ...(authenticatedAt !== undefined && { authenticatedAt }) },
    ...(breakGlass !== undefined && { breakGlass }),
    address,
  };
}

const refusal = (error: 'invalid_request' | 'invalid_token', message: string): FhirError =>
  new FhirError('login', message, {
    headers: {
      'WWW-Authenticate': `${CHALLENGE}, error="${error}", error_description="${message.replaceAll('"', "'")}"`,
    },
  });

/** What the issuer says about a token, in the form that clients look for. */
function challenged(error: unknown): unknown {
  if (!(error instanceof FhirError) || error.kind !== 'login') return error;
  return refusal('invalid_token', error.message.replaceAll(/[^\x20-\x7e]/g, ' ').replaceAll('\\', '/'));
}
