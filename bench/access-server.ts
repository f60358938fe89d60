// A server for bench/access.ts: nobody at the door (`off`), sign-in, tokens, access decisions and limits (`access`), or the audit trail as
// well (`on`, what AUTH=on is). It makes doctors of one hospital, and says their tokens and a backend client in a file.
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';

export type Mode = 'off' | 'access' | 'on';

/** where clients see all three servers, whatever their ports are */
const ROOT = 'http://hospital.example';

/** What the load needs to know. */
export interface Door {
  tokens: { accessToken: string; refreshToken: string }[];
  people: { email: string; password: string }[];
  clientId: string;
  /** private key, JWK */
  clientKey: object;
}

const { MODE = 'off', DOOR = '', PORT = '0', DOCTORS = '0' } = process.env;
const FHIR_PATH = '/fhir';
/** one for all three, as search keys are made with it */
const base = `${ROOT}${FHIR_PATH}`;
const root = new URL('../dist/', import.meta.url);
const load = <Module>(file: string): Promise<Module> => import(new URL(file, root).href);
/** as it is built: what runs sources uncompiled would be measured as well */
const { createHealth } = await load<typeof import('../src/fhir/http/health.ts')>('fhir/http/health.js');
const { readConfig } = await load<typeof import('../src/platform/config/config.ts')>('platform/config/config.js');
const { createLogger } = await load<typeof import('../src/platform/logger/logger.ts')>('platform/logger/logger.js');
const { connectMongo } = await load<typeof import('../src/platform/mongo/connect.ts')>('platform/mongo/connect.js');
const { createQueue } = await load<typeof import('../src/platform/queue/queue.ts')>('platform/queue/queue.js');
const { connectRedis } = await load<typeof import('../src/platform/redis/connect.ts')>('platform/redis/connect.js');
const { createFhirService } = await load<typeof import('../src/service.ts')>('service.js');
const { openSignIn } = await load<typeof import('../src/sign-in.ts')>('sign-in.js');
const { createWebApp } = await load<typeof import('../src/web/app.ts')>('web/app.js');

const isFhir = /^\/fhir(?:[/?]|$)/;
const PASSWORD = 'Correct-Horse-7';

const config = readConfig({ ...process.env, AUTH: MODE === 'off' ? 'off' : 'on' });
const logger = createLogger({ level: 'warn', format: 'text' });
const mongo = await connectMongo({ uri: config.mongodbUri!, poolSize: config.mongodbPoolSize });
const redis = await connectRedis(config.redisUrl!);
const queue = createQueue({ redisUrl: config.redisUrl!, prefix: `bench-${MODE}`, onError: () => undefined });
const shared = { mongo, queue, logger, now: Date.now };
const signIn = MODE === 'off' ? undefined : await openSignIn({ ...shared, config, base, fhirPath: FHIR_PATH, redis });
const { audit, ...forService } = signIn?.forService ?? {};
const service = await createFhirService({
  ...shared,
  settings: { ...config, baseUrl: base, trustedHosts: 'loopback' },
  path: FHIR_PATH,
  onLost: (reason) => logger.error(reason),
  ...forService,
  ...(MODE === 'on' && audit && { audit }),
});
signIn?.connect(service);
const health = createHealth({ ping: async () => undefined, pingRedis: async () => undefined, isStopping: () => false });
const web = createWebApp({ health, fhirPath: FHIR_PATH, version: service.version, addPages: signIn?.addPages });
if (signIn) writeFileSync(DOOR, JSON.stringify(await openDoor()));
const server = http
  .createServer((req, res) => (isFhir.test(req.url ?? '') ? service.handle(req, res) : void web(req, res)))
  .listen(Number(PORT), '127.0.0.1');

async function openDoor(): Promise<Door> {
  const { book, passwords } = service.accounts!;
  const { oauth } = signIn!.forService.parts as { oauth: import('../src/fhir/auth/oauth/create-oauth.ts').Oauth };
  const password = await passwords.hash(PASSWORD);
  const door: Door = { tokens: [], people: [], clientId: `bench-${MODE}`, clientKey: {} };
  for (let index = 0; index < Number(DOCTORS); index++) {
    const email = `doctor${index}.${MODE}@example.org`;
    const role = { code: 'doctor' as const, organization: 'h1', status: 'active' as const, since: new Date() };
    await book.add({ email, firstName: 'Grace', lastName: `Hopper ${index}`, password, roles: [role] });
    const account = await service.accounts!.signIn.account((await book.findByEmail(email))!._id);
    const { id, ...facts } = account!;
    const shown = { amr: ['pwd', 'otp'], since: Date.now(), address: '127.0.0.1' };
    door.tokens.push(await oauth.tokens.issue({ account: id, ...facts, ...shown }));
    door.people.push({ email, password: PASSWORD });
  }
  const { publicKey, privateKey } = await generateKeyPair('ES384', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES384', use: 'sig' };
  door.clientKey = { ...(await exportJWK(privateKey)), kid: 'bench', alg: 'ES384' };
  await oauth.clients.register({
    client_id: door.clientId,
    client_name: 'Bench',
    token_endpoint_auth_method: 'private_key_jwt',
    grant_types: ['client_credentials'],
    jwks: { keys: [jwk] },
    smart_scopes: 'system/*.rs',
  });
  return door;
}

process.on('SIGTERM', async () => {
  server.closeAllConnections();
  server.close();
  await service.close();
  await signIn?.close();
  await queue.close();
  redis.disconnect();
  await mongo.close();
  process.exit(0);
});
