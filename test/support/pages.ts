// The pages as the server mounts them, with accounts of test/support/people.ts; a browser without scripts signs in to them.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLimits } from '../../src/fhir/auth/limits/index.ts';
import { ratesFrom } from '../../src/fhir/auth/limits/rates.ts';
import { createAddressOf } from '../../src/platform/client-address/client-address.ts';
import { rates } from '../../src/platform/config/parse.ts';
import { createMailbox } from '../../src/platform/mail/mailbox.ts';
import { createSecrets } from '../../src/platform/secrets/secrets.ts';
import { addAccountPages } from '../../src/web/account/routes.ts';
import { createWebApp } from '../../src/web/app.ts';
import { addMailbox } from '../../src/web/dev/mail.ts';
import type { PersonIn } from '../../src/web/interaction/routes.ts';
import { addNotFoundPage } from '../../src/web/not-found.ts';
import { addOauthRoutes } from '../../src/web/oauth-routes.ts';
import { guestForms } from '../../src/web/security/guest-forms.ts';
import { admitStrangersBy } from '../../src/web/security/strangers.ts';
import { addSignedInPages, readPageKeys } from '../../src/web/signed-in/index.ts';
import { openPeople, PASSWORD, type People, type PeopleOptions } from './people.ts';
import { CALLBACK, createSmartApp } from './smart-app.ts';
import { createVisitor, type Page, type Visitor } from './visitor.ts';

export interface Pages extends People {
  root: string;
  /** a browser in which somebody has signed in by the pages */
  enter(email: string, to?: string, password?: string): Promise<Browser>;
  logged: string[];
}

export interface Browser extends Visitor {
  /** the page after the sign-in */
  first: Page;
  open(path: string, headers?: Record<string, string>): Promise<Page>;
}

/** `origin`: what BASE_URL would say */
export async function openPages(name: string, options: PeopleOptions & { origin?: string } = {}): Promise<Pages> {
  let personIn: PersonIn | undefined;
  const people = await openPeople(name, { ...options, personIn: () => personIn });
  const { server, oauth, db, redis, space, clock } = people;
  const logged: string[] = [];
  const note = (text: string, fields?: unknown): void => void logged.push(`${text} ${JSON.stringify(fields ?? {})}`);
  const logger = {
    error: (text: string, fields?: { error?: unknown }) => {
      console.error(text, (fields?.error as Error | undefined)?.stack?.slice(0, 600));
      note(text, fields);
    },
    warn: note,
    info: note,
    debug: note,
    child: () => logger,
  };
  const addressOf = createAddressOf(['127.0.0.1']);
  const visitorOf = (req: http.IncomingMessage) => {
    const userAgent = req.headers['user-agent'];
    return { address: addressOf(req), ...(userAgent !== undefined && { userAgent }) };
  };
  const limits = createLimits({
    redis,
    prefix: `${space}-pages`,
    rates: ratesFrom(rates(options.limits ?? 'anonymous=none,standard=none,premium=none,admin=none')),
    logger,
  });
  const { dispatch, access, operations, recorder, accounts } = server.service;
  const keys = await readPageKeys(createSecrets({ db }));
  let root = '';
  const listener = http.createServer((req, res) => void app(req, res));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  root = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const app = createWebApp({
    health: {},
    fhirPath: '/fhir',
    version: '1.2.3',
    addPages(added) {
      const own = addSignedInPages({
        app: added,
        keys,
        service: { dispatch, access: access!, operations, ...(recorder && { recorder }) },
        signIn: accounts!.signIn,
        foreign: oauth.foreign,
        tokens: oauth.tokens,
        limits,
        redis,
        space,
        visitorOf,
        forgetIn: oauth.interactions.forget,
        base: oauth.base,
        newId: randomUUID,
        origin: options.origin ?? root,
        timeZone: 'UTC',
        mailbox: `${root}/dev/mail`,
        now: () => clock.now,
        logger,
      });
      ({ personIn } = own);
      const admitStranger = admitStrangersBy(limits);
      addOauthRoutes(added, {
        oauth,
        fhirPath: '/fhir',
        logger,
        admit: (req) => admitStranger(addressOf(req)),
        ...own,
      });
      addAccountPages(added, {
        accounts: accounts!,
        visitorOf,
        forms: guestForms({ key: keys.forms, origin: options.origin ?? root, now: () => clock.now }),
        logger,
      });
      addMailbox(added, createMailbox({ db, now: Date.now }));
      addNotFoundPage(added);
    },
  });

  return {
    ...people,
    root,
    logged,
    async enter(email, to = '/account', password = PASSWORD) {
      const visitor = createVisitor(root);
      let page = await visitor.open(`${root}${to}`);
      page = await visitor.submit(page, '/sign-in', { email, password });
      page = await visitor.submit(page, '/code', { code: await people.codeFor(email) });
      return {
        ...visitor,
        get cookies() {
          return visitor.cookies;
        },
        first: page,
        open: (path, headers) => visitor.open(path.startsWith('http') ? path : `${root}${path}`, headers),
      };
    },
    async close() {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
      await limits.close();
      await people.close();
    },
  };
}

/** An app that somebody signed in to, and allowed all it asked for. */
export async function allowApp({ oauth, codeFor }: People, email: string): Promise<{ refresh(): Promise<Response> }> {
  const id = `app-${email.replace(/\W/g, '-')}`;
  await oauth.clients.register({
    client_id: id,
    client_name: 'Growth chart',
    redirect_uris: [CALLBACK],
    token_endpoint_auth_method: 'none',
  });
  const app = await createSmartApp(oauth, id);
  const { url, verifier } = await app.begin({
    redirect_uri: CALLBACK,
    scope: 'launch/patient openid offline_access patient/*.rs',
  });
  const visitor = createVisitor(oauth.root);
  let page = await visitor.submit(await visitor.open(url.href), '/sign-in', { email, password: PASSWORD });
  page = await visitor.submit(page, '/code', { code: await codeFor(email) });
  const [, patient] = /name="id" value="([^"]+)"/.exec(page.text) ?? [];
  if (patient !== undefined) page = await visitor.submit(page, '/patient', { id: patient });
  page = await visitor.submit(page, '/allow');
  let { refresh_token: token = '' } = await app.redeem(page.url, verifier);
  return {
    async refresh() {
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: id });
      const reply = await fetch(`${oauth.root}/oauth/token`, { method: 'POST', body });
      token = ((await reply.clone().json()) as { refresh_token?: string }).refresh_token ?? token;
      return reply;
    },
  };
}
