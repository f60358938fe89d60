// What a killed process leaves open in a database that goes on without it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { MongoClient } from 'mongodb';
import {
  type AbandonedTransactions,
  endAbandonedTransactions,
} from '../../src/fhir/storage/mongo/abandoned-transactions.ts';
import { freshDatabase, mongodbUri } from '../support/engines.ts';

interface Bed {
  _id: string;
  taken: number;
}

describe('transactions that a killed process left open', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let client: MongoClient;
  let watch: AbandonedTransactions | undefined;
  let child: ChildProcess | undefined;
  const beds = () => client.db(database.db.databaseName).collection<Bed>('beds');
  const warnings: unknown[] = [];

  before(async () => {
    database = await freshDatabase('abandoned');
    client = await new MongoClient(await mongodbUri(), { appName: 'wardgate-test' }).connect();
  });
  beforeEach(() => beds().updateOne({ _id: 'bed' }, { $set: { taken: 0 } }, { upsert: true }));
  afterEach(async () => {
    await watch?.stop();
    watch = undefined;
    child?.kill('SIGKILL');
  });
  after(async () => {
    await client.close();
    await database.drop();
  });

  const start = async (): Promise<void> => {
    watch = await endAbandonedTransactions({
      client,
      logger: { warn: (_, details) => warnings.push(details) },
      everyMs: 200,
    });
  };

  /** A process that changes the bed in a transaction, which stays open. */
  async function openElsewhere(appName: string): Promise<ChildProcess> {
    const driver = createRequire(import.meta.url).resolve('mongodb');
    const script = `
      const { MongoClient } = require(${JSON.stringify(driver)});
      (async () => {
        const client = await new MongoClient(${JSON.stringify(await mongodbUri())}, { appName: ${JSON.stringify(appName)} }).connect();
        const session = client.startSession();
        session.startTransaction();
        await client.db(${JSON.stringify(database.db.databaseName)}).collection('beds')
          .updateOne({ _id: 'bed' }, { $inc: { taken: 1 } }, { session });
        console.log('open');
        process.stdin.once('data', async () => {
          await session.commitTransaction();
          console.log('committed');
        });
      })();`;
    child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout!, 'data');
    return child;
  }

  const isLocked = async (): Promise<boolean> => {
    const session = client.startSession();
    try {
      session.startTransaction();
      await beds().updateOne({ _id: 'bed' }, { $inc: { taken: 1 } }, { session });
      return false;
    } catch {
      return true;
    } finally {
      await session.abortTransaction();
      await session.endSession();
    }
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it('are ended within seconds, and what they locked is free again', async () => {
    await start();
    const other = await openElsewhere('wardgate-test');
    other.kill('SIGKILL');
    await once(other, 'exit');
    assert.equal(await isLocked(), true);
    const begun = performance.now();
    while (await isLocked()) {
      assert.ok(performance.now() - begun < 20_000, 'the bed stays locked');
      await pause(100);
    }
    assert.equal((await beds().findOne({ _id: 'bed' }))?.taken, 0);
    assert.deepEqual(warnings, [{ count: 1 }]);
  });

  it('are ended before the first request where a server starts after the kill', async () => {
    const other = await openElsewhere('wardgate-test');
    other.kill('SIGKILL');
    await pause(1200);
    assert.equal(await isLocked(), true);
    await start();
    assert.equal(await isLocked(), false);
  });

  it('are left alone while their process lives, and where they belong to another program', async () => {
    await start();
    const other = await openElsewhere('wardgate-test');
    await pause(2000);
    other.stdin!.write('commit\n');
    await once(other.stdout!, 'data');
    assert.equal((await beds().findOne({ _id: 'bed' }))?.taken, 1);
    other.kill('SIGKILL');

    const foreign = await openElsewhere('another-program');
    foreign.kill('SIGKILL');
    await pause(2000);
    assert.equal(await isLocked(), true);
    // and ended by a server of that name
    const own = await new MongoClient(await mongodbUri(), { appName: 'another-program' }).connect();
    await (await endAbandonedTransactions({ client: own, logger: { warn: () => undefined } })).stop();
    await own.close();
    assert.equal(await isLocked(), false);
  });
});
