// The authorization server for tests, over HTTP on a port of its own, with a database of its own: as the server mounts it.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createLimits } from '../../src/fhir/auth/limits/index.ts';
import { ratesFrom } from '../../src/fhir/auth/limits/rates.ts';
import type { Oauth } from '../../src/fhir/auth/oauth/create-oauth.ts';
import type { Directory } from '../../src/fhir/auth/oauth/directory.ts';
import { createDispatchedDirectory } from '../../src/fhir/auth/oauth/dispatched-directory.ts';
import type { OauthEvent } from '../../src/fhir/auth/oauth/grant-record.ts';
import type { Registration } from '../../src/fhir/auth/oauth/registration.ts';
import type { SignIn } from '../../src/fhir/auth/sign-in.ts';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { createGrantStore } from '../../src/fhir/storage/mongo/grants/index.ts';
import { createAddressOf } from '../../src/platform/client-address/client-address.ts';
import { type IdentityProvider, rates } from '../../src/platform/config/parse.ts';
import { connectRedis, type Redis } from '../../src/platform/redis/connect.ts';
import { createSafeFetch } from '../../src/platform/safe-fetch/safe-fetch.ts';
import { createSecrets } from '../../src/platform/secrets/secrets.ts';
import type { FhirService } from '../../src/service.ts';
import type { PersonIn } from '../../src/web/interaction/routes.ts';
import { admitStrangersBy } from '../../src/web/security/strangers.ts';
import { isWellKnown } from '../../src/web/well-known.ts';
import { createTestAccounts, type TestAccounts } from './accounts.ts';
import { type FreshDatabase, freshDatabase, redisUrl } from './engines.ts';

export interface TestOauth extends Oauth {
  accounts: TestAccounts;
  /** the FHIR base, below which only the well-known documents are */
  base: string;
  root: string;
  db: FreshDatabase['db'];
  redis: Redis;
  clock: { now: number | undefined };
  log: { message: string; fields: unknown }[];
  /** for the audit trail */
  events: OauthEvent[];
  /** another process on the same database */
  another(): Promise<TestOauth>;
  close(): Promise<void>;
}

export interface TestOauthOptions {
  registration?: Registration;
  directory?: Directory;
  /** that key sets may be fetched from */
  fetchAllowedHosts?: readonly string[];
  /** who people are; those of test/support/accounts.ts where absent */
  signIn?: () => SignIn;
  /** what answers below the FHIR base, and finds patients for the pages */
  fhir?: () => FhirService;
  accounts?: TestAccounts;
  database?: FreshDatabase;
  base?: string;
  now?: () => number;
  /** the run's Redis where absent */
  redisUrl?: string;
  /** who is signed in to our own pages, once these are there */
  personIn?: () => PersonIn | undefined;
  identityProviders?: (root: string) => readonly IdentityProvider[];
  /** RATE_LIMITS */
  limits?: string;
}

const directoryOf = ({ dispatch, access, recorder }: FhirService, base = ''): Directory =>
  createDispatchedDirectory({ dispatch, storeFor: access!.storeFor, recorder, base, newId: randomUUID });

const nobody: Directory = {
  patients: async () => [],
  patient: async () => undefined,
  encounters: async () => [],
};

export async function startTestOauth(name: string, options: TestOauthOptions = {}): Promise<TestOauth> {
  // loaded here so that tests which need no OAuth library do not wait for it
  const { createOauth } = await import('../../src/fhir/auth/oauth/create-oauth.ts');
  const { pages } = await import('../../src/web/interaction/pages.ts');
  const { addOauthRoutes } = await import('../../src/web/oauth-routes.ts');
  const database = options.database ?? (await freshDatabase(name));
  const redis = await connectRedis(options.redisUrl ?? (await redisUrl()));
  const clock: TestOauth['clock'] = { now: undefined };
  const now = options.now ?? ((): number => clock.now ?? Date.now());
  const accounts = options.accounts ?? createTestAccounts(now);
  const addressOf = createAddressOf(['127.0.0.1']);
  const log: TestOauth['log'] = [];
  const events: OauthEvent[] = [];
  const safeFetch = createSafeFetch({ allowedHosts: options.fetchAllowedHosts ?? [] });
  const write = (message: string, fields?: unknown): void => void log.push({ message, fields });
  const logger = { error: write, warn: write, info: write, debug: write, child: () => logger };

  const limits = createLimits({
    redis,
    prefix: `${database.db.databaseName}-oauth`,
    rates: ratesFrom(rates(options.limits ?? 'anonymous=none,registration=none')),
    logger,
  });
  const admitStranger = admitStrangersBy(limits);

  const app = express();
  const isFhir = (url: string): boolean => url.startsWith('/fhir/') && !isWellKnown(url, '/fhir');
  const server = http.createServer((req, res) =>
    options.fhir !== undefined && isFhir(req.url ?? '') ? options.fhir().handle(req, res) : void app(req, res),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const base = options.base ?? `${root}/fhir`;
  const oauth = await createOauth({
    base,
    store: await createGrantStore(database.db),
    redis,
    space: database.db.databaseName,
    secrets: createSecrets({ db: database.db }),
    definitions: loadDefinitions(),
    signIn: options.signIn ?? (() => accounts),
    directory: () => options.directory ?? (options.fhir === undefined ? nobody : directoryOf(options.fhir())),
    pages,
    registration: options.registration ?? { policy: 'off' },
    demand: limits.demand,
    admitStranger,
    visitorOf: (req) => ({ address: addressOf(req), userAgent: req.headers['user-agent'] ?? '' }),
    ...(options.identityProviders && { identityProviders: options.identityProviders(root) }),
    fetch: safeFetch as unknown as typeof fetch,
    record: async (event) => void events.push(event),
    logger,
    now,
  });
  const admit = (req: http.IncomingMessage): Promise<void> => admitStranger(addressOf(req));
  addOauthRoutes(app, {
    oauth,
    fhirPath: '/fhir',
    logger,
    admit,
    personIn: async (req) => options.personIn?.()?.(req),
  });
  const others: TestOauth[] = [];
  return {
    ...oauth,
    accounts,
    base,
    root,
    db: database.db,
    redis,
    clock,
    log,
    events,
    async another() {
      const other = await startTestOauth(name, { ...options, accounts, database, base });
      others.push(other);
      return other;
    },
    async close() {
      for (const other of others) await other.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await oauth.close();
      await limits.close();
      await safeFetch.close();
      redis.disconnect();
      if (options.database === undefined) await database.drop();
    },
  };
}

/** Another server of ours as an identity provider (`directory`), and one that does not answer (`gone`). */
export const otherProviders = ({ root, base }: Pick<TestOauth, 'root' | 'base'>): IdentityProvider[] => [
  {
    id: 'directory',
    name: 'the directory',
    issuer: `${root}/oauth`,
    clientId: 'wardgate-here',
    parameters: { aud: base },
  },
  { id: 'gone', name: 'a provider that is gone', issuer: 'http://127.0.0.1:9/oauth', clientId: 'x' },
];

/** The other side of it: that server knows this one as a client. */
export const letSignInAt = (elsewhere: Pick<TestOauth, 'clients'>, here: Pick<TestOauth, 'root'>) =>
  elsewhere.clients.register({
    client_id: 'wardgate-here',
    client_name: 'Hospital',
    redirect_uris: [`${here.root}/interaction/return/directory`],
    token_endpoint_auth_method: 'none',
  });
