// A server as a process of its own, so that its CPU and memory can be told from the bench's.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServerProcess {
  port: number;
  pid: number;
  /** from spawn to the first good answer */
  readyMs: number;
  stop(): Promise<void>;
}

export async function startProcess(
  args: readonly string[],
  env: Record<string, string>,
  isReady: (port: number) => Promise<boolean>,
): Promise<ServerProcess> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr?.on('data', (chunk) => {
    output += chunk;
  });
  while (!(await isReady(port).catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended: ${output}`);
    await sleep(20);
  }
  return { port, pid: child.pid ?? 0, readyMs: performance.now() - started, stop: () => end(child) };
}

export const isServerReady = async (port: number): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;

export const answersAnything = async (port: number): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/none`)).status > 0;

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
