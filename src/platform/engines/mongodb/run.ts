// Runs mongod as a durable one-node replica set (transactions and change streams need one) that only this server can enter.
import { mkdirSync, renameSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { prepareReplicaSet, SET_NAME } from '../../mongo/replica-set.ts';
import { StartError } from '../../start-error.ts';
import { type Child, endOrphan, startChild } from '../child.ts';
import { freePort } from '../free-port.ts';
import { readNote, secretOf, writeNote } from '../notes.ts';
import { type Supervised, supervise } from '../supervise.ts';
import { type FindOptions, findMongod } from './binary.ts';

export interface RunOptions extends Omit<FindOptions, 'wroteData'> {
  dataDir: string;
  cacheGb?: number;
  onLost: (reason: string) => void;
}

export interface RunningEngine extends Supervised {
  uri: string;
  version: string;
}

const GRACE_MS = 60_000;
const GIB = 1024 ** 3;

export async function runMongod(options: RunOptions): Promise<RunningEngine> {
  const { dataDir, report, onLost } = options;
  const before = readNote(dataDir, 'mongodb');
  if (before?.process !== undefined) await endOrphan(before.process, GRACE_MS);
  const { program, version } = await findMongod({
    ...options,
    ...(before === undefined ? {} : { wroteData: before.version }),
  });
  const folder = join(dataDir, 'mongodb');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { secret, path: keyFile } = secretOf(dataDir, 'mongodb');
  const port = await freePort(before?.port);

  const args = [
    ['--dbpath', folder],
    ['--bind_ip', '127.0.0.1'],
    ['--port', String(port)],
    ['--replSet', SET_NAME],
    ['--keyFile', keyFile],
    ['--wiredTigerCacheSizeGB', String(options.cacheGb ?? defaultCacheGb())],
    // What a transaction has not committed yet cannot leave the cache. By default 10 % of it may hold changes, and a Bundle of 17,000
    // entries would be rolled back as if it had met a conflict.
    [
      '--wiredTigerEngineConfigString',
      'eviction_dirty_target=20,eviction_dirty_trigger=70,eviction_updates_target=20,eviction_updates_trigger=60',
    ],
    ['--oplogSize', '1024'],
    ['--logpath', keepOneLog(join(dataDir, 'mongodb.log'))],
    // Alone in its set, there is nobody to hand over to: waiting for that would only make the end slow.
    ['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
    // The store allows this too, but only when the server starts, and mongod may be started again under it: five minutes for the
    // largest Bundle in one transaction.
    ['--setParameter', 'transactionLifetimeLimitSeconds=300'],
    // Slow queries are logged with the values searched for, which are about patients: only the very slow ones.
    ['--slowms', '5000'],
    ['--setParameter', 'diagnosticDataCollectionEnabled=false'],
    ['--quiet', '--nounixsocket'],
  ].flat();

  const start = async (): Promise<Child> => {
    const child = await startChild({ command: program, args, graceMs: GRACE_MS });
    writeNote(dataDir, 'mongodb', { version, port, process: child.identity });
    const failed = child.ended.then(({ code, signal }) => {
      throw new StartError(
        `MongoDB ${version} ended while starting (${signal ?? `code ${code}`}); its log is ${join(dataDir, 'mongodb.log')}. ${child.lastLines()}`,
      );
    });
    const gone = new AbortController();
    failed.catch((reason: unknown) => gone.abort(reason));
    const access = { port, password: secret, signal: gone.signal };
    try {
      await Promise.race([prepareReplicaSet(access, { version, upgrade: before?.version !== version }), failed]);
    } catch (error) {
      await child.stop();
      throw error;
    }
    return child;
  };

  const running = await supervise({ name: 'MongoDB', start, report, onLost });
  return {
    ...running,
    version,
    uri: mongodUri(port, secret),
  };
}

export const mongodUri = (port: number, secret: string): string =>
  `mongodb://wardgate:${secret}@127.0.0.1:${port}/?replicaSet=${SET_NAME}&directConnection=true&authSource=admin`;

/** MongoDB takes as much as its data needs: a terminology of a million concepts alone 2 GB, and read from disk it is several times slower. */
const MOST_CACHE_GB = 4;

function defaultCacheGb(): number {
  // of a container, where there is one
  const allowed = process.constrainedMemory();
  const memory = allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
  return Math.max(0.25, Math.min(MOST_CACHE_GB, Math.round((memory / GIB) * 25) / 100));
}

/** The log of the start before is kept, older ones are not: mongod alone would keep them all. */
function keepOneLog(path: string): string {
  try {
    renameSync(path, `${path}.1`);
  } catch {
    // the first start
  }
  return path;
}
