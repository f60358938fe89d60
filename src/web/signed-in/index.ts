// Pages of who is signed in: the own account, and what administrators look after. docs/sign-in.md
import type { IncomingMessage } from 'node:http';
import type { Express, Request, Response } from 'express';
import type { Limits } from '../../fhir/auth/limits/index.ts';
import type { ForeignSignIn } from '../../fhir/auth/oauth/foreign-sign-in.ts';
import type { SignIn, Visitor } from '../../fhir/auth/sign-in.ts';
import type { Tokens } from '../../fhir/auth/tokens.ts';
import type { Logger } from '../../platform/logger/logger.ts';
import type { Redis } from '../../platform/redis/connect.ts';
import { createSeal, type Secrets } from '../../platform/secrets/secrets.ts';
import { addOwnPages } from '../account/own.ts';
import { addAdminPages } from '../admin/index.ts';
import type { OnReturn, PersonIn } from '../interaction/routes.ts';
import { addPatientPages } from '../patients/patients.ts';
import { createFormTokens } from '../security/forms.ts';
import { admitStrangersBy } from '../security/strangers.ts';
import { type AskDeps, createAskFor } from './ask.ts';
import { createCookie, foreignCookieOf } from './cookies.ts';
import { createFilters } from './filters.ts';
import { createRoom } from './room.ts';
import { createPageSessions } from './sessions.ts';
import { addSignInPages } from './sign-in.ts';

export interface SignedInPagesDeps {
  app: Express;
  keys: PageKeys;
  service: Omit<AskDeps, 'base' | 'newId'>;
  signIn: Pick<SignIn, 'begin' | 'resend' | 'complete'>;
  foreign: ForeignSignIn;
  tokens: Tokens;
  limits: Pick<Limits, 'spend'>;
  redis: Redis;
  /** keeps databases that share a Redis apart */
  space: string;
  visitorOf: (req: IncomingMessage) => Visitor;
  /** the browser's sign-in to apps ends as well */
  forgetIn: (req: Request, res: Response, besides?: string) => Promise<void>;
  /** the FHIR base, and what people find the pages below */
  base: string;
  newId: () => string;
  origin: string;
  timeZone: string;
  /** where mail is to be seen while no mail server is set */
  mailbox?: string | undefined;
  now: () => number;
  logger: Pick<Logger, 'error'>;
}

/** Keys of this installation, one for each purpose. */
export interface PageKeys {
  sessions: Buffer;
  forms: Buffer;
  filters: Buffer;
}

export async function readPageKeys(secrets: Secrets): Promise<PageKeys> {
  const [sessions, forms, filters] = await Promise.all([
    secrets.key('page-sessions'),
    secrets.key('page-forms'),
    secrets.key('page-filters'),
  ]);
  return { sessions, forms, filters };
}

export function addSignedInPages(deps: SignedInPagesDeps): { personIn: PersonIn; onReturn: OnReturn } {
  const { app, keys, service, signIn, tokens, limits, redis, space, visitorOf, base, origin, mailbox, now, logger } =
    deps;
  const secure = origin.startsWith('https:');
  const seal = createSeal(keys.sessions);
  const sessions = createPageSessions({ redis, space, seal, tokens, now });
  const cookie = createCookie('wardgate', { secure });
  const formTokens = createFormTokens(keys.forms, now);
  const filters = createFilters(createSeal(keys.filters));
  const shared = { app, sessions, cookie, formTokens, visitorOf, origin, logger };

  const { onReturn } = addSignInPages({
    ...shared,
    admitStranger: admitStrangersBy(limits),
    signIn,
    foreign: deps.foreign,
    foreignCookie: foreignCookieOf(origin),
    arrivalCookie: createCookie('wardgate_arrival', { secure }),
    redis,
    space,
    seal,
    forgetIn: deps.forgetIn,
    mailbox,
  });
  const room = createRoom({
    ...shared,
    limits,
    forgetIn: deps.forgetIn,
    askFor: createAskFor({ ...service, base, newId: deps.newId }),
    filters,
    timeZone: deps.timeZone,
  });
  addOwnPages(room, { mailbox, hasOtherProviders: deps.foreign.providers.length > 0 });
  addPatientPages(room);
  addAdminPages(room);
  return {
    onReturn,
    async personIn(req) {
      const id = cookie.read(req);
      const session = id === undefined ? undefined : await sessions.find(id, visitorOf(req).address);
      return session && { account: session.caller.id, since: session.since };
    },
  };
}
