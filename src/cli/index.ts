// The commands of Wardgate. bin/wardgate.mjs installs and builds, then comes here.
import { Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../platform/clock/clock.ts';
import { type Config, readConfig } from '../platform/config/config.ts';
import { StartError } from '../platform/start-error.ts';
import type { AddOptions } from './clients.ts';

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
  .addOption(tokenOption())
  .action(async (paths: string[], { concurrency, ...shown }: { concurrency: number } & Shown) => {
    const { runImport } = await import('./import.ts');
    process.exitCode = await runImport({ paths, concurrency, config: configWith(shown) });
  });

program
  .command('seed')
  .description(
    'Load the demo hospital into the running server, or into the data folder. Loading it again changes nothing.',
  )
  .addOption(tokenOption())
  .action(async (shown: Shown) => {
    const { runSeed } = await import('./seed.ts');
    process.exitCode = await runSeed(configWith(shown), systemClock);
  });

program
  .command('token')
  .description('Print an access token of an account, good for an hour; without one, the accounts of the demo hospital.')
  .argument('[email]', 'the address of the account')
  .option('--end', 'end those that it made for the account; without one, those that commands made for themselves')
  .action(async (email: string | undefined, { end = false }: { end?: boolean }) => {
    const { runToken } = await import('./token.ts');
    process.exitCode = await runToken(readConfig(), email, { end });
  });

program
  .command('reindex')
  .description('Extract the search keys of all resources again, beside normal work.')
  .option('-t, --type <type...>', 'only of these types')
  .addOption(tokenOption())
  .action(async ({ type = [], ...shown }: { type?: string[] } & Shown) => {
    const { runReindex } = await import('./reindex.ts');
    process.exitCode = await runReindex(configWith(shown), type);
  });

program
  .command('admin')
  .description('Accounts that may do everything.')
  .command('create')
  .description('Print a one-time link with which somebody becomes an administrator; also beside a running server.')
  .argument('<email>', 'the address of the account')
  .action(async (email: string) => {
    const { runAdminCreate } = await import('./admin.ts');
    process.exitCode = await runAdminCreate(readConfig(), email, systemClock);
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

const terminology = program
  .command('terminology')
  .description('Code systems that you bring yourself: SNOMED CT, LOINC, RxNorm, ICD-10-CM (docs/terminology.md).');

terminology
  .command('load')
  .description('Load releases; the same release again replaces the first, another version stands beside it.')
  .argument('<path...>', 'zips, folders or files as the publisher gives them')
  .option('-s, --system <code>', 'loinc, snomed, rxnorm or icd-10-cm, where the files could be several')
  .option('-r, --release <version>', 'the version, where the files do not say it')
  .action(async (paths: string[], { system, release }: { system?: string; release?: string }) => {
    const { runTerminologyLoad } = await import('./terminology.ts');
    const wishes = { ...(system !== undefined && { system }), ...(release !== undefined && { version: release }) };
    process.exitCode = await runTerminologyLoad(readConfig(), paths, wishes);
  });

terminology
  .command('list')
  .description('Show what is loaded.')
  .action(async () => {
    const { runTerminologyList } = await import('./terminology.ts');
    process.exitCode = await runTerminologyList(readConfig());
  });

terminology
  .command('unload')
  .description('Remove a code system: all its versions, or one.')
  .argument('<system>', 'its URL, or URL|version')
  .action(async (system: string) => {
    const { runTerminologyUnload } = await import('./terminology.ts');
    process.exitCode = await runTerminologyUnload(readConfig(), system);
  });

const keys = program.command('keys').description('The keys that tokens are signed with; they change by themselves.');

keys
  .command('list')
  .description('Show them.')
  .action(async () => {
    const { runKeysList } = await import('./keys.ts');
    process.exitCode = await runKeysList(readConfig());
  });

keys
  .command('rotate')
  .description('Use the next ones from now on. Nobody is signed out.')
  .option('--compromised', 'make all of them anew: every access token there is ends at once')
  .action(async ({ compromised = false }: { compromised?: boolean }) => {
    const { runKeysRotate } = await import('./keys.ts');
    process.exitCode = await runKeysRotate(readConfig(), { compromised });
  });

const clients = program
  .command('clients')
  .description('Applications that sign people in, or themselves (docs/smart.md).');

clients
  .command('add')
  .description('Register one; its client_id, and its secret where it has one, are printed.')
  .argument('<name>', 'as people shall read it')
  .option('--id <client-id>', 'its client_id; made where it is not given')
  .option('-r, --redirect <uri...>', 'where browsers are sent back to')
  .option('-l, --launch <uri>', 'where a launch from the hospital begins')
  .option('--sign-out <uri...>', 'where browsers are sent on to after a sign-out')
  .option('-s, --scope <scopes>', 'the most it may ask for: "launch/patient openid patient/*.rs"')
  .option('--native', 'an app on a device, not on the web')
  .option('--confidential', 'it can keep a secret')
  .option('--backend', 'it acts for itself (SMART Backend Services)')
  .option('-k, --jwks <file-or-address>', 'its public keys')
  .option('--role <role...>', 'roles of a backend client')
  .option('--organization <id...>', 'organizations that a backend client acts for')
  .option('--limits <class>', 'class of rate limits')
  .option('--resource-server', 'it may ask what any token stands for')
  .action(async (name: string, options: AddOptions) => {
    const { runClientsAdd } = await import('./clients.ts');
    process.exitCode = await runClientsAdd(readConfig(), name, options);
  });

clients
  .command('list')
  .description('Show them.')
  .action(async () => {
    const { runClientsList } = await import('./clients.ts');
    process.exitCode = await runClientsList(readConfig());
  });

clients
  .command('disable')
  .description('End everything it holds; it can do nothing until it is enabled.')
  .argument('<client-id>')
  .action(async (id: string) => {
    const { runClientsDisable } = await import('./clients.ts');
    process.exitCode = await runClientsDisable(readConfig(), id);
  });

clients
  .command('enable')
  .description('Let it in again.')
  .argument('<client-id>')
  .action(async (id: string) => {
    const { runClientsEnable } = await import('./clients.ts');
    process.exitCode = await runClientsEnable(readConfig(), id);
  });

clients
  .command('remove')
  .description('End everything it holds, and forget it.')
  .argument('<client-id>')
  .action(async (id: string) => {
    const { runClientsRemove } = await import('./clients.ts');
    process.exitCode = await runClientsRemove(readConfig(), id);
  });

const audit = program.command('audit').description('The audit log (docs/audit.md).');

audit
  .command('verify')
  .description('Check that nothing of the log was changed, removed, moved or cut off. Exit code 1 if something was.')
  .option('--head <line...>', 'lines of "audit heads" that you kept: the log must still hold them')
  .action(async ({ head = [] }: { head?: string[] }) => {
    const { runAuditVerify } = await import('./audit.ts');
    process.exitCode = await runAuditVerify(readConfig(), head);
  });

audit
  .command('heads')
  .description('Print where each chain of the log ends, to be kept where nobody of this machine can change it.')
  .action(async () => {
    const { runAuditHeads } = await import('./audit.ts');
    process.exitCode = await runAuditHeads(readConfig());
  });

interface Shown {
  token?: string;
}

/** Others of this machine may read a command line, but not an environment. */
function tokenOption(): Option {
  return new Option('--token <token>', 'what a running server is shown; better set WARDGATE_TOKEN to it');
}

function configWith({ token }: Shown): Config {
  const config = readConfig();
  return token === undefined ? config : { ...config, token };
}

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
