// Requests per second and CPU per request, Wardgate and the raw limit in turns, so that a noisy machine disturbs both alike.
import { closedLoop, httpRequest } from './closed-loop.ts';
import { cpuMilliseconds } from './usage.ts';

export interface Rate {
  name: string;
  perSecond: number;
  p50: number;
  p99: number;
  serverMicros: number;
  databaseMicros: number;
  failed: number;
}

export interface Side {
  port: number;
  serverPid: number;
  databasePid: number;
}

export interface Question {
  name: string;
  /** what counts as right */
  expect: RegExp;
  request: () => Buffer;
}

export async function measure(
  side: Side,
  question: Question,
  options: { connections: number; seconds: number; warmupSeconds: number },
): Promise<Rate> {
  await closedLoop({
    ...options,
    port: side.port,
    request: question.request,
    seconds: options.warmupSeconds,
    warmupSeconds: 0,
  });
  const before = { server: cpuMilliseconds(side.serverPid), database: cpuMilliseconds(side.databasePid) };
  const load = await closedLoop({ ...options, port: side.port, request: question.request, warmupSeconds: 0 });
  const server = cpuMilliseconds(side.serverPid) - before.server;
  const database = cpuMilliseconds(side.databasePid) - before.database;
  const right = Object.entries(load.statuses).reduce(
    (sum, [status, count]) => sum + (question.expect.test(status) ? count : 0),
    0,
  );
  return {
    name: question.name,
    perSecond: load.perSecond,
    p50: load.p50,
    p99: load.p99,
    serverMicros: (server * 1000) / load.requests,
    databaseMicros: (database * 1000) / load.requests,
    failed: load.requests - right,
  };
}

/** The median of several rounds, by rate. */
export function median(rates: Rate[]): Rate {
  const sorted = [...rates].sort((a, b) => a.perSecond - b.perSecond);
  return sorted[Math.floor(sorted.length / 2)] as Rate;
}

/** Interleaved rounds of the same question on both sides. */
export async function sideBySide(
  wardgate: { side: Side; question: Question },
  raw: { side: Side; question: Question },
  rounds = 3,
): Promise<{ wardgate: Rate; raw: Rate }> {
  const options = { connections: 16, seconds: 4, warmupSeconds: 1.5 };
  const ours: Rate[] = [];
  const limit: Rate[] = [];
  for (let round = 0; round < rounds; round++) {
    limit.push(await measure(raw.side, raw.question, options));
    ours.push(await measure(wardgate.side, wardgate.question, options));
  }
  return { wardgate: median(ours), raw: median(limit) };
}

export const pick = <T>(items: readonly T[], random: () => number): T =>
  items[Math.floor(random() * items.length)] as T;

/** A small seeded generator (mulberry32), so that every run asks the same questions. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** An Observation as a chart would post it; never dated like the imported ones. */
export function heartRate(patient: string, random: () => number): string {
  return JSON.stringify({
    resourceType: 'Observation',
    status: 'final',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/observation-category',
            code: 'vital-signs',
            display: 'Vital Signs',
          },
        ],
      },
    ],
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart rate' }], text: 'Heart rate' },
    subject: { reference: `Patient/${patient}` },
    effectiveDateTime: new Date(1.6e12 + Math.floor(random() * 1e8) * 1000).toISOString(),
    valueQuantity: {
      value: 50 + Math.floor(random() * 90),
      unit: '/min',
      system: 'http://unitsofmeasure.org',
      code: '/min',
    },
  });
}

export const get = (path: string): Buffer => httpRequest('GET', path);
