// A real server process, as `npm start` runs it, that tests kill and start again on the same data. Where no engines are named
// it has MongoDB and Redis of its own in a folder of its own; `close` ends everything and removes the folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, MongoClient } from 'mongodb';
import { sleep } from '../../src/platform/clock/clock.ts';
import { defaultCacheDir } from '../../src/platform/engines/cache-folder.ts';
import { endOrphan } from '../../src/platform/engines/child.ts';
import { freePort } from '../../src/platform/engines/free-port.ts';
import { readNote, secretOf } from '../../src/platform/engines/notes.ts';
import { isAlive } from '../../src/platform/engines/process-identity.ts';
import { createFhirClient, type FhirClient } from '../support/fhir-client.ts';
import { build, launcher } from '../support/processes.ts';

export interface ServerProcess extends FhirClient {
  /** on the same data and the same port; settles when it is ready */
  start(): Promise<void>;
  /** SIGKILL: the server has no chance to say goodbye */
  kill(): Promise<void>;
  /** SIGKILL of an engine of its own */
  killEngine(engine: 'mongodb' | 'redis'): void;
  /** server, database and queue at one moment, as a power cut does */
  cutPower(): Promise<void>;
  /** the embedded database as it is, below the server */
  withDatabase<T>(look: (db: Db) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** ends the server when its input ends: with the test process, however that ends */
const LEASH = `data:text/javascript,process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume().unref()`;
const READY_MS = 120_000;
const STOP_MS = 20_000;

/** A server that is not started yet. `settings` are environment variables of its own. */
export async function aServerProcess(settings: Record<string, string> = {}): Promise<ServerProcess> {
  await build();
  const dataDir = mkdtempSync(join(tmpdir(), 'wardgate-killed-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let output = '';

  async function start(): Promise<void> {
    const starting = spawn(process.execPath, ['--import', LEASH, launcher, 'start'], {
      stdio: ['pipe', 'pipe', 'pipe'],
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
        AUTH: 'off',
        LOG_LEVEL: 'warn',
        ...settings,
      },
    });
    child = starting;
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000);
    };
    starting.stdout.on('data', keep);
    starting.stderr.on('data', keep);
    const deadline = performance.now() + READY_MS;
    while (!(await isReady(origin))) {
      if (hasEnded(starting) || performance.now() > deadline)
        throw new Error(`The server does not start (${starting.signalCode ?? starting.exitCode}):\n${output}`);
      await sleep(50);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = undefined;
    if (ending === undefined || hasEnded(ending)) return;
    const ended = once(ending, 'exit');
    const timer = setTimeout(() => ending.kill('SIGKILL'), STOP_MS);
    ending.kill(signal);
    await ended;
    clearTimeout(timer);
  }

  function killEngine(engine: 'mongodb' | 'redis'): void {
    const running = readNote(dataDir, engine)?.process;
    if (running !== undefined && isAlive(running)) process.kill(running.pid, 'SIGKILL');
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
    killEngine,
    cutPower() {
      const ended = end('SIGKILL');
      killEngine('mongodb');
      killEngine('redis');
      return ended;
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
  return server;
}

/** A server that is ready. */
export async function startServerProcess(engines: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await aServerProcess(engines);
  try {
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

const isReady = (origin: string): Promise<boolean> =>
  fetch(`${origin}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
