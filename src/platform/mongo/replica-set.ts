// Makes a freshly started mongod ready: waits for it, initiates its one-node set and user once, and wakes it as primary.
import { connect as open } from 'node:net';
import { type Db, MongoClient, MongoServerError } from 'mongodb';
import { sleep } from '../clock/clock.ts';
import { series } from '../engines/mongodb/version.ts';
import { StartError } from '../start-error.ts';

export const SET_NAME = 'wardgate';
const USER = 'wardgate';

export interface Access {
  port: number;
  password: string;
  /** aborted when that mongod has ended: nobody waits for it any more */
  signal: AbortSignal;
}

interface SetConfig {
  version: number;
  members: [{ host: string }];
}

export async function prepareReplicaSet(
  access: Access,
  { version, upgrade }: { version: string; upgrade: boolean },
): Promise<void> {
  const { signal } = access;
  let entered = await enter(access);
  if (entered === undefined) {
    await bootstrap(access);
    entered = await enter(access);
  }
  if (entered === undefined) throw new StartError('The password in mongodb.secret does not open the data folder.');
  try {
    const admin = entered.db('admin');
    await followPort(admin, access);
    await untilPrimary(admin, signal);
    if (upgrade) await raiseFormat(admin, version);
  } finally {
    await entered.close();
  }
}

/** undefined where the user does not exist yet (or the password is another one) */
async function enter(access: Access): Promise<MongoClient | undefined> {
  try {
    return await connect(access, { auth: { username: USER, password: access.password } });
  } catch (error) {
    if (error instanceof MongoServerError && error.codeName === 'AuthenticationFailed') return undefined;
    throw error;
  }
}

const hostOf = ({ port }: Access): string => `127.0.0.1:${port}`;

async function connect(
  access: Access,
  options: { auth?: { username: string; password: string } },
): Promise<MongoClient> {
  // Recovery of a large journal after a crash may take minutes before the port answers.
  const client = new MongoClient(`mongodb://${hostOf(access)}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: 600_000,
    heartbeatFrequencyMS: 500,
    maxPoolSize: 1,
    ...options,
  });
  access.signal.addEventListener('abort', () => void client.close(), { once: true });
  try {
    await untilListening(access);
    const connected = await client.connect();
    access.signal.throwIfAborted();
    return connected;
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function untilListening({ port, signal }: Access): Promise<void> {
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = open({ host: '127.0.0.1', port });
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  while (!(await isOpen())) {
    signal.throwIfAborted();
    await sleep(25);
  }
}

/**
 * MongoDB lets a local client in without a password until the first user exists.
 * https://www.mongodb.com/docs/manual/core/localhost-exception/
 */
async function bootstrap(access: Access): Promise<void> {
  const client = await connect(access, {});
  try {
    const admin = client.db('admin');
    try {
      await admin.command({ replSetInitiate: { _id: SET_NAME, members: [{ _id: 0, host: hostOf(access) }] } });
    } catch (error) {
      if (!(error instanceof MongoServerError && error.codeName === 'AlreadyInitialized')) throw error;
    }
    await untilPrimary(admin, access.signal);
    await admin.command({ createUser: USER, pwd: access.password, roles: ['root'] });
  } finally {
    await client.close();
  }
}

/** The set's own record names its port; when that was taken this time, the record must follow or the node finds itself nowhere. */
async function followPort(admin: Db, access: Access): Promise<void> {
  const host = hostOf(access);
  const config = await configOnceLoaded(admin, access.signal);
  const [member] = config.members;
  if (member.host === host) return;
  member.host = host;
  config.version += 1;
  await admin.command({ replSetReconfig: config, force: true });
}

/** The port answers a moment before the node has read its own record. */
async function configOnceLoaded(admin: Db, signal: AbortSignal): Promise<SetConfig> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return (await admin.command({ replSetGetConfig: 1 })).config;
    } catch (error) {
      if (!(error instanceof MongoServerError && error.codeName === 'NotYetInitialized')) throw error;
      await sleep(20);
    }
  }
}

async function untilPrimary(admin: Db, signal: AbortSignal): Promise<void> {
  while ((await admin.command({ hello: 1 })).isWritablePrimary !== true) {
    signal.throwIfAborted();
    await sleep(20);
  }
}

/** After a start with a newer release the data takes its format, so that the next release can open it in turn. */
async function raiseFormat(admin: Db, version: string): Promise<void> {
  const found = await admin.command({ getParameter: 1, featureCompatibilityVersion: 1 });
  const target = series(version);
  if (found.featureCompatibilityVersion?.version === target) return;
  const confirm = Number(target.split('.')[0]) >= 7 ? { confirm: true } : {};
  await admin.command({ setFeatureCompatibilityVersion: target, ...confirm });
}
