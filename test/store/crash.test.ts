// A database that dies in the middle of writes, several times: nothing that was acknowledged may be lost.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { FhirError } from '../../src/fhir/model/errors.ts';
import { createMongoStore, type MongoStore } from '../../src/fhir/storage/mongo/index.ts';
import type { Written } from '../../src/fhir/storage/store.ts';
import { defaultCacheDir } from '../../src/platform/engines/cache-folder.ts';
import { freePort } from '../../src/platform/engines/free-port.ts';
import { findMongod } from '../../src/platform/engines/mongodb/binary.ts';
import '../../src/platform/mongo/mend-driver.ts';
import { withKeys, writtenKeys } from './a-store.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('a database that is killed while it is written to', function () {
  this.timeout(180_000);
  let folder: string;
  let port: number;
  let program: string;
  let mongod: ChildProcess;
  let client: MongoClient;
  let store: MongoStore;

  function start(): void {
    mongod = spawn(
      program,
      [
        '--dbpath',
        folder,
        '--port',
        String(port),
        '--bind_ip',
        '127.0.0.1',
        '--replSet',
        'crash',
        '--wiredTigerCacheSizeGB',
        '0.25',
        '--nounixsocket',
        '--quiet',
      ],
      { stdio: 'ignore' },
    );
  }
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      mongod.once('exit', () => resolve());
      mongod.kill('SIGKILL');
    });

  before(async () => {
    program =
      process.env.TEST_MONGOD ??
      (
        await findMongod({
          cacheDir: process.env.CACHE_DIR ?? defaultCacheDir(process.env),
          environment: process.env,
          report: () => undefined,
        })
      ).program;
    folder = mkdtempSync(join(tmpdir(), 'wardgate-crash-'));
    port = await freePort();
    start();
    client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
      serverSelectionTimeoutMS: 30_000,
    });
    await client.connect();
    await client
      .db('admin')
      .command({ replSetInitiate: { _id: 'crash', members: [{ _id: 0, host: `127.0.0.1:${port}` }] } });
    while (!(await client.db('admin').command({ hello: 1 })).isWritablePrimary) await pause(50);
    store = await createMongoStore({
      db: client.db('crash'),
      client,
      definitions: loadDefinitions(),
      extractor: writtenKeys('1'),
      now: Date.now,
      workerId: 0,
      logger: { error: (message) => console.error(message) },
    });
    await store.prepare();
  });

  after(async () => {
    await client?.close();
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('loses no acknowledged write, leaves no gap and no half transaction', async () => {
    const acknowledged: Written[] = [];
    let running = true;
    let unavailable = 0;
    async function writer(index: number): Promise<void> {
      for (let round = 0; running; round++) {
        try {
          const id = `b${(index * 7 + round) % 40}`;
          if (round % 3 === 0) {
            const pair = `${index}-${round}`;
            acknowledged.push(
              ...(await store.transaction((tx) =>
                tx.write([
                  { kind: 'create', type: 'Patient', resource: withKeys('Patient', { k: [`pair|${pair}`] }) },
                  { kind: 'create', type: 'Encounter', resource: withKeys('Encounter', { k: [`pair|${pair}`] }) },
                  { kind: 'update', type: 'Basic', id, resource: { resourceType: 'Basic', index, round } },
                ]),
              )),
            );
          } else if (round % 3 === 1)
            acknowledged.push(
              await store.write({
                kind: 'create',
                type: 'Patient',
                resource: { resourceType: 'Patient', index, round },
              }),
            );
          else
            acknowledged.push(
              await store.write({
                kind: 'update',
                type: 'Basic',
                id,
                resource: { resourceType: 'Basic', index, round },
              }),
            );
        } catch (error) {
          // the client is told to try again, and nothing else
          assert.ok(
            error instanceof FhirError && error.kind === 'transient',
            String(error instanceof Error ? error.stack : error),
          );
          unavailable++;
          await pause(20);
        }
      }
    }
    const writers = range(12).map(writer);
    for (let crash = 0; crash < 3; crash++) {
      const before = acknowledged.length;
      while (acknowledged.length < before + 300) await pause(20);
      await kill();
      await pause(100);
      start();
    }
    const before = acknowledged.length;
    while (acknowledged.length < before + 100) await pause(20);
    running = false;
    await Promise.all(writers);

    for (const { type, id, version, bytes } of acknowledged) {
      const stored = await store.vread(type, id, version);
      assert.ok(stored?.bytes?.equals(bytes!), `${type}/${id}/_history/${version} is what was acknowledged`);
    }
    for (const index of range(40)) {
      const page = await store.history({ scope: { level: 'instance', type: 'Basic', id: `b${index}` }, limit: 10_000 });
      const numbers = page.versions.map(({ version }) => version);
      assert.deepEqual(
        numbers,
        range(numbers.length).map((at) => numbers.length - at),
        `b${index} has no gap`,
      );
    }
    const pairs = async (type: string): Promise<string[]> =>
      (
        await client
          .db('crash')
          .collection(type)
          .find({ k: /^pair\|/ })
          .toArray()
      )
        .flatMap(({ k }) => k as string[])
        .sort();
    assert.deepEqual(await pairs('Patient'), await pairs('Encounter'));
    console.log(
      `      ${acknowledged.length} writes acknowledged through kills of mongod, ${unavailable} told to try again`,
    );
  });
});
