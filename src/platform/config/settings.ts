// Every setting of the server in one table. docs/environment.md is written from it (`npx tsx tools/write-environment.ts`), and a test compares.
import {
  bytes,
  decimal,
  identityProviders,
  integer,
  list,
  mailSender,
  networks,
  oneOf,
  onOff,
  type Parse,
  pairs,
  rates,
  secretText,
  text,
  timeZone,
  url,
  webAddress,
} from './parse.ts';

export interface Setting<T> {
  name: string;
  /** the text that is read where the environment has none; absent: the setting may be missing */
  default?: string;
  parse: Parse<T>;
  help: string;
  /** the value is never shown, not even in a message about itself */
  secret?: true;
}

const required = <T>(setting: Setting<T> & { default: string }): Setting<T> & { default: string } => setting;
const optional = <T>(setting: Setting<T>): Setting<T> => setting;

export const settings = {
  port: required({
    name: 'PORT',
    default: '3000',
    parse: integer(0, 65535),
    help: 'Port of the FHIR server; 0 takes a free one.',
  }),
  host: required({
    name: 'HOST',
    default: '127.0.0.1',
    parse: text,
    help: 'Address to listen on. Anything but a loopback address needs `BASE_URL`; with `AUTH=off` it needs `ALLOW_INSECURE=1`.',
  }),
  tlsCert: optional({
    name: 'TLS_CERT',
    parse: text,
    help: 'File with the certificate and those it hangs on (PEM). With it and `TLS_KEY` the server speaks HTTPS only; a new file is taken within half a minute.',
  }),
  tlsKey: optional({
    name: 'TLS_KEY',
    parse: text,
    help: 'File with the private key of `TLS_CERT` (PEM).',
  }),
  baseUrl: optional({
    name: 'BASE_URL',
    parse: webAddress,
    help: 'FHIR base as clients see it, for links and Location headers. Default: `http://HOST:PORT/fhir`. Where it is set, stored references that begin with it are found by relative ones too.',
  }),
  dataDir: required({
    name: 'DATA_DIR',
    default: './data',
    parse: text,
    help: 'Folder of the embedded MongoDB and Redis. One server at a time.',
  }),
  cacheDir: optional({
    name: 'CACHE_DIR',
    parse: text,
    help: 'Folder for fetched database programs. Default: `~/.cache/wardgate`, or `.cache/wardgate` where home is read-only.',
  }),
  packagesDir: required({
    name: 'PACKAGES_DIR',
    default: './packages',
    parse: text,
    help: 'Folder of FHIR packages (`*.tgz`) that are loaded at the start; it may be missing. See [packages](packages.md).',
  }),
  mongodbUri: optional({
    name: 'MONGODB_URI',
    parse: url('mongodb:', 'mongodb+srv:'),
    secret: true,
    help: 'MongoDB replica set or sharded cluster, 6.0 or newer; the path names the database (default `wardgate`). Unset: embedded.',
  }),
  mongodbCacheGb: optional({
    name: 'MONGODB_CACHE_GB',
    parse: decimal(0.25, 10_000),
    help: 'Cache of the embedded MongoDB, in GB. Default: a quarter of the memory, at most 4.',
  }),
  mongodbPoolSize: required({
    name: 'MONGODB_POOL_SIZE',
    default: '32',
    parse: integer(4, 1000),
    help: 'Most connections of one server process to MongoDB.',
  }),
  redisUrl: optional({
    name: 'REDIS_URL',
    parse: url('redis:', 'rediss:'),
    secret: true,
    help: 'Redis, 6.2 or newer, with `maxmemory-policy noeviction` and append-only file. Unset: embedded.',
  }),
  seed: required({
    name: 'SEED',
    default: 'demo',
    parse: oneOf('demo', 'none'),
    help: 'What an empty database is filled with on the first start.',
  }),
  auth: required({
    name: 'AUTH',
    default: 'on',
    parse: oneOf('on', 'off'),
    help: 'Sign-in: with `on` a request needs a token of somebody who may make it, see [sign-in](sign-in.md). With `off` everybody who reaches the server may do everything, so it listens on this machine only and checks the Host and Origin headers.',
  }),
  appRegistration: required({
    name: 'APP_REGISTRATION',
    default: 'off',
    parse: oneOf('off', 'token', 'open'),
    help: 'Who may register apps over the network (RFC 7591): nobody, who has `APP_REGISTRATION_TOKEN`, or everybody. What an app may do is still for people to allow. See [apps](smart.md).',
  }),
  appRegistrationToken: optional({
    name: 'APP_REGISTRATION_TOKEN',
    parse: text,
    secret: true,
    help: 'What developers of apps send to register, with `APP_REGISTRATION=token`.',
  }),
  identityProviders: required({
    name: 'IDENTITY_PROVIDERS',
    default: '[]',
    parse: identityProviders,
    secret: true,
    help: 'Other places where people may sign in, as JSON: `[{"id":"google","name":"Google","issuer":"https://accounts.google.com","clientId":"…","clientSecret":"…"}]`. See [apps](smart.md).',
  }),
  doctorsSee: required({
    name: 'DOCTORS_SEE',
    default: 'organization',
    parse: oneOf('organization', 'care'),
    help: 'Whose records doctors see: those of their `organization`, or of the patients in their `care`. See [access](access.md).',
  }),
  serverSecret: optional({
    name: 'SERVER_SECRET',
    parse: secretText,
    secret: true,
    help: 'Long random text (32 characters or more) that seals signing keys and hashes codes, the same for every server process. Unset: made at the first start and kept in the database, whose backups then open what they hold. Keep it: with another one the signing keys do not open, and the server does not start.',
  }),
  token: optional({
    name: 'WARDGATE_TOKEN',
    parse: text,
    secret: true,
    help: 'Access token that commands (`import`, `seed`, `reindex`) show a running server. Not needed where they have its database. See [sign-in](sign-in.md).',
  }),
  allowInsecure: required({
    name: 'ALLOW_INSECURE',
    default: 'off',
    parse: onOff,
    help: 'Allows `AUTH=off` on an address that other machines reach. Everyone who reaches it reads and writes everything.',
  }),
  smtpUrl: optional({
    name: 'SMTP_URL',
    parse: url('smtp:', 'smtps:'),
    secret: true,
    help: 'Mail server: `smtps://user:password@mail.example.org`, or `smtp://…:587`. Unset: mail is kept in the development mailbox, at `/dev/mail` on this machine; with `NODE_ENV=production` and `AUTH=on` a server does not start without it.',
  }),
  mailFrom: optional({
    name: 'MAIL_FROM',
    parse: mailSender,
    help: 'Sender of mail: `General Hospital <no-reply@hospital.example>`. Needed with `SMTP_URL`.',
  }),
  auditSync: required({
    name: 'AUDIT_SYNC',
    default: 'interval',
    parse: oneOf('interval', 'always'),
    help: 'When a request may be answered: `interval` when the operating system has its record (a killed server loses nothing, a power cut the last second), `always` when the disk has it. See [audit](audit.md).',
  }),
  auditRetentionDays: optional({
    name: 'AUDIT_RETENTION_DAYS',
    parse: integer(1, 100_000),
    help: 'Records of the audit log are removed when they are older. Unset: never.',
  }),
  corsOrigins: required({
    name: 'CORS_ORIGINS',
    default: '',
    parse: list,
    help: 'Web origins, separated by commas, whose pages may call the server. Pages of this machine (localhost) always may.',
  }),
  trustedProxies: required({
    name: 'TRUSTED_PROXIES',
    default: '',
    parse: networks,
    help: 'Addresses and networks of reverse proxies (`10.0.0.0/8,::1`) whose `X-Forwarded-For` tells where a request comes from. Nobody else is believed.',
  }),
  fetchAllowedHosts: required({
    name: 'FETCH_ALLOWED_HOSTS',
    default: '',
    parse: list,
    help: 'Hosts (`idp.internal`, `10.1.2.3:8443`) that the server may fetch from, by HTTP as well, although they are not on the public internet. Everything else that others name must be.',
  }),
  rateLimits: required({
    name: 'RATE_LIMITS',
    default: '',
    parse: rates,
    help: 'Limits other than the usual ones: `standard=2000/h,login=10/15m,app=none`. See [limits](limits.md).',
  }),
  logLevel: required({
    name: 'LOG_LEVEL',
    default: 'info',
    parse: oneOf('error', 'warn', 'info', 'debug'),
    help: 'Least important kind of message that is written.',
  }),
  logFormat: required({
    name: 'LOG_FORMAT',
    default: 'auto',
    parse: oneOf('auto', 'json', 'text'),
    help: 'Form of log lines: `auto` is text on a terminal, JSON elsewhere.',
  }),
  timeZone: required({
    name: 'TIME_ZONE',
    default: 'UTC',
    parse: timeZone,
    help: "The hospital's time zone: its days and slots, and dates that name no zone. Set it before data is loaded.",
  }),
  fullText: required({
    name: 'FULL_TEXT',
    default: 'narrative',
    parse: oneOf('all', 'narrative', 'off'),
    help: 'Whose words can be searched: `narrative` of narratives (`_text`), `all` of every other text too (`_content`), `off` none. Words are index entries: `all` doubles what some types cost to write. A change makes the keys of all resources anew in the background.',
  }),
  maxResourceBytes: required({
    name: 'MAX_RESOURCE_BYTES',
    default: '15MB',
    parse: bytes,
    help: 'Largest body of one resource; MongoDB itself ends at 16 MB.',
  }),
  maxBundleBytes: required({
    name: 'MAX_BUNDLE_BYTES',
    default: '128MB',
    parse: bytes,
    help: 'Largest body of a batch or transaction.',
  }),
  defaultPageSize: required({
    name: 'DEFAULT_PAGE_SIZE',
    default: '20',
    parse: integer(1, 1000),
    help: 'Entries of a search or history page where `_count` does not say.',
  }),
  maxPageSize: required({
    name: 'MAX_PAGE_SIZE',
    default: '1000',
    parse: integer(1, 10_000),
    help: 'Most entries of a page, whatever `_count` says.',
  }),
  terminologyMaxExpansion: required({
    name: 'TERMINOLOGY_MAX_EXPANSION',
    default: '10000',
    parse: integer(100, 1_000_000),
    help: 'Most codes in one answer of `ValueSet/$expand`; larger value sets are read with `filter` or by pages.',
  }),
  checkReferences: required({
    name: 'CHECK_REFERENCES',
    default: 'off',
    parse: onOff,
    help: 'Refuses a write whose references point to nothing. An update may keep those that it had.',
  }),
  refuseDeleteOfReferenced: required({
    name: 'REFUSE_DELETE_OF_REFERENCED',
    default: 'off',
    parse: onOff,
    help: 'Refuses to delete what other resources refer to, those that the caller sees.',
  }),
  validationProfiles: required({
    name: 'VALIDATION_PROFILES',
    default: 'warn',
    parse: oneOf('off', 'warn', 'refuse'),
    help: 'Profiles that a written resource claims in `meta.profile` and that are known here: `refuse` answers 422 where it breaks one; `warn` checks only where `Prefer: return=OperationOutcome` asks for the findings.',
  }),
  validationEnforced: required({
    name: 'VALIDATION_ENFORCED',
    default: '',
    parse: pairs('Patient=http://example.org/StructureDefinition/our-patient'),
    help: 'Profiles that every written resource of a type must meet, whatever it claims: `Patient=<canonical>,Observation=<canonical>`. A type may be named several times. While such a profile is not loaded nothing of the type is written.',
  }),
  validationInvariants: required({
    name: 'VALIDATION_INVARIANTS',
    default: 'on',
    parse: onOff,
    help: 'Refuses writes that break an invariant of the base specification, such as obs-7 or per-1.',
  }),
  geminiApiKey: optional({
    name: 'GEMINI_API_KEY',
    parse: text,
    secret: true,
    help: 'Key of the Gemini API. Without it, operations that need a language model answer 503.',
  }),
  geminiModel: required({
    name: 'GEMINI_MODEL',
    default: 'gemini-2.5-flash',
    parse: text,
    help: 'Model for symptom analysis.',
  }),
  geminiBaseUrl: optional({
    name: 'GEMINI_BASE_URL',
    parse: webAddress,
    help: 'Another address that speaks the Gemini protocol: a gateway or a test server.',
  }),
} as const;

type Value<S> = S extends Setting<infer T> ? (S extends { default: string } ? T : T | undefined) : never;

export type SettingValues = { readonly [K in keyof typeof settings]: Value<(typeof settings)[K]> };
