// The commands of Wardgate. bin/wardgate.mjs installs and builds, then comes here.
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../platform/clock/clock.ts';
import { readConfig } from '../platform/config/config.ts';
import { StartError } from '../platform/start-error.ts';

const program = new Command('wardgate').description('A FHIR R4 server, and the hospital system that comes with it.');

program
  .command('start')
  .description('Run the server (settings: docs/environment.md).')
  .action(async () => {
    await import('../main.ts');
  });

program
  .command('import')
  .description('Load files or folders: transaction and batch Bundles, other Bundles, resources, NDJSON; .gz of each.')
  .argument('<path...>', 'files or folders')
  .option('-c, --concurrency <n>', 'requests at a time', wholeNumber, 4)
  .action(async (paths: string[], { concurrency }: { concurrency: number }) => {
    const { runImport } = await import('./import.ts');
    process.exitCode = await runImport({ paths, concurrency, config: readConfig() });
  });

program
  .command('seed')
  .description(
    'Load the demo hospital into the running server, or into the data folder. Loading it again changes nothing.',
  )
  .action(async () => {
    const { runSeed } = await import('./seed.ts');
    process.exitCode = await runSeed(readConfig(), systemClock);
  });

program
  .command('reindex')
  .description('Extract the search keys of all resources again, beside normal work.')
  .action(async () => {
    const { runReindex } = await import('./reindex.ts');
    process.exitCode = await runReindex(readConfig());
  });

const packages = program
  .command('package')
  .description('FHIR packages: profiles, value sets and search parameters of others.');

packages
  .command('load')
  .description('Load packages; a running server knows them within two seconds.')
  .argument('<file...>', 'packages (.tgz)')
  .action(async (files: string[]) => {
    const { runPackageLoad } = await import('./package.ts');
    process.exitCode = await runPackageLoad(readConfig(), files);
  });

packages
  .command('list')
  .description('Show the loaded packages.')
  .action(async () => {
    const { runPackageList } = await import('./package.ts');
    process.exitCode = await runPackageList(readConfig());
  });

packages
  .command('unload')
  .description('Remove a package.')
  .argument('<name>', 'hl7.fhir.us.core#6.1.0, or without the version all of them')
  .action(async (name: string) => {
    const { runPackageUnload } = await import('./package.ts');
    process.exitCode = await runPackageUnload(readConfig(), name);
  });

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64) throw new InvalidArgumentError('must be from 1 to 64.');
  return value;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
