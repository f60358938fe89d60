// The FHIR service of one tenant, built from its parts in order: definitions, store, rules, operations, interactions, HTTP.
// The only wiring; everything below it takes what it needs as arguments.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createGeminiProvider } from './domain/ai/gemini.ts';
import { createActivation } from './fhir/added-parameters/activation.ts';
import { createParameterRule } from './fhir/added-parameters/fit-to-search.ts';
import { createParameterSource } from './fhir/added-parameters/source.ts';
import { type AuditDeps, createAudit, type Recorder } from './fhir/audit/index.ts';
import { recordedAccounts, recordedLinks, recordedTokens } from './fhir/audit/recorded-accounts.ts';
import { type Access, createAccess } from './fhir/auth/access/access.ts';
import { createConsents } from './fhir/auth/access/consents.ts';
import { createPolicies, operationNames } from './fhir/auth/access/policies.ts';
import type { Accounts, AccountsDeps } from './fhir/auth/accounts/accounts.ts';
import { actingAs } from './fhir/auth/accounts/acting.ts';
import { statesOf } from './fhir/auth/oauth/app-states.ts';
import type { Oauth } from './fhir/auth/oauth/create-oauth.ts';
import { FIRST_PARTY, OPERATOR } from './fhir/auth/oauth/token-claims.ts';
import { createStillAllowed } from './fhir/auth/still-allowed.ts';
import { buildCapabilityStatement } from './fhir/capabilities/capability-statement.ts';
import { packagedFacts } from './fhir/capabilities/packaged-facts.ts';
import { type Conformance, createConformance } from './fhir/conformance/index.ts';
import { loadFolder } from './fhir/conformance/packages-folder.ts';
import { createLiveDefinitions } from './fhir/definitions/live.ts';
import { loadDefinitions } from './fhir/definitions/load.ts';
import { readProfiles, withProfiles } from './fhir/definitions/profiles.ts';
import { createFhirHandler, type Handler } from './fhir/http/handler.ts';
import type { Guard } from './fhir/http/pipeline.ts';
import { defaultHttpSettings, type HttpSettings } from './fhir/http/settings.ts';
import type { Dispatch, Engine, EngineSettings } from './fhir/interactions/call.ts';
import { createDispatch } from './fhir/interactions/dispatch.ts';
import type { Resource } from './fhir/model/resource.ts';
import { createAsyncRunner } from './fhir/operations/async.ts';
import { loadOperations, loadRules } from './fhir/operations/load.ts';
import { publishProfiles } from './fhir/operations/publish.ts';
import type { OperationRegistry } from './fhir/operations/registry.ts';
import { createKeyExtractor } from './fhir/search/index.ts';
import type { LoadedSystems } from './fhir/storage/concepts.ts';
import { endAbandonedTransactions } from './fhir/storage/mongo/abandoned-transactions.ts';
import { createAuditLog } from './fhir/storage/mongo/audit/index.ts';
import { keepUpWithSystems } from './fhir/storage/mongo/concepts/index.ts';
import { createDefinitionStore } from './fhir/storage/mongo/definitions/index.ts';
import { createMongoStore, type MongoStore } from './fhir/storage/mongo/index.ts';
import { createKeyView } from './fhir/storage/mongo/key-view.ts';
import { createParameterStates } from './fhir/storage/mongo/parameter-states.ts';
import { leaseWorkerId } from './fhir/storage/mongo/worker-lease.ts';
import type { Store } from './fhir/storage/store.ts';
import { withRules } from './fhir/storage/with-rules.ts';
import { createTerminology } from './fhir/terminology/create-terminology.ts';
import { createProfileValidator } from './fhir/validation/profiles/validator.ts';
import { createValidator } from './fhir/validation/validate.ts';
import type { Logger } from './platform/logger/logger.ts';
import type { Mongo } from './platform/mongo/connect.ts';
import type { Queue } from './platform/queue/queue.ts';
import { StartError } from './platform/start-error.ts';

export interface ServiceSettings extends EngineSettings {
  /** packages there are loaded at the start */
  packagesDir: string;
  /** what answers call this server; absent: baseUrl, else what the request calls it */
  linkBase?: string;
  corsOrigins: readonly string[];
  trustedHosts: HttpSettings['trustedHosts'];
  /** bytes of large request bodies in work at once; 96 MB where absent */
  maxLargeBytesAtOnce?: number;
  terminologyMaxExpansion: number;
  /** whether callers are told apart; absent: off */
  auth?: 'on' | 'off';
  /** whose patients doctors see; absent: their organisation's */
  doctorsSee?: 'organization' | 'care';
  geminiApiKey: string | undefined;
  geminiModel: string;
  geminiBaseUrl: string | undefined;
}

export interface ServiceDeps {
  settings: ServiceSettings;
  /** where FHIR lives: `/fhir` */
  path: string;
  mongo: Mongo;
  queue: Queue;
  logger: Logger;
  now: () => number;
  onLost: (reason: string) => void;
  /** absent with AUTH=off */
  guard?: Omit<Guard, 'recorder'>;
  /** what the audit trail needs besides; absent with AUTH=off */
  audit?: Pick<AuditDeps, 'folder' | 'key' | 'sync' | 'retentionDays'>;
  /** what accounts need besides; absent with AUTH=off */
  people?: Omit<AccountsDeps, 'mongo' | 'store' | 'now'>;
  /** what operations need of the outside, by name, beside what is made here */
  parts?: Readonly<Record<string, unknown>>;
  /** what the CapabilityStatement says of sign-in; absent with AUTH=off */
  security?: object;
}

export interface FhirService {
  /** code systems that the operator loaded */
  loaded: LoadedSystems;
  version: string;
  engine: Engine;
  conformance: Conformance;
  /** obeys the hospital's rules */
  store: Store;
  database: MongoStore;
  operations: OperationRegistry;
  /** absent where nobody signs in */
  access: Access | undefined;
  /** absent with AUTH=off */
  accounts?: Accounts;
  recorder?: Recorder;
  dispatch: Dispatch;
  statement: (base: string) => Resource;
  handle: Handler;
  close(): Promise<void>;
}

const root = new URL('../', import.meta.url);
const contributions = ['fhir/operations/', 'fhir/auth/', 'fhir/audit/', 'domain/'].map(
  (folder) => new URL(folder, import.meta.url),
);

export async function createFhirService(deps: ServiceDeps): Promise<FhirService> {
  const { settings, path, mongo, queue, logger, now, onLost } = deps;
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
  const profiles = await readProfiles(fileURLToPath(new URL('profiles/', root)));
  const live = createLiveDefinitions(withProfiles(loadDefinitions(), profiles));
  const { definitions } = live;
  const validate = createValidator(definitions);
  const noType = settings.validationEnforced.find(([type]) => !definitions.resourceTypes.includes(type));
  if (noType) throw new StartError(`VALIDATION_ENFORCED: there is no resource type '${noType[0]}'.`, 2);

  const abandoned = await endAbandonedTransactions({ client: mongo.client, logger });
  const lease = await leaseWorkerId({ db: mongo.db, now, onLost });
  const view = createKeyView();
  const extractor = createKeyExtractor(definitions, settings);
  const database = await createMongoStore({
    ...mongo,
    definitions,
    extractor,
    now,
    workerId: lease.workerId,
    logger,
    enter: view.enter,
  });
  const definitionStore = createDefinitionStore({ db: mongo.db, now });
  const conformance = createConformance({
    definitions,
    profiles,
    store: database,
    definitionStore,
    now,
    onError: (error) => logger.warn('definitions could not be compared with the database', { error: String(error) }),
  });
  const { canonicals } = conformance;
  const loaded = await keepUpWithSystems(mongo.db, (error) =>
    logger.warn('loaded code systems could not be looked up', { error: String(error) }),
  );
  const terminology = createTerminology({ canonicals, loaded, maxExpansion: settings.terminologyMaxExpansion, now });
  const validator = createProfileValidator({ definitions, canonicals, terminology, validate });
  const engine: Engine = { definitions, canonicals, terminology, validator, now, settings };
  const activation = createActivation({
    live,
    states: createParameterStates(mongo.db, lease.workerId),
    view,
    store: database,
    source: createParameterSource({ engine, store: database, canonicals }),
    canonicals,
    logger,
  });
  // before keys are made, and before indexes are compared with what parameters need
  await activation.load();
  await database.prepare();
  await loadFolder(settings.packagesDir, {
    store: definitionStore.packages,
    types: conformance.types,
    onLoaded: (file, { counts, missing }) => logger.info(`package ${file} is loaded`, { counts, missing }),
    onRefused: (file, reason) => logger.warn(`package ${file} is left out: ${reason}`),
  });
  await conformance.start();
  for (const [type, canonical] of settings.validationEnforced) {
    if (validator.has(canonical)) continue;
    logger.warn(`VALIDATION_ENFORCED: ${canonical} is not here; until it is loaded or posted no ${type} is written`);
  }
  const rules = [...(await loadRules(contributions)), createParameterRule(activation)];
  const audit =
    deps.audit && (await createAudit({ log: createAuditLog(mongo.db), extractor, now, logger, ...deps.audit }));
  const ruled = withRules(conformance.watch(database), rules, { now, timeZone: settings.timeZone });
  const store = audit?.withEvents(ruled) ?? ruled;

  const published = profiles.ofType('OperationDefinition');
  const policies = await createPolicies({
    folder: fileURLToPath(new URL('profiles/access-policies/', root)),
    definitions,
    store,
    operations: operationNames(published),
    now,
    onError: (error) => logger.error('an access policy is not in force', { error: String(error) }),
  });
  for (const { role, version, changedAt, changedBy } of policies.all()) {
    const changes = policies.releaseChanges(role);
    if (changes === undefined) continue;
    const { merged: _, ...told } = changes;
    const since = { version, changedBy, changedAt: new Date(changedAt!).toISOString() };
    logger.warn(`this release has another policy of ${role}: see /admin/policies/${role}`, { ...since, ...told });
  }
  const recorder = audit?.recorder(database);
  const accounts = deps.people && (await openAccounts({ ...deps.people, mongo, store, now }, recorder));
  const operations = await loadOperations(contributions, {
    profiles: published,
    definitions,
    validate,
    parts: {
      ...partsOf(settings),
      ...deps.parts,
      activation,
      reextract: database.reextract,
      policies,
      ...(audit && { audit }),
      ...(accounts && { accounts }),
    },
  });
  const ownBase = settings.baseUrl === undefined ? settings.linkBase : undefined;
  const consents =
    settings.auth === 'on'
      ? await createConsents({
          store,
          criteria: () => ({ definitions, settings, now: now(), ownBase }),
          now,
          onError: (error) => logger.warn('consents could not be looked up', { error: String(error) }),
        })
      : undefined;
  const access =
    consents !== undefined
      ? await createAccess({
          consents,
          engine,
          store,
          extractor,
          policies,
          needsOf({ level, type, code }) {
            const found = operations.find(level, type, code);
            return found && { needs: found.module.needs, affectsState: found.definition.affectsState };
          },
          taken: {
            by: new Set(rules.flatMap(({ types }) => types)),
            types: new Set(rules.flatMap(({ reads = [] }) => reads)),
          },
          doctorsSee: settings.doctorsSee ?? 'organization',
          ownBase,
          async statesOf(client) {
            const found = await (deps.parts?.oauth as Pick<Oauth, 'clients'> | undefined)?.clients.find(client);
            return found === undefined ? [] : statesOf(found);
          },
        })
      : undefined;
  const asyncRunner = createAsyncRunner({
    queue,
    store,
    ...(access && { storeFor: access.storeFor }),
    ...(recorder && { recorded: recorder.work }),
    ...(accounts && { mayGoOn: stillAllowed(accounts, deps.parts?.oauth as Pick<Oauth, 'clients' | 'tokens'>) }),
    engine,
    operations,
    newSecret: () => randomBytes(24).toString('hex'),
    onError: (error, id) => logger.error('work on the queue failed', { id, error: String(error) }),
  });
  operations.useAsync(asyncRunner);
  await publishProfiles(store, profiles, engine);

  const statement = (base: string): Resource =>
    buildCapabilityStatement(definitions, operations.definitions(), {
      base,
      softwareVersion: version,
      packaged: packagedFacts(canonicals),
      ...(deps.security !== undefined && { security: deps.security }),
    });
  const dispatch = createDispatch({ engine, validate, statement, operations, asyncRunner, ...(access && { access }) });
  const handle = createFhirHandler({
    engine,
    store,
    dispatch,
    logger,
    ...(deps.guard && { guard: { ...deps.guard, ...(recorder && { recorder }) } }),
    ...(access && { access }),
    settings: {
      ...defaultHttpSettings,
      path,
      base: settings.linkBase ?? settings.baseUrl,
      corsOrigins: settings.corsOrigins.includes('*') ? '*' : settings.corsOrigins,
      trustedHosts: settings.trustedHosts,
      maxLargeBytesAtOnce: settings.maxLargeBytesAtOnce ?? defaultHttpSettings.maxLargeBytesAtOnce,
    },
  });
  // After another release, searches are right meanwhile, only slower: storage/mongo/stale.ts.
  activation.start();
  if (consents) {
    policies.follow();
    consents.follow();
  }

  return {
    version,
    loaded,
    engine,
    conformance,
    store,
    database,
    operations,
    access,
    ...(accounts && { accounts }),
    ...(recorder && { recorder }),
    dispatch,
    statement,
    handle,
    async close() {
      policies.stop();
      consents?.stop();
      await audit?.close();
      await activation.close();
      await conformance.stop();
      await loaded.close();
      await database.close();
      await abandoned.stop();
      await lease.release();
    },
  };
}

/** Where nobody signs in, mongoose is not even loaded. */
async function openAccounts(deps: AccountsDeps, recorder: Recorder | undefined): Promise<Accounts> {
  const { createAccounts } = await import('./fhir/auth/accounts/accounts.ts');
  if (recorder === undefined) return createAccounts(deps);
  const tokens = recordedTokens(deps.tokens, recorder);
  const links = recordedLinks(deps.links, recorder);
  return recordedAccounts(await createAccounts({ ...deps, tokens, links }), recorder);
}

const stillAllowed = ({ signIn }: Accounts, { clients, tokens }: Pick<Oauth, 'clients' | 'tokens'>) =>
  createStillAllowed({ signIn, clients, tokens, own: [FIRST_PARTY, OPERATOR], actingAs });

/** What wards need of the outside, by name. */
function partsOf({ geminiApiKey, geminiModel, geminiBaseUrl }: ServiceSettings): Record<string, unknown> {
  if (geminiApiKey === undefined) return {};
  return { ai: createGeminiProvider({ apiKey: geminiApiKey, model: geminiModel, baseUrl: geminiBaseUrl }) };
}
