// What every page of somebody who is signed in goes through: the session, the limits, the token of the form; and how it ends, as a page, on
// another page, or with what is wrong. Pages themselves only ask and show.
import type { IncomingMessage } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Caller } from '../../fhir/auth/caller.ts';
import { admit, type Limits } from '../../fhir/auth/limits/index.ts';
import type { Visitor } from '../../fhir/auth/sign-in.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { ProfileOutput } from '../../generated/operation-io.ts';
import type { Logger } from '../../platform/logger/logger.ts';
import { type FormTokens, isForeign } from '../security/forms.ts';
import { hiddenField, strangeForm } from '../security/guest-forms.ts';
import { show } from '../views.ts';
import type { Ask, AskFor } from './ask.ts';
import type { Cookie } from './cookies.ts';
import type { Filters } from './filters.ts';
import { SIGN_IN_PATH } from './paths.ts';
import { explain, type Problem, problemOf } from './problem.ts';
import type { Acting, PageSessions, Told } from './sessions.ts';
import { createWhen } from './words.ts';

export type Form = Readonly<Record<string, string>>;

/** Somebody who is signed in, looking at a page. */
export interface Visit {
  req: Request;
  /** of the address: `/admin/users/:id` */
  id: string;
  caller: Caller;
  ask: Ask;
  acting?: Acting;
}

/** After a refusal: what was typed, besides secrets, and what is wrong with it. */
export interface Again {
  said: Form;
  problem?: Problem;
}

/** `template`: below src/web, without its ending; what else there is, is for it */
export type View = { template: string; title: string } & Readonly<Record<string, unknown>>;
export type Show = (visit: Visit, again: Again) => Promise<View> | View;

/** Where to go on, and what is told there once. */
export interface Done extends Partial<Told> {
  to: string;
  /** the browser gets another cookie for the session */
  isRenamed?: true;
  /** the session goes on with this access token */
  become?: { accessToken: string; acting?: Acting };
  /** the session is over */
  isOver?: true;
}
export type Step = (visit: Visit, form: Form) => Promise<Done>;

export interface Room {
  page(path: string, view: Show): void;
  /** `again`: the page whose form it is */
  form(path: string, step: Step, again: Show): void;
  filters: Filters;
}

export interface RoomDeps {
  app: Express;
  sessions: PageSessions;
  cookie: Cookie;
  askFor: AskFor;
  formTokens: FormTokens;
  filters: Filters;
  limits: Pick<Limits, 'spend'>;
  visitorOf: (req: IncomingMessage) => Visitor;
  /** the browser's sign-in to apps ends as well */
  forgetIn: (req: Request, res: Response) => Promise<void>;
  /** https://hospital.example */
  origin: string;
  timeZone: string;
  logger: Pick<Logger, 'error'>;
}

/** a policy is the longest that is written here */
const LONGEST_FORM = '512kb';
const SECRET = /password|code|^_/i;

export function createRoom(deps: RoomDeps): Room {
  const { app, sessions, cookie, askFor, formTokens, filters, limits, visitorOf, forgetIn, origin, logger } = deps;
  const words = { when: createWhen(deps.timeZone), whenExactly: createWhen(deps.timeZone, 'medium') };

  interface Arrived extends Visit {
    session: string;
  }

  /** undefined where nobody is signed in, who then is on the way to do so */
  async function arrive(req: Request, res: Response): Promise<Arrived | undefined> {
    const { address, userAgent } = visitorOf(req);
    const id = cookie.read(req);
    const session = id === undefined ? undefined : await sessions.find(id, address);
    if (session === undefined) {
      toSignIn(req, res);
      return undefined;
    }
    await admit(limits, session.caller);
    const ask = askFor(session.caller, userAgent === undefined ? {} : { 'user-agent': userAgent });
    const named = req.params.id;
    const acting = session.acting ?? (await actingOf(session.id, session.caller, ask));
    return {
      req,
      id: typeof named === 'string' ? named : '',
      caller: session.caller,
      ask,
      ...(acting && { acting }),
      session: session.id,
    };
  }

  /** Who is nothing here but a carer acts for the patient from the beginning; for the first, where there are several. */
  async function actingOf(session: string, { fhirUser }: Caller, ask: Ask): Promise<Acting | undefined> {
    if (fhirUser?.type !== 'RelatedPerson') return undefined;
    const { account } = await ask.run<ProfileOutput>('profile');
    const [patient] = account.actsFor ?? [];
    if (patient === undefined) return undefined;
    const { reference = '', display: name = reference } = patient;
    const acting = { as: 'carer', reference, name } as const;
    await sessions.note(session, acting);
    return acting;
  }

  function toSignIn(req: Request, res: Response): void {
    // a form has no page of its own to come back to
    const to = req.method === 'POST' ? `/${req.path.split('/')[1]}` : req.path;
    res.set('Cache-Control', 'no-store').redirect(303, `${SIGN_IN_PATH}?to=${encodeURIComponent(to)}`);
  }

  /** what is around every page */
  const frameOf = (visit: Arrived): object => ({
    nav: navFor(visit),
    isWide: true,
    hidden: hiddenField(formTokens.of(visit.session)),
    acting: visit.acting,
    place: placeOf(visit),
  });

  async function render(res: Response, visit: Arrived, { template, ...view }: View, again?: Again): Promise<void> {
    const { problem } = again ?? {};
    const told = await sessions.told(visit.session);
    show(res, template, {
      ...view,
      ...words,
      ...frameOf(visit),
      told,
      said: again?.said ?? {},
      ...(problem && { problem: problem.sentences.join(' '), wrong: problem.fields }),
    });
  }

  function fail(req: Request, res: Response, error: unknown, visit?: Arrived): void {
    // it ended while the page was asked for
    if (error instanceof FhirError && error.kind === 'login') {
      toSignIn(req, res);
      return;
    }
    const { status, title, sentence, headers } = explain(error);
    if (status === 500) logger.error('a page failed', { error });
    res.status(status).set(headers);
    const view = {
      title,
      sentence,
      ...(visit && frameOf(visit)),
    };
    show(res, 'account/done', view);
  }

  function page(path: string, view: Show): void {
    app.get(path, async (req, res) => {
      let visit: Arrived | undefined;
      try {
        visit = await arrive(req, res);
        if (visit !== undefined) await render(res, visit, await view(visit, { said: {} }));
      } catch (error) {
        fail(req, res, error, visit);
      }
    });
  }

  function form(path: string, step: Step, again: Show): void {
    const read = express.urlencoded({ extended: false, limit: LONGEST_FORM });
    // nothing is read of who is not signed in
    app.post(path, arriveFirst, read, async (req, res) => {
      const visit: Arrived = res.locals.visit;
      try {
        const said = textsOf(req.body);
        if (isForeign(req.headers, origin) || !formTokens.isOf(visit.session, said._token)) throw strangeForm();
        try {
          await goOn(req, res, visit, await step(visit, said));
        } catch (error) {
          if (!isForPerson(error)) throw error;
          const view = { said: withoutSecrets(said), problem: problemOf(error) };
          res.status(error.status).set(error.headers);
          await render(res, visit, await again(visit, view), view);
        }
      } catch (error) {
        fail(req, res, error, visit);
      }
    });
  }

  async function arriveFirst(req: Request, res: Response, next: NextFunction): Promise<void> {
    try {
      res.locals.visit = await arrive(req, res);
    } catch (error) {
      return fail(req, res, error);
    }
    if (res.locals.visit !== undefined) next();
  }

  async function goOn(
    req: Request,
    res: Response,
    visit: Arrived,
    { to, become, isRenamed, isOver, ...told }: Done,
  ): Promise<void> {
    let { session } = visit;
    if (isOver) {
      await sessions.end(session);
      await forgetIn(req, res);
      cookie.clear(res);
    } else if (become !== undefined || isRenamed) {
      const next = become
        ? await sessions.become(session, become.accessToken, become.acting)
        : await sessions.rename(session);
      if (next === undefined) return toSignIn(req, res);
      session = next;
      cookie.set(res, next);
    }
    if (told.text !== undefined && !isOver) await sessions.tell(session, { ...told, text: told.text });
    res.set('Cache-Control', 'no-store').redirect(303, to);
  }

  return { page, form, filters };
}

const areas: readonly { href: string; label: string; isFor: (ask: Ask) => boolean }[] = [
  { href: '/account', label: 'Account', isFor: () => true },
  { href: '/patients', label: 'Patients', isFor: (ask) => ask.mayRunOn('Patient', 'launch') },
  { href: '/admin/users', label: 'People', isFor: (ask) => ask.mayRun('users') },
  { href: '/admin/clients', label: 'Apps', isFor: (ask) => ask.mayRun('clients') },
  { href: '/admin/policies', label: 'Roles', isFor: (ask) => ask.mayRun('access-policies') },
  { href: '/admin/audit', label: 'Audit', isFor: (ask) => ask.maySearch('AuditEvent') },
];

/** What the caller may open; `isHere` for where they are. */
const navFor = ({ ask, req }: Pick<Visit, 'ask' | 'req'>): object[] =>
  areas
    .filter(({ isFor }) => isFor(ask))
    .map(({ href, label }) => ({ href, label, isHere: req.path === href || req.path.startsWith(`${href}/`) }));

/** Where somebody with several hospitals works at the moment; undefined for all others. */
function placeOf({ caller, acting }: Pick<Visit, 'caller' | 'acting'>): string | undefined {
  if (acting?.as === 'staff') return acting.name;
  return caller.organizations.length > 1 ? `All ${caller.organizations.length} hospitals` : undefined;
}

/** Passwords stay as they were typed. */
export const textsOf = (body: unknown): Form =>
  Object.fromEntries(
    Object.entries(body ?? {}).map(([name, value]) => {
      const text = typeof value === 'string' ? value : '';
      return [name, SECRET.test(name) ? text : text.trim()];
    }),
  );

const withoutSecrets = (form: Form): Form =>
  Object.fromEntries(Object.entries(form).filter(([name]) => !SECRET.test(name)));

/** What somebody can put right on the same page. That nobody is signed in (any more) names no field; a wrong password does. */
const isForPerson = (error: unknown): error is FhirError =>
  error instanceof FhirError &&
  error.status < 500 &&
  error.kind !== 'not-found' &&
  (error.kind !== 'login' || error.issues.some(({ expression }) => expression !== undefined));
