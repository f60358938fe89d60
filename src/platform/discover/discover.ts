// Finds the modules of a folder that describe themselves by a suffix: `assign-bed.operation.ts`, or `.js` once compiled.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface Discovered<T> {
  path: string;
  module: T;
}

/** Default exports of all files below `folder` that end in `.<suffix>.ts` or `.<suffix>.js`, in the order of their paths. */
export async function discover<T>(folder: string | URL, suffix: string): Promise<Discovered<T>[]> {
  const root = folder instanceof URL ? fileURLToPath(folder) : folder;
  const ending = new RegExp(`\\.${suffix}\\.[jt]s$`);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .sort()
    .map((name) => join(root, name));
  return Promise.all(paths.map((path) => load<T>(path)));
}

async function load<T>(path: string): Promise<Discovered<T>> {
  const loaded = (await import(pathToFileURL(path).href)) as { default?: T };
  if (loaded.default === undefined) throw new Error(`${path} has no default export`);
  return { path, module: loaded.default };
}
