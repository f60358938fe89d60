// Who may sign in by another identity provider: a person that a provider names is tied to an account here once somebody has signed in to both
// at once, and until the account's owner or an administrator ends that, or the account is shut to whoever could sign in before.
import { createHash } from 'node:crypto';
import type { IdentityProvider } from '../../../platform/config/parse.ts';
import { FhirError } from '../../model/errors.ts';
import type { GrantStore, LinkFacts, LinkRecord } from '../../storage/grants.ts';
import type { IdentityLink, IdentityLinks } from '../identity-links.ts';
import type { Account, SignIn } from '../sign-in.ts';
import type { Subject } from '../tokens.ts';
import { isCutOff } from './cutoff.ts';
import type { ForeignIdentity } from './federation.ts';
import type { OauthEvent } from './grant-record.ts';

/** Somebody signed in here after a sign-in elsewhere, and has not said yet whether both are theirs. */
export type Arrived = Pick<Subject, 'account' | 'amr' | 'since'>;

export interface IdentityLinksRoom extends IdentityLinks {
  /** whose account it is; undefined as long as nobody has shown that */
  accountOf(identity: ForeignIdentity): Promise<string | undefined>;
  /**
   * From now on this is the account's person, who is told so. `since`: before they showed who they are; throws 'login' where the account was
   * shut meanwhile
   */
  link(identity: ForeignIdentity, account: string, from: { address: string; since: number }): Promise<void>;
  /** They said so; `identity`: both are theirs. Throws 'login' where they took too long, or the account is not open to them any more */
  settle(arrived: Arrived, identity: ForeignIdentity | undefined, address: string): Promise<Account>;
}

export interface IdentityLinksDeps {
  providers: readonly Pick<IdentityProvider, 'name' | 'issuer'>[];
  store: Pick<GrantStore, 'links' | 'cutoffs'>;
  signIn: () => Pick<SignIn, 'account' | 'tellOfLink'>;
  record: (event: OauthEvent) => Promise<void>;
  now: () => number;
}

/** who turns away from the question is not to be answered for by whoever is at the device next; a code lives as long */
const ANSWER_MS = 10 * 60 * 1000;

export function createIdentityLinks({ providers, store, signIn, record, now }: IdentityLinksDeps): IdentityLinksRoom {
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

  const isShut = async (account: string, since: number): Promise<boolean> =>
    isCutOff(await cutoffs.find(account), { at: since });

  const link: IdentityLinksRoom['link'] = async ({ issuer, subject, email, provider }, account, { address, since }) => {
    const facts: LinkFacts = { issuer, subject, ...(email !== undefined && { email }) };
    // whoever could not be told must not be surprised
    await signIn().tellOfLink(account, { provider, ...(email !== undefined && { email }) });
    await links.save(facts, account);
    await record({ act: 'account', account, address, status: 200 });
    if (!(await isShut(account, since))) return;
    await links.remove(facts, account);
    throw over();
  };

  return {
    accountOf: ({ issuer, subject }) => links.find(issuer, subject),
    link,
    async settle({ account: id, since }, identity, address) {
      const account = await signIn().account(id);
      if (account === undefined || now() > since + ANSWER_MS || (await isShut(id, since))) throw over();
      if (identity !== undefined) await link(identity, id, { address, since });
      return account;
    },
    of: async (account) => (await links.ofAccount(account)).map(shown),
    end: async (account, id) => (await end(account, (link) => link.id === id))[0],
    endAllOf: (account) => end(account, () => true),
  };
}

const over = (): FhirError => new FhirError('login', 'This sign-in is over; begin again');

/** people write it with and without the slash at its end */
const plain = (issuer: string): string => issuer.replace(/\/$/, '');
