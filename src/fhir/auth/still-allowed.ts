// Whether somebody is still who they were when they began work that goes on without them (operations/async.ts): what such work may see was
// decided when it began, and a deactivation, a role that was withdrawn or a care that has ended must end it.
import type { Caller } from './caller.ts';
import type { SignIn } from './sign-in.ts';

export interface StillAllowedDeps {
  signIn: Pick<SignIn, 'account'>;
  clients: { find(id: string): Promise<{ disabled?: boolean } | undefined> };
  /** clients that are not registered: our own pages, the command line */
  own: readonly string[];
  /** how an account is asked for that is used as this caller uses it */
  actingAs: (caller: Caller) => readonly (string | undefined)[];
}

export function createStillAllowed({ signIn, clients, own, actingAs }: StillAllowedDeps) {
  async function isClient(id: string): Promise<boolean> {
    if (own.includes(id)) return true;
    const client = await clients.find(id);
    return client !== undefined && !client.disabled;
  }

  async function isPerson(caller: Caller): Promise<boolean> {
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
    return (await isClient(caller.client)) && (caller.kind === 'client' || (await isPerson(caller)));
  };
}
