// Signing in to our own pages by another identity provider, without an app that asks for it.
import { type SignIn, subjectOf, type Visitor } from '../sign-in.ts';
import type { Subject } from '../tokens.ts';
import type { Begun, Federation, ForeignIdentity } from './federation.ts';
import type { OauthEvent } from './grant-record.ts';
import type { Arrived, IdentityLinksRoom } from './identity-links.ts';

/** In the place of an app's sign-in; those of the library have no space in them. */
export const OWN_PAGES = 'own pages';

/** Somebody came back from another provider to our own pages. */
export interface CameBack {
  provider: string;
  /** absent: the other side refused */
  identity?: ForeignIdentity;
}

export interface ForeignSignIn {
  providers: Federation['providers'];
  begin(provider: string): Promise<Begun>;
  /** who it is here; undefined as long as nobody has shown that by signing in here, and where the account may not sign in */
  arrive(identity: ForeignIdentity, visitor: Visitor): Promise<Subject | undefined>;
  /** who came so and then signed in here has said whether both are theirs: `IdentityLinksRoom.settle` */
  settle(arrived: Arrived, identity: ForeignIdentity | undefined, visitor: Visitor): Promise<Subject>;
}

export interface ForeignSignInDeps {
  federation: Federation;
  links: Pick<IdentityLinksRoom, 'accountOf' | 'settle'>;
  signIn: () => Pick<SignIn, 'account'>;
  record: (event: OauthEvent) => Promise<void>;
  now: () => number;
}

export function createForeignSignIn({ federation, links, signIn, record, now }: ForeignSignInDeps): ForeignSignIn {
  return {
    providers: federation.providers,
    begin: (provider) => federation.begin(provider, OWN_PAGES),
    async arrive(identity, visitor) {
      const since = now();
      const id = await links.accountOf(identity);
      const account = id === undefined ? undefined : await signIn().account(id);
      if (account === undefined) return undefined;
      await record({ act: 'login', account: account.id, address: visitor.address, status: 200 });
      return subjectOf(account, { amr: ['fed'], since }, visitor);
    },
    settle: async (arrived, identity, visitor) =>
      subjectOf(await links.settle(arrived, identity, visitor.address), arrived, visitor),
  };
}
