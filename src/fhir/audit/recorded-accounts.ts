// Accounts whose sign-ins are on record, whichever way they come: by operations, by pages, by an app's sign-in. Which address was typed is
// not written down, because people type passwords there; whose account it is, is.
import type { Accounts } from '../auth/accounts/accounts.ts';
import { readEmail } from '../auth/accounts/email-address.ts';
import type { SignInRoom } from '../auth/accounts/sign-in.ts';
import type { IdentityLinks } from '../auth/identity-links.ts';
import type { Visitor } from '../auth/sign-in.ts';
import type { Tokens } from '../auth/tokens.ts';
import { FhirError } from '../model/errors.ts';
import type { Recorder, SignInEvent } from './recorder.ts';

export function recordedAccounts(accounts: Accounts, { signIn: record }: Pick<Recorder, 'signIn'>): Accounts {
  const { arrivals, book } = accounts;

  async function refused(error: unknown, { address }: Visitor, about: Partial<SignInEvent> = {}): Promise<never> {
    const { status, kind } = error instanceof FhirError ? error : { status: 500, kind: 'exception' };
    await record({ act: 'login', address, status, refusal: kind, ...about });
    throw error;
  }

  const signIn: SignInRoom = {
    ...arrivals,
    async begin(email, password, visitor) {
      try {
        return await arrivals.begin(email, password, visitor);
      } catch (error) {
        // asked for every address, so that the time tells nothing
        const account = await book.findByEmail(readEmail(email) ?? '');
        return refused(error, visitor, account && { account: account._id });
      }
    },
    async arrive(attempt, visitor) {
      const arrival = await arrivals.arrive(attempt, visitor).catch((error: unknown) => refused(error, visitor));
      const { account, fhirUser, roles, organizations } = arrival.subject;
      await record({
        act: 'login',
        account,
        ...(fhirUser !== undefined && { fhirUser }),
        roles,
        organizations,
        address: visitor.address,
        status: 200,
      });
      return arrival;
    },
    complete: async (challenge, code, visitor) => (await signIn.arrive({ challenge, code }, visitor)).subject,
  };

  return {
    ...accounts,
    signIn,
    arrivals: signIn,
  };
}

/** Where all sessions of an account end at once: a new password, a deactivation, a sign-out everywhere. */
export const recordedTokens = (tokens: Tokens, { signIn: record }: Pick<Recorder, 'signIn'>): Tokens => ({
  ...tokens,
  async endAllOf(account, how) {
    await tokens.endAllOf(account, how);
    await record({ act: 'logout', account, address: '', status: 200 });
  },
});

/** Where other identity providers open an account no more because its password or address is another; one alone is ended by an operation. */
export const recordedLinks = (links: IdentityLinks, { signIn: record }: Pick<Recorder, 'signIn'>): IdentityLinks => ({
  ...links,
  async endAllOf(account) {
    const ended = await links.endAllOf(account);
    if (ended.length > 0) await record({ act: 'account', account, address: '', status: 200 });
    return ended;
  },
});
