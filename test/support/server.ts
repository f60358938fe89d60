// The complete FHIR service for tests that speak HTTP, as npm start builds it: rules, operations and a database of its own, an
// ephemeral port.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Engine } from '../../src/fhir/interactions/call.ts';
import type { MongoStore } from '../../src/fhir/storage/mongo/index.ts';
import type { Fields, Logger } from '../../src/platform/logger/logger.ts';
import { createQueue } from '../../src/platform/queue/queue.ts';
import { createFhirService, type FhirService, type ServiceDeps, type ServiceSettings } from '../../src/service.ts';
import { type FreshDatabase, freshDatabase, redisUrl } from './engines.ts';

export interface TestServer {
  /** the FHIR base: http://127.0.0.1:49152/fhir */
  base: string;
  service: FhirService;
  /** below the hospital's rules, to arrange what they would refuse */
  store: MongoStore;
  engine: Engine;
  loaded: FhirService['loaded'];
  /** what was logged, newest last */
  lines: LogLine[];
  close(): Promise<void>;
}

export interface LogLine {
  level: 'error' | 'warn' | 'info' | 'debug';
  message: string;
  fields: Fields;
}

export interface TestServerOptions {
  settings?: Partial<ServiceSettings>;
  now?: () => number;
  /** who stands at the door; nobody where absent (AUTH=off) */
  guard?: ServiceDeps['guard'];
  audit?: ServiceDeps['audit'];
  people?: ServiceDeps['people'];
  parts?: ServiceDeps['parts'];
  security?: ServiceDeps['security'];
  /** a database that other servers of the test use as well; who opened it drops it */
  database?: FreshDatabase;
  /** told of every line beside `lines` */
  onLine?: (line: LogLine) => void;
}

const usualSettings: ServiceSettings = {
  packagesDir: '/nonexistent',
  checkReferences: false,
  validationProfiles: 'warn',
  validationEnforced: [],
  validationInvariants: true,
  refuseDeleteOfReferenced: false,
  maxResourceBytes: 15 * 1024 * 1024,
  maxBundleBytes: 128 * 1024 * 1024,
  defaultPageSize: 20,
  maxPageSize: 1000,
  timeZone: 'UTC',
  baseUrl: undefined,
  corsOrigins: [],
  trustedHosts: 'any',
  geminiApiKey: undefined,
  terminologyMaxExpansion: 1000,
  geminiModel: 'gemini-test',
  geminiBaseUrl: undefined,
};

export async function startTestServer(name: string, options: TestServerOptions = {}): Promise<TestServer> {
  const { client, db, drop } = options.database ?? (await freshDatabase(name));
  const lines: LogLine[] = [];
  const logger = logTo((line) => {
    lines.push(line);
    options.onLine?.(line);
  });
  const queue = createQueue({
    redisUrl: await redisUrl(),
    prefix: db.databaseName,
    onError: (error, job) => logger.error('queue', { job, error: error.message }),
  });
  const service = await createFhirService({
    settings: { ...usualSettings, ...options.settings },
    path: '/fhir',
    mongo: { client, db, close: async () => undefined },
    queue,
    logger,
    now: options.now ?? Date.now,
    onLost: (reason) => logger.error(reason),
    ...(options.guard === undefined ? {} : { guard: options.guard }),
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    ...(options.people === undefined ? {} : { people: options.people }),
    ...(options.parts === undefined ? {} : { parts: options.parts }),
    ...(options.security === undefined ? {} : { security: options.security }),
  });
  // a test may think long between two requests of a connection
  const server = http.createServer({ keepAliveTimeout: 0 }, service.handle);
  // a crowd connects at once: the usual queue of 511 would turn some of it away
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}/fhir`,
    service,
    store: service.database,
    engine: service.engine,
    loaded: service.loaded,
    lines,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await queue.close();
      await service.close();
      if (options.database === undefined) await drop();
    },
  };
}

function logTo(write: (line: LogLine) => void, always: Fields = {}): Logger {
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: Fields = {}): void =>
      write({ level, message, fields: { ...always, ...fields } });
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => logTo(write, { ...always, ...fields }),
  };
}
