// The complete server for tests that speak HTTP: real store on a database of its own, hospital rules, operations, an ephemeral port.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildCapabilityStatement } from '../../src/fhir/capabilities/capability-statement.ts';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { createFhirHandler } from '../../src/fhir/http/handler.ts';
import { defaultHttpSettings, type HttpLogger, type HttpSettings } from '../../src/fhir/http/settings.ts';
import type { Engine, EngineSettings } from '../../src/fhir/interactions/call.ts';
import { createDispatch } from '../../src/fhir/interactions/dispatch.ts';
import { createAsyncRunner } from '../../src/fhir/operations/async.ts';
import { createOperationRegistry } from '../../src/fhir/operations/registry.ts';
import { createKeyExtractor } from '../../src/fhir/search/index.ts';
import { createMongoStore, type MongoStore } from '../../src/fhir/storage/mongo/index.ts';
import { createValidator } from '../../src/fhir/validation/validate.ts';
import { createQueue } from '../../src/platform/queue/queue.ts';
import { freshDatabase, redisUrl } from './engines.ts';

export interface TestServer {
  /** the FHIR base: http://127.0.0.1:49152/fhir */
  base: string;
  store: MongoStore;
  engine: Engine;
  /** what was logged, newest last */
  lines: LogLine[];
  close(): Promise<void>;
}

export interface LogLine {
  level: 'error' | 'warn' | 'info' | 'debug';
  message: string;
  fields: Record<string, unknown>;
}

export interface TestServerOptions {
  settings?: Partial<EngineSettings>;
  http?: Partial<HttpSettings>;
  now?: () => number;
}

const usualSettings: EngineSettings = {
  checkReferences: false,
  refuseDeleteOfReferenced: false,
  maxResourceBytes: 15 * 1024 * 1024,
  maxBundleBytes: 128 * 1024 * 1024,
  defaultPageSize: 20,
  maxPageSize: 1000,
  timeZone: 'UTC',
};

export async function startTestServer(name: string, options: TestServerOptions = {}): Promise<TestServer> {
  const { client, db, drop } = await freshDatabase(name);
  const definitions = loadDefinitions();
  const settings = { ...usualSettings, ...options.settings };
  const now = options.now ?? Date.now;
  const engine: Engine = { definitions, now, settings };
  const lines: LogLine[] = [];
  const logger = logInto(lines);
  const extractor = createKeyExtractor(definitions, { timeZone: settings.timeZone });
  const store = await createMongoStore({ db, client, definitions, extractor, now, workerId: 1, logger });
  await store.prepare();
  const validate = createValidator(definitions);
  const operations = createOperationRegistry({ modules: [], profiles: [], definitions, validate, parts: {} });
  const queue = createQueue({ redisUrl: await redisUrl(), prefix: db.databaseName, onError: () => {} });
  const asyncRunner = createAsyncRunner({
    queue,
    store,
    engine,
    operations,
    newSecret: store.newId,
    onError: (error) => logger.error('queue', { error }),
  });
  operations.useAsync(asyncRunner);
  const statement = (base: string) =>
    buildCapabilityStatement(definitions, operations.definitions(), { base, softwareVersion: 'test' });
  const dispatch = createDispatch({ engine, validate, statement, operations, asyncRunner });
  const handle = createFhirHandler({
    engine,
    store,
    dispatch,
    logger,
    settings: { ...defaultHttpSettings, ...options.http },
  });
  const server = http.createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}/fhir`,
    store,
    engine,
    lines,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await queue.close();
      await store.close();
      await drop();
    },
  };
}

function logInto(lines: LogLine[]): HttpLogger & { warn: HttpLogger['error'] } {
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      lines.push({ level, message, fields });
    };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
