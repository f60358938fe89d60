// The way of a request to the authorization server, before and after the library: its address, authorization by POST, what SMART adds to
// the token response, and what can be said about access tokens, which the library does not keep.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Grants } from '../../storage/grants.ts';
import { type Addresses, routes } from './addresses.ts';
import { introspect } from './introspect.ts';
import { IMPLIED_CONSENT } from './launch-room.ts';
import { mayLookAt } from './provider.ts';
import { scopesIn } from './scopes.ts';
import type { Issuer } from './tokens.ts';

export interface AfterDeps {
  addresses: Addresses;
  grants: Pick<Grants, 'find'>;
  tokens: Issuer;
}

type Handle = (req: IncomingMessage, res: ServerResponse) => void;

/** As long as a request line may get with all that browsers and proxies allow. */
const LONGEST_FORM = 12 * 1024;

/** What stands before the library. `req.url` is below the mount path, as Express leaves it. */
export function createHandle(provider: () => Provider, { issuer }: Addresses): Handle {
  return (req, res) => {
    asIssuer(req, issuer);
    mount(req, issuer);
    const path = new URL(req.url ?? '/', issuer).pathname.toLowerCase().replace(/\/$/, '');
    if (req.method === 'POST' && path === routes.authorization) void redirectForm(req, res, issuer);
    else void provider().callback()(req, res);
  };
}

/** The address that clients use is known, so no header of theirs is believed about it. */
export function asIssuer(req: IncomingMessage, issuer: string): void {
  const { host, protocol } = new URL(issuer);
  req.headers.host = host;
  req.headers['x-forwarded-host'] = host;
  req.headers['x-forwarded-proto'] = protocol.slice(0, -1);
  delete req.headers['x-forwarded-for'];
}

/** The library makes addresses from where it is mounted; behind a proxy that may be deeper than here. */
function mount(req: IncomingMessage & { baseUrl?: string; originalUrl?: string }, issuer: string): void {
  const { pathname } = new URL(issuer);
  req.baseUrl = pathname;
  req.originalUrl = `${pathname}${req.url ?? ''}`;
}

/**
 * Authorization by POST (SMART's `authorize-post`): sent on as the GET it stands for. So the browser brings its cookies, which a form of
 * another site would leave behind.
 */
async function redirectForm(req: IncomingMessage, res: ServerResponse, issuer: string): Promise<void> {
  const refuse = (status: number, sentence: string): void =>
    void res
      .writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
      .end(`${sentence}\n`);
  if (!/^application\/x-www-form-urlencoded\b/i.test(req.headers['content-type'] ?? ''))
    return refuse(415, 'Authorization by POST takes a form (application/x-www-form-urlencoded).');
  let form = '';
  try {
    for await (const chunk of req) {
      form += String(chunk);
      if (form.length > LONGEST_FORM) return refuse(413, 'The form is too large.');
    }
  } catch {
    return void res.destroy();
  }
  const query = new URLSearchParams(form).toString();
  res.writeHead(303, { Location: `${issuer}${routes.authorization}?${query}`, 'Cache-Control': 'no-store' }).end();
}

type Middleware = (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>;

/** What is done around the library's own steps. */
export function addSteps(provider: Provider, { addresses, grants, tokens }: AfterDeps): void {
  const after: Readonly<Record<string, (ctx: KoaContextWithOIDC) => Promise<void>>> = {
    token: addContext,
    introspection: introspectJwt,
    revocation: revokeJwt,
    registration: async (ctx) => showScope(ctx),
  };

  const steps: Middleware = async (ctx, next) => {
    if (ctx.path.toLowerCase().replace(/\/$/, '') === routes.authorization) implyConsent(ctx);
    await next();
    const route = (ctx.oidc as KoaContextWithOIDC['oidc'] | undefined)?.route;
    if (route !== undefined) await after[route]?.(ctx);
  };
  provider.use(steps as Parameters<Provider['use']>[0]);

  /** http://hl7.org/fhir/smart-app-launch/app-launch.html#response-5 */
  async function addContext(ctx: KoaContextWithOIDC): Promise<void> {
    const grant = ctx.oidc.entities.Grant?.jti;
    if (ctx.status !== 200 || grant === undefined) return;
    const body = ctx.body as Record<string, unknown>;
    const found = await grants.find(grant);
    await tokens.used(grant, body.refresh_token !== undefined);
    const { patient, encounter, fhirContext, intent, needPatientBanner } = found?.context ?? {};
    Object.assign(body, {
      ...(patient !== undefined && { patient, need_patient_banner: needPatientBanner ?? true }),
      ...(encounter !== undefined && { encounter }),
      ...(fhirContext !== undefined && { fhirContext }),
      ...(intent !== undefined && { intent }),
    });
  }

  /** Who asks was checked by the library; it only has nothing to say about JWTs. */
  const isLeftToUs = (ctx: KoaContextWithOIDC): boolean =>
    (ctx.body as { error?: string } | undefined)?.error === 'unsupported_token_type' && ctx.oidc.client !== undefined;

  async function introspectJwt(ctx: KoaContextWithOIDC): Promise<void> {
    if (!isLeftToUs(ctx)) return;
    const client = ctx.oidc.client!;
    ctx.status = 200;
    ctx.body = await introspect(String(ctx.oidc.params?.token), {
      verify: tokens.verify,
      addresses,
      mayLookAt: (owner) => mayLookAt(client, owner),
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
