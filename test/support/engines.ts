// Real MongoDB and Redis for tests: those of TEST_MONGODB_URI and TEST_REDIS_URL, else private ones started on the first
// request of a run and ended after it. Tests that need neither start neither.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, MongoClient } from 'mongodb';
import { defaultCacheDir } from '../../src/platform/engines/cache-folder.ts';
import { type Engines, startEngines } from '../../src/platform/engines/engines.ts';
import { lockFolder } from '../../src/platform/engines/folder-lock.ts';

let started: Promise<Engines> | undefined;
let client: Promise<MongoClient> | undefined;
let folder: string | undefined;

function engines(): Promise<Engines> {
  started ??= start();
  return started;
}

async function start(): Promise<Engines> {
  const { TEST_MONGODB_URI, TEST_REDIS_URL } = process.env;
  if (TEST_MONGODB_URI && TEST_REDIS_URL)
    return { mongodbUri: TEST_MONGODB_URI, redisUrl: TEST_REDIS_URL, embedded: {}, close: async () => undefined };
  const home = homeOfEngines();
  removeLeftovers(home);
  folder = mkdtempSync(join(home, PREFIX));
  const running = await startEngines({
    dataDir: folder,
    cacheDir: process.env.CACHE_DIR ?? defaultCacheDir(process.env),
    ...(TEST_MONGODB_URI ? { mongodbUri: TEST_MONGODB_URI } : {}),
    ...(TEST_REDIS_URL ? { redisUrl: TEST_REDIS_URL } : {}),
    mongodbCacheGb: 0.5,
    environment: process.env,
    report: (line) => console.log(`  ${line}`),
  });
  if (!TEST_MONGODB_URI) await forgetSoon(running.mongodbUri);
  process.env.TEST_MONGODB_URI = running.mongodbUri;
  process.env.TEST_REDIS_URL = running.redisUrl;
  return running;
}

/**
 * What was dropped stays open for five minutes, so that snapshots can be read: the databases of a fast run are more files than a process may open,
 * and connections end then.
 */
async function forgetSoon(uri: string): Promise<void> {
  const admin = await new MongoClient(uri).connect();
  await admin.db('admin').command({ setParameter: 1, minSnapshotHistoryWindowInSeconds: 5 });
  await admin.close();
}

const PREFIX = 'wardgate-test-';
const RAM_DISK = '/dev/shm';
/** A run writes about two gigabytes. */
const AMPLE_BYTES = 8 * 1024 ** 3;

/** A hundred servers make thousands of indexes, on a RAM disk in half the time. TMPDIR asks for another place. */
function homeOfEngines(): string {
  if (process.env.TMPDIR !== undefined || !existsSync(RAM_DISK) || process.availableMemory() < AMPLE_BYTES)
    return tmpdir();
  const { bavail, bsize } = statfsSync(RAM_DISK);
  return bavail * bsize < AMPLE_BYTES ? tmpdir() : RAM_DISK;
}

/** A run that was killed left its engines' data behind. */
function removeLeftovers(home: string): void {
  for (const name of readdirSync(home)) {
    const left = join(home, name);
    if (!name.startsWith(PREFIX) || !existsSync(join(left, 'wardgate.lock'))) continue;
    try {
      lockFolder(left);
      rmSync(left, { recursive: true, force: true });
    } catch {
      // of a run that goes on
    }
  }
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
