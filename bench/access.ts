// What sign-in costs, in one run: CPU of server and database for a read and a search by a doctor of a hospital with AUTH=on, without the
// audit trail and with it, beside the same server with AUTH=off, in interleaved rounds; and how many people and programs sign in a second.
// Writes docs/benchmarks-access.md.   npm run bench -- --access
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importJWK, type JWK, SignJWT } from 'jose';
import { MongoClient } from 'mongodb';
import { OWNER_SYSTEM } from '../src/fhir/auth/access/owners.ts';
import type { Caller } from '../src/fhir/auth/caller.ts';
import { createLimits, limitHeaders } from '../src/fhir/auth/limits/index.ts';
import { defaultCacheDir } from '../src/platform/engines/cache-folder.ts';
import { startEngines } from '../src/platform/engines/engines.ts';
import { connectRedis } from '../src/platform/redis/connect.ts';
import type { Door, Mode } from './access-server.ts';
import { closedLoop, httpRequest } from './closed-loop.ts';
import { isServerReady, type ServerProcess, startProcess } from './server-process.ts';
import { childrenOf, cpuMilliseconds } from './usage.ts';

const { values: options } = parseArgs({ options: { print: { type: 'boolean', default: false } } });
const MODES: readonly Mode[] = ['off', 'access', 'on'];
const MEANING: Record<Mode, string> = {
  off: '`AUTH=off`',
  access: 'token, decision, narrowed store, limit',
  on: '`AUTH=on`: the audit trail as well',
};
const PATIENTS = 400;
const DOCTORS = 40;
const ROUNDS = 15;
const IDLE_SECONDS = 10;
const load = { connections: 16, seconds: 4, warmupSeconds: 1 };

const project = fileURLToPath(new URL('../', import.meta.url));
const dataDir = mkdtempSync(path.join(tmpdir(), 'wardgate-bench-'));
const say = (line: string): void => console.error(line);
const engines = await startEngines({
  dataDir,
  cacheDir: defaultCacheDir(process.env),
  mongodbCacheGb: 1,
  environment: process.env,
  report: say,
});
const database = childrenOf(process.pid).find(({ name }) => name.startsWith('mongod'))?.pid ?? 0;
const client = await new MongoClient(engines.mongodbUri).connect();
const servers = new Map<Mode, ServerProcess>();
const lines: string[] = [];
/** ms of CPU a second */
const idle = new Map<Mode, number>();
try {
  const limit = await limitAlone();
  for (const mode of MODES) servers.set(mode, await start(mode));
  say('Filling …');
  await fill(servers.get('off')!.port);
  lines.push(
    '# What sign-in costs',
    '',
    'Written by `npm run bench -- --access` from one run: a doctor of a hospital asks, 40 of them from 16 connections; the server, the database',
    'and the load share the machine, so CPU per request means more than rates. CPU is that at 2,000 reads and 500 searches a second, in',
    `${ROUNDS} interleaved rounds, without what a server uses that has nothing to do; in brackets how much more it was than with \`AUTH=off\` in`,
    'the same round: the median, and between which values half of the rounds were.',
    '',
    `Machine: ${cpus().length} cores (${cpus()[0]?.model.replace(/ +Processor.*/, '')}), Node ${process.versions.node}.`,
    '',
    '| | requests/s | CPU of the server, µs | CPU of the database, µs |',
    '|---|---|---|---|',
  );
  say('Nothing to do …');
  await rest();
  const observation = (): string => `/fhir/Observation/o${some(PATIENTS)}`;
  const search = (): string =>
    `/fhir/Observation?patient=p${some(PATIENTS)}&code=http://loinc.org|8302-2&_sort=-date&_count=20`;
  await compare('read', observation, 2_000);
  await compare('search by patient and code, 20 of 30', search, 500);
  const idling = MODES.map((mode) => `${idle.get(mode)!.toFixed(1)} (${MEANING[mode]})`).join(', ');
  lines.push(
    '',
    `Of it the limit alone: ${limit} µs. With nothing to do a server uses, in ms a second: ${idling}.`,
    '',
  );
  const { size = 0 } = await client.db('bench').command({ collStats: 'audit_log' });
  const heads = await client.db('bench').collection('audit_heads').find().toArray();
  const records = heads.reduce((sum, { n }) => sum + Number(n), 0);
  lines.push(
    `The audit trail keeps ${(size / Math.max(1, records)).toFixed(0)} bytes a request before compression.`,
    '',
  );
  say('Signing in …');
  lines.push('| | a second | CPU of the server, ms each |', '|---|---|---|');
  await signIns();
  await refreshes();
  await clientTokens();
  const text = `${lines.join('\n')}\n`;
  console.log(text);
  if (!options.print) writeFileSync(path.join(project, 'docs/benchmarks-access.md'), text);
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
async function limitAlone(): Promise<string> {
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
  let micros = 0;
  for (let turn = 0; turn < 2; turn++) {
    const before = process.cpuUsage();
    for (let i = 0; i < turns; i++) {
      const spent = limits.spend(callers[i % callers.length]!)!;
      limitHeaders(spent instanceof Promise ? await spent : spent);
    }
    const { user, system } = process.cpuUsage(before);
    micros = (user + system) / turns;
  }
  await limits.close();
  redis.disconnect();
  return micros.toFixed(1);
}

function doorOf(mode: Mode): Door {
  return JSON.parse(readFileSync(path.join(dataDir, `door-${mode}`), 'utf8'));
}

function start(mode: Mode): Promise<ServerProcess> {
  return startProcess(
    ['--import', 'tsx', path.join(import.meta.dirname, 'access-server.ts')],
    {
      MODE: mode,
      DOOR: path.join(dataDir, `door-${mode}`),
      DOCTORS: String(DOCTORS),
      MONGODB_URI: `${engines.mongodbUri.replace(/\/(\?|$)/, '/bench$1')}`,
      REDIS_URL: engines.redisUrl,
      DATA_DIR: path.join(dataDir, mode),
      RATE_LIMITS: 'registration=none,login=none,otp=none,anonymous=none,standard=900000000/h',
    },
    isServerReady,
  );
}

async function fill(port: number): Promise<void> {
  const owned = { meta: { security: [{ system: OWNER_SYSTEM, code: 'h1' }] } };
  const entry: { resourceType: string; id: string }[] = [
    { resourceType: 'Organization', id: 'h1', ...{ name: 'First Hospital' } },
    ...Array.from({ length: PATIENTS }, (_, patient) => [
      {
        resourceType: 'Patient',
        id: `p${patient}`,
        ...owned,
        name: [{ family: `Family ${patient}`, given: ['Ada'] }],
        gender: 'female',
      },
      ...Array.from({ length: 30 }, (_, index) => ({
        resourceType: 'Observation',
        id: index === 0 ? `o${patient}` : `o${patient}-${index}`,
        ...owned,
        status: 'final',
        category: [
          { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
        ],
        code: { coding: [{ system: 'http://loinc.org', code: '8302-2', display: 'Body height' }], text: 'Body height' },
        subject: { reference: `Patient/p${patient}` },
        effectiveDateTime: new Date(1.7e12 + index * 86_400_000).toISOString(),
        valueQuantity: { value: 160 + index, unit: 'cm', system: 'http://unitsofmeasure.org', code: 'cm' },
      })),
    ]).flat(),
  ];
  for (let at = 0; at < entry.length; at += 1000) {
    const part = entry.slice(at, at + 1000).map((resource) => ({
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
      resource,
    }));
    const reply = await fetch(`http://127.0.0.1:${port}/fhir`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: part }),
    });
    if (!reply.ok) throw new Error(await reply.text());
  }
}

/**
 * CPU at a rate that all modes keep up with: where each server got as many requests as it answers, the fastest would answer more of them
 * together, and so look cheaper still. The first round warms up.
 */
async function compare(name: string, target: () => string, perSecond: number): Promise<void> {
  say(`${name} …`);
  const costs = new Map(MODES.map((mode) => [mode, { server: [], database: [], perSecond: 0 } as Costs]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const mode of MODES) {
      const { server, database: db } = await costOf(mode, target, perSecond);
      if (round === 0) continue;
      costs.get(mode)!.server.push(server);
      costs.get(mode)!.database.push(db);
    }
  }
  for (const mode of MODES) costs.get(mode)!.perSecond = (await costOf(mode, target)).perSecond;
  const off = costs.get('off')!;
  for (const mode of MODES) {
    const cost = costs.get(mode)!;
    const shown = (of: 'server' | 'database'): string => {
      const more = cost[of].map((value, round) => value - off[of][round]!);
      const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => signed(quantile(more, part)));
      return `${Math.round(quantile(cost[of], 0.5))}${mode === 'off' ? '' : ` (${middle}; ${low} to ${high})`}`;
    };
    lines.push(
      `| ${name}, ${MEANING[mode]} | ${Math.round(cost.perSecond)} | ${shown('server')} | ${shown('database')} |`,
    );
  }
}

/** µs of CPU per request, and how many are answered in a second. */
async function costOf(mode: Mode, target: () => string, perSecond?: number) {
  const { port, pid } = servers.get(mode)!;
  const tokens = mode === 'off' ? [] : doorOf(mode).tokens;
  const headers = (): Record<string, string> =>
    tokens.length === 0 ? {} : { Authorization: `Bearer ${tokens[some(tokens.length)]!.accessToken}` };
  const request = (): Buffer => httpRequest('GET', target(), undefined, headers());
  const before = [cpuMilliseconds(pid), cpuMilliseconds(database)] as const;
  const started = performance.now();
  const done = await closedLoop({ ...load, port, request, ...(perSecond !== undefined && { perSecond }) });
  // the warm-up is in the CPU as well
  const all = done.requests * ((load.seconds + load.warmupSeconds) / load.seconds);
  // what is still to be carried to the database belongs to it
  await new Promise((resolve) => setTimeout(resolve, 1500));
  if (Object.keys(done.statuses).some((status) => !status.includes('200')))
    throw new Error(JSON.stringify(done.statuses));
  const resting = ((performance.now() - started) / 1000) * (idle.get(mode) ?? 0);
  return {
    server: ((cpuMilliseconds(pid) - before[0] - resting) * 1000) / all,
    database: ((cpuMilliseconds(database) - before[1]) * 1000) / all,
    perSecond: done.perSecond,
  };
}

interface Costs {
  server: number[];
  database: number[];
  perSecond: number;
}

function quantile(values: number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)]!;
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${Math.round(value)}`;
}

/** What the servers use that nobody asks: timers, monitors of the database. */
async function rest(): Promise<void> {
  const cpuOf = (mode: Mode): number => cpuMilliseconds(servers.get(mode)!.pid);
  const before = MODES.map(cpuOf);
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
  for (const [index, mode] of MODES.entries()) idle.set(mode, (cpuOf(mode) - before[index]!) / IDLE_SECONDS);
}

/** How often `act` is done in ten seconds by so many workers, and what it costs. */
async function rate(name: string, workers: number, act: (worker: number) => Promise<void>): Promise<void> {
  const { pid } = servers.get('on')!;
  let count = 0;
  const before = cpuMilliseconds(pid);
  const started = performance.now();
  const ends = started + 10_000;
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      while (performance.now() < ends) {
        await act(worker);
        count++;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  lines.push(`| ${name} | ${(count / seconds).toFixed(0)} | ${((cpuMilliseconds(pid) - before) / count).toFixed(1)} |`);
}

async function call(operation: string, input: object): Promise<Record<string, string>> {
  const reply = await fetch(`http://127.0.0.1:${servers.get('on')!.port}/fhir/$${operation}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(input),
  });
  const body = (await reply.json()) as { parameter?: { name: string; valueString?: string; valueCode?: string }[] };
  if (!reply.ok || !body.parameter) throw new Error(`$${operation}: ${reply.status} ${JSON.stringify(body)}`);
  return Object.fromEntries(body.parameter.map((one) => [one.name, one.valueString ?? one.valueCode ?? '']));
}

/** Password, code from the mailbox, tokens: all of it, the password's Argon2id and the mail's way through the queue included. */
async function signIns(): Promise<void> {
  const { people } = doorOf('on');
  const { port } = servers.get('on')!;
  const codeOf = async (email: string, since: string): Promise<string> => {
    for (;;) {
      const reply = await fetch(`http://127.0.0.1:${port}/dev/mail?to=${email}`, { headers: { Accept: 'text/plain' } });
      const code = /\b\d{6}\b/.exec(await reply.text())?.[0];
      if (code !== undefined && code !== since) return code;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const last = new Map<string, string>();
  await rate('people: password, code by mail, tokens', 16, async (worker) => {
    const { email, password } = people[worker]!;
    const { challenge } = await call('login', { email, password });
    const code = await codeOf(email, last.get(email) ?? '');
    last.set(email, code);
    await call('verify-otp', { code, challenge });
  });
}

async function refreshes(): Promise<void> {
  const held = doorOf('on').tokens.map(({ refreshToken }) => refreshToken);
  await rate('`$refresh-token`', 16, async (worker) => {
    held[worker] = (await call('refresh-token', { refreshToken: held[worker]! })).refreshToken!;
  });
}

async function clientTokens(): Promise<void> {
  const { clientId, clientKey } = doorOf('on');
  const url = `http://127.0.0.1:${servers.get('on')!.port}/oauth/token`;
  const key = await importJWK(clientKey as JWK);
  let jti = 0;
  await rate('backend services: `client_credentials`, ES384', 16, async () => {
    const assertion = await new SignJWT({
      iss: clientId,
      sub: clientId,
      aud: 'http://hospital.example/oauth/token',
      jti: `bench-${++jti}`,
    })
      .setProtectedHeader({ alg: 'ES384', kid: 'bench', typ: 'JWT' })
      .setIssuedAt()
      .setExpirationTime('4m')
      .sign(key);
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      scope: 'system/Observation.rs',
    });
    const reply = await fetch(url, { method: 'POST', body });
    if (!reply.ok) throw new Error(await reply.text());
    await reply.arrayBuffer();
  });
}
