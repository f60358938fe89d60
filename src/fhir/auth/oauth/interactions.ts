// The steps between an app's request and its answer, as the pages (web/interaction) take them: sign in, code, patient, encounter,
// consent. State is in the library's interaction and, for the code that was sent, beside it in Redis; pages hold none.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { Client, InteractionResults, KoaContextWithOIDC } from 'oidc-provider';
import type { Redis } from '../../../platform/redis/connect.ts';
import { soon } from '../../../platform/redis/scripts.ts';
import { FhirError } from '../../model/errors.ts';
import type { GrantStore } from '../../storage/grants.ts';
import type { Account, SignIn, Visitor } from '../sign-in.ts';
import { type Addresses, INTERACTION_PATH } from './addresses.ts';
import type { OwnMetadata } from './client-metadata.ts';
import { isCutOff } from './cutoff.ts';
import type { Directory, EncounterEntry, PatientEntry } from './directory.ts';
import type { Federation, ForeignIdentity } from './federation.ts';
import { type CameBack, OWN_PAGES } from './foreign-sign-in.ts';
import type { OauthEvent } from './grant-record.ts';
import { asIssuer } from './handle.ts';
import type { Arrived, IdentityLinksRoom } from './identity-links.ts';
import { CONTEXT_PROMPT } from './interaction-policy.ts';
import { type Decided, decideContext } from './launch-context.ts';
import { CONTEXT_RESULT, type LaunchRoom } from './launch-room.ts';
import { errors } from './library.ts';
import { lifetimes } from './lifetimes.ts';
import { openGrant } from './open-grant.ts';
import { readingOnly, type ScopeRules } from './scopes.ts';
import { signedInAt } from './sign-in-time.ts';

/** Who asks for all this, as pages show it. */
export interface App {
  name: string;
  /** it registered itself: nobody of this hospital has looked at it */
  isUnknown: boolean;
  /** where it will be sent back to, for `form-action`: an origin, or the scheme of an app on the device */
  target: string;
}

/** `path`: the page's own, which its forms are below */
export type Ask = { app: App; path: string } & (
  | {
      kind: 'sign-in';
      email: string;
      /** other identity providers */
      others: readonly { id: string; name: string }[];
      /** who signed in there, and is asked next whether both are theirs */
      foreign: ForeignIdentity | undefined;
      /** what did not work before */
      note: string | undefined;
    }
  | { kind: 'code'; email: string }
  | { kind: 'link'; email: string; foreign: ForeignIdentity }
  | { kind: 'patient'; account: Account; text: string; found: readonly PatientEntry[] }
  | { kind: 'encounter'; account: Account; patient: PatientEntry | undefined; found: readonly EncounterEntry[] }
  | {
      kind: 'consent';
      account: Account;
      scopes: readonly string[];
      patient: PatientEntry | undefined;
      encounter: string | undefined;
      /** a scope allows more than reading */
      mayWrite: boolean;
      /** a "do not ask again" makes sense */
      mayRemember: boolean;
    }
);

export interface Allowed {
  scopes: readonly string[];
  readingOnly: boolean;
  remember: boolean;
}

type Req = IncomingMessage;
type Res = ServerResponse;

/** Each step either answers the request (303 to what comes next), or throws a FhirError whose sentence the page shows. */
/** The cookie that ties a sign-in elsewhere to a browser; whoever is sent here by somebody else keeps it. */
export interface Binding {
  binding: string | undefined;
  clear: () => void;
}

export interface Interactions {
  /** what is to be asked now. Throws 'not-found' where the interaction is over or belongs to another browser */
  ask(req: Req, res: Res, options?: { text?: string }): Promise<Ask>;
  /**
   * The person is signed in to our own pages in this browser, since `since` (ms since 1970). True: the request is answered; false: the app
   * wants the person to sign in anew, or a sign-in has begun
   */
  known(req: Req, res: Res, person: { account: string; since: number }): Promise<boolean>;
  signIn(req: Req, res: Res, given: { email: string; password: string }): Promise<void>;
  code(req: Req, res: Res, code: string): Promise<void>;
  /** whether the sign-in elsewhere, before the one here, was theirs as well. They are signed in either way */
  link(req: Req, res: Res, isTheirs: boolean): Promise<void>;
  resend(req: Req, res: Res): Promise<void>;
  /** to another identity provider; `bind` leaves a cookie */
  elsewhere(req: Req, res: Res, provider: string, bind: (binding: string) => void): Promise<void>;
  /** back from there: to the sign-in's own page, which goes on by `arrive`. What it gives is for our own pages, which answer then */
  back(req: Req, res: Res, provider: string, cookie: Binding): Promise<CameBack | undefined>;
  /** whoever came back and is known here is signed in */
  arrive(req: Req, res: Res): Promise<void>;
  /** back to the first page: another account, or an address mistyped */
  startOver(req: Req, res: Res): Promise<void>;
  patient(req: Req, res: Res, id: string): Promise<void>;
  /** `''`: none */
  encounter(req: Req, res: Res, id: string): Promise<void>;
  allow(req: Req, res: Res, allowed: Allowed): Promise<void>;
  cancel(req: Req, res: Res): Promise<void>;
  /**
   * The person signed out of our own pages in this browser: apps do not find them signed in either, nor go on where they did not ask to.
   * `besides`: somebody else signed in there, who may be signed in to apps
   */
  forget(req: Req, res: Res, besides?: string): Promise<void>;
}

export interface InteractionsDeps {
  addresses: Addresses;
  provider: () => Provider;
  store: GrantStore;
  redis: Redis;
  space: string;
  room: LaunchRoom;
  rules: ScopeRules;
  signIn: () => SignIn;
  directory: () => Directory;
  federation: Federation;
  links: Pick<IdentityLinksRoom, 'accountOf' | 'settle'>;
  record: (event: OauthEvent) => Promise<void>;
  visitorOf: (req: Req) => Visitor;
  /** ends what apps hold by a browser's sign-in */
  endSession: (uid: string) => Promise<void>;
  now: () => number;
}

/** What is kept of a sign-in between its two steps. */
interface Begun {
  challenge?: string;
  email: string;
  foreign?: ForeignIdentity;
  /** who signed in here after that */
  arrived?: Arrived;
  note?: string;
}

export function createInteractions(deps: InteractionsDeps): Interactions {
  const {
    addresses,
    provider,
    store,
    redis,
    space,
    room,
    rules,
    signIn,
    directory,
    federation,
    links,
    record,
    visitorOf,
    endSession,
    now,
  } = deps;

  const begunKey = (uid: string): string => `${space}:oauth:begun:${uid}`;
  async function begun(uid: string): Promise<Begun | undefined> {
    const text = await soon(redis, () => redis.get(begunKey(uid)));
    return text === null ? undefined : (JSON.parse(text) as Begun);
  }
  async function keep(uid: string, state: Begun): Promise<void> {
    await soon(redis, () => redis.set(begunKey(uid), JSON.stringify(state), 'EX', lifetimes.interaction));
  }

  type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

  async function detailsOf(req: Req, res: Res): Promise<{ details: Details; client: Client; app: App }> {
    asIssuer(req, addresses.issuer);
    try {
      const details = await provider().interactionDetails(req, res);
      const client = await provider().Client.find(String(details.params.client_id));
      if (client === undefined) throw new errors.SessionNotFound('the app is not known any more');
      return { details, client, app: appOf(client, String(details.params.redirect_uri)) };
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
      throw new FhirError('not-found', 'This sign-in is over. Go back to the app and start again.', { cause: error });
    }
  }

  async function finish(req: Req, res: Res, result: InteractionResults): Promise<void> {
    await provider().interactionFinished(req, res, result, { mergeWithLastSubmission: true });
  }

  async function signedIn(
    req: Req,
    res: Res,
    { account, amr, uid, since }: { account: string; amr: readonly string[]; uid: string; since: number },
  ): Promise<void> {
    await soon(redis, () => redis.del(begunKey(uid)));
    // the cookie ends with the browser: workstations are shared
    const login = { accountId: account, amr: [...amr], remember: false, ts: since / 1000 };
    const details = await provider().interactionDetails(req, res);
    const isOther = details.session !== undefined && details.session.accountId !== account;
    if (isOther) await signOut(details);
    // what somebody else picked is not for the next
    await provider().interactionFinished(req, res, { login }, { mergeWithLastSubmission: !isOther });
  }

  /** The library would do it by a page that sends itself, by a script. */
  async function signOut(details: Details): Promise<void> {
    const { uid } = details.session!;
    await (await provider().Session.findByUid(uid))?.destroy();
    await endSession(uid);
    details.session = undefined as never;
    await details.persist();
  }

  async function personOf(details: Details): Promise<Account> {
    const id = details.session?.accountId;
    const account = id === undefined ? undefined : await signIn().account(id);
    if (account === undefined)
      throw new FhirError('not-found', 'This sign-in is over. Go back to the app and start again.');
    return account;
  }

  async function decide(details: Details, client: Client, account: Account): Promise<Decided> {
    const launch = await room.launchFor(details.params.launch, { account: account.id, client: client.clientId });
    const picked = details.lastSubmission?.[CONTEXT_RESULT] as { patient?: string; encounter?: string } | undefined;
    return decideContext({
      scopes: room.grantable(details.params, client),
      account,
      ...(launch !== undefined && { launched: launch.context }),
      ...(picked !== undefined && { picked }),
    });
  }

  async function ask(req: Req, res: Res, { text = '' }: { text?: string } = {}): Promise<Ask> {
    const { details, client, app } = await detailsOf(req, res);
    const path = pageOf(details);
    const state = await begun(details.uid);
    if (details.prompt.name === 'login' || state !== undefined) {
      const hint = details.params.login_hint;
      const email = state?.email ?? (typeof hint === 'string' ? hint : '');
      if (state?.challenge !== undefined) return { app, path, kind: 'code', email };
      const { foreign, arrived, note } = state ?? {};
      if (foreign !== undefined && arrived !== undefined) return { app, path, kind: 'link', email, foreign };
      return { app, path, kind: 'sign-in', email, others: foreign ? [] : federation.providers, foreign, note };
    }
    const account = await personOf(details);
    const decided = await decide(details, client, account);
    if (decided.ask === 'patient') {
      return { app, path, kind: 'patient', account, text, found: await directory().patients(account, text) };
    }
    if (decided.ask === 'encounter') {
      const [patient, found] = await Promise.all([
        directory().patient(account, decided.patient),
        directory().encounters(account, decided.patient),
      ]);
      return { app, path, kind: 'encounter', account, patient, found };
    }
    const scopes = room.grantable(details.params, client);
    const { patient, encounter } = decided.context;
    return {
      app,
      path,
      kind: 'consent',
      account,
      scopes,
      patient: patient === undefined ? undefined : await directory().patient(account, patient),
      encounter,
      mayWrite: scopes.some((scope) => writes(scope, rules)),
      mayRemember: client.applicationType === 'web',
    };
  }

  /** The step must be the one that is asked for: a page that was left open may be behind. */
  async function need(
    req: Req,
    res: Res,
    prompt: string,
  ): Promise<{ details: Details; client: Client; account: Account }> {
    const { details, client } = await detailsOf(req, res);
    if (details.prompt.name !== prompt) throw new FhirError('conflict', 'Another step is next.');
    return { details, client, account: await personOf(details) };
  }

  const refuse = (req: Req, res: Res): Promise<void> =>
    provider().interactionFinished(
      req,
      res,
      { error: 'access_denied', error_description: 'the person did not allow it' },
      { mergeWithLastSubmission: false },
    );

  const base = new URL(addresses.root).pathname.replace(/\/$/, '');
  const pathOf = (uid: string): string => `${base}${INTERACTION_PATH}/${uid}`;
  const pageOf = ({ uid }: Details): string => pathOf(uid);

  return {
    ask,

    async known(req, res, { account, since }) {
      const { details, client } = await detailsOf(req, res);
      const { prompt, params, uid } = details;
      const wantsAnew = String(params.prompt ?? '').includes('login') || params.max_age !== undefined;
      if (prompt.name !== 'login' || wantsAnew || (await begun(uid)) !== undefined) return false;
      if ((await signIn().account(account)) === undefined) return false;
      if (isCutOff(await store.cutoffs.find(account), { at: since })) return false;
      const { address } = visitorOf(req);
      await record({ act: 'login', account, client: client.clientId, address, status: 200 });
      await signedIn(req, res, { account, amr: ['pwd', 'otp'], uid, since });
      return true;
    },

    async signIn(req, res, { email, password }) {
      const { details } = await detailsOf(req, res);
      const { challenge } = await signIn().begin(email, password, visitorOf(req));
      const { foreign } = (await begun(details.uid)) ?? {};
      await keep(details.uid, { challenge, email, ...(foreign && { foreign }) });
      redirect(res, pageOf(details));
    },

    async code(req, res, code) {
      const { details } = await detailsOf(req, res);
      const state = await begun(details.uid);
      if (state?.challenge === undefined) throw new FhirError('conflict', 'First your e-mail address and password.');
      const { account, amr, since } = await signIn().complete(state.challenge, code, visitorOf(req));
      const arrived = { account, amr, since };
      if (state.foreign === undefined) return signedIn(req, res, { ...arrived, uid: details.uid });
      await keep(details.uid, { email: state.email, foreign: state.foreign, arrived });
      redirect(res, pageOf(details));
    },

    async link(req, res, isTheirs) {
      const { details } = await detailsOf(req, res);
      const { arrived, ...state } = (await begun(details.uid)) ?? { email: '' };
      if (arrived === undefined) throw new FhirError('conflict', 'First your e-mail address and password.');
      // answered once
      await keep(details.uid, state);
      await links.settle(arrived, isTheirs ? state.foreign : undefined, visitorOf(req).address);
      await signedIn(req, res, { ...arrived, uid: details.uid });
    },

    async elsewhere(req, res, id, bind) {
      const { details } = await detailsOf(req, res);
      const { url, binding } = await federation.begin(id, details.uid);
      bind(binding);
      redirect(res, url);
    },

    async back(req, res, id, { binding, clear }) {
      const address = new URL(req.url ?? '', addresses.root);
      const { uid, identity, provider: name } = await federation.finish(id, { address, binding });
      clear();
      if (uid === OWN_PAGES) return { provider: name, ...(identity && { identity }) };
      const note = `${name} did not sign you in.`;
      await keep(uid, { email: identity?.email ?? '', ...(identity === undefined ? { note } : { foreign: identity }) });
      // its cookie is sent to its own address alone
      redirect(res, `${pathOf(uid)}/arrive`);
      return undefined;
    },

    async arrive(req, res) {
      const { details } = await detailsOf(req, res);
      const foreign = (await begun(details.uid))?.foreign;
      const since = now();
      const account = foreign && (await links.accountOf(foreign));
      const isKnown = account !== undefined && (await signIn().account(account)) !== undefined;
      if (isKnown) {
        await record({ act: 'login', account, address: visitorOf(req).address, status: 200 });
        await signedIn(req, res, { account, amr: ['fed'], uid: details.uid, since });
      } else redirect(res, pathOf(details.uid));
    },

    async resend(req, res) {
      const { details } = await detailsOf(req, res);
      const state = await begun(details.uid);
      if (state?.challenge !== undefined) await signIn().resend(state.challenge, visitorOf(req));
      redirect(res, pageOf(details));
    },

    async startOver(req, res) {
      const { details } = await detailsOf(req, res);
      await keep(details.uid, { email: '' });
      redirect(res, pageOf(details));
    },

    async patient(req, res, id) {
      const { details, account } = await need(req, res, CONTEXT_PROMPT);
      if ((await directory().patient(account, id)) === undefined)
        throw new FhirError('value', 'There is no such patient.');
      await finish(req, res, { [CONTEXT_RESULT]: { ...pickedIn(details), patient: id } });
    },

    async encounter(req, res, id) {
      const { details, client, account } = await need(req, res, CONTEXT_PROMPT);
      const decided = await decide(details, client, account);
      if (decided.ask !== 'encounter') throw new FhirError('conflict', 'First the patient.');
      const known = id === '' || (await directory().encounters(account, decided.patient)).some((one) => one.id === id);
      if (!known) throw new FhirError('value', 'There is no such encounter.');
      await finish(req, res, { [CONTEXT_RESULT]: { ...pickedIn(details), encounter: id } });
    },

    async allow(req, res, { scopes, readingOnly: isReadingOnly, remember }) {
      const { details, client, account } = await need(req, res, 'consent');
      const decided = await decide(details, client, account);
      if (decided.ask !== undefined) throw new FhirError('conflict', 'First the patient.');
      const asked = room.grantable(details.params, client);
      const kept = asked.filter((scope) => scope === 'openid' || scopes.includes(scope));
      const granted = isReadingOnly ? kept.flatMap((scope) => withoutWriting(scope, rules) ?? []) : kept;
      if (granted.length === 0) return refuse(req, res);
      const grantId = await openGrant(
        { provider: provider(), grants: store.grants, addresses, now },
        {
          account: account.id,
          client: client.clientId,
          scopes: granted,
          context: decided.context,
          session: details.session!.uid,
          ...visitorOf(req),
          authenticatedAt: signedInAt(await provider().Session.findByUid(details.session!.uid)),
        },
      );
      if (remember && client.applicationType === 'web')
        await store.consents.remember(account.id, client.clientId, granted);
      // What the library compares grants with is what was asked for: from here on, what the person left of it.
      details.params.scope = granted.join(' ');
      await details.persist();
      const who = { account: account.id, client: client.clientId, address: visitorOf(req).address };
      await record({ act: 'consent', ...who, status: 200 });
      await finish(req, res, { consent: { grantId } });
    },

    async forget(req, res, besides) {
      asIssuer(req, addresses.issuer);
      const session = await provider().Session.get({ req, res } as KoaContextWithOIDC);
      if (session.accountId === undefined || session.accountId === besides) return;
      await session.destroy();
      await endSession(session.uid);
    },

    async cancel(req, res) {
      const { details, client } = await detailsOf(req, res);
      const account = details.session?.accountId;
      if (account !== undefined && details.prompt.name === 'consent') {
        const who = { account, client: client.clientId, address: visitorOf(req).address };
        await record({ act: 'consent', ...who, status: 403, refusal: 'access_denied' });
      }
      await refuse(req, res);
    },
  };
}

const pickedIn = ({ lastSubmission }: { lastSubmission?: InteractionResults | undefined }): object =>
  (lastSubmission?.[CONTEXT_RESULT] as object | undefined) ?? {};

const redirect = (res: ServerResponse, to: string): void => void res.writeHead(303, { Location: to }).end();

/** Where a form may lead: `form-action` of Chromium looks at the end of the redirects too. */
function appOf(client: Client, redirectUri: string): App {
  const { protocol, origin } = new URL(redirectUri);
  return {
    name: client.clientName ?? client.clientId,
    isUnknown: (client as Client & OwnMetadata).registered === 'dynamic',
    target: origin === 'null' ? protocol : origin,
  };
}

const writes = (scope: string, rules: ScopeRules): boolean =>
  [...(rules.read(scope)?.may ?? [])].some((letter) => letter !== 'r' && letter !== 's');

const withoutWriting = (scope: string, rules: ScopeRules): string | undefined => {
  const clinical = rules.read(scope);
  return clinical === undefined ? scope : readingOnly(clinical);
};
