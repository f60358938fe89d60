// Accounts, wired from their parts: what operations, pages and the command line use. Loaded only with AUTH=on.
import type { Mailer } from '../../../platform/mail/mailer.ts';
import type { Mongo } from '../../../platform/mongo/connect.ts';
import { modelsOn } from '../../../platform/mongo/models.ts';
import type { Redis } from '../../../platform/redis/connect.ts';
import { createSeal, type Secrets } from '../../../platform/secrets/secrets.ts';
import type { Store } from '../../storage/store.ts';
import type { IdentityLinks } from '../identity-links.ts';
import type { SignIn } from '../sign-in.ts';
import type { Tokens } from '../tokens.ts';
import { type Administration, createAdministration } from './administration.ts';
import { type Book, createBook } from './book.ts';
import { type Carers, createCarers } from './carers.ts';
import { createCodeSender } from './code-sender.ts';
import { CODE_SECONDS, createCodes, type Purpose } from './codes.ts';
import { type Credentials, createCredentials } from './credentials.ts';
import { createHospitals, type Hospitals } from './hospitals.ts';
import { invitationAddress } from './invitation-address.ts';
import { createInvitations, type Invitations } from './invitations.ts';
import { createLockout } from './lockout.ts';
import { createMails } from './mails.ts';
import { createModels, type Models } from './models.ts';
import { createOtherSignIns, type OtherSignIns } from './other-sign-ins.ts';
import { type Cost, createPasswords, type Passwords } from './passwords.ts';
import { createProfiles, type Profiles } from './profile.ts';
import { createRegistrations, type Registrations } from './registrations.ts';
import { createSignIn, type Demand, type SignInRoom } from './sign-in.ts';

export interface AccountsDeps {
  mongo: Pick<Mongo, 'client' | 'db'>;
  redis: Redis;
  secrets: Secrets;
  mailer: Mailer;
  /** sees everything: who registers may see nothing yet */
  store: Store;
  tokens: Tokens;
  links: IdentityLinks;
  /** A14; absent: nothing is limited */
  demand?: Demand;
  now: () => number;
  /** where people find the pages: https://hospital.example */
  origin: () => string;
  /** where mail is to be seen while no mail server is set */
  mailboxUrl?: () => string;
  passwordCost?: Cost;
}

export interface Accounts {
  /** for pages */
  signIn: SignIn;
  arrivals: SignInRoom;
  registrations: Registrations;
  credentials: Credentials;
  invitations: Invitations;
  administration: Administration;
  hospitals: Hospitals;
  profiles: Profiles;
  carers: Carers;
  tokens: Tokens;
  otherSignIns: OtherSignIns;
  book: Book;
  passwords: Passwords;
  resend(request: { challenge?: string; email?: string }, address: string): Promise<void>;
  /** seconds that a code lives */
  codeSeconds: number;
  /** a sentence for people about where a code is to be found, and which operation it is for */
  whereCodesAre(operation?: string): string;
  /** where mail is while no mail server is set */
  mailboxUrl(): string | undefined;
  hasAdministrator(): Promise<boolean>;
}

export async function createAccounts(deps: AccountsDeps): Promise<Accounts> {
  const { mongo, redis, secrets, store, tokens, links, demand = async () => undefined, now, origin, mailboxUrl } = deps;
  const models: Models = createModels(modelsOn(mongo));
  const [key, sealKey, passwords] = await Promise.all([
    secrets.key('accounts'),
    secrets.key('accounts-seal'),
    createPasswords(deps.passwordCost),
    models.prepare(),
  ]);
  const seal = createSeal(sealKey);
  const mails = createMails(deps.mailer);
  const book = createBook({ store, models, now });
  const lockout = createLockout({ failures: models.failures, key, now });
  const hospitals = createHospitals({ store, models, now });
  const administration = createAdministration({ store, book, models, hospitals, mails, tokens, now });
  const sender = createCodeSender({
    codes: createCodes({ redis, key, space: mongo.db.databaseName, now }),
    mails,
    demand,
    addresseeOf,
  });
  const invitations: Invitations = createInvitations({
    store,
    book,
    models,
    mails,
    passwords,
    administration,
    registrations: () => registrations,
    signIn: () => signIn,
    key,
    linkOf: (token) => invitationAddress(origin(), token),
    now,
  });
  const registrations: Registrations = createRegistrations({
    store,
    book,
    models,
    sender,
    passwords,
    demand,
    useLink: invitations.use,
    hospitals,
    now,
  });
  const signIn = createSignIn({ book, models, sender, lockout, passwords, registrations, mails, demand, key, now });
  const credentials: Credentials = createCredentials({
    book,
    models,
    sender,
    signIn,
    lockout,
    passwords,
    mails,
    tokens,
    links,
    seal,
    now,
  });

  async function addresseeOf(purpose: Purpose, about: string): Promise<{ to: string; name?: string } | undefined> {
    if (purpose === 'email') return { to: credentials.addressIn(about).email };
    if (purpose === 'registration') {
      const registration = await registrations.find(about);
      return registration && { to: registration.email, name: registration.firstName };
    }
    const account = await book.find(about.split(' ')[0]!);
    return account && { to: account.email };
  }

  return {
    signIn,
    arrivals: signIn,
    registrations,
    credentials,
    invitations,
    administration,
    hospitals,
    profiles: createProfiles({ store, book }),
    carers: createCarers({ store, book, models, invitations, mails, tokens }),
    tokens,
    otherSignIns: createOtherSignIns({ links, book, administration, signIn, mails, tokens }),
    book,
    passwords,
    resend: (request, address) => sender.resend({ ...request, address }),
    codeSeconds: CODE_SECONDS,
    whereCodesAre: (operation) => {
      const to = operation === undefined ? 'it is good for ten minutes' : `send it to $${operation} within ten minutes`;
      return mailboxUrl === undefined
        ? `A code was sent by e-mail; ${to}.`
        : `No mail server is set, so the mail with the code is at ${mailboxUrl()}; ${to}.`;
    },
    mailboxUrl: () => mailboxUrl?.(),
    hasAdministrator: async () =>
      (await models.accounts.exists({
        status: 'active',
        roles: { $elemMatch: { code: 'admin', status: 'active' } },
      })) !== null,
  };
}
