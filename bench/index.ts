// `npm run bench`: measures Wardgate beside the raw limit of its own database, in one run, and writes docs/benchmarks.md. Before that it
// prints what validation costs (bench/validation.ts).
//   npm run bench -- --data FOLDER     Synthea transaction bundles (default: the demo hospital of seed/)
//   npm run bench -- --growth 1000000  also grow to so many Observations and count the keys examined (default 20000)
//   npm run bench -- --access          only what sign-in costs, into docs/benchmarks-access.md (bench/access.ts)
//   npm run bench -- --print           only print, do not write
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { readConfig } from '../src/platform/config/config.ts';
import { startEngines } from '../src/platform/engines/engines.ts';
import { httpRequest } from './closed-loop.ts';
import { examine, type Growth, grow, observationPost } from './growth.ts';
import { type ImportResult, importBundles } from './import-bundles.ts';
import { get, measure, pick, type Rate, type Side, seeded, sideBySide } from './rates.ts';
import { report } from './report.ts';
import { answersAnything, isServerReady, startProcess } from './server-process.ts';
import { memoryMiB } from './usage.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../seed/', import.meta.url)) },
    growth: { type: 'string', default: '20000' },
    access: { type: 'boolean', default: false },
    print: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('../', import.meta.url));
const say = (line: string): void => console.error(line);

execFileSync(process.execPath, [path.join(root, 'bin/wardgate.mjs'), 'build'], { stdio: 'inherit' });
if (options.access) {
  const access = ['--import', 'tsx', path.join(root, 'bench/access.ts'), ...(options.print ? ['--print'] : [])];
  execFileSync(process.execPath, access, { stdio: 'inherit' });
  process.exit(0);
}
execFileSync(process.execPath, ['--import', 'tsx', path.join(root, 'bench/validation.ts'), '--data', options.data], {
  stdio: ['ignore', 2, 2],
});
const dataDir = mkdtempSync(path.join(tmpdir(), 'wardgate-bench-'));
const config = readConfig();
const engines = await startEngines({ ...config, dataDir, mongodbUri: undefined, redisUrl: undefined, report: say });
const databasePid = engines.embedded.mongodb?.pid() ?? 0;
const settings = {
  MONGODB_URI: engines.mongodbUri,
  REDIS_URL: engines.redisUrl,
  SEED: 'none',
  AUTH: 'off',
  LOG_LEVEL: 'warn',
};
const client = await new MongoClient(engines.mongodbUri).connect();
const db = client.db('wardgate');

try {
  say('Importing …');
  let server = await startProcess([path.join(root, 'dist/main.js')], settings, isServerReady);
  const imported = await importBundles({
    port: server.port,
    serverPid: server.pid,
    databasePid,
    folder: options.data,
    concurrency: 4,
    progress: (done, all) => (done % 20 === 0 || done === all ? say(`  ${done} of ${all} bundles`) : undefined),
  });
  for (const error of imported.errors.slice(0, 10)) say(`  ${error}`);
  say('Reading back every resource …');
  const unreadable = await readAll(server.port, imported);
  // V8 gives memory back about a minute after the last work
  await sleep(90_000);
  imported.settledMiB = memoryMiB(server.pid).now;
  const disk = await diskOf();

  say('Starting again …');
  await server.stop();
  server = await startProcess([path.join(root, 'dist/main.js')], settings, isServerReady);
  const restartMs = server.readyMs;

  const raw = await startProcess(
    ['--import', 'tsx', path.join(root, 'bench/raw-limit.ts')],
    { MONGODB_URI: engines.mongodbUri, DATABASE: db.databaseName },
    answersAnything,
  );
  const wardgate: Side = { port: server.port, serverPid: server.pid, databasePid };
  const limit: Side = { port: raw.port, serverPid: raw.pid, databasePid };
  const facts = await gatherFacts();
  const pairs: { wardgate: Rate; raw: Rate }[] = [];
  const random = seeded(11);

  say('Rates beside the raw limit …');
  pairs.push(
    await sideBySide(
      {
        side: wardgate,
        question: {
          name: 'read by id',
          expect: /200/,
          request: () => get(`/fhir/Observation/${pick(facts.observations, random)}`),
        },
      },
      {
        side: limit,
        question: {
          name: 'read by id',
          expect: /200/,
          request: () => get(`/Observation/${pick(facts.observations, random)}`),
        },
      },
    ),
  );
  pairs.push(
    await sideBySide(
      {
        side: wardgate,
        question: {
          name: 'search patient + code, newest first, 20',
          expect: /200/,
          request: () => {
            const { patient, code } = pick(facts.pairs, random);
            return get(`/fhir/Observation?patient=${patient}&code=http://loinc.org|${code}&_sort=-date&_count=20`);
          },
        },
      },
      {
        side: limit,
        question: {
          name: 'search patient + code, newest first, 20',
          expect: /200/,
          request: () => get(`/search?key=${encodeURIComponent(pick(facts.pairs, random).key)}`),
        },
      },
    ),
  );
  pairs.push(
    await sideBySide(
      { side: wardgate, question: { name: 'create', expect: /201/, request: () => observationPost(random) } },
      { side: limit, question: { name: 'create', expect: /201/, request: () => observationPost(random) } },
    ),
  );

  say('Other rates …');
  const load = { connections: 16, seconds: 4, warmupSeconds: 1 };
  const others: Rate[] = [];
  const patientIds = [...new Set(facts.pairs.map(({ patient }) => patient))];
  const questions: [string, RegExp, () => Buffer][] = [
    ['read Patient', /200/, () => get(`/fhir/Patient/${pick(patientIds, random)}`)],
    [
      'update (PUT of an Observation)',
      /200/,
      () => {
        const id = pick(facts.observations, random);
        const body = { ...JSON.parse(facts.bodies.get(id) ?? '{}'), note: [{ text: String(random()) }] };
        return httpRequest('PUT', `/fhir/Observation/${id}`, JSON.stringify(body));
      },
    ],
    [
      'search by family name',
      /200/,
      () => get(`/fhir/Patient?family=${encodeURIComponent(pick(facts.families, random))}`),
    ],
    [
      'search code + value-quantity',
      /200/,
      () =>
        get(
          `/fhir/Observation?code=http://loinc.org|29463-7&value-quantity=gt${60 + Math.floor(random() * 60)}&_count=20`,
        ),
    ],
    [
      'search with _include',
      /200/,
      () => get(`/fhir/Encounter?patient=${pick(patientIds, random)}&_include=Encounter:patient&_count=20`),
    ],
    [
      'search with _has',
      /200/,
      () =>
        get(`/fhir/Patient?_has:Observation:patient:code=${pick(['4548-4', '2339-0', '6299-2'], random)}&_count=20`),
    ],
    [
      'search chained by name',
      /200/,
      () => get(`/fhir/Condition?patient.name=${encodeURIComponent(pick(facts.families, random))}&_count=20`),
    ],
    [
      'count of a code',
      /200/,
      () =>
        get(`/fhir/Observation?code=http://loinc.org|${pick(['8302-2', '29463-7', '39156-5'], random)}&_summary=count`),
    ],
  ];
  for (const [name, expect, request] of questions)
    others.push(await measure(wardgate, { name, expect, request }, load));
  await raw.stop();
  await db
    .collection('BenchObservation')
    .drop()
    .catch(() => false);

  const growth: Growth[] = [];
  const target = Number(options.growth);
  let have = 0;
  for (const size of [20_000, 200_000, 1_000_000].filter((step) => step <= target)) {
    say(`Growing to ${size} more Observations …`);
    await grow(server.port, have, size);
    have = size;
    growth.push(await examine(server.port, db, size));
  }
  await server.stop();

  const page = report({
    machine: `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    mongodb: String((await db.command({ buildInfo: 1 })).version),
    imported,
    unreadable,
    disk,
    restartMs,
    pairs,
    others,
    growth,
  });
  if (options.print) console.log(page);
  else {
    writeFileSync(path.join(root, 'docs/benchmarks.md'), page);
    say('Written: docs/benchmarks.md');
  }
} finally {
  await client.close();
  await engines.close();
  rmSync(dataDir, { recursive: true, force: true });
}

/** How many acknowledged resources cannot be read. */
async function readAll(port: number, { locations }: ImportResult): Promise<number> {
  let failed = 0;
  const rest = [...new Set(locations)];
  const worker = async (): Promise<void> => {
    for (let batch = rest.splice(0, 200); batch.length > 0; batch = rest.splice(0, 200)) {
      const entry = batch.map((location) => ({
        request: { method: 'GET', url: location.replace(/^.*\/fhir\//, '').replace(/\/_history\/.*$/, '') },
      }));
      const answer = await fetch(`http://127.0.0.1:${port}/fhir`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/fhir+json' },
        body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }),
      });
      const bundle = (await answer.json()) as { entry: { resource?: { id?: string }; response: { status: string } }[] };
      failed += bundle.entry.filter(
        (each) => !each.response.status.startsWith('200') || each.resource?.id === undefined,
      ).length;
    }
  };
  await Promise.all([worker(), worker()]);
  return failed;
}

async function diskOf(): Promise<{ dataMiB: number; indexMiB: number; resources: number }> {
  await client.db('admin').command({ fsync: 1 });
  let data = 0;
  let index = 0;
  let resources = 0;
  for (const { name } of await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray()) {
    if (name.startsWith('system.')) continue;
    const stats = await db.command({ collStats: name });
    data += stats.storageSize;
    index += stats.totalIndexSize;
    if (/^[A-Z]/.test(name) && !name.endsWith('_h')) resources += stats.count;
  }
  return { dataMiB: data / 2 ** 20, indexMiB: index / 2 ** 20, resources };
}

interface Facts {
  observations: string[];
  bodies: Map<string, string>;
  families: string[];
  /** patients with a code they have, and the key under which Wardgate finds both */
  pairs: { patient: string; code: string; key: string }[];
}

async function gatherFacts(): Promise<Facts> {
  const documents = await db
    .collection('Observation')
    .aggregate([{ $sample: { size: 2000 } }])
    .toArray();
  const patients = await db
    .collection('Patient')
    .aggregate([{ $sample: { size: 200 } }])
    .toArray();
  const textOf = (document: Record<string, unknown>): string => (document.j as { buffer: Buffer }).buffer.toString();
  const pairs = documents.flatMap((document) => {
    const keys = document.k as string[];
    return keys.flatMap((key) => {
      const found = /^&subject\|Patient\/([^|]+)\|code\|([^|\\]+)$/.exec(key);
      return found === null ? [] : [{ patient: found[1] ?? '', code: found[2] ?? '', key }];
    });
  });
  return {
    observations: documents.map(({ _id }) => String(_id)),
    bodies: new Map(documents.map((document) => [String(document._id), textOf(document)])),
    families: patients.map((document) => JSON.parse(textOf(document)).name?.[0]?.family ?? 'Smith'),
    pairs,
  };
}
