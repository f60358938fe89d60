// Other identity providers by which an account is signed in to: seen and ended by its owner, and by administrators. Ending one ends the
// sessions too: somebody else may have opened them by it.
import { FhirError } from '../../model/errors.ts';
import type { IdentityLink, IdentityLinks } from '../identity-links.ts';
import type { Visitor } from '../sign-in.ts';
import type { Tokens } from '../tokens.ts';
import type { Administration } from './administration.ts';
import type { Book } from './book.ts';
import type { Session } from './credentials.ts';
import type { AccountDocument } from './documents.ts';
import type { Mails } from './mails.ts';
import type { SignInRoom } from './sign-in.ts';
import type { Administrator } from './visitor.ts';

export interface OtherSignIns {
  of(account: string): Promise<IdentityLink[]>;
  /** of an account that the administrator sees; which account it is elsewhere is the owner's matter */
  seenBy(by: Administrator, account: string): Promise<Omit<IdentityLink, 'email'>[]>;
  /** ends every other session */
  end(session: Session, request: { id: string; password: string }, visitor: Visitor): Promise<void>;
  /** by an administrator; ends every session */
  endFor(by: Administrator, request: { account: string; id: string }): Promise<void>;
}

export interface OtherSignInsDeps {
  links: IdentityLinks;
  book: Book;
  administration: Pick<Administration, 'list' | 'needSayIn'>;
  signIn: Pick<SignInRoom, 'checkPassword'>;
  mails: Mails;
  tokens: Pick<Tokens, 'endAllOf'>;
}

export function createOtherSignIns(deps: OtherSignInsDeps): OtherSignIns {
  const { links, book, administration, signIn, mails, tokens } = deps;

  async function end({ _id, email }: AccountDocument, id: string, besides?: string): Promise<void> {
    const ended = await links.end(_id, id);
    if (ended === undefined) throw new FhirError('not-found', 'There is no such sign-in', { expression: 'id' });
    await tokens.endAllOf(_id, { besides });
    await mails.send('unlinked', email, { unlinked: [ended.provider] });
  }

  return {
    of: links.of,
    async seenBy(by, account) {
      const { total } = await administration.list(by, { account, count: 1 });
      if (total === 0) throw new FhirError('not-found', 'There is no such account', { expression: 'account' });
      return (await links.of(account)).map(({ email: _, ...link }) => link);
    },
    async end({ account: own, grant }, { id, password }, visitor) {
      const account = await book.find(own);
      if (account === undefined) throw new FhirError('login', 'This account does not exist any more');
      if (!hasPassword(account)) throw onlyWayIn();
      await signIn.checkPassword(account, password, visitor, 'password');
      await end(account, id, grant);
    },
    async endFor(by, { account: id, id: link }) {
      await administration.needSayIn(by, id);
      await end((await book.find(id))!, link);
    },
  };
}

/** False where an administrator moved the account to another mailbox, and nobody has chosen a password since. */
const hasPassword = ({ password, lastPasswords }: AccountDocument): boolean => lastPasswords.includes(password);

const onlyWayIn = (): FhirError =>
  new FhirError(
    'business-rule',
    'Your account has no password at the moment, so this is the only way in; choose one with “Forgot password” first',
    { expression: 'password' },
  );
