// What the audit trail is told of apps and their tokens: on record before it is answered. Refreshing is no sign-in; only its refusals are.
import type { IncomingMessage } from 'node:http';
import type Provider from 'oidc-provider';
import type { Visitor } from '../sign-in.ts';

export interface OauthEvent {
  /** `consent`: what an app may do, allowed or refused by a person; `account`: another identity provider opens it from now on */
  act: 'login' | 'logout' | 'consent' | 'account';
  client?: string;
  account?: string;
  /** network address */
  address: string;
  status: number;
  /** error code of OAuth */
  refusal?: string;
}

export interface GrantRecordDeps {
  visitorOf: (req: IncomingMessage) => Visitor;
  record: (event: OauthEvent) => Promise<void>;
}

/** What an answer of these is, where it is about a sign-in. */
const acts: Readonly<Record<string, OauthEvent['act']>> = { token: 'login', end_session_confirm: 'logout' };

export function addGrantRecord(provider: Provider, { visitorOf, record }: GrantRecordDeps): void {
  provider.use(async (ctx, next) => {
    await next();
    const act = acts[ctx.oidc?.route ?? ''];
    if (act === undefined) return;
    const { status } = ctx;
    const { client, account, session, params } = ctx.oidc;
    if (status < 400 && params?.grant_type === 'refresh_token') return;
    const { error } = (ctx.body ?? {}) as { error?: string };
    const person = account?.accountId ?? session?.accountId;
    await record({
      act,
      address: visitorOf(ctx.req).address,
      status: status < 400 ? 200 : status,
      ...(client !== undefined && { client: client.clientId }),
      ...(person !== undefined && { account: person }),
      ...(status >= 400 && error !== undefined && { refusal: error }),
    });
  });
}
