// Who may sign in by another identity provider: a person that a provider names is tied to an account here once somebody has signed in to both
// at once, and until the account's owner or an administrator ends that, or the account is shut to whoever could sign in before.
import { createHash } from 'node:crypto';
import type { IdentityProvider } from '../../../platform/config/parse.ts';
import { FhirError } from '../../model/errors.ts';
import type { GrantStore, LinkFacts, LinkRecord } from '../../storage/grants.ts';
import type { IdentityLink, IdentityLinks } from '../identity-links.ts';
import type { SignIn } from '../sign-in.ts';
import { isCutOff } from './cutoff.ts';
import type { ForeignIdentity } from './federation.ts';
import type { OauthEvent } from './grant-record.ts';

export interface IdentityLinksRoom extends IdentityLinks {
  /** whose account it is; undefined as long as nobody has shown that */
  accountOf(identity: ForeignIdentity): Promise<string | undefined>;
  /**
   * From now on this is the account's person, who is told so. `since`: before they showed who they are; throws 'login' where the account was
   * shut meanwhile
   */
  link(identity: ForeignIdentity, account: string, from: { address: string; since: number }): Promise<void>;
}

export interface IdentityLinksDeps {
  providers: readonly Pick<IdentityProvider, 'name' | 'issuer'>[];
  store: Pick<GrantStore, 'links' | 'cutoffs'>;
  signIn: () => Pick<SignIn, 'tellOfLink'>;
  record: (event: OauthEvent) => Promise<void>;
}

export function createIdentityLinks({ providers, store, signIn, record }: IdentityLinksDeps): IdentityLinksRoom {
  const { links, cutoffs } = store;

  const shown = ({ issuer, subject, ...said }: LinkRecord): IdentityLink => ({
    id: createHash('sha256')
      .update(JSON.stringify([issuer, subject]))
      .digest('base64url')
      .slice(0, 22),
    // one that is not configured any more lets nobody in, until it is again
    provider: providers.find((one) => plain(one.issuer) === plain(issuer))?.name ?? plain(issuer),
    ...said,
  });

  async function end(account: string, isMeant: (link: IdentityLink) => boolean): Promise<IdentityLink[]> {
    const ended: IdentityLink[] = [];
    for (const one of await links.ofAccount(account)) {
      const link = shown(one);
      if (isMeant(link) && (await links.remove(one, account))) ended.push(link);
    }
    return ended;
  }

  return {
    accountOf: ({ issuer, subject }) => links.find(issuer, subject),
    async link({ issuer, subject, email, provider }, account, { address, since }) {
      const facts: LinkFacts = { issuer, subject, ...(email !== undefined && { email }) };
      // whoever could not be told must not be surprised
      await signIn().tellOfLink(account, { provider, ...(email !== undefined && { email }) });
      await links.save(facts, account);
      await record({ act: 'account', account, address, status: 200 });
      const cutoff = await cutoffs.find(account);
      if (!isCutOff(cutoff, { at: since })) return;
      await links.remove(facts, account);
      throw new FhirError('login', 'This sign-in is over; begin again');
    },
    of: async (account) => (await links.ofAccount(account)).map(shown),
    end: async (account, id) => (await end(account, (link) => link.id === id))[0],
    endAllOf: (account) => end(account, () => true),
  };
}

/** people write it with and without the slash at its end */
const plain = (issuer: string): string => issuer.replace(/\/$/, '');
