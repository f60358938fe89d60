// A real server process, as `npm start` runs it, that tests kill and start again on the same data. Where no engines are named
// it has MongoDB and Redis of its own in a folder of its own; `close` ends everything and removes the folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Db, MongoClient } from 'mongodb';
import { sleep } from '../../src/platform/clock/clock.ts';
import { defaultCacheDir } from '../../src/platform/engines/cache-folder.ts';
import { endOrphan } from '../../src/platform/engines/child.ts';
import { freePort } from '../../src/platform/engines/free-port.ts';
import { readNote, secretOf } from '../../src/platform/engines/notes.ts';
import { createFhirClient, type FhirClient } from '../support/fhir-client.ts';

export interface ServerProcess extends FhirClient {
  /** on the same data and the same port; settles when it is ready */
  start(): Promise<void>;
  /** SIGKILL: the server has no chance to say goodbye */
  kill(): Promise<void>;
  killMongod(): void;
  /** the embedded database as it is, below the server */
  withDatabase<T>(look: (db: Db) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const TSX = createRequire(import.meta.url).resolve('tsx');
const READY_MS = 60_000;
const STOP_MS = 20_000;

export async function startServerProcess(engines: Record<string, string> = {}): Promise<ServerProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wardgate-killed-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let output = '';

  async function start(): Promise<void> {
    const starting = spawn(process.execPath, ['--import', TSX, MAIN], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PORT: String(port),
        HOST: '127.0.0.1',
        DATA_DIR: dataDir,
        CACHE_DIR: process.env.CACHE_DIR ?? defaultCacheDir(process.env),
        MONGODB_URI: '',
        REDIS_URL: '',
        MONGODB_CACHE_GB: '0.25',
        SEED: 'none',
        LOG_LEVEL: 'warn',
        ...engines,
      },
    });
    child = starting;
    process.once('exit', killAtOnce);
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000);
    };
    starting.stdout.on('data', keep);
    starting.stderr.on('data', keep);
    const deadline = performance.now() + READY_MS;
    while (!(await isReady(origin))) {
      if (starting.exitCode !== null || performance.now() > deadline)
        throw new Error(`The server does not start (exit code ${starting.exitCode}):\n${output}`);
      await sleep(50);
    }
  }

  const killAtOnce = (): void => void child?.kill('SIGKILL');

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = undefined;
    process.removeListener('exit', killAtOnce);
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    const timer = setTimeout(() => ending.kill('SIGKILL'), STOP_MS);
    ending.kill(signal);
    await ended;
    clearTimeout(timer);
  }

  async function close(): Promise<void> {
    await end('SIGTERM');
    // Nothing is left after a clean end; after a failed test there may be.
    for (const engine of ['mongodb', 'redis']) {
      const orphan = readNote(dataDir, engine)?.process;
      if (orphan !== undefined) await endOrphan(orphan, 1000);
    }
    rmSync(dataDir, { recursive: true, force: true });
  }

  const server: ServerProcess = {
    ...createFhirClient(`${origin}/fhir`),
    start,
    close,
    kill: () => end('SIGKILL'),
    killMongod: () => {
      const mongod = readNote(dataDir, 'mongodb')?.process;
      if (mongod === undefined) throw new Error('This server runs no MongoDB of its own');
      process.kill(mongod.pid, 'SIGKILL');
    },
    async withDatabase(look) {
      const { secret } = secretOf(dataDir, 'mongodb');
      const address = `127.0.0.1:${readNote(dataDir, 'mongodb')?.port}`;
      const client = new MongoClient(`mongodb://wardgate:${secret}@${address}/?directConnection=true`);
      try {
        return await look(client.db('wardgate'));
      } finally {
        await client.close();
      }
    },
  };
  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return server;
}

const isReady = (origin: string): Promise<boolean> =>
  fetch(`${origin}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
