// Runs one engine as a child that never outlives the server: stopped on close, and by a watchdog when the server is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { sleep } from '../clock/clock.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

export interface ChildOptions {
  command: string;
  args: readonly string[];
  /** written to its standard input: settings that must not be seen in the list of processes */
  input?: string;
  /** how long it may take to end by itself before it is killed */
  graceMs: number;
}

export interface Child {
  identity: ProcessIdentity;
  /** settles when the process has ended */
  ended: Promise<{ code: number | null; signal: string | null }>;
  /** the last lines it wrote, for the message when it does not start */
  lastLines(): string;
  stop(): Promise<void>;
}

export async function startChild({ command, args, input, graceMs }: ChildOptions): Promise<Child> {
  // A group of its own: Ctrl-C at the terminal must reach the server only, which still needs its database to finish.
  const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const tail: string[] = [];
  const keep = (chunk: Buffer): void => {
    tail.push(chunk.toString());
    if (tail.length > 20) tail.shift();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid ?? 0;
  const identity = identityOf(pid) ?? { pid, started: 'ended' };
  const watchdog = startWatchdog(pid);
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      watchdog?.kill('SIGKILL');
      resolve({ code, signal });
    });
  });
  // The server's own life must not hang on these handles once it wants to end.
  for (const part of [child, child.stdout, child.stderr]) (part as { unref?: () => void }).unref?.();
  return {
    identity,
    ended,
    lastLines: () => tail.join('').trim().split('\n').slice(-3).join(' '),
    stop: async () => {
      child.ref();
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/**
 * A shell of about one megabyte whose input is a pipe from this process: when this process is gone, however it ended, the
 * pipe closes and the shell asks the engine to end. Windows has no such shell; there the next start cleans up.
 */
function startWatchdog(pid: number): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const script = `trap '' INT HUP TERM; read -r line; kill -TERM ${pid} 2>/dev/null`;
  const watchdog = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watchdog.on('error', () => undefined);
  watchdog.stdin.on('error', () => undefined);
  watchdog.unref();
  (watchdog.stdin as { unref?: () => void }).unref?.();
  return watchdog;
}

/** Ends what a crashed server left behind, so that its data folder can be opened again. */
export async function endOrphan(identity: ProcessIdentity, graceMs: number): Promise<void> {
  let waited = 0;
  const step = 20;
  while (isAlive(identity)) {
    if (waited === 0) signal(identity.pid, 'SIGTERM');
    if (waited >= graceMs) signal(identity.pid, 'SIGKILL');
    await sleep(step);
    waited += step;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended by itself.
  }
}
