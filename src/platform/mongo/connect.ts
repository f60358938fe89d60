// The one MongoDB client of a server process.
import { type Db, MongoClient, MongoServerError } from 'mongodb';
import './mend-driver.ts';
import { StartError } from '../start-error.ts';

export interface Mongo {
  client: MongoClient;
  db: Db;
  close(): Promise<void>;
}

export interface ConnectOptions {
  uri: string;
  poolSize: number;
  /** the database where the address names none */
  database?: string;
  /** how long the first answer may take; a wrong address is then told instead of waited for */
  timeoutMs?: number;
}

const OLDEST_MAJOR = 6;

export async function connectMongo({ uri, poolSize, database, timeoutMs = 5000 }: ConnectOptions): Promise<Mongo> {
  const client = open(uri, poolSize, timeoutMs);
  try {
    await client.connect();
    const db = client.db(databaseIn(uri) ?? database ?? 'wardgate');
    const hello = await db.command({ hello: 1 });
    if (hello.setName === undefined && hello.msg !== 'isdbgrid') {
      throw new StartError(
        `MONGODB_URI (${placeOf(uri)}) is a single MongoDB server; transactions need a replica set (one node is enough) or a sharded cluster.`,
      );
    }
    const { version } = await db.command({ buildInfo: 1 });
    if (Number(String(version).split('.')[0]) < OLDEST_MAJOR) {
      throw new StartError(`MONGODB_URI (${placeOf(uri)}) is MongoDB ${version}; 6.0 or newer is needed.`);
    }
    return { client, db, close: () => client.close() };
  } catch (error) {
    await client.close().catch(() => undefined);
    if (error instanceof StartError) throw error;
    throw new StartError(`MONGODB_URI (${placeOf(uri)}) cannot be used: ${reasonOf(error)}`, 1, { cause: error });
  }
}

function open(uri: string, poolSize: number, timeoutMs: number): MongoClient {
  try {
    return new MongoClient(uri, {
      appName: 'wardgate',
      maxPoolSize: poolSize,
      // New connections cost a handshake of many milliseconds: keep those that a quiet minute leaves idle.
      minPoolSize: 2,
      serverSelectionTimeoutMS: timeoutMs,
      connectTimeoutMS: timeoutMs,
      retryWrites: true,
      writeConcern: { w: 'majority' },
      ignoreUndefined: false,
    });
  } catch (error) {
    throw new StartError(`MONGODB_URI cannot be read: ${(error as Error).message.split('\n')[0]}`, 2);
  }
}

/** `mongodb://u:p@h1,h2/name?x` → `name` */
const databaseIn = (uri: string): string | undefined => /^[^:]+:\/\/[^/]*\/([^?]+)/.exec(uri)?.[1];

/** hosts only: the address may hold a password */
const placeOf = (uri: string): string => /^[^:]+:\/\/(?:[^@/]*@)?([^/?]*)/.exec(uri)?.[1] ?? 'unreadable';

function reasonOf(error: unknown): string {
  if (error instanceof MongoServerError && error.codeName === 'AuthenticationFailed')
    return 'user or password is wrong.';
  const message = error instanceof Error ? error.message : String(error);
  return `${message.split('\n')[0]?.replace(/\.$/, '')}.`;
}
