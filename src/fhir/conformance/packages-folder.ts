// The packages that an operator puts into a folder: loaded at the start, once.
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FhirError } from '../model/errors.ts';
import { type LoadedPackage, type LoadOptions, loadPackage } from './load-package.ts';

export interface FolderOptions extends Omit<LoadOptions, 'onProgress'> {
  onLoaded: (file: string, loaded: LoadedPackage) => void;
  onRefused: (file: string, reason: string) => void;
}

/** A broken file does not keep the others, nor the server, from starting. */
export async function loadFolder(folder: string, { onLoaded, onRefused, ...options }: FolderOptions): Promise<void> {
  for (const name of await packagesIn(folder)) {
    try {
      const loaded = await loadPackage(() => createReadStream(join(folder, name)), options);
      if (loaded.isNew) onLoaded(name, loaded);
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      onRefused(name, error.message);
    }
  }
}

async function packagesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.endsWith('.tgz')).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
