// Whether somebody is still who they were when they began work that goes on without them (operations/async.ts): what such work may see was
// decided when it began, and a deactivation, a role that was withdrawn, a care that has ended or an app that was taken its access must end it.
// So must a new password: whoever began it may have been somebody else.
import type { Caller } from './caller.ts';
import type { Shown } from './oauth/cutoff.ts';
import type { SignIn } from './sign-in.ts';

export interface StillAllowedDeps {
  signIn: Pick<SignIn, 'account'>;
  clients: { find(id: string): Promise<{ disabled?: boolean } | undefined> };
  /** what an app was allowed, or a system holds by its keys and scopes */
  tokens: {
    hasEnded(grant: string): Promise<boolean>;
    isWorkOver(account: string, shown: Shown): Promise<boolean>;
  };
  /** clients that are not registered: our own pages, the command line. Work may outlast a sign-out there */
  own: readonly string[];
  /** how an account is asked for that is used as this caller uses it */
  actingAs: (caller: Caller) => readonly (string | undefined)[];
}

export function createStillAllowed({ signIn, clients, tokens, own, actingAs }: StillAllowedDeps) {
  async function isClient({ client: id, token }: Caller): Promise<boolean> {
    if (own.includes(id)) return true;
    const client = await clients.find(id);
    if (client === undefined || client.disabled) return false;
    return token === undefined || !(await tokens.hasEnded(token.grant));
  }

  async function isPerson(caller: Caller): Promise<boolean> {
    const { grant, authenticatedAt: at } = caller.token ?? {};
    if (at !== undefined && (await tokens.isWorkOver(caller.id, { at, grant }))) return false;
    for (const acting of actingAs(caller)) {
      const now = await signIn.account(caller.id, acting);
      const has = (some: readonly string[] | undefined, all: readonly string[]): boolean =>
        all.every((one) => some?.includes(one));
      if (now !== undefined && has(now.roles, caller.roles) && has(now.organizations, caller.organizations))
        return true;
    }
    return false;
  }

  return async (caller: Caller): Promise<boolean> => {
    if (caller.kind === 'anonymous') return true;
    return (await isClient(caller)) && (caller.kind === 'client' || (await isPerson(caller)));
  };
}
