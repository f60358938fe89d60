// People as the OAuth library asks for them: when they sign in, when a code is redeemed, when a token is refreshed.
import type { KoaContextWithOIDC, Account as LibraryAccount } from 'oidc-provider';
import type { GrantStore } from '../../storage/grants.ts';
import type { Account, SignIn } from '../sign-in.ts';
import type { Addresses } from './addresses.ts';
import { isCutOff, type Shown } from './cutoff.ts';
import { signedInAt } from './sign-in-time.ts';

export interface PeopleDeps {
  signIn: () => Pick<SignIn, 'account'>;
  store: Pick<GrantStore, 'cutoffs' | 'grants'>;
  addresses: Addresses;
}

export interface Person extends LibraryAccount {
  account: Account;
}

export type FindPerson = (ctx: KoaContextWithOIDC, id: string, token?: object) => Promise<Person | undefined>;

/** what the library hands over where tokens are redeemed */
interface Source {
  kind?: string;
  grantId?: string;
  sessionUid?: string;
  scopes?: ReadonlySet<string>;
}

export function createFindPerson({ signIn, store, addresses }: PeopleDeps): FindPerson {
  const { cutoffs, grants } = store;

  /** A token goes back to the sign-in that its grant was made in, whoever is signed in now. */
  async function shown({ oidc }: KoaContextWithOIDC, { grantId }: Source): Promise<Shown> {
    if (grantId === undefined) return { at: signedInAt(oidc.session) };
    return { at: (await grants.find(grantId))?.authenticatedAt ?? 0, grant: grantId };
  }

  return async (ctx, id, token) => {
    const source = (token ?? {}) as Source;
    const [account, cutoff] = await Promise.all([signIn().account(id), cutoffs.find(id)]);
    if (account === undefined) return undefined;
    if (cutoff !== undefined && isCutOff(cutoff, await shown(ctx, source))) return undefined;
    if (source.kind === 'RefreshToken' && !(await isStillSignedIn(ctx, id, source))) return undefined;
    return { accountId: id, account, claims: () => idClaims(account, addresses) };
  };
}

/**
 * `online_access`: as long as the person is signed in. The library could bind tokens to the session itself, but only those of the app's
 * latest launch: a second tab with another patient would end the first.
 */
async function isStillSignedIn(ctx: KoaContextWithOIDC, id: string, { scopes, sessionUid }: Source): Promise<boolean> {
  if (!scopes?.has('online_access') || scopes.has('offline_access')) return true;
  const session = sessionUid === undefined ? undefined : await ctx.oidc.provider.Session.findByUid(sessionUid);
  return session?.accountId === id;
}

/** http://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-identity-data */
function idClaims({ id, fhirUser, name, email }: Account, { base }: Addresses): { sub: string } {
  return {
    sub: id,
    ...(fhirUser !== undefined && { fhirUser: `${base}/${fhirUser.type}/${fhirUser.id}` }),
    ...{ name, email },
  };
}
