// Loads the demo hospital of seed/: on the first start of an empty database, or by `npm run seed`.
import type { Caller } from '../fhir/auth/caller.ts';
import { everything } from '../fhir/model/predicate.ts';
import type { Config } from '../platform/config/config.ts';
import type { RunningServer } from '../server.ts';
import type { Client } from './import/client.ts';
import { createInnerClient } from './inner-client.ts';
import { createProgress } from './progress.ts';
import { createDemoAccounts } from './seed/demo-accounts.ts';
import { loadDemo } from './seed/load-demo.ts';
import { openTarget } from './target.ts';

const CONNECTIONS = 4;

export interface FirstStart {
  server: Pick<RunningServer, 'base' | 'service'>;
  timeZone: string;
  now: () => number;
}

/**
 * Seeds an empty database once. A marker in the database says how far it came: a start that was interrupted is continued by the
 * next one, and what a user removes later does not come back.
 */
export async function seedOnFirstStart({ server, timeZone, now }: FirstStart): Promise<void> {
  const { store } = server.service;
  const mark = await store.transaction((tx) => tx.readPlace('seed', 'demo'));
  if (mark?.state === 'done') return;
  if (mark === undefined && (await hasPatients(store))) return;
  await store.transaction((tx) =>
    tx.changePlace('seed', 'demo', {}, { $set: { state: 'loading' } }, { state: 'loading' }),
  );
  await seed(createInnerClient(server.service, { base: server.base, callerOf: seederOf }), timeZone, now);
  await store.transaction((tx) => tx.changePlace('seed', 'demo', {}, { $set: { state: 'done' } }));
}

/**
 * Accounts of the demo hospital: made once, at the first start with sign-in of a database that was seeded, be it before. Returns undefined
 * where it was not.
 */
export async function demoAccountsOnFirstStart({
  server: { service },
  now,
}: FirstStart): Promise<{ password?: string } | undefined> {
  const { store, accounts } = service;
  const [hospital, made] = await store.transaction(async (tx) => [
    await tx.readPlace('seed', 'demo'),
    await tx.readPlace('seed', 'demo-accounts'),
  ]);
  if (accounts === undefined || hospital?.state !== 'done') return undefined;
  if (made !== undefined) return {};
  const password = await createDemoAccounts({ accounts, now });
  await store.transaction((tx) =>
    tx.changePlace('seed', 'demo-accounts', {}, { $set: { state: 'done' } }, { state: 'done' }),
  );
  return { password };
}

/** What operations make belongs to the hospital for which they are called. What transactions write says itself whose it is. */
const seederOf = (bundleType: string | undefined): Caller | undefined => (bundleType === 'batch' ? seeder : undefined);

const seeder: Caller = {
  kind: 'account',
  id: 'seed',
  roles: ['admin'],
  organizations: ['demo-hospital'],
  client: 'wardgate',
  limits: 'admin',
  address: '',
};

async function hasPatients(store: RunningServer['service']['store']): Promise<boolean> {
  const everyone = { type: 'Patient', where: everything, sort: [], limit: 1, total: 'none' as const };
  return (await store.find(everyone)).matches.length > 0;
}

async function seed(client: Client, timeZone: string, now: () => number): Promise<number> {
  const progress = createProgress('Loading the demo hospital', 100);
  try {
    return await loadDemo({
      client,
      timeZone,
      now,
      concurrency: CONNECTIONS,
      onProgress: (percent, note) => progress.update(percent, note),
    });
  } finally {
    progress.end();
  }
}

/** Returns the exit code. */
export async function runSeed(config: Config, now: () => number): Promise<number> {
  const target = await openTarget(config, CONNECTIONS);
  try {
    const loaded = await seed(target.client, config.timeZone, now);
    console.log(
      loaded === 0 ? 'The demo hospital was there already.' : `The demo hospital is loaded: ${loaded} resources.`,
    );
    return 0;
  } finally {
    await target.close();
  }
}
