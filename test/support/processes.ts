// Runs Wardgate's commands as a user does: as processes of their own, through the launcher.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export const launcher = fileURLToPath(new URL('../../bin/wardgate.mjs', import.meta.url));

let built: Promise<unknown> | undefined;

/** Before several start at the same moment, which would each build what changed. */
export async function build(): Promise<void> {
  built ??= once(spawn(process.execPath, [launcher, 'build'], { stdio: 'inherit' }), 'exit');
  await built;
}

export interface Finished {
  code: number | null;
  output: string;
  /** standard error without what the launcher says about itself */
  errors: string[];
}

const running = new Set<ChildProcess>();

/** Settings of the test run itself must not reach the command. */
function launch(args: readonly string[], environment: Record<string, string>): ChildProcess {
  const { PATH = '', HOME = '', CACHE_DIR = '' } = process.env;
  const child = spawn(process.execPath, [launcher, ...args], {
    env: { PATH, HOME, CACHE_DIR, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Runs a command to its end. */
export async function wardgate(args: readonly string[], environment: Record<string, string>): Promise<Finished> {
  const child = launch(args, environment);
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const said = errors.split('\n').filter((line) => line !== '' && line !== 'Building …');
  return { code, output, errors: said };
}

export interface StartedServer {
  base: string;
  process: ChildProcess;
  /** what it wrote so far */
  said(): string;
  /** gives the exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a server and waits until it says its base. */
export async function startWardgate(environment: Record<string, string>): Promise<StartedServer> {
  const child = launch(['start'], { PORT: '0', LOG_LEVEL: 'warn', ...environment });
  let said = '';
  const base = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      said += chunk.toString();
      const found = /FHIR base URL: (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  return {
    base,
    process: child,
    said: () => said,
    stop: async (signal = 'SIGTERM') => {
      const ended = once(child, 'exit') as Promise<[number | null]>;
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

/** For a failed test's sake. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** A port that something else listens on. */
export async function busyPort(): Promise<{ port: number; close(): void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, close: () => void server.close() };
}
