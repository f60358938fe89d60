// Real MongoDB and Redis for tests: those of TEST_MONGODB_URI and TEST_REDIS_URL, else private ones started on the first
// request of a run and ended after it. Tests that need neither start neither.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, MongoClient } from 'mongodb';
import { defaultCacheDir } from '../../src/platform/engines/cache-folder.ts';
import { type Engines, startEngines } from '../../src/platform/engines/engines.ts';

let started: Promise<Engines> | undefined;
let client: Promise<MongoClient> | undefined;
let folder: string | undefined;

function engines(): Promise<Engines> {
  started ??= start();
  return started;
}

async function start(): Promise<Engines> {
  const { TEST_MONGODB_URI, TEST_REDIS_URL } = process.env;
  folder = mkdtempSync(join(tmpdir(), 'wardgate-test-'));
  const running = await startEngines({
    dataDir: folder,
    cacheDir: process.env.CACHE_DIR ?? defaultCacheDir(process.env),
    ...(TEST_MONGODB_URI ? { mongodbUri: TEST_MONGODB_URI } : {}),
    ...(TEST_REDIS_URL ? { redisUrl: TEST_REDIS_URL } : {}),
    mongodbCacheGb: 0.5,
    environment: process.env,
    report: (line) => console.log(`  ${line}`),
  });
  process.env.TEST_MONGODB_URI = running.mongodbUri;
  process.env.TEST_REDIS_URL = running.redisUrl;
  return running;
}

/** A one-node replica set; without a database name. */
export const mongodbUri = async (): Promise<string> => (await engines()).mongodbUri;

export const redisUrl = async (): Promise<string> => (await engines()).redisUrl;
export const redisUri = redisUrl;

export interface FreshDatabase {
  client: MongoClient;
  db: Db;
  drop(): Promise<void>;
}

/** An empty database of one's own on a connection that the whole run shares; drop it in `after`. */
export async function freshDatabase(name: string): Promise<FreshDatabase> {
  client ??= mongodbUri().then((uri) => new MongoClient(uri).connect());
  const connected = await client;
  const db = connected.db(`test_${name}_${randomBytes(4).toString('hex')}`);
  return {
    client: connected,
    db,
    drop: async () => {
      await db.dropDatabase();
    },
  };
}

export async function stopEngines(): Promise<void> {
  await (await client)?.close();
  await (await started)?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  client = undefined;
  started = undefined;
  folder = undefined;
}
