// Signing in: the password, then a code by e-mail. An address without an account is answered as a wrong password is, after the same work.
import { keyedHash } from '../../../platform/secrets/secrets.ts';
import { FhirError } from '../../model/errors.ts';
import { type SignIn, subjectOf, type Visitor } from '../sign-in.ts';
import type { Subject } from '../tokens.ts';
import { accountAs } from './acting.ts';
import type { Book } from './book.ts';
import type { CodeSender } from './code-sender.ts';
import type { Purpose, Verdict } from './codes.ts';
import type { AccountDocument } from './documents.ts';
import { needEmail } from './email-address.ts';
import type { Lockout } from './lockout.ts';
import type { Mails } from './mails.ts';
import type { Models } from './models.ts';
import type { Passwords } from './passwords.ts';
import type { Registrations } from './registrations.ts';

export interface SignInDeps {
  book: Book;
  models: Pick<Models, 'accounts'>;
  sender: CodeSender;
  lockout: Lockout;
  passwords: Passwords;
  registrations: Pick<Registrations, 'confirm'>;
  mails: Mails;
  /** A14: how often one account may try */
  demand: Demand;
  key: Buffer;
  now: () => number;
}

/** Throws 'throttled' where the kind of thing was done too often for this key. */
export type Demand = (kind: 'registration' | 'login' | 'otp', key: string) => Promise<void>;

export interface CodeSent {
  code: string;
  challenge?: string | undefined;
}

export interface Arrival {
  account: AccountDocument;
  subject: Subject;
}

export interface SignInRoom extends SignIn {
  /** as `complete`; the challenge may be missing */
  arrive(attempt: CodeSent, visitor: Visitor): Promise<Arrival>;
  /** the password of a person who has signed in already or shows a link; counts failures */
  checkPassword(account: AccountDocument, password: string, visitor: Visitor, expression: string): Promise<void>;
}

const PLACES = 10;
const PLACE_DAYS = 30;
const DAY_MS = 24 * 3600 * 1000;

export function createSignIn(deps: SignInDeps): SignInRoom {
  const { book, models, sender, lockout, passwords, registrations, mails, demand, key, now } = deps;

  const placeAt = (address: string): string => keyedHash(key, 'place', address);
  /** the visitor's network address, where this person has signed in from lately */
  function knownPlace(account: AccountDocument | undefined, { address }: Visitor): string | undefined {
    const hash = placeAt(address);
    return account?.places.some((place) => place.hash === hash && place.at.getTime() > now() - PLACE_DAYS * DAY_MS)
      ? hash
      : undefined;
  }

  async function isRight(
    account: AccountDocument | undefined,
    email: string,
    password: string,
    visitor: Visitor,
  ): Promise<boolean> {
    const tried = await lockout.begin(email, knownPlace(account, visitor));
    if (!(await passwords.verify(account?.password, password))) return false;
    await tried.undo();
    return true;
  }

  async function begin(given: string, password: string, visitor: Visitor): Promise<{ challenge: string }> {
    const email = needEmail(given);
    await demand('login', email);
    const account = await book.findByEmail(email);
    if (!(await isRight(account, email, password, visitor)) || account === undefined) {
      throw new FhirError('login', 'E-mail address or password is wrong');
    }
    if (account.status !== 'active') throw deactivated();
    if (passwords.isOld(account.password)) await renewHash(account, password);
    return sender.send('login', { to: email, about: stampOf(account), address: visitor.address });
  }

  /** Today's parameters for a password that was hashed with others. */
  async function renewHash({ _id, password: old, lastPasswords }: AccountDocument, password: string): Promise<void> {
    const hash = await passwords.hash(password);
    const change = { $set: { password: hash, lastPasswords: lastPasswords.map((one) => (one === old ? hash : one)) } };
    await models.accounts.updateOne({ _id, password: old }, change);
  }

  async function arrive({ code, challenge }: CodeSent, visitor: Visitor): Promise<Arrival> {
    const since = now();
    const verdict = await sender.take({ code, challenge, address: visitor.address, purposes: ARRIVING });
    if (verdict.is !== 'right') throw await refusalOf(verdict, visitor);
    const account =
      verdict.purpose === 'registration' ? await registrations.confirm(verdict.about) : await unchanged(verdict.about);
    if (account === undefined) throw over();
    if (account.status !== 'active') throw deactivated();
    await remember(account, visitor);
    return { account, subject: subjectOf(accountAs(account)!, { amr: ['pwd', 'otp'], since }, visitor) };
  }

  /** undefined where the password was changed after it was entered */
  async function unchanged(stamp: string): Promise<AccountDocument | undefined> {
    const account = await book.find(stamp.split(' ')[0]!);
    return account !== undefined && stampOf(account) === stamp ? account : undefined;
  }

  /** A wrong code counts as a wrong password does: it was asked for with the right one. */
  async function refusalOf(verdict: Exclude<Verdict, { is: 'right' }>, visitor: Visitor): Promise<FhirError> {
    if (verdict.is === 'wrong' && verdict.about !== undefined) {
      const account = await unchanged(verdict.about);
      if (account !== undefined) await lockout.failed(account.email, knownPlace(account, visitor));
    }
    return codeRefusal(verdict);
  }

  async function remember({ _id, email, places }: AccountDocument, { address }: Visitor): Promise<void> {
    const hash = placeAt(address);
    const at = new Date(now());
    await lockout.clear(email, hash);
    const kept = places.filter((place) => place.hash !== hash).slice(0, PLACES - 1);
    await models.accounts.updateOne({ _id }, { $set: { lastSignInAt: at, places: [{ hash, at }, ...kept] } });
  }

  return {
    begin,
    arrive,
    async resend(challenge, { address }) {
      await sender.resend({ challenge, address });
    },
    complete: async (challenge, code, visitor) => (await arrive({ challenge, code }, visitor)).subject,
    async account(id, acting) {
      const account = await book.find(id);
      return account?.status === 'active' ? accountAs(account, acting) : undefined;
    },
    async tellOfLink(id, link) {
      const account = await book.find(id);
      if (account !== undefined) await mails.send('linked', account.email, link);
    },
    async checkPassword(account, password, visitor, expression) {
      if (await isRight(account, account.email, password, visitor)) return;
      throw new FhirError('login', 'The password is wrong', { expression });
    },
  };
}

const ARRIVING: readonly Purpose[] = ['login', 'registration'];

/** Names the account and its password, so that a code is of no use once the password was changed. */
export const stampOf = ({ _id, passwordChangedAt }: AccountDocument): string => `${_id} ${passwordChangedAt.getTime()}`;

const over = (): FhirError => new FhirError('login', 'This sign-in is over; begin again', { expression: 'code' });

export const deactivated = (): FhirError =>
  new FhirError('forbidden', 'This account is deactivated; ask your hospital');

const retryAfter = (seconds: number) => ({ headers: { 'Retry-After': String(seconds) } });

export function codeRefusal(verdict: Exclude<Verdict, { is: 'right' }>): FhirError {
  if (verdict.is === 'paused') {
    const message =
      'Codes alone are not taken at the moment, because many wrong ones were sent. Send the challenge with the code.';
    return new FhirError('throttled', message, { ...retryAfter(verdict.seconds), expression: 'challenge' });
  }
  if (verdict.is === 'spent' || (verdict.is === 'wrong' && verdict.left === 0)) {
    return new FhirError('login', 'Five wrong codes were sent for this request; begin again', { expression: 'code' });
  }
  if (verdict.is === 'wrong' && verdict.left !== undefined) {
    const tries = verdict.left === 1 ? 'one try is left' : `${verdict.left} tries are left`;
    return new FhirError('login', `The code is wrong; ${tries}`, { expression: 'code' });
  }
  const message =
    verdict.is === 'unknown'
      ? 'This request has ended, or its code was used; begin again'
      : 'The code is wrong or has ended. If it was asked for from another network, send its challenge with it.';
  return new FhirError('login', message, { expression: 'code' });
}
