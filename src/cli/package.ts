// `wardgate package load|list|unload`: FHIR packages in the database of the running server, or of one that is not running.
import { createReadStream, existsSync, type ReadStream, statSync } from 'node:fs';
import { definitionTypes } from '../fhir/conformance/definition-types.ts';
import { countsOf, type LoadedPackage, loadPackage } from '../fhir/conformance/load-package.ts';
import { loadDefinitions } from '../fhir/definitions/load.ts';
import { FhirError } from '../fhir/model/errors.ts';
import type { PackageRecord, PackageStore } from '../fhir/storage/definitions.ts';
import { createDefinitionStore } from '../fhir/storage/mongo/definitions/index.ts';
import { systemClock } from '../platform/clock/clock.ts';
import type { Config } from '../platform/config/config.ts';
import { StartError } from '../platform/start-error.ts';
import { withDatabase } from './database.ts';
import { createProgress } from './progress.ts';

/** Returns the exit code: 1 where a file was refused. */
export function runPackageLoad(config: Config, paths: readonly string[]): Promise<number> {
  const missing = paths.filter((path) => !existsSync(path) || !statSync(path).isFile());
  if (missing.length > 0) throw new StartError(`There is no file ${missing.join(', ')}.`);
  return withPackages(config, async (store) => {
    let code = 0;
    for (const path of paths) {
      try {
        for (const line of report(await loadShown(path, store))) console.log(line);
      } catch (error) {
        if (!(error instanceof FhirError)) throw error;
        console.error(`${path}: ${error.message}`);
        code = 1;
      }
    }
    return code;
  });
}

export function runPackageList(config: Config): Promise<number> {
  return withPackages(config, async (store) => {
    const records = await store.list();
    if (records.length === 0) console.log('No package is loaded.');
    for (const record of records) console.log(`${record.name}#${record.version}  ${summaryOf(record)}`);
    return 0;
  });
}

/** `name` means all its versions. */
export function runPackageUnload(config: Config, named: string): Promise<number> {
  const [name = '', version] = named.split('#');
  return withPackages(config, async (store) => {
    const wanted = (await store.list()).filter((one) => one.name === name && (version ?? one.version) === one.version);
    for (const one of wanted) {
      await store.remove(one.name, one.version);
      console.log(`${one.name}#${one.version} is unloaded.`);
    }
    if (wanted.length === 0) console.error(`${named} is not loaded; \`npm run package -- list\` shows what is.`);
    return wanted.length === 0 ? 1 : 0;
  });
}

const withPackages = (config: Config, work: (store: PackageStore) => Promise<number>): Promise<number> =>
  withDatabase(config, (db) => work(createDefinitionStore({ db, now: systemClock }).packages));

async function loadShown(path: string, store: PackageStore): Promise<LoadedPackage> {
  const progress = createProgress('Package', statSync(path).size);
  let file: ReadStream | undefined;
  const open = (): ReadStream => {
    file = createReadStream(path);
    return file;
  };
  try {
    return await loadPackage(open, {
      store,
      types: definitionTypes(loadDefinitions()),
      onProgress: ({ definitions }) => progress.update(file?.bytesRead ?? 0, `${definitions} definitions`),
    });
  } finally {
    progress.end();
  }
}

function* report({ manifest, isNew, counts, missing, duplicates }: LoadedPackage): Iterable<string> {
  const name = `${manifest.name}#${manifest.version}`;
  yield isNew ? `${name} is loaded: ${textOf(counts)}.` : `${name} is loaded already.`;
  for (const line of duplicates) yield `  left out: ${line}`;
  if (missing.length > 0)
    yield `  It depends on ${missing.join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not loaded: what it takes from there is unknown.`;
}

const summaryOf = ({ entries, title, loadedAt }: PackageRecord): string =>
  `${title ?? ''} (${textOf(countsOf(entries))}; loaded ${new Date(loadedAt).toISOString().slice(0, 16)}Z)`.trim();

const textOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([type, count]) => `${count} ${type}`)
    .join(', ');
