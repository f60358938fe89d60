// The way of a request to the authorization server, before and after the library: its address, authorization by POST, what SMART adds to
// the token response, and what can be said about access tokens, which the library does not keep.
import { createHash } from 'node:crypto';
import { IncomingMessage, type ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { FhirError } from '../../model/errors.ts';
import type { Grants } from '../../storage/grants.ts';
import { type Addresses, routes } from './addresses.ts';
import { type Answer, type Asked, introspect, launchParameters } from './introspect.ts';
import { IMPLIED_CONSENT } from './launch-room.ts';
import { mayLookAt, type OauthPages } from './provider.ts';
import { scopesIn } from './scopes.ts';
import type { Issuer } from './tokens.ts';

export interface AfterDeps {
  addresses: Addresses;
  grants: Pick<Grants, 'find'>;
  tokens: Issuer;
  pages: Pick<OauthPages, 'headers' | 'signedOut'>;
  tooMany: TooMany;
}

/** Counts a client that is not who it says it is, or a token that is none; the refusal where its address sent too many of them. */
export type TooMany = (req: IncomingMessage) => Promise<Answer | undefined>;

type Handle = (req: IncomingMessage, res: ServerResponse) => void;

/** bytes; what becomes a request line may be as long as browsers and proxies allow */
const longestForms: Readonly<Record<string, number>> = {
  [routes.authorization]: 12 * 1024,
  [routes.token]: 48 * 1024,
  [routes.introspection]: 48 * 1024,
};

export interface HandleDeps {
  provider: () => Provider;
  addresses: Addresses;
  /** the public client that a refresh token was given to */
  publicClientOf: (refreshToken: string) => Promise<string | undefined>;
  /** an app registers itself; rejects where its address did so too often. Absent where not everybody may. */
  beginRegistration?: (req: IncomingMessage) => Promise<void>;
  /** undefined: who asks shows no access token, but is a client by itself */
  introspectByToken: (authorization: string | undefined, form: URLSearchParams) => Promise<Asked | undefined>;
  /** puts on record what was asked so */
  recordIntrospection: (asked: Asked, req: IncomingMessage) => Promise<void>;
  tooMany: TooMany;
}

/** What stands before the library. `req.url` is below the mount path, as Express leaves it. */
export function createHandle({
  provider,
  addresses: { issuer },
  publicClientOf,
  beginRegistration,
  introspectByToken,
  recordIntrospection,
  tooMany,
}: HandleDeps): Handle {
  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = (req.url ?? '/').replace(/\/?(?:\?.*)?$/s, '').toLowerCase();
    if (req.method === 'POST' && path === routes.registration && beginRegistration !== undefined) {
      const refusal = await beginRegistration(req).then(() => undefined, refusalOf);
      if (refusal !== undefined) return answerJson(res, refusal);
    }
    const limit = req.method === 'POST' ? longestForms[path] : undefined;
    if (limit === undefined) return provider().callback()(req, res);
    const form = await readForm(req, res, limit);
    if (form === undefined) return;
    if (path === routes.authorization) {
      // Sent on as the GET that it stands for, so that the browser brings the cookies which a form of another site would leave behind.
      const Location = `${issuer}${routes.authorization}?${form}`;
      return void res.writeHead(303, { Location, 'Cache-Control': 'no-store' }).end();
    }
    if (path === routes.introspection) {
      const asked = await introspectByToken(req.headers.authorization, form);
      if (asked !== undefined) {
        const answer = (asked.answer.status === 401 && (await tooMany(req))) || asked.answer;
        return answerJson(res, await recordIntrospection({ ...asked, answer }, req).then(() => answer, refusalOf));
      }
    }
    if (path === routes.token) await nameRefresher(form, req);
    return provider().callback()(withBody(req, form), res);
  }

  /** A public client need not say who it is when it refreshes, and fhirclient does not: RFC 6749 sections 3.2.1 and 6. */
  async function nameRefresher(form: URLSearchParams, { headers }: IncomingMessage): Promise<void> {
    const isNamed = form.has('client_id') || form.has('client_assertion') || headers.authorization !== undefined;
    if (isNamed || form.get('grant_type') !== 'refresh_token') return;
    const client = await publicClientOf(form.get('refresh_token') ?? '');
    if (client !== undefined) form.set('client_id', client);
  }

  return (req, res) => {
    asIssuer(req, issuer);
    mount(req, issuer);
    serve(req, res).catch(() => res.destroy());
  };
}

/** RFC 6749 has a word for it in section 4.1.2.1, which serves where RFC 7591, RFC 7662 and section 5.2 have none. */
export function refusalOf(error: unknown): Answer {
  if (!(error instanceof FhirError)) throw error;
  const { status, headers, message } = error;
  return { status, headers, body: { error: 'temporarily_unavailable', error_description: message } };
}

function answerJson(res: ServerResponse, { status, body, headers }: Answer): void {
  res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
  res.end(JSON.stringify(body));
}

/** The address that clients use is known, so no header of theirs is believed about it. */
export function asIssuer(req: IncomingMessage, issuer: string): void {
  const { host, protocol } = new URL(issuer);
  req.headers.host = host;
  req.headers['x-forwarded-host'] = host;
  req.headers['x-forwarded-proto'] = protocol.slice(0, -1);
}

interface Mounted {
  baseUrl?: string;
  originalUrl?: string;
}

/** The library makes addresses from where it is mounted; behind a proxy that may be deeper than here. */
function mount(req: IncomingMessage & Mounted, issuer: string): void {
  const { pathname } = new URL(issuer);
  req.baseUrl = pathname;
  req.originalUrl = `${pathname}${req.url ?? ''}`;
}

/** undefined where it is none, and the client was told so */
async function readForm(
  req: IncomingMessage,
  res: ServerResponse,
  limit: number,
): Promise<URLSearchParams | undefined> {
  const refuse = (status: number, error_description: string): undefined => {
    const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Connection: 'close' };
    res.writeHead(status, headers).end(JSON.stringify({ error: 'invalid_request', error_description }));
    return undefined;
  };
  if (!/^application\/x-www-form-urlencoded\b/i.test(req.headers['content-type'] ?? ''))
    return refuse(415, 'this takes a form: application/x-www-form-urlencoded');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) return refuse(413, 'the form is too large');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

/** The same request with its body still to be read, which is what the library wants to do itself. */
function withBody(req: IncomingMessage & Mounted, form: URLSearchParams): IncomingMessage {
  const body = Buffer.from(form.toString());
  const again: IncomingMessage & Mounted = new IncomingMessage(req.socket);
  const { method, url, headers, httpVersion, baseUrl, originalUrl } = req;
  Object.assign(again, { method, url, httpVersion, baseUrl, originalUrl });
  again.headers = { ...headers, 'content-length': String(body.length) };
  delete again.headers['transfer-encoding'];
  // else it takes its own end for a client that left, and closes the connection
  again.complete = true;
  again.push(body);
  again.push(null);
  return again;
}

type Middleware = (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>;

/** What is done around the library's own steps. */
export function addSteps(provider: Provider, { addresses, grants, tokens, pages, tooMany }: AfterDeps): void {
  const after: Readonly<Record<string, (ctx: KoaContextWithOIDC) => Promise<void>>> = {
    token: addContext,
    introspection: introspectJwt,
    revocation: revokeJwt,
    registration: async (ctx) => showScope(ctx),
    authorization: async (ctx) => letFormGo(ctx, pages),
    resume: async (ctx) => letFormGo(ctx, pages),
    end_session: async (ctx) => leaveAtOnce(ctx, pages),
    end_session_confirm: async ({ oidc }) => {
      const session = oidc.session as { uid: string; destroyed?: boolean } | undefined;
      if (session?.destroyed) await tokens.endSession(session.uid);
    },
  };

  const steps: Middleware = async (ctx, next) => {
    if (ctx.path.toLowerCase().replace(/\/$/, '') === routes.authorization) implyConsent(ctx);
    await next();
    const route = (ctx.oidc as KoaContextWithOIDC['oidc'] | undefined)?.route;
    if (route !== undefined) await after[route]?.(ctx);
    const refusal =
      (ctx.body as { error?: string } | undefined)?.error === 'invalid_client' && (await tooMany(ctx.req));
    if (refusal) Object.assign(ctx, { status: refusal.status, body: refusal.body }).set({ ...refusal.headers });
  };
  provider.use(steps as Parameters<Provider['use']>[0]);

  /** http://hl7.org/fhir/smart-app-launch/app-launch.html#response-5 */
  async function addContext(ctx: KoaContextWithOIDC): Promise<void> {
    const grant = ctx.oidc.entities.Grant?.jti;
    if (ctx.status !== 200 || grant === undefined) return;
    const body = ctx.body as Record<string, unknown>;
    const found = await grants.find(grant);
    await tokens.used(grant, body.refresh_token !== undefined);
    Object.assign(body, launchParameters(found?.context));
  }

  /** Who asks was checked by the library; it only has nothing to say about JWTs. */
  const isLeftToUs = (ctx: KoaContextWithOIDC): boolean =>
    (ctx.body as { error?: string } | undefined)?.error === 'unsupported_token_type' && ctx.oidc.client !== undefined;

  async function introspectJwt(ctx: KoaContextWithOIDC): Promise<void> {
    if (!isLeftToUs(ctx)) return;
    const client = ctx.oidc.client!;
    ctx.status = 200;
    ctx.body = await introspect(String(ctx.oidc.params?.token), (owner) => mayLookAt(client, owner), {
      verify: tokens.verify,
      grants,
      addresses,
    });
  }

  /** An access token that is revoked ends alone: the app goes on with its refresh token. https://www.rfc-editor.org/rfc/rfc7009 */
  async function revokeJwt(ctx: KoaContextWithOIDC): Promise<void> {
    if (!isLeftToUs(ctx)) return;
    const token = await Promise.resolve()
      .then(() => tokens.verify(String(ctx.oidc.params?.token)))
      .catch(() => undefined);
    ctx.status = 200;
    ctx.body = '';
    if (token?.client === ctx.oidc.client!.clientId) await tokens.endAccessToken(token.id, token.expires);
  }
}

/** The library drops `offline_access` where `prompt=consent` is missing, which SMART apps do not send. */
function implyConsent(ctx: KoaContextWithOIDC): void {
  const { [IMPLIED_CONSENT]: _, ...query } = ctx.query;
  const isNeeded = scopesIn(query.scope).includes('offline_access') && query.prompt === undefined;
  ctx.query = isNeeded ? { ...query, prompt: 'consent', [IMPLIED_CONSENT]: '1' } : query;
}

/** The app is told its scopes by the name it knows. */
function showScope(ctx: KoaContextWithOIDC): void {
  if (ctx.status !== 201) return;
  const { smart_scopes: scope, registered: _, generation: __, ...rest } = ctx.body as Record<string, unknown>;
  ctx.body = { ...rest, ...(scope !== undefined && { scope }) };
}

/**
 * `response_mode=form_post` is a page that sends itself to the app, by a script of the library's.
 * https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html
 */
function letFormGo(ctx: KoaContextWithOIDC, { headers }: AfterDeps['pages']): void {
  const { response_mode: mode, redirect_uri: target } = ctx.oidc.params ?? {};
  const script = /<script>([\s\S]*?)<\/script>/.exec(typeof ctx.body === 'string' ? ctx.body : '')?.[1];
  if (mode !== 'form_post' || script === undefined || typeof target !== 'string') return;
  const own = headers([new URL(target).origin]);
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `${own['Content-Security-Policy']}; script-src 'sha256-${hash}'`;
  ctx.set({ ...own, 'Content-Security-Policy': policy });
}

/** Who is signed in nowhere need not be asked. The library has checked where to. */
function leaveAtOnce(ctx: KoaContextWithOIDC, { headers, signedOut }: AfterDeps['pages']): void {
  const { session, params } = ctx.oidc;
  if (ctx.status !== 200 || session?.accountId !== undefined) return;
  ctx.set(headers());
  const { post_logout_redirect_uri: target, state } = params ?? {};
  if (typeof target !== 'string') {
    ctx.body = signedOut();
    return;
  }
  const to = new URL(target);
  if (typeof state === 'string') to.searchParams.set('state', state);
  ctx.redirect(to.href);
  ctx.status = 303;
}
