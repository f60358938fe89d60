// A server for bench/guard.ts: nobody at the door (`off`), tokens and limits (`guard`), or the audit trail as well (`audit`). Its tokens
// are taken at their word, so that what is measured is not a signature.
import http from 'node:http';
import { MongoClient } from 'mongodb';
import { createLimits } from '../src/fhir/auth/limits/index.ts';
import { createAddressOf } from '../src/platform/client-address/client-address.ts';
import { createLogger } from '../src/platform/logger/logger.ts';
import { createQueue } from '../src/platform/queue/queue.ts';
import { connectRedis } from '../src/platform/redis/connect.ts';
import { createFhirService } from '../src/service.ts';

const { MODE = 'off', MONGODB_URI = '', REDIS_URL = '', DATABASE = '', FOLDER = '', PORT = '0' } = process.env;
const logger = createLogger({ level: 'warn', format: 'text' });
const client = await new MongoClient(MONGODB_URI).connect();
const db = client.db(DATABASE);
const limits = createLimits({ redis: await connectRedis(REDIS_URL), prefix: DATABASE, logger });
const service = await createFhirService({
  settings: {
    packagesDir: '/nonexistent',
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
    baseUrl: undefined,
    corsOrigins: [],
    trustedHosts: 'any',
    terminologyMaxExpansion: 1000,
    geminiApiKey: undefined,
    geminiModel: '',
    geminiBaseUrl: undefined,
  },
  path: '/fhir',
  mongo: { client, db, close: () => client.close() },
  queue: createQueue({ redisUrl: REDIS_URL, prefix: DATABASE, onError: () => undefined }),
  logger,
  now: Date.now,
  onLost: (reason) => logger.error(reason),
  ...(MODE !== 'off' && {
    guard: {
      verify: (token) => ({
        id: token,
        grant: token,
        account: token,
        client: 'bench',
        roles: ['doctor'],
        organizations: ['h1'],
        fhirUser: { type: 'Practitioner', id: token },
        limits: 'backend',
        expires: Number.MAX_SAFE_INTEGER,
      }),
      limits,
      addressOf: createAddressOf([]),
    },
  }),
  ...(MODE === 'audit' && { audit: { folder: FOLDER, key: Buffer.alloc(32), sync: 'interval' as const } }),
});
const server = http.createServer(service.handle).listen(Number(PORT), '127.0.0.1');
process.on('SIGTERM', async () => {
  server.closeAllConnections();
  server.close();
  await service.close();
  process.exit(0);
});
