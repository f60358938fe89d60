// What limits and the audit trail cost: CPU of server and database for a read and a search, beside the same server without them, in
// interleaved rounds; and a single budgeted request by itself.   npx tsx bench/guard.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import type { Caller } from '../src/fhir/auth/caller.ts';
import { createLimits, limitHeaders } from '../src/fhir/auth/limits/index.ts';
import { defaultCacheDir } from '../src/platform/engines/cache-folder.ts';
import { startEngines } from '../src/platform/engines/engines.ts';
import { connectRedis } from '../src/platform/redis/connect.ts';
import { closedLoop, httpRequest } from './closed-loop.ts';
import { answersAnything, type ServerProcess, startProcess } from './server-process.ts';
import { childrenOf, cpuMilliseconds } from './usage.ts';

const MODES = ['off', 'guard', 'audit'] as const;
const PATIENTS = 400;
const ROUNDS = 5;
const load = { connections: 16, seconds: 4, warmupSeconds: 1 };

const dataDir = mkdtempSync(path.join(tmpdir(), 'wardgate-bench-'));
const engines = await startEngines({
  dataDir,
  cacheDir: defaultCacheDir(process.env),
  mongodbCacheGb: 1,
  environment: process.env,
  report: console.error,
});
const database = childrenOf(process.pid).find(({ name }) => name.startsWith('mongod'))?.pid ?? 0;
const client = await new MongoClient(engines.mongodbUri).connect();
const servers = new Map<string, ServerProcess>();
try {
  await alone();
  for (const mode of MODES) servers.set(mode, await start(mode));
  await fill(servers.get('off')!.port);
  const ask = (target: string) => () =>
    httpRequest('GET', target, undefined, { Authorization: `Bearer user${some(40)}` });
  await compare('read of an Observation', () => ask(`/fhir/Observation/o${some(PATIENTS)}`)());
  await compare('search patient + code, 20', () =>
    ask(`/fhir/Observation?patient=p${some(PATIENTS)}&code=http://loinc.org|8302-2&_sort=-date&_count=20`)(),
  );
  const { size = 0, count = 1 } = await client.db('bench').command({ collStats: 'audit_log' });
  const records = (await client.db('bench').collection('audit_heads').findOne())?.n ?? 1;
  console.log(
    `audit log: ${records} records in ${count} blocks, ${(size / records).toFixed(0)} bytes a record before compression`,
  );
} finally {
  for (const server of servers.values()) await server.stop();
  await client.close();
  await engines.close();
  rmSync(dataDir, { recursive: true, force: true });
}

function some(count: number): number {
  return Math.floor(Math.random() * count);
}

/** spend() and its header fields, without anything around. */
async function alone(): Promise<void> {
  const redis = await connectRedis(engines.redisUrl);
  const limits = createLimits({ redis, prefix: 'alone', logger: { warn: console.error, info: console.error } });
  const callers = Array.from({ length: 100 }, (_, index) => ({
    kind: 'account',
    id: `a${index}`,
    roles: [],
    organizations: [],
    client: 'x',
    limits: 'backend',
    address: '192.0.2.1',
  })) satisfies Caller[];
  const turns = 400_000;
  for (let turn = 0; turn < 2; turn++) {
    const before = process.cpuUsage();
    let later = 0;
    for (let i = 0; i < turns; i++) {
      const spent = limits.spend(callers[i % callers.length]!)!;
      if (spent instanceof Promise) {
        later++;
        limitHeaders(await spent);
      } else limitHeaders(spent);
    }
    const { user, system } = process.cpuUsage(before);
    if (turn === 1)
      console.log(
        `limit alone: ${((user + system) / turns).toFixed(2)} µs a request, ${later} of ${turns} waited for Redis`,
      );
  }
  await limits.close();
  redis.disconnect();
}

function start(mode: string): Promise<ServerProcess> {
  return startProcess(
    ['--import', 'tsx', path.join(import.meta.dirname, 'guarded-server.ts')],
    {
      MODE: mode,
      MONGODB_URI: engines.mongodbUri,
      REDIS_URL: engines.redisUrl,
      DATABASE: 'bench',
      FOLDER: path.join(dataDir, 'audit'),
    },
    answersAnything,
  );
}

async function fill(port: number): Promise<void> {
  const entry = Array.from({ length: PATIENTS }, (_, patient) => [
    {
      resourceType: 'Patient',
      id: `p${patient}`,
      name: [{ family: `Family ${patient}`, given: ['Ada'] }],
      gender: 'female',
    },
    ...Array.from({ length: 30 }, (_, index) => ({
      resourceType: 'Observation',
      id: index === 0 ? `o${patient}` : `o${patient}-${index}`,
      status: 'final',
      category: [
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
      ],
      code: { coding: [{ system: 'http://loinc.org', code: '8302-2', display: 'Body height' }], text: 'Body height' },
      subject: { reference: `Patient/p${patient}` },
      effectiveDateTime: new Date(1.7e12 + index * 86_400_000).toISOString(),
      valueQuantity: { value: 160 + index, unit: 'cm', system: 'http://unitsofmeasure.org', code: 'cm' },
    })),
  ]).flat();
  for (let at = 0; at < entry.length; at += 1000) {
    const some = entry.slice(at, at + 1000).map((resource) => ({
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
      resource,
    }));
    const reply = await fetch(`http://127.0.0.1:${port}/fhir`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: some }),
    });
    if (!reply.ok) throw new Error(await reply.text());
  }
}

async function compare(name: string, request: () => Buffer): Promise<void> {
  const costs = new Map<string, { server: number[]; database: number[]; perSecond: number[] }>();
  for (const mode of MODES) costs.set(mode, { server: [], database: [], perSecond: [] });
  for (let round = 0; round < ROUNDS; round++) {
    for (const mode of MODES) {
      const { port, pid } = servers.get(mode)!;
      const before = [cpuMilliseconds(pid), cpuMilliseconds(database)] as const;
      const { requests, perSecond, statuses } = await closedLoop({ ...load, port, request });
      // the warm-up is in the CPU as well
      const all = requests * ((load.seconds + load.warmupSeconds) / load.seconds);
      // what is still to be carried to the database belongs to it
      await new Promise((resolve) => setTimeout(resolve, 1500));
      if (Object.keys(statuses).some((status) => !status.includes('200'))) throw new Error(JSON.stringify(statuses));
      const cost = costs.get(mode)!;
      cost.server.push(((cpuMilliseconds(pid) - before[0]) * 1000) / all);
      cost.database.push(((cpuMilliseconds(database) - before[1]) * 1000) / all);
      cost.perSecond.push(perSecond);
    }
  }
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const off = costs.get('off')!;
  console.log(name);
  for (const mode of MODES) {
    const { server, database: db, perSecond } = costs.get(mode)!;
    const more = (values: number[], base: number[]): string =>
      `${(median(values) - median(base)).toFixed(0).padStart(4)}`;
    console.log(
      `  ${mode.padEnd(6)} ${median(perSecond).toFixed(0).padStart(6)}/s  server ${median(server).toFixed(0).padStart(4)} µs (${more(server, off.server)})  database ${median(db).toFixed(0).padStart(4)} µs (${more(db, off.database)})`,
    );
  }
}
