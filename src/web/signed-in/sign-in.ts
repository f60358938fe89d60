// Signing in to our own pages: the password, then the code, by the same steps as everywhere (fhir/auth/accounts). Between the two only a random
// cookie ties the browser to what is kept in Redis, and the session's own cookie is new when both were right.
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import express, { type Express, type Request, type Response } from 'express';
import type { ForeignIdentity } from '../../fhir/auth/oauth/federation.ts';
import type { ForeignSignIn } from '../../fhir/auth/oauth/foreign-sign-in.ts';
import type { Arrived } from '../../fhir/auth/oauth/identity-links.ts';
import type { SignIn, Visitor } from '../../fhir/auth/sign-in.ts';
import type { Subject } from '../../fhir/auth/tokens.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { Logger } from '../../platform/logger/logger.ts';
import type { Redis } from '../../platform/redis/connect.ts';
import { soon } from '../../platform/redis/scripts.ts';
import type { Seal } from '../../platform/secrets/secrets.ts';
import { LINK_TITLE } from '../interaction/pages.ts';
import type { OnReturn } from '../interaction/routes.ts';
import type { FormTokens } from '../security/forms.ts';
import { createGuestForms } from '../security/guest-forms.ts';
import type { AdmitStranger } from '../security/strangers.ts';
import { show } from '../views.ts';
import type { Cookie } from './cookies.ts';
import { HOME, ownPath, PLACE_PATH, SIGN_IN_PATH } from './paths.ts';
import { explain, problemOf } from './problem.ts';
import { type Form, textsOf } from './room.ts';
import type { PageSessions } from './sessions.ts';

export interface SignInPagesDeps {
  app: Express;
  signIn: Pick<SignIn, 'begin' | 'resend' | 'complete'>;
  /** other identity providers */
  foreign: ForeignSignIn;
  foreignCookie: Cookie;
  sessions: PageSessions;
  cookie: Cookie;
  /** of who is on the way in */
  arrivalCookie: Cookie;
  redis: Redis;
  space: string;
  seal: Seal;
  formTokens: FormTokens;
  admitStranger: AdmitStranger;
  visitorOf: (req: IncomingMessage) => Visitor;
  /** the browser's sign-in to apps ends, unless it is that account's */
  forgetIn: (req: Request, res: Response, besides: string) => Promise<void>;
  origin: string;
  /** where mail is to be seen while no mail server is set */
  mailbox?: string | undefined;
  logger: Pick<Logger, 'error'>;
}

/** What is kept between password and code, and on the way to another identity provider and back. */
interface Begun {
  email: string;
  /** the password was right */
  challenge?: string;
  to: string;
  /** who signed in elsewhere */
  foreign?: ForeignIdentity;
  /** who signed in here after that, and is asked whether both are theirs */
  arrived?: Arrived;
  /** what did not work before */
  note?: string;
}

const BEGUN_SECONDS = 30 * 60;

export function addSignInPages(deps: SignInPagesDeps): { onReturn: OnReturn } {
  const { app, signIn, foreign, foreignCookie, sessions, cookie, arrivalCookie } = deps;
  const { redis, space, seal, formTokens, admitStranger, visitorOf, origin } = deps;

  const keyOf = (id: string): string => `{${space}:pages}:begun:${createHash('sha256').update(id).digest('base64url')}`;
  async function begunOf(req: Request): Promise<Begun | undefined> {
    const id = arrivalCookie.read(req);
    const text = id === undefined ? null : await soon(redis, () => redis.get(keyOf(id)));
    try {
      return text === null ? undefined : (JSON.parse(seal.open(text)) as Begun);
    } catch {
      return undefined;
    }
  }
  /** under another cookie than before, if there was one */
  async function begin(req: Request, res: Response, begun: Begun): Promise<void> {
    await forget(req);
    const id = randomBytes(32).toString('base64url');
    await soon(redis, () => redis.set(keyOf(id), seal.close(JSON.stringify(begun)), 'EX', BEGUN_SECONDS));
    arrivalCookie.set(res, id);
  }
  async function forget(req: Request): Promise<void> {
    const id = arrivalCookie.read(req);
    if (id !== undefined) await soon(redis, () => redis.del(keyOf(id)));
  }

  // the page's forms are tied to its cookie; a password that was right gets another one
  const forms = createGuestForms({ cookie: arrivalCookie, tokens: formTokens, origin });

  function askPassword(
    req: Request,
    res: Response,
    view: Pick<Begun, 'to' | 'foreign' | 'note'> & { email?: string; problem?: string },
  ): void {
    show(res, 'interaction/sign-in', {
      title: 'Sign in',
      path: SIGN_IN_PATH,
      email: '',
      others: view.foreign ? [] : foreign.providers,
      query: `?${new URLSearchParams({ to: view.to })}`,
      hidden: `${forms.hidden(req, res)}<input type="hidden" name="to" value="${view.to}">`,
      ...view,
    });
  }

  function askCode(req: Request, res: Response, view: { email: string; problem?: string }): void {
    show(res, 'interaction/code', {
      title: 'Enter the code',
      path: SIGN_IN_PATH,
      mailbox: deps.mailbox,
      hidden: forms.hidden(req, res),
      ...view,
    });
  }

  async function enter(req: Request, res: Response, subject: Subject, to: string): Promise<void> {
    const before = cookie.read(req);
    if (before !== undefined) await sessions.end(before);
    await forget(req);
    await deps.forgetIn(req, res, subject.account);
    arrivalCookie.clear(res);
    cookie.set(res, await sessions.begin(subject));
    // who works at several hospitals says where they are
    const isSeveral = subject.organizations.length > 1;
    go(res, isSeveral ? `${PLACE_PATH}?${new URLSearchParams({ to })}` : to);
  }

  const go = (res: Response, to: string): void => void res.set('Cache-Control', 'no-store').redirect(303, to);

  /** `step` answers; what it refuses is shown by `again`, where there is a page to show it on */
  function route(
    method: 'get' | 'post',
    path: string,
    step: (req: Request, res: Response, form: Form) => Promise<void>,
    again: (req: Request, res: Response, problem: string, form: Form) => Promise<void> | void = (_req, res) =>
      go(res, SIGN_IN_PATH),
  ): void {
    app[method](path, express.urlencoded({ extended: false, limit: '16kb' }), async (req, res) => {
      const form = textsOf(req.body);
      try {
        if (method === 'post') forms.need(req, form._token);
        await step(req, res, form).catch(async (error: unknown) => {
          if (!(error instanceof FhirError) || error.status >= 500) throw error;
          res.status(error.status).set(error.headers);
          await again(req, res, problemOf(error).sentences.join(' '), form);
        });
      } catch (error) {
        const { status, title, sentence, headers } = explain(error);
        if (status === 500) deps.logger.error('a page of the sign-in failed', { error });
        res.status(status).set(headers);
        show(res, 'account/done', { title, sentence });
      }
    });
  }

  route('get', SIGN_IN_PATH, async (req, res) => {
    const to = ownPath(req.query.to);
    const id = cookie.read(req);
    const isIn = id !== undefined && (await sessions.find(id, visitorOf(req).address)) !== undefined;
    if (isIn) return go(res, to);
    const { foreign: known, note } = (await begunOf(req)) ?? {};
    const email = known?.email;
    askPassword(req, res, {
      to,
      ...(known && { foreign: known }),
      ...(email !== undefined && { email }),
      ...(note !== undefined && { note }),
    });
  });

  // a link, not a form: where it leads is not known to `form-action` of the policy
  route(
    'get',
    `${SIGN_IN_PATH}/with/:provider`,
    async (req, res) => {
      await admitStranger(visitorOf(req).address);
      const { url, binding } = await foreign.begin(String(req.params.provider));
      await begin(req, res, { email: '', to: ownPath(req.query.to) });
      foreignCookie.set(res, binding);
      go(res, url);
    },
    (req, res, problem) => askPassword(req, res, { to: ownPath(req.query.to), problem }),
  );

  const onReturn: OnReturn = async (req, res, { provider, identity }) => {
    const { to = HOME } = (await begunOf(req)) ?? {};
    const subject = identity && (await foreign.arrive(identity, visitorOf(req)));
    if (subject !== undefined) return enter(req, res, subject, to);
    const said = identity ? { foreign: identity } : { note: `${provider} did not sign you in.` };
    await begin(req, res, { email: '', to, ...said });
    go(res, `${SIGN_IN_PATH}?${new URLSearchParams({ to })}`);
  };

  route(
    'post',
    `${SIGN_IN_PATH}/sign-in`,
    async (req, res, { email = '', password = '', to }) => {
      // every password costs a hash, whoever's it is
      await admitStranger(visitorOf(req).address);
      const { challenge } = await signIn.begin(email, password, visitorOf(req));
      const { foreign: known } = (await begunOf(req)) ?? {};
      await begin(req, res, { email, challenge, to: ownPath(to), ...(known && { foreign: known }) });
      go(res, `${SIGN_IN_PATH}/code`);
    },
    async (req, res, problem, { email = '', to }) => {
      const { foreign: known } = (await begunOf(req)) ?? {};
      askPassword(req, res, { to: ownPath(to), email, problem, ...(known && { foreign: known }) });
    },
  );

  route('get', `${SIGN_IN_PATH}/code`, async (req, res) => {
    const begun = await begunOf(req);
    if (begun?.challenge === undefined) go(res, SIGN_IN_PATH);
    else askCode(req, res, begun);
  });

  const codeAgain = async (req: Request, res: Response, problem: string): Promise<void> => {
    const begun = await begunOf(req);
    if (begun === undefined) go(res, SIGN_IN_PATH);
    else askCode(req, res, { email: begun.email, problem });
  };
  route(
    'post',
    `${SIGN_IN_PATH}/code`,
    async (req, res, { code = '' }) => {
      const begun = await begunOf(req);
      if (begun?.challenge === undefined) return go(res, SIGN_IN_PATH);
      const subject = await signIn.complete(begun.challenge, code.replaceAll(' ', ''), visitorOf(req));
      if (begun.foreign === undefined) return enter(req, res, subject, begun.to);
      const { challenge: _, ...rest } = begun;
      const { account, amr, since } = subject;
      await begin(req, res, { ...rest, arrived: { account, amr, since } });
      go(res, `${SIGN_IN_PATH}/link`);
    },
    codeAgain,
  );

  route('get', `${SIGN_IN_PATH}/link`, async (req, res) => {
    const { arrived, email, foreign: identity } = (await begunOf(req)) ?? {};
    if (arrived === undefined) return go(res, SIGN_IN_PATH);
    const hidden = forms.hidden(req, res);
    show(res, 'interaction/link', { title: LINK_TITLE, path: SIGN_IN_PATH, foreign: identity, email, hidden });
  });
  for (const [step, isTheirs] of [
    ['link', true],
    ['do-not-link', false],
  ] as const) {
    route(
      'post',
      `${SIGN_IN_PATH}/${step}`,
      async (req, res) => {
        const begun = await begunOf(req);
        if (begun?.arrived === undefined) return go(res, SIGN_IN_PATH);
        // answered once
        await forget(req);
        const subject = await foreign.settle(begun.arrived, isTheirs ? begun.foreign : undefined, visitorOf(req));
        await enter(req, res, subject, begun.to);
      },
      (req, res, problem) => askPassword(req, res, { to: HOME, problem }),
    );
  }

  route(
    'post',
    `${SIGN_IN_PATH}/resend`,
    async (req, res) => {
      const begun = await begunOf(req);
      if (begun?.challenge !== undefined) await signIn.resend(begun.challenge, visitorOf(req));
      go(res, `${SIGN_IN_PATH}/code`);
    },
    codeAgain,
  );
  route('post', `${SIGN_IN_PATH}/start-over`, async (req, res) => {
    await forget(req);
    go(res, SIGN_IN_PATH);
  });

  app.get('/account/signed-out', (_req, res) => show(res, 'account/signed-out', { title: 'You are signed out' }));

  return { onReturn };
}
