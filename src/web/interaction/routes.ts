// The addresses of a sign-in's pages: GET shows what is asked now, each POST is one step. The library's signed, same-site cookie ties them
// to the browser that began.
import express, { type Request, type Response, Router } from 'express';
import type { CameBack } from '../../fhir/auth/oauth/foreign-sign-in.ts';
import type { Ask, Interactions } from '../../fhir/auth/oauth/interactions.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { Logger } from '../../platform/logger/logger.ts';
import { RedisAway } from '../../platform/redis/scripts.ts';
import { isForeign } from '../security/forms.ts';
import type { Cookie } from '../signed-in/cookies.ts';
import { pages } from './pages.ts';

export interface InteractionRoutesDeps {
  interactions: Interactions;
  logger: Logger;
  /** counts a password that somebody tries; rejects where there were too many */
  admit: (req: Request) => Promise<void>;
  /** where mail is to be seen while no mail server is set */
  mailbox?: string | undefined;
  /** who is signed in to our own pages in this browser */
  personIn?: PersonIn | undefined;
  /** of the browser that went to another identity provider */
  foreignCookie: Cookie;
  /** who went there from our own pages */
  onReturn?: OnReturn | undefined;
}

export type PersonIn = (req: Request) => Promise<{ account: string; since: number } | undefined>;

type Step = (req: Request, res: Response, form: Form) => Promise<void>;
type Form = (name: string) => string;

export type OnReturn = (req: Request, res: Response, back: CameBack) => Promise<void>;

export function interactionRoutes({
  interactions,
  logger,
  admit,
  mailbox,
  personIn,
  foreignCookie,
  onReturn,
}: InteractionRoutesDeps): Router {
  const steps: Record<string, Step> = {
    'sign-in': (req, res, form) => interactions.signIn(req, res, { email: form('email'), password: form('password') }),
    code: (req, res, form) => interactions.code(req, res, form('code')),
    link: (req, res) => interactions.link(req, res, true),
    'do-not-link': (req, res) => interactions.link(req, res, false),
    resend: (req, res) => interactions.resend(req, res),
    'start-over': (req, res) => interactions.startOver(req, res),
    patient: (req, res, form) => interactions.patient(req, res, form('id')),
    encounter: (req, res, form) => interactions.encounter(req, res, form('id')),
    allow: (req, res, form) =>
      interactions.allow(req, res, {
        scopes: listOf(req.body?.scope),
        readingOnly: form('reading') === 'on',
        remember: form('remember') === 'on',
      }),
    cancel: (req, res) => interactions.cancel(req, res),
  };

  const router = Router();
  router.use((_req, res, next) => {
    res.set(pages.headers());
    next();
  });
  router.get('/return/:provider', (req, res) =>
    orFail(res, async () => {
      const cookie = { binding: foreignCookie.read(req), clear: () => foreignCookie.clear(res) };
      const own = await interactions.back(req, res, String(req.params.provider), cookie);
      if (own !== undefined) await onReturn?.(req, res, own);
    }),
  );
  router.get('/:uid/arrive', (req, res) => orFail(res, () => interactions.arrive(req, res)));
  // a link, not a form: where it leads is not known to `form-action` of the policy
  router.get('/:uid/with/:provider', async (req, res) => {
    try {
      await interactions.elsewhere(req, res, String(req.params.provider), (binding) => foreignCookie.set(res, binding));
    } catch (error) {
      await show(req, res, error);
    }
  });
  router.get('/:uid', async (req, res) => {
    try {
      const person = await personIn?.(req);
      if (person !== undefined && (await interactions.known(req, res, person))) return;
    } catch (error) {
      return fail(res, error);
    }
    await show(req, res);
  });
  router.post(
    '/:uid/:step',
    refuseForeignForms,
    express.urlencoded({ extended: false, limit: '64kb' }),
    async (req, res) => {
      const name = String(req.params.step);
      const step = Object.hasOwn(steps, name) ? steps[name] : undefined;
      if (step === undefined)
        return void res
          .status(404)
          .type('html')
          .send(pages.error({ error: 'over' }));
      const form: Form = (field) => listOf(req.body?.[field])[0] ?? '';
      try {
        if (name === 'sign-in') await admit(req);
        await step(req, res, form);
      } catch (error) {
        await show(req, res, error);
      }
    },
  );
  return router;

  async function orFail(res: Response, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      fail(res, error);
    }
  }

  /** The page of what is asked now; after a refusal with its sentence, and what was typed besides secrets. */
  async function show(req: Request, res: Response, failure?: unknown): Promise<void> {
    const problem = failure === undefined ? undefined : sentenceOf(failure);
    if (failure !== undefined && problem === undefined) return fail(res, failure);
    try {
      const text = typeof req.query.q === 'string' ? req.query.q : '';
      const asked = withTyped(await interactions.ask(req, res, { text }), req);
      if (failure instanceof FhirError) {
        res.status(failure.status).set(failure.headers);
      }
      res.set(pages.headers([asked.app.target])).type('html');
      res.send(pages.ask(asked, { mailbox, ...(problem !== undefined && { problem }) }));
    } catch (error) {
      fail(res, error);
    }
  }

  function fail(res: Response, error: unknown): void {
    if (error instanceof FhirError && error.kind === 'not-found') {
      res
        .status(404)
        .type('html')
        .send(pages.error({ error: 'over' }));
      return;
    }
    const isAway = error instanceof RedisAway || (error instanceof FhirError && error.kind === 'transient');
    if (isAway) {
      res
        .status(503)
        .set('Retry-After', '5')
        .type('html')
        .send(pages.error({ error: 'temporarily_unavailable' }));
      return;
    }
    const { error: code, error_description: description, statusCode } = error as LibraryError;
    if (typeof code === 'string' && typeof statusCode === 'number') {
      res
        .status(statusCode)
        .type('html')
        .send(pages.error({ error: code, ...(description && { error_description: description }) }));
      return;
    }
    logger.error('a page of the sign-in failed', { error });
    res
      .status(500)
      .type('html')
      .send(pages.error({ error: 'server_error' }));
  }
}

interface LibraryError {
  error?: string;
  error_description?: string;
  statusCode?: number;
}

const withTyped = (ask: Ask, req: Request): Ask =>
  ask.kind === 'sign-in' && typeof req.body?.email === 'string' ? { ...ask, email: req.body.email } : ask;

/** Sentences that are for the person; anything else gets a page of its own. */
const sentenceOf = (error: unknown): string | undefined =>
  error instanceof FhirError && error.kind !== 'not-found' ? error.message : undefined;

const listOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');

/** Beside the cookie. */
function refuseForeignForms(req: Request, res: Response, next: () => void): void {
  if (isForeign(req.headers))
    res
      .status(403)
      .type('html')
      .send(pages.error({ error: 'over' }));
  else next();
}
