// Sign-in (AUTH=on), built from its parts in order: keys, limits, mail, the issuer of tokens. What it needs of the FHIR service, and the
// service of it, is tied together at the end. Loaded only where people sign in, so that AUTH=off pays nothing for it.
import type { IncomingMessage } from 'node:http';
import { createLimits } from './fhir/auth/limits/index.ts';
import { ratesFrom } from './fhir/auth/limits/rates.ts';
import { capabilitySecurity } from './fhir/auth/oauth/capability-security.ts';
import { createOauth } from './fhir/auth/oauth/create-oauth.ts';
import { createDispatchedDirectory } from './fhir/auth/oauth/dispatched-directory.ts';
import type { Registration } from './fhir/auth/oauth/registration.ts';
import type { Visitor } from './fhir/auth/sign-in.ts';
import { loadDefinitions } from './fhir/definitions/load.ts';
import { createCorrelation } from './fhir/http/correlation.ts';
import { createGrantStore } from './fhir/storage/mongo/grants/index.ts';
import { createAddressOf } from './platform/client-address/client-address.ts';
import { auditFolder, type Config } from './platform/config/config.ts';
import type { Logger } from './platform/logger/logger.ts';
import { openMail } from './platform/mail/open-mail.ts';
import type { Mongo } from './platform/mongo/connect.ts';
import type { Queue } from './platform/queue/queue.ts';
import type { Redis } from './platform/redis/connect.ts';
import { createSafeFetch } from './platform/safe-fetch/safe-fetch.ts';
import { createSecrets } from './platform/secrets/secrets.ts';
import type { FhirService, ServiceDeps } from './service.ts';
import { addAccountPages } from './web/account/routes.ts';
import type { Express } from './web/app.ts';
import { addMailbox, MAILBOX_PATH } from './web/dev/mail.ts';
import { pages } from './web/interaction/pages.ts';
import { addNotFoundPage } from './web/not-found.ts';
import { addOauthRoutes } from './web/oauth-routes.ts';
import { guestForms } from './web/security/guest-forms.ts';
import { admitStrangersBy } from './web/security/strangers.ts';
import { addSignedInPages, readPageKeys } from './web/signed-in/index.ts';

export interface SignInDeps {
  config: Config;
  /** the FHIR base as clients see it; tokens are for it, and the issuer lies beside it */
  base: string;
  /** where a browser on this machine finds the server, which alone is shown the development mailbox; absent: where clients do */
  ownRoot?: string | undefined;
  fhirPath: string;
  mongo: Mongo;
  redis: Redis;
  queue: Queue;
  logger: Logger;
  leavesMail?: true | undefined;
  now: () => number;
}

export interface OpenSignIn {
  /** what the FHIR service is built with */
  forService: Pick<ServiceDeps, 'guard' | 'audit' | 'people' | 'parts' | 'security'>;
  /** the service that is built, before the first request */
  connect(service: FhirService): void;
  addPages(app: Express): void;
  close(): Promise<void>;
}

export async function openSignIn(deps: SignInDeps): Promise<OpenSignIn> {
  const { config, base, fhirPath, mongo, redis, queue, logger, now } = deps;
  const { db } = mongo;
  const space = db.databaseName;
  const secrets = createSecrets({ db, secret: config.serverSecret });
  const addressOf = createAddressOf(config.trustedProxies);
  const visitorOf = (req: IncomingMessage): Visitor => {
    const userAgent = req.headers['user-agent'];
    return { address: addressOf(req), ...(userAgent !== undefined && { userAgent }) };
  };
  const limits = createLimits({ redis, prefix: space, rates: ratesFrom(config.rateLimits), logger });
  const admitStranger = admitStrangersBy(limits);
  const safeFetch = createSafeFetch({ allowedHosts: config.fetchAllowedHosts });
  const mail = await openMail({ settings: config, db, queue, secrets, logger, leaves: deps.leavesMail, now });

  const correlate = createCorrelation();
  const newRequestId = (): string => correlate({});
  let service: FhirService | undefined;
  const connected = (): FhirService => {
    if (service === undefined) throw new Error('asked before the service was there');
    return service;
  };
  const oauth = await createOauth({
    base,
    store: await createGrantStore(db),
    redis,
    space,
    secrets,
    definitions: loadDefinitions(),
    signIn: () => connected().accounts!.signIn,
    directory: () => {
      const { dispatch, access, recorder } = connected();
      return createDispatchedDirectory({ dispatch, storeFor: access!.storeFor, recorder, base, newId: newRequestId });
    },
    pages,
    registration: registrationOf(config),
    identityProviders: config.identityProviders,
    visitorOf,
    demand: limits.demand,
    admitStranger,
    // key sets of clients are at addresses that others name
    fetch: safeFetch as unknown as typeof fetch,
    record: async (event) => connected().recorder?.signIn(event),
    logger,
    now,
  });
  const { root } = oauth.addresses;
  const { mailbox } = mail;
  const pageKeys = await readPageKeys(secrets);

  return {
    forService: {
      guard: { verify: oauth.tokens.verify, limits, addressOf },
      audit: {
        folder: auditFolder(config),
        key: await secrets.key('audit'),
        sync: config.auditSync,
        retentionDays: config.auditRetentionDays,
      },
      people: {
        redis,
        secrets,
        mailer: mail.mailer,
        tokens: oauth.tokens,
        links: oauth.links,
        demand: limits.demand,
        origin: () => root,
        ...(mailbox && { mailboxUrl: () => `${deps.ownRoot ?? root}${MAILBOX_PATH}` }),
      },
      parts: { oauth },
      security: capabilitySecurity(oauth.addresses),
    },
    connect(built) {
      service = built;
    },
    addPages(app) {
      const { accounts, dispatch, access, operations, recorder } = connected();
      const mailboxUrl = accounts!.mailboxUrl();
      const { origin } = new URL(root);
      const { personIn, onReturn } = addSignedInPages({
        app,
        keys: pageKeys,
        service: { dispatch, access: access!, operations, ...(recorder && { recorder }) },
        signIn: accounts!.signIn,
        foreign: oauth.foreign,
        tokens: accounts!.tokens,
        limits,
        redis,
        space,
        visitorOf,
        forgetIn: oauth.interactions.forget,
        base,
        newId: newRequestId,
        origin,
        timeZone: config.timeZone,
        mailbox: mailboxUrl,
        now,
        logger,
      });
      addOauthRoutes(app, {
        oauth,
        fhirPath,
        logger,
        admit: (req) => admitStranger(addressOf(req)),
        mailbox: mailboxUrl,
        personIn,
        onReturn,
      });
      addAccountPages(app, {
        accounts: accounts!,
        visitorOf,
        forms: guestForms({ key: pageKeys.forms, origin, now }),
        logger,
      });
      if (mailbox) addMailbox(app, mailbox);
      addNotFoundPage(app);
    },
    async close() {
      await oauth.close();
      await safeFetch.close();
      await limits.close();
      mail.close();
    },
  };
}

function registrationOf({ appRegistration: policy, appRegistrationToken: token }: Config): Registration {
  return policy === 'token' ? { policy, token: token ?? '' } : { policy };
}
