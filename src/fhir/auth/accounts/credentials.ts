// Passwords and addresses that change: forgotten, changed by their owner, or moved by an administrator to another mailbox.
import { randomBytes } from 'node:crypto';
import type { Seal } from '../../../platform/secrets/secrets.ts';
import { FhirError } from '../../model/errors.ts';
import type { IdentityLinks } from '../identity-links.ts';
import type { Visitor } from '../sign-in.ts';
import type { Tokens } from '../tokens.ts';
import { type Book, emailTaken } from './book.ts';
import type { CodeSender } from './code-sender.ts';
import type { AccountDocument } from './documents.ts';
import { maskEmail, needEmail } from './email-address.ts';
import type { Lockout } from './lockout.ts';
import type { Mails } from './mails.ts';
import type { Models } from './models.ts';
import { wrongPassword } from './password-rules.ts';
import type { Passwords } from './passwords.ts';
import { type CodeSent, codeRefusal, type SignInRoom, stampOf } from './sign-in.ts';
import { refuse } from './visitor.ts';

export interface Session {
  account: string;
  grant: string;
}

export interface Credentials {
  /** the same answer whether there is such an account or not */
  forgot(email: string, visitor: Visitor): Promise<{ challenge: string }>;
  /** ends every session */
  reset(request: CodeSent & { newPassword: string }, visitor: Visitor): Promise<void>;
  /** ends every other session */
  change(session: Session, request: { currentPassword: string; newPassword: string }, visitor: Visitor): Promise<void>;
  changeEmail(
    session: Session,
    request: { newEmail: string; password: string },
    visitor: Visitor,
  ): Promise<{ challenge: string }>;
  confirmEmail(session: Session, request: CodeSent, visitor: Visitor): Promise<AccountDocument>;
  /** by an administrator: another address, no session, and no password that is of use */
  recover(account: string, newEmail: string): Promise<AccountDocument>;
  /** the new address that a code of `changeEmail` is for */
  addressIn(about: string): { account: string; email: string };
}

export interface CredentialsDeps {
  book: Book;
  models: Pick<Models, 'accounts'>;
  sender: CodeSender;
  signIn: Pick<SignInRoom, 'checkPassword'>;
  lockout: Lockout;
  passwords: Passwords;
  mails: Mails;
  tokens: Pick<Tokens, 'endAllOf'>;
  links: Pick<IdentityLinks, 'endAllOf'>;
  /** an address in Redis is readable only here */
  seal: Seal;
  now: () => number;
}

const REMEMBERED = 5;

export function createCredentials(deps: CredentialsDeps): Credentials {
  const { book, models, sender, signIn, lockout, passwords, mails, tokens, links, seal, now } = deps;

  const addressIn: Credentials['addressIn'] = (about) => JSON.parse(seal.open(about));

  async function need({ account: id }: Pick<Session, 'account'>): Promise<AccountDocument> {
    const account = await book.find(id);
    if (account === undefined) throw new FhirError('login', 'This account does not exist any more');
    return account;
  }

  async function refuseReuse({ lastPasswords }: AccountDocument, password: string): Promise<void> {
    if (!(await passwords.isAmong(lastPasswords, password))) return;
    throw new FhirError('business-rule', `This is one of the last ${REMEMBERED} passwords; choose another`, {
      expression: 'newPassword',
    });
  }

  /**
   * Whoever could come in before cannot any more, by a session or by another identity provider: a link that a thief made is not listed among
   * the sessions, and would open the account again. Gives the providers that were linked.
   */
  async function shut(account: string, besides?: string): Promise<string[]> {
    await tokens.endAllOf(account, { besides });
    const ended = await links.endAllOf(account);
    // nor by a session that one of them opened meanwhile
    if (ended.length > 0) await tokens.endAllOf(account, { besides });
    return ended.map(({ provider }) => provider);
  }

  /** It is shut before and after: who came in between with the old password is out as well, and a failure changes nothing. */
  async function setPassword(account: AccountDocument, newPassword: string, besides?: string): Promise<void> {
    const hash = await passwords.hash(newPassword);
    const unlinked = await shut(account._id, besides);
    const { modifiedCount } = await models.accounts.updateOne(
      { _id: account._id, passwordChangedAt: account.passwordChangedAt },
      {
        $set: {
          password: hash,
          lastPasswords: [hash, ...account.lastPasswords].slice(0, REMEMBERED),
          passwordChangedAt: new Date(Math.max(now(), account.passwordChangedAt.getTime() + 1)),
        },
      },
    );
    if (modifiedCount === 0) throw new FhirError('conflict', 'The password was changed at the same time; begin again');
    unlinked.push(...(await shut(account._id, besides)));
    await lockout.clear(account.email);
    await mails.send('passwordChanged', account.email, { unlinked });
  }

  return {
    addressIn,
    async forgot(given, { address }) {
      const email = needEmail(given);
      const account = await book.findByEmail(email);
      if (account?.status !== 'active') return sender.pretend('password', { to: email, address });
      return sender.send('password', { to: email, about: stampOf(account), address });
    },

    async reset({ code, challenge, newPassword }, { address }) {
      refuse(wrongPassword(newPassword, 'newPassword'));
      const attempt = { code, challenge, address, purposes: ['password'] as const };
      // looked at first: a password that is refused must not cost the code
      const seen = await sender.look(attempt);
      if (seen.is !== 'right') throw codeRefusal(seen);
      const account = await book.find(seen.about.split(' ')[0]!);
      if (account === undefined || account.status !== 'active' || stampOf(account) !== seen.about) {
        throw codeRefusal({ is: 'unknown' });
      }
      await refuseReuse(account, newPassword);
      const taken = await sender.take(attempt);
      if (taken.is !== 'right') throw codeRefusal(taken);
      await setPassword(account, newPassword);
    },

    async change(session, { currentPassword, newPassword }, visitor) {
      const account = await need(session);
      await signIn.checkPassword(account, currentPassword, visitor, 'currentPassword');
      refuse(wrongPassword(newPassword, 'newPassword'));
      await refuseReuse(account, newPassword);
      await setPassword(account, newPassword, session.grant);
    },

    async changeEmail(session, { newEmail, password }, visitor) {
      const email = needEmail(newEmail, 'newEmail');
      const account = await need(session);
      await signIn.checkPassword(account, password, visitor, 'password');
      if ((await book.findByEmail(email)) !== undefined) throw emailTaken('newEmail');
      const about = seal.close(JSON.stringify({ account: account._id, email }));
      return sender.send('email', { to: email, about, address: visitor.address });
    },

    async confirmEmail({ account: id, grant }, { code, challenge }, { address }) {
      const attempt = { code, challenge, address, purposes: ['email'] as const };
      const seen = await sender.look(attempt);
      if (seen.is !== 'right') throw codeRefusal(seen);
      const { account, email } = addressIn(seen.about);
      if (account !== id) throw codeRefusal({ is: 'unknown' });
      const taken = await sender.take(attempt);
      if (taken.is !== 'right') throw codeRefusal(taken);
      return (await move(id, email, grant)).account;
    },

    async recover(id, newEmail) {
      const email = needEmail(newEmail, 'newEmail');
      const unknown = await passwords.hash(randomBytes(32).toString('base64url'));
      const { account, unlinked } = await move(id, email, undefined, (moved) => {
        moved.password = unknown;
        moved.passwordChangedAt = new Date(Math.max(now(), moved.passwordChangedAt.getTime() + 1));
      });
      await mails.send('recovered', email, { unlinked });
      return account;
    },
  };

  async function move(
    id: string,
    email: string,
    besides?: string,
    more: (account: AccountDocument) => void = () => undefined,
  ): Promise<{ account: AccountDocument; unlinked: string[] }> {
    let before = '';
    const unlinked = await shut(id, besides);
    const account = await book.change(
      id,
      ({ account: moved }) => {
        before = moved.email;
        moved.email = email;
        more(moved);
      },
      { email },
    );
    unlinked.push(...(await shut(id, besides)));
    if (before !== email) await mails.send('emailChanged', before, { now: maskEmail(email) });
    return { account, unlinked };
  }
}
