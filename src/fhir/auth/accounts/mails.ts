// What the server writes to people about their accounts. One table of letters, one pair of templates.
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import type { Mailer } from '../../../platform/mail/mailer.ts';
import { FhirError } from '../../model/errors.ts';
import { type RoleCode, roleOf } from './roles.ts';

interface Letter {
  subject: string;
  before: readonly string[];
  code?: string;
  link?: { label: string; url: string };
  after?: readonly string[];
}

const IGNORE = 'If it was not you, you can ignore this message: nothing happens without the code.';
const NOT_YOU = 'If it was not you, ask for a new password now with “Forgot password” and tell your hospital.';
const tellUnlinked = (providers: readonly string[]): readonly string[] =>
  providers.length === 0
    ? []
    : [
        `The sign-in with ${providers.join(' and ')} does not open your account any more. Once you sign in there again, you are asked for your password and a code here.`,
      ];
const tenMinutes = 'The code is good for ten minutes and once.';

const letters = {
  registration: ({ name, code }: { name: string; code: string }) => ({
    subject: 'Your code to register',
    before: [`Welcome ${name}. This code confirms your address:`],
    code,
    after: [tenMinutes, IGNORE],
  }),
  login: ({ code }: { code: string }) => ({
    subject: 'Your code to sign in',
    before: ['Somebody has entered your password. With this code the sign-in is complete:'],
    code,
    after: [tenMinutes, `Never tell it to anybody who calls or writes. ${NOT_YOU}`],
  }),
  password: ({ code }: { code: string }) => ({
    subject: 'Your code for a new password',
    before: ['With this code you can set a new password:'],
    code,
    after: [tenMinutes, IGNORE],
  }),
  email: ({ code }: { code: string }) => ({
    subject: 'Your code to confirm this address',
    before: ['With this code your account moves to this address:'],
    code,
    after: [tenMinutes, IGNORE],
  }),
  noAccount: (_: object) => ({
    subject: 'There is no account for this address',
    before: [
      'Somebody asked for a new password for this address, but no account belongs to it that could be used.',
      'If it was you, try the address you registered with. If it was not, you can ignore this message.',
    ],
  }),
  passwordChanged: ({ unlinked }: { unlinked: readonly string[] }) => ({
    subject: 'Your password was changed',
    before: [
      'The password of your account was changed just now. Other sessions have ended.',
      ...tellUnlinked(unlinked),
      NOT_YOU,
    ],
  }),
  linked: ({ provider, email }: { provider: string; email?: string }) => ({
    subject: 'Your account can be signed in to elsewhere',
    before: [
      `From now on, whoever signs in with ${provider}${email === undefined ? '' : ` as ${email}`} is signed in to your account here, without your password and without a code.`,
      `You see this at “Other sign-ins” of your account, and end it there. ${NOT_YOU}`,
    ],
  }),
  unlinked: ({ unlinked }: { unlinked: readonly string[] }) => ({
    subject: 'One of your sign-ins has ended',
    before: [...tellUnlinked(unlinked), 'You sign in with your e-mail address, password and code.', NOT_YOU],
  }),
  emailChanged: ({ now }: { now: string }) => ({
    subject: 'Your account has a new address',
    before: [`Your account belongs to ${now} from now on; nothing more comes to this address.`, NOT_YOU],
  }),
  recovered: ({ unlinked }: { unlinked: readonly string[] }) => ({
    subject: 'Your account belongs to this address now',
    before: [
      'An administrator of your hospital has moved your account to this address.',
      'Choose a new password with “Forgot password” before you sign in.',
      ...tellUnlinked(unlinked),
    ],
  }),
  invitation: ({ role, where, url }: { role: RoleCode; where?: string; url: string }) => ({
    subject: 'You are invited',
    before: [`You are invited as ${roleOf(role).display.toLowerCase()}${where === undefined ? '' : ` of ${where}`}.`],
    link: { label: 'Accept the invitation', url },
    after: ['The link is good for seven days and once.', 'If you did not expect this, you can ignore it.'],
  }),
  carer: ({ name, url }: { name: string; url: string }) => ({
    subject: 'You are asked to act for somebody',
    before: [`You are asked to act for ${name} here: to see the record and to make appointments.`],
    link: { label: 'Accept', url },
    after: ['The link is good for seven days and once.', 'If you do not know who this is, ignore it.'],
  }),
  approved: ({ role, where }: { role: RoleCode; where?: string }) => ({
    subject: 'Your role is approved',
    before: [
      `You are ${roleOf(role).display.toLowerCase()}${where === undefined ? '' : ` of ${where}`} now. Sign in again to work as such.`,
    ],
  }),
  roleWithdrawn: ({ role }: { role: RoleCode }) => ({
    subject: 'One of your roles has ended',
    before: [
      `You are not ${roleOf(role).display.toLowerCase()} here any more. If this is a mistake, ask your hospital.`,
    ],
  }),
} satisfies Record<string, (facts: never) => Letter>;

export type LetterKind = keyof typeof letters;

type Facts<Kind extends LetterKind> = Parameters<(typeof letters)[Kind]>[0];

export interface Mails {
  /** `until` (ms): of no use after it */
  send<Kind extends LetterKind>(kind: Kind, to: string, facts: Facts<Kind>, until?: number): Promise<void>;
}

const views = fileURLToPath(new URL('views/', import.meta.url));

export function createMails(mailer: Mailer): Mails {
  const html = new Eta({ views, cache: true, autoEscape: true });
  const plain = new Eta({ views, cache: true, autoEscape: false, autoTrim: false });
  return {
    async send(kind, to, facts, until) {
      const letter: Letter = (letters[kind] as (facts: unknown) => Letter)(facts);
      const content = { after: [], ...letter };
      const text = plain.render('./mail.txt.eta', content).trim();
      const mail = {
        to,
        subject: letter.subject,
        text: `${text.replace(/\n{3,}/g, '\n\n')}\n`,
        html: html.render('./mail.html.eta', content),
      };
      try {
        await mailer.send(mail, until === undefined ? {} : { until });
      } catch (cause) {
        const headers = { 'Retry-After': '5' };
        throw new FhirError('transient', 'Mail cannot be sent at the moment; please try again', { headers, cause });
      }
    },
  };
}
