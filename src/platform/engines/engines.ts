// MongoDB and Redis for one server: those that the settings name, else found or fetched and run inside the data folder.
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { type RunningEngine, runMongod } from './mongodb/run.ts';
import { runRedis } from './redis/run.ts';

export interface EnginesOptions {
  dataDir: string;
  cacheDir: string;
  mongodbUri?: string | undefined;
  redisUrl?: string | undefined;
  mongodbCacheGb?: number | undefined;
  environment: NodeJS.ProcessEnv;
  /** one line about what takes time or went wrong */
  report: (line: string) => void;
  /** an embedded engine ended and could not be kept running: the server should end */
  onLost?: (reason: string) => void;
}

export interface Engines {
  mongodbUri: string;
  redisUrl: string;
  /** the embedded ones, absent where the settings name an engine */
  embedded: { mongodb?: RunningEngine; redis?: RunningEngine };
  close(): Promise<void>;
}

export async function startEngines(options: EnginesOptions): Promise<Engines> {
  const { mongodbUri, redisUrl, report, mongodbCacheGb } = options;
  const onLost = options.onLost ?? report;
  const needsFolder = mongodbUri === undefined || redisUrl === undefined;
  const lock: FolderLock | undefined = needsFolder ? lockFolder(options.dataDir) : undefined;
  const cacheGb = mongodbCacheGb === undefined ? {} : { cacheGb: mongodbCacheGb };
  const results = await Promise.allSettled([
    mongodbUri === undefined ? runMongod({ ...options, ...cacheGb, onLost }) : undefined,
    redisUrl === undefined ? runRedis({ ...options, onLost }) : undefined,
  ]);
  const [mongodb, redis] = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
  const close = async (): Promise<void> => {
    await Promise.all([mongodb?.stop(), redis?.stop()]);
    lock?.release();
  };
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    await close();
    throw failure.reason;
  }
  return {
    mongodbUri: mongodbUri ?? mongodb?.uri ?? '',
    redisUrl: redisUrl ?? redis?.uri ?? '',
    embedded: { ...(mongodb ? { mongodb } : {}), ...(redis ? { redis } : {}) },
    close,
  };
}
