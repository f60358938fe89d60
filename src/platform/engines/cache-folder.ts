// Where fetched engines are kept: one folder per user, so that a second checkout fetches nothing.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export function defaultCacheDir(environment: NodeJS.ProcessEnv): string {
  const own = join(environment.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wardgate');
  return isWritable(own) ? own : resolve('.cache', 'wardgate');
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
