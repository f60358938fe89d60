// What a data folder remembers of its engines from one start to the next: which version wrote it, where it ran, its password.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from './process-identity.ts';

export interface EngineNote {
  version: string;
  port: number;
  /** the engine's process of the last start: still there only after a crash */
  process?: ProcessIdentity;
}

export function readNote(dataDir: string, engine: string): EngineNote | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, `${engine}.json`), 'utf8')) as EngineNote;
  } catch {
    return undefined;
  }
}

export function writeNote(dataDir: string, engine: string, note: EngineNote): void {
  writeDurably(join(dataDir, `${engine}.json`), `${JSON.stringify(note)}\n`);
}

/** A password for other users of this machine to not know: an open local port alone would show them patients. */
export function secretOf(dataDir: string, engine: string): { secret: string; path: string } {
  const path = join(dataDir, `${engine}.secret`);
  try {
    return { secret: readFileSync(path, 'utf8').trim(), path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const secret = randomBytes(32).toString('hex');
  writeDurably(path, secret);
  return { secret, path };
}

/** Whole or not at all, and readable by the server's user only. */
export function writeDurably(path: string, text: string): void {
  const file = openSync(`${path}.new`, 'w', 0o600);
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
}
