// Runs redis-server with an append-only file: the queue's jobs survive a crash.
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { sleep } from '../../clock/clock.ts';
import { StartError } from '../../start-error.ts';
import { type Child, endOrphan, startChild } from '../child.ts';
import { freePort } from '../free-port.ts';
import type { RunningEngine } from '../mongodb/run.ts';
import { readNote, secretOf, writeNote } from '../notes.ts';
import { supervise } from '../supervise.ts';
import { type FindOptions, findRedisServer } from './binary.ts';

export interface RunOptions extends FindOptions {
  dataDir: string;
  onLost: (reason: string) => void;
}

const GRACE_MS = 20_000;

export async function runRedis(options: RunOptions): Promise<RunningEngine> {
  const { dataDir, report, onLost } = options;
  const before = readNote(dataDir, 'redis');
  if (before?.process !== undefined) await endOrphan(before.process, GRACE_MS);
  const { program, version } = await findRedisServer(options);
  refuseOlder(before?.version, version, program);
  const folder = join(dataDir, 'redis');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { secret } = secretOf(dataDir, 'redis');
  const port = await freePort(before?.port);
  // By standard input, not as arguments: those are shown to every user of the machine.
  const settings = [
    `bind 127.0.0.1`,
    `port ${port}`,
    `requirepass ${secret}`,
    `dir ${JSON.stringify(folder)}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    'loglevel warning',
    'daemonize no',
  ];

  const start = async (): Promise<Child> => {
    const child = await startChild({ command: program, args: ['-'], input: settings.join('\n'), graceMs: GRACE_MS });
    writeNote(dataDir, 'redis', { version, port, process: child.identity });
    const failed = child.ended.then(() => {
      throw new StartError(`Redis ${version} ended while starting: ${child.lastLines()}`);
    });
    let isGone = false;
    failed.catch(() => {
      isGone = true;
    });
    try {
      await Promise.race([untilReady(port, secret, () => isGone), failed]);
    } catch (error) {
      await child.stop();
      throw error;
    }
    return child;
  };

  const running = await supervise({ name: 'Redis', start, report, onLost });
  return { ...running, version, uri: `redis://:${secret}@127.0.0.1:${port}` };
}

function refuseOlder(wrote: string | undefined, found: string, program: string): void {
  if (wrote === undefined || Number(found.split('.')[0]) >= Number(wrote.split('.')[0])) return;
  throw new StartError(
    `The data folder was written by Redis ${wrote}, but ${program} is ${found}. Install ${wrote}, or set REDIS_URL.`,
  );
}

/** Answers LOADING while it reads its file, then PONG. */
async function untilReady(port: number, password: string, isGone: () => boolean): Promise<void> {
  while (!isGone() && !(await ping(port, password))) await sleep(25);
}

function ping(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let answer = '';
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(answer.includes('+PONG')));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (answer.split('\r\n').length > 2) socket.destroy();
    });
    socket.write(`AUTH ${password}\r\nPING\r\n`);
  });
}
