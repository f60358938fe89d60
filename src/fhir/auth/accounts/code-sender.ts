// A code made and sent in one go, and the refusals that everybody who asks for one gets.

import { FhirError } from '../../model/errors.ts';
import type { Visitor } from '../sign-in.ts';
import { type Allow, CODE_SECONDS, type Codes, type Purpose, type Resent } from './codes.ts';
import { needEmail } from './email-address.ts';
import type { Mails } from './mails.ts';
import type { Demand } from './sign-in.ts';

export interface Sending {
  to: string;
  /** what is done when the code comes back */
  about: string;
  address: string;
  /** how the person is called in the mail */
  name?: string;
}

export interface CodeSender extends Pick<Codes, 'take' | 'look'> {
  send(purpose: Purpose, sending: Sending): Promise<{ challenge: string }>;
  /** makes a challenge that no code answers to: for who is not known, in the same time */
  pretend(purpose: Purpose, sending: Omit<Sending, 'about'>): Promise<{ challenge: string }>;
  resend(request: {
    challenge?: string | undefined;
    email?: string | undefined;
    address: Visitor['address'];
  }): Promise<void>;
}

export interface CodeSenderDeps {
  codes: Codes;
  mails: Mails;
  demand: Demand;
  /** to whom a request's code goes; undefined where that is over */
  addresseeOf(purpose: Purpose, about: string): Promise<{ to: string; name?: string } | undefined>;
}

export function createCodeSender({ codes, mails, demand, addresseeOf }: CodeSenderDeps): CodeSender {
  async function issue(purpose: Purpose, { to, about, address }: Sending) {
    await demand('otp', to);
    return codes.issue({ purpose, about, email: to, address });
  }

  const post = (purpose: Purpose, { to, name = '' }: { to: string; name?: string }, code: string, endsAt: number) =>
    mails.send(purpose, to, { code, name }, endsAt);

  return {
    take: codes.take,
    look: codes.look,
    async send(purpose, sending) {
      const { challenge, code, endsAt } = await issue(purpose, sending);
      await post(purpose, sending, code, endsAt);
      return { challenge };
    },
    async pretend(purpose, sending) {
      const { challenge, endsAt } = await issue(purpose, { ...sending, about: '' });
      await mails.send('noAccount', sending.to, {}, endsAt);
      return { challenge };
    },
    async resend({ challenge, email, address }) {
      if ((challenge === undefined) === (email === undefined)) {
        throw new FhirError('required', 'Send either the challenge or the e-mail address', { expression: 'challenge' });
      }
      let letter: { purpose: Purpose; to: string; name?: string } | undefined;
      const allow: Allow = async (purpose, about) => {
        const addressee = await addresseeOf(purpose, about);
        if (addressee === undefined) return false;
        await demand('otp', addressee.to);
        letter = { purpose, ...addressee };
        return true;
      };
      const resent = await (challenge === undefined
        ? codes.resendTo(needEmail(email!), address, allow)
        : codes.resend(challenge, allow));
      if (resent.is !== 'sent' || letter === undefined) throw refusalOf(resent as Exclude<Resent, { is: 'sent' }>);
      await post(letter.purpose, letter, resent.code, resent.endsAt);
    },
  };
}

function refusalOf(resent: Exclude<Resent, { is: 'sent' }>): FhirError {
  if (resent.is === 'too-soon') {
    return new FhirError('throttled', `Another code can be sent in ${resent.seconds} seconds`, {
      headers: { 'Retry-After': String(resent.seconds) },
      expression: 'challenge',
    });
  }
  if (resent.is === 'too-often') {
    return new FhirError('throttled', 'No more codes are sent for this request; begin again', {
      headers: { 'Retry-After': String(CODE_SECONDS) },
      expression: 'challenge',
    });
  }
  return new FhirError('login', 'This request has ended; begin again', { expression: 'challenge' });
}
