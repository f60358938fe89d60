// Pages of accounts for who is not signed in: register, a forgotten password, an invitation. Plain forms; what is decided is decided by
// src/fhir/auth/accounts, as for the operations.
import express, { type Express, type Request, type Response } from 'express';
import type { Accounts } from '../../fhir/auth/accounts/accounts.ts';
import { readRole, roleCodes, roleOf } from '../../fhir/auth/accounts/roles.ts';
import type { Visitor } from '../../fhir/auth/sign-in.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { Logger } from '../../platform/logger/logger.ts';
import type { GuestForms } from '../security/guest-forms.ts';
import { HOME } from '../signed-in/paths.ts';
import { show } from '../views.ts';

export interface AccountPagesDeps {
  accounts: Accounts;
  visitorOf: (req: Request) => Visitor;
  forms: GuestForms;
  logger: Logger;
}

type Form = Readonly<Record<string, string>>;
/** what the page shows beside what its template always shows */
type View = Readonly<Record<string, unknown>>;
type Step = (req: Request, res: Response, form: Form) => Promise<void>;
/** shows the form again with what was typed, and why it was refused */
type Again = (req: Request, res: Response, form: Form, problem: string) => Promise<void> | void;

const MOST_HOSPITALS = 100;
const blank: Form = { firstName: '', lastName: '', email: '', phone: '', role: 'patient', organization: '' };
/** what most people are comes first; administrators are invited */
const roles = [...roleCodes]
  .filter((code) => code !== 'admin')
  .sort((a, b) => Number(roleOf(b).isOpen ?? false) - Number(roleOf(a).isOpen ?? false))
  .map((code) => [code, roleOf(code).display]);

export function addAccountPages(app: Express, { accounts, visitorOf, forms, logger }: AccountPagesDeps): void {
  const { registrations, arrivals, credentials, invitations, hospitals } = accounts;
  const mailbox = accounts.mailboxUrl();

  const ask = (req: Request, res: Response, template: string, view: View & { title: string }): void =>
    show(res, template, { hidden: forms.hidden(req, res), mailbox, ...view });
  const askCode = (req: Request, res: Response, view: View): void =>
    ask(req, res, 'account/code', { title: 'Enter the code', ...view });
  /** there is an account that can be signed in to */
  const done = (res: Response, title: string, sentence: string): void =>
    show(res, 'account/done', { title, sentence, next: { href: HOME, label: 'Sign in' } });
  const register = async (req: Request, res: Response, view: View): Promise<void> => {
    const said = { ...blank, ...(view.said as Form) };
    const found = await hospitals.list();
    // with a single one there is nothing to choose, and a long list is asked for by name
    const choices = found.length > 1 && found.length <= MOST_HOSPITALS ? found : [];
    ask(req, res, 'account/register', { title: 'Register', roles, hospitals: choices, ...view, said });
  };
  const forgot = (req: Request, res: Response, view: View): void =>
    ask(req, res, 'account/forgot', { title: 'Forgot password', email: '', ...view });
  const reset = (req: Request, res: Response, view: View): void =>
    ask(req, res, 'account/reset', { title: 'New password', ...view });

  async function invitation(req: Request, res: Response, view: View): Promise<void> {
    const token = String(req.params.token);
    const { invitation: found, hasAccount, patient } = await invitations.look(token);
    const { email, role, firstName, lastName } = found;
    const shown = { token, email, hasAccount, patient, role: role && roleOf(role).display.toLowerCase() };
    const known = { ...(firstName && { firstName }), ...(lastName && { lastName }) };
    ask(req, res, 'account/invitation', {
      title: 'Welcome',
      ...shown,
      ...view,
      said: { ...blank, ...known, ...(view.said as Form) },
    });
  }

  function page(path: string, view: (req: Request, res: Response) => Promise<void> | void): void {
    app.get(path, async (req, res) => {
      try {
        await view(req, res);
      } catch (error) {
        fail(res, error);
      }
    });
  }

  function form(path: string, step: Step, again: Again): void {
    app.post(path, express.urlencoded({ extended: false, limit: '16kb' }), async (req, res) => {
      const said = textsOf(req.body);
      try {
        forms.need(req, said._token);
      } catch (error) {
        return fail(res, error);
      }
      try {
        await step(req, res, said);
      } catch (error) {
        if (!isForPerson(error)) return fail(res, error);
        res.status(error.status).set(error.headers);
        const problem = [...new Set(error.issues.map(({ diagnostics }) => diagnostics))].join('. ');
        await again(req, res, said, problem);
      }
    });
  }

  page('/account/register', (req, res) => register(req, res, {}));
  form(
    '/account/register',
    async (req, res, { phone, organization, ...said }) => {
      const { firstName = '', lastName = '', email = '', password = '', role = 'patient' } = said;
      const isStaff = !roleOf(readRole(role) ?? 'patient').isOpen;
      const place = isStaff && organization ? { organization } : {};
      const request = { firstName, lastName, email, password, role, ...(phone && { phone }), ...place };
      askCode(req, res, { email, ...(await registrations.begin(request, visitorOf(req))) });
    },
    (req, res, said, problem) => register(req, res, { said, problem }),
  );
  form(
    '/account/confirm',
    async (req, res, { code = '', challenge = '' }) => {
      const { account } = await arrivals.arrive({ code, challenge }, visitorOf(req));
      const isWaiting = account.roles.every(({ status }) => status === 'pending');
      done(
        res,
        'Welcome',
        isWaiting
          ? 'Your account is there. Your role waits for approval; you will get a mail.'
          : 'Your account is there. You can sign in now.',
      );
    },
    (req, res, { challenge, email }, problem) => askCode(req, res, { challenge, email, problem }),
  );
  form(
    '/account/resend',
    async (req, res, { challenge = '', email }) => {
      await accounts.resend({ challenge }, visitorOf(req).address);
      askCode(req, res, { challenge, email });
    },
    (req, res, { challenge, email }, problem) => askCode(req, res, { challenge, email, problem }),
  );

  page('/account/forgot', (req, res) => forgot(req, res, {}));
  form(
    '/account/forgot',
    async (req, res, { email = '' }) =>
      reset(req, res, { email, ...(await credentials.forgot(email, visitorOf(req))) }),
    (req, res, { email }, problem) => forgot(req, res, { email, problem }),
  );
  form(
    '/account/reset',
    async (req, res, { code = '', challenge = '', password = '' }) => {
      await credentials.reset({ code, challenge, newPassword: password }, visitorOf(req));
      done(res, 'The password is changed', 'All sessions have ended. You can sign in with the new password now.');
    },
    (req, res, { challenge, email }, problem) => reset(req, res, { challenge, email, problem }),
  );

  page('/invitation/:token', (req, res) => invitation(req, res, {}));
  form(
    '/invitation/:token',
    async (req, res, { password = '', email, firstName, lastName }) => {
      const who = { ...(email && { email }), ...(firstName && { firstName }), ...(lastName && { lastName }) };
      const accepted = await invitations.accept({ token: String(req.params.token), password, ...who }, visitorOf(req));
      if ('challenge' in accepted) askCode(req, res, { email, ...accepted });
      else done(res, 'Welcome', 'You can sign in with your address and password now.');
    },
    (req, res, said, problem) => invitation(req, res, { said, problem }),
  );

  function fail(res: Response, error: unknown): void {
    const isKnown = error instanceof FhirError;
    if (!isKnown) logger.error('a page of accounts failed', { error });
    res.status(isKnown ? error.status : 500).set(isKnown ? error.headers : {});
    const sentence = isKnown ? `${error.message}.` : 'Something went wrong here. Please try again.';
    show(res, 'account/done', { title: 'This did not work', sentence });
  }
}

const textsOf = (body: unknown): Form =>
  Object.fromEntries(Object.entries(body ?? {}).map(([name, value]) => [name, typeof value === 'string' ? value : '']));

/** What somebody can put right; what is gone or broken has a page of its own. */
const isForPerson = (error: unknown): error is FhirError =>
  error instanceof FhirError && error.status < 500 && error.kind !== 'not-found';
