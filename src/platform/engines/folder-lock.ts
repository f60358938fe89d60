// Lets one server at a time use a data folder. The lock names its holder, so a lock left behind by a crash is recognised.
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StartError } from '../start-error.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

export interface FolderLock {
  release(): void;
}

export function lockFolder(folder: string): FolderLock {
  makeWritable(folder);
  const path = join(folder, 'wardgate.lock');
  const mine = JSON.stringify(identityOf(process.pid));
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    while (!linkIfFree(draft, path)) clearStale(path, folder);
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    release: () => {
      if (read(path) === mine) rmSync(path, { force: true });
    },
  };
}

function makeWritable(folder: string): void {
  try {
    makeFolder(folder);
    const probe = join(folder, `.write-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`The data folder ${folder} cannot be written (${code}). Set DATA_DIR to a folder that can.`);
  }
}

/** Parents first: mkdir's own `recursive` never returns where a parent answers ENOENT to everything, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

/** A hard link is made whole or not at all, with its content: no reader ever sees an empty lock. */
function linkIfFree(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function clearStale(path: string, folder: string): void {
  const text = read(path);
  if (text === undefined) return;
  const holder = parse(text);
  if (holder !== undefined && isAlive(holder)) throw inUse(folder, holder);
  // Two servers may find the same stale lock: what was moved away must be what was judged, else it goes back.
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = read(aside);
  if (moved !== text) linkIfFree(aside, path);
  rmSync(aside, { force: true });
}

const inUse = (folder: string, holder: ProcessIdentity): StartError =>
  new StartError(`Another Wardgate (process ${holder.pid}) is running on the data folder ${folder}.`);

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started } = value as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}
