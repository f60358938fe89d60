// The engine without HTTP: a real store on a database of the test's own, rules, operations and the one way in to all interactions.
import { randomUUID } from 'node:crypto';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import { createConformance } from '../../src/fhir/conformance/index.ts';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { profilesOf } from '../../src/fhir/definitions/profiles.ts';
import { answerError } from '../../src/fhir/interactions/answer-error.ts';
import type { Answer, Call, Engine, EngineSettings } from '../../src/fhir/interactions/call.ts';
import { createDispatch } from '../../src/fhir/interactions/dispatch.ts';
import { createGrammar, readQuery } from '../../src/fhir/interactions/grammar.ts';
import { FhirError } from '../../src/fhir/model/errors.ts';
import { parseJson } from '../../src/fhir/model/json.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type AsyncDeps, createAsyncRunner } from '../../src/fhir/operations/async.ts';
import type { OperationModule } from '../../src/fhir/operations/operation.ts';
import { createOperationRegistry } from '../../src/fhir/operations/registry.ts';
import { createKeyExtractor } from '../../src/fhir/search/index.ts';
import { createDefinitionStore } from '../../src/fhir/storage/mongo/definitions/index.ts';
import { createMongoStore } from '../../src/fhir/storage/mongo/index.ts';
import type { WriteRule } from '../../src/fhir/storage/rules.ts';
import type { Store } from '../../src/fhir/storage/store.ts';
import { withRules } from '../../src/fhir/storage/with-rules.ts';
import { createTerminology } from '../../src/fhir/terminology/create-terminology.ts';
import { createProfileValidator } from '../../src/fhir/validation/profiles/validator.ts';
import { createValidator } from '../../src/fhir/validation/validate.ts';
import { type FreshDatabase, freshDatabase } from './engines.ts';

export const BASE = 'http://wardgate.test/fhir';

export interface EngineOptions {
  settings?: Partial<EngineSettings>;
  rules?: readonly WriteRule[];
  operations?: readonly { definition: Resource; module: OperationModule }[];
  queue?: AsyncDeps['queue'];
  /** who calls */
  caller?: Caller;
  mayGoOn?: AsyncDeps['mayGoOn'];
  /** of another engine: as if that one had been started again */
  database?: FreshDatabase;
}

export interface Reply {
  status: number;
  answer: Answer;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
}

export interface EngineOfTest {
  store: Store;
  database: FreshDatabase;
  /** `Patient/p1?_summary=true` below the base */
  send(method: Call['method'], url: string, body?: unknown, headers?: Call['headers']): Promise<Reply>;
  /** leaves the database */
  close(): Promise<void>;
  drop(): Promise<void>;
}

const SETTINGS: EngineSettings = {
  baseUrl: undefined,
  checkReferences: false,
  validationProfiles: 'warn',
  validationEnforced: [],
  validationInvariants: true,
  refuseDeleteOfReferenced: false,
  maxResourceBytes: 15e6,
  maxBundleBytes: 128e6,
  defaultPageSize: 20,
  maxPageSize: 1000,
  timeZone: 'UTC',
};

const noQueue: AsyncDeps['queue'] = {
  add: async () => assertNever('add'),
  process: () => undefined,
  find: async () => undefined,
};
const assertNever = (what: string): never => {
  throw new Error(`this test has no queue to ${what}`);
};

export async function anEngine(name: string, options: EngineOptions = {}): Promise<EngineOfTest> {
  const { settings = {}, rules = [], operations = [], queue = noQueue } = options;
  const definitions = loadDefinitions();
  const validate = createValidator(definitions);
  const engineSettings = { ...SETTINGS, ...settings };
  const fresh = options.database ?? (await freshDatabase(name));
  const mongo = await createMongoStore({
    db: fresh.db,
    client: fresh.client,
    definitions,
    extractor: createKeyExtractor(definitions, engineSettings),
    now: Date.now,
    workerId: 1,
    logger: { error: (message, details) => console.error(message, details) },
  });
  await mongo.prepare();
  const conformance = createConformance({
    definitions,
    profiles: profilesOf([]),
    store: mongo,
    definitionStore: createDefinitionStore({ db: fresh.db, now: Date.now }),
    now: Date.now,
    onError: (error) => console.error(error),
  });
  await conformance.start();
  const { canonicals } = conformance;
  const terminology = createTerminology({ canonicals, maxExpansion: 1000, now: Date.now });
  const validator = createProfileValidator({ definitions, canonicals, terminology, validate });
  const engine: Engine = { definitions, canonicals, terminology, validator, now: Date.now, settings: engineSettings };
  const store = withRules(conformance.watch(mongo), rules, { now: Date.now });
  const registry = createOperationRegistry({
    modules: operations.map(({ module }) => ({ path: `${module.definition}.operation.ts`, module })),
    profiles: operations.map(({ definition }) => definition),
    definitions,
    validate,
    parts: {},
  });
  const asyncRunner = createAsyncRunner({
    queue,
    store,
    engine,
    ...(options.mayGoOn && { mayGoOn: options.mayGoOn }),
    operations: registry,
    newSecret: randomUUID,
    onError: (error) => console.error(error),
  });
  registry.useAsync(asyncRunner);
  const statement = (): Resource => ({ resourceType: 'CapabilityStatement' });
  const dispatch = createDispatch({ engine, validate, statement, operations: registry, asyncRunner });
  const grammar = createGrammar(definitions);
  const close = async (): Promise<void> => {
    await conformance.stop();
    await mongo.close();
  };

  return {
    store,
    database: fresh,
    async send(method, url, body, headers = {}) {
      const question = url.indexOf('?');
      const path = question === -1 ? url : url.slice(0, question);
      const query = question === -1 ? [] : readQuery(url.slice(question + 1));
      const answer = await Promise.resolve()
        .then(() => {
          const target = grammar.readTarget(method, path);
          const content = body === undefined ? {} : { body };
          const who = options.caller === undefined ? {} : { caller: options.caller };
          return dispatch({ ...who, target, method, query, headers, ...content, base: BASE, id: 'test', store });
        })
        .catch((error: unknown) => {
          if (!(error instanceof FhirError)) console.error(error);
          return answerError(error, 'test');
        });
      const plain = Buffer.isBuffer(answer.body) ? parseJson(answer.body) : answer.body;
      return { status: answer.status, answer, body: plain };
    },
    close,
    async drop() {
      await close();
      await fresh.drop();
    },
  };
}
