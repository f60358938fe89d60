// What the audit trail is told of apps and their tokens: on record before it is answered. Refreshing is no sign-in; only its refusals are.
// Whose token was asked about is named as what was acted on, by the id of the token.
import type { IncomingMessage } from 'node:http';
import type Provider from 'oidc-provider';
import type { ActedOn } from '../../interactions/call.ts';
import type { Visitor } from '../sign-in.ts';
import type { Asked } from './introspect.ts';

export interface OauthEvent {
  /** `consent`: what an app may do, allowed or refused by a person; `account`: another identity provider opens it from now on */
  act: 'login' | 'logout' | 'consent' | 'account' | 'introspection';
  client?: string;
  account?: string;
  /** network address */
  address: string;
  status: number;
  /** error code of OAuth */
  refusal?: string;
  about?: readonly ActedOn[];
}

export interface GrantRecordDeps {
  visitorOf: (req: IncomingMessage) => Visitor;
  record: (event: OauthEvent) => Promise<void>;
}

/** What an answer of these is, where it is about a sign-in. */
const acts: Readonly<Record<string, OauthEvent['act']>> = {
  token: 'login',
  end_session_confirm: 'logout',
  revocation: 'logout',
  introspection: 'introspection',
};

export function addGrantRecord(provider: Provider, { visitorOf, record }: GrantRecordDeps): void {
  /** A token that is worth nothing is revoked with success. */
  const revoked = new WeakSet<object>();
  provider.on('grant.revoked', (ctx) => revoked.add(ctx));
  provider.use(async (ctx, next) => {
    await next();
    const act = acts[ctx.oidc?.route ?? ''];
    if (act === undefined) return;
    const { status } = ctx;
    const { client, account, session, params } = ctx.oidc;
    if (status < 400 && params?.grant_type === 'refresh_token') return;
    if (status < 400 && ctx.oidc.route === 'revocation' && !revoked.has(ctx)) return;
    const body = (ctx.body || {}) as Record<string, unknown>;
    const person = account?.accountId ?? session?.accountId;
    await record({
      act,
      address: visitorOf(ctx.req).address,
      status: status < 400 ? 200 : status,
      ...(client !== undefined && { client: client.clientId }),
      ...(person !== undefined && { account: person }),
      ...endOf(act, status, body),
    });
  });
}

/** Of the question about a token that comes with another token. */
export const introspectionEvent = ({ answer: { status, body }, asker }: Asked, address: string): OauthEvent => ({
  act: 'introspection',
  address,
  status,
  ...(asker !== undefined && { client: asker.client }),
  ...(asker?.account !== undefined && { account: asker.account }),
  ...endOf('introspection', status, body),
});

function endOf(
  act: OauthEvent['act'],
  status: number,
  { error, active, sub, client_id, jti }: Record<string, unknown>,
): Pick<OauthEvent, 'refusal' | 'about'> {
  if (status >= 400) return typeof error === 'string' ? { refusal: error } : {};
  if (act !== 'introspection' || active !== true) return {};
  const kind = sub === client_id ? 'client' : 'account';
  return { about: [{ kind, id: String(sub), ...(typeof jti === 'string' && { detail: { token: jti } }) }] };
}
