// The embedded engines as a crash, a second start and a taken port meet them.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { sleep } from '../../src/platform/clock/clock.ts';
import { defaultCacheDir } from '../../src/platform/engines/cache-folder.ts';
import { type Engines, startEngines } from '../../src/platform/engines/engines.ts';
import { type EngineNote, readNote } from '../../src/platform/engines/notes.ts';
import { isAlive } from '../../src/platform/engines/process-identity.ts';
import { connectRedis } from '../../src/platform/redis/connect.ts';

const cacheDir = process.env.CACHE_DIR ?? defaultCacheDir(process.env);

describe('embedded engines', function () {
  this.timeout(120_000);
  let dataDir: string;
  const lines: string[] = [];
  const start = (folder = dataDir): Promise<Engines> =>
    startEngines({
      dataDir: folder,
      cacheDir,
      mongodbCacheGb: 0.25,
      environment: process.env,
      report: (line) => lines.push(line),
    });

  before(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'wardgate-engines-'));
  });
  after(() => rmSync(dataDir, { recursive: true, force: true }));

  const withMongo = async <T>(engines: Engines, use: (client: MongoClient) => Promise<T>): Promise<T> => {
    const client = await new MongoClient(engines.mongodbUri).connect();
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  };

  const noteOf = (engine: string): EngineNote => {
    const note = readNote(dataDir, engine);
    assert.ok(note?.process);
    return note;
  };

  it('run as a replica set with transactions and an append-only Redis, and keep their data', async () => {
    const first = await start();
    await withMongo(first, (client) =>
      client.withSession((session) =>
        session.withTransaction(() => client.db('ward').collection('beds').insertOne({ bed: 1 }, { session })),
      ),
    );
    const redis = await connectRedis(first.redisUrl);
    await redis.set('job', 'kept');
    assert.equal((await redis.config('GET', 'appendonly'))?.toString(), 'appendonly,yes');
    redis.disconnect();
    await first.close();

    const second = await start();
    assert.equal(await withMongo(second, (client) => client.db('ward').collection('beds').countDocuments()), 1);
    const again = await connectRedis(second.redisUrl);
    assert.equal(await again.get('job'), 'kept');
    again.disconnect();
    await second.close();
    assert.equal(isAlive(noteOf('mongodb').process ?? { pid: 0, started: '' }), false);
  });

  it('let nobody in without the password of the data folder', async () => {
    const engines = await start();
    const open = await new MongoClient(engines.mongodbUri.replace(/\/\/[^@]*@/, '//')).connect();
    await assert.rejects(open.db('ward').collection('beds').countDocuments(), /requires authentication/);
    await open.close();
    await assert.rejects(connectRedis(engines.redisUrl.replace(/\/\/[^@]*@/, '//')), /NOAUTH/);
    await engines.close();
  });

  it('refuse a second server on the same data folder in one line', async () => {
    const engines = await start();
    await assert.rejects(start(), {
      name: 'StartError',
      message: `Another Wardgate (process ${process.pid}) is running on the data folder ${dataDir}.`,
    });
    await engines.close();
  });

  it('come back by themselves when they are killed', async () => {
    const engines = await start();
    for (const engine of ['mongodb', 'redis'] as const) process.kill(engines.embedded[engine]?.pid() ?? 0, 'SIGKILL');
    assert.equal(await withMongo(engines, (client) => client.db('ward').collection('beds').countDocuments()), 1);
    await eventually(async () => {
      const redis = await connectRedis(engines.redisUrl);
      assert.equal(await redis.get('job'), 'kept');
      redis.disconnect();
    });
    assert.ok(lines.includes('MongoDB ended (SIGKILL); starting it again'));
    await engines.close();
  });

  it('come back when they are killed again while they start', async () => {
    const engines = await start();
    const first = noteOf('mongodb').process?.pid ?? 0;
    process.kill(first, 'SIGKILL');
    let second = first;
    while (second === first) {
      await sleep(1);
      second = noteOf('mongodb').process?.pid ?? 0;
    }
    process.kill(second, 'SIGKILL');
    assert.equal(await withMongo(engines, (client) => client.db('ward').collection('beds').countDocuments()), 1);
    await engines.close();
  });

  it('follow to another port when theirs is taken', async () => {
    const taken = createServer((socket) => socket.destroy()).listen(noteOf('mongodb').port, '127.0.0.1');
    await once(taken, 'listening');
    const engines = await start();
    assert.notEqual(noteOf('mongodb').port, (taken.address() as { port: number }).port);
    assert.equal(await withMongo(engines, (client) => client.db('ward').collection('beds').countDocuments()), 1);
    await engines.close();
    taken.close();
  });

  it('die with a server that is killed, and the next start loses nothing', async () => {
    const server = await startKeeper(dataDir);
    const mongod = noteOf('mongodb').process;
    assert.ok(mongod !== undefined && isAlive(mongod));
    server.kill('SIGKILL');
    await once(server, 'exit');
    await eventually(async () => assert.equal(isAlive(mongod), false));
    const engines = await start();
    assert.equal(await withMongo(engines, (client) => client.db('ward').collection('beds').countDocuments()), 1);
    await engines.close();
  });

  it('end what a crashed server left running, where its watchdogs were killed as well', async () => {
    const server = await startKeeper(dataDir);
    const orphans = [noteOf('mongodb').process, noteOf('redis').process].filter((one) => one !== undefined);
    for (const { pid } of orphans) execFileSync('pkill', ['-KILL', '-f', `read -r line; kill -TERM ${pid} `]);
    server.kill('SIGKILL');
    await once(server, 'exit');
    assert.deepEqual(orphans.map(isAlive), [true, true]);
    const engines = await start();
    assert.deepEqual(orphans.map(isAlive), [false, false]);
    assert.equal(await withMongo(engines, (client) => client.db('ward').collection('beds').countDocuments()), 1);
    await engines.close();
  });

  it('are not started where the settings name others', async () => {
    const engines = await startEngines({
      dataDir: join(dataDir, 'unused'),
      cacheDir,
      mongodbUri: 'mongodb://db.example/',
      redisUrl: 'redis://cache.example',
      environment: process.env,
      report: () => undefined,
    });
    assert.deepEqual(engines.embedded, {});
    await engines.close();
  });

  it('say in one line that a data folder cannot be written', async () => {
    const file = join(dataDir, 'a-file');
    writeFileSync(file, '');
    await assert.rejects(start(join(file, 'data')), {
      name: 'StartError',
      message: `The data folder ${join(file, 'data')} cannot be written (ENOTDIR). Set DATA_DIR to a folder that can.`,
    });
  });

  it('say in one line what to install where nothing can be found or fetched', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'wardgate-empty-'));
    const nothing = { HOME: empty, PATH: empty, MONGOMS_DOWNLOAD_MIRROR: 'https://127.0.0.1:9' };
    const failing = startEngines({
      dataDir: join(empty, 'data'),
      cacheDir: join(empty, 'cache'),
      environment: nothing,
      report: () => undefined,
    });
    await assert.rejects(failing, {
      name: 'StartError',
      message: /No MongoDB server .* Install mongod, or set MONGODB_URI/,
    });
    assert.match(readFileSync(join(empty, 'cache', 'mongodb', 'download-failed'), 'utf8'), /Remembered for a day/);
    rmSync(empty, { recursive: true });
  });
});

/** A server that only keeps its engines running. */
async function startKeeper(dataDir: string): Promise<ChildProcess> {
  const engines = new URL('../../src/platform/engines/engines.ts', import.meta.url).href;
  const script = `
    const { startEngines } = await import(${JSON.stringify(engines)});
    await startEngines({ dataDir: ${JSON.stringify(dataDir)}, cacheDir: ${JSON.stringify(cacheDir)}, mongodbCacheGb: 0.25,
      environment: process.env, report: () => {} });
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await check();
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(100);
    }
  }
}
