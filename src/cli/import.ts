// `npm run import -- PATH…`: loads FHIR files into the running server, or into one that lives only for the import.
import { systemClock } from '../platform/clock/clock.ts';
import type { Config } from '../platform/config/config.ts';
import { createLogger } from '../platform/logger/logger.ts';
import { StartError } from '../platform/start-error.ts';
import { startServer } from '../server.ts';
import { type Client, createClient } from './import/client.ts';
import { sourceFiles } from './import/files.ts';
import { type ImportResult, importFiles } from './import/import-files.ts';
import { createProgress } from './progress.ts';

export interface ImportSettings {
  paths: readonly string[];
  concurrency: number;
  config: Config;
}

/** Returns the exit code: 1 where anything failed. */
export async function runImport({ paths, concurrency, config }: ImportSettings): Promise<number> {
  const files = sourceFiles(paths);
  if (files.length === 0) throw new StartError('Nothing to import: no .json, .ndjson or .gz of them was found.');
  const target = await openTarget(config, concurrency);
  console.error(`Importing ${files.length} ${files.length === 1 ? 'file' : 'files'} into ${target.base} …`);
  const megabytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = createProgress('Import', megabytes);
  const started = systemClock();
  const seconds = (): number => Math.max(0.001, (systemClock() - started) / 1000);
  try {
    const result = await importFiles({
      files,
      client: target.client,
      concurrency,
      onProgress: ({ resources, filesDone, bytesDone }) =>
        progress.update(
          bytesDone,
          `${filesDone}/${files.length} files, ${number(resources)} resources, ${number(resources / seconds())}/s`,
        ),
    });
    progress.end();
    return report(result, seconds());
  } finally {
    progress.end();
    await target.close();
  }
}

interface Target {
  base: string;
  client: Client;
  close(): Promise<void>;
}

async function openTarget(config: Config, concurrency: number): Promise<Target> {
  const base = config.baseUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}/fhir`;
  const client = createClient(base, concurrency);
  if (await client.isThere()) return { base, client, close: async () => client.close() };
  client.close();
  if (config.baseUrl !== undefined) throw new StartError(`No FHIR server answers at BASE_URL=${base}.`);
  console.error(`No server answers at ${base}; starting one for the import …`);
  const logger = createLogger({ level: 'warn', format: config.logFormat, stream: process.stderr });
  const server = await startServer({ ...config, host: '127.0.0.1', port: 0, seed: 'none' }, logger, {
    onLost: (reason) => logger.error(reason),
  });
  const own = createClient(server.base, concurrency);
  return {
    base: server.base,
    client: own,
    close: async () => {
      own.close();
      await server.close();
    },
  };
}

const number = (value: number): string => Math.round(value).toLocaleString('en');

function report({ files, totals }: ImportResult, seconds: number): number {
  const failed = files.filter(({ counts }) => counts.failed > 0);
  for (const { path, errors } of failed) {
    console.error(`${path}:`);
    for (const error of errors.slice(0, 5)) console.error(`  ${error}`);
    if (errors.length > 5) console.error(`  and ${errors.length - 5} more`);
  }
  const { created, updated, matched } = totals;
  const resources = created + updated + matched;
  console.log(
    `${number(files.length)} files in ${seconds.toFixed(1)} s: ${number(resources)} resources (${number(resources / seconds)}/s), ` +
      `${number(created)} created, ${number(updated)} updated, ${number(matched)} skipped because they were there already` +
      `${failed.length === 0 ? '' : `; ${failed.length} files with errors (${number(totals.failed)} requests failed)`}.`,
  );
  return failed.length === 0 ? 0 : 1;
}
