// `npm run import -- PATH…`: loads FHIR files into the running server, or into one that lives only for the import.
import { systemClock } from '../platform/clock/clock.ts';
import type { Config } from '../platform/config/config.ts';
import { StartError } from '../platform/start-error.ts';
import { sourceFiles } from './import/files.ts';
import { type ImportResult, importFiles } from './import/import-files.ts';
import { createProgress } from './progress.ts';
import { openTarget } from './target.ts';

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
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const progress = createProgress('Import', bytes);
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
