// Posts Synthea transaction bundles, a few at a time, and notes what a hospital would ask: rate, errors, memory, and whether
// every resource that was acknowledged can be read.
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cpuMilliseconds, memoryMiB } from './usage.ts';

export interface ImportResult {
  bundles: number;
  resources: number;
  seconds: number;
  errors: string[];
  locations: string[];
  serverCpuMs: number;
  databaseCpuMs: number;
  peakMiB: number;
  settledMiB: number;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function post(port: number, body: Buffer): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        agent,
        port,
        host: '127.0.0.1',
        path: '/fhir',
        method: 'POST',
        headers: { 'Content-Type': 'application/fhir+json', 'Content-Length': body.length, Prefer: 'return=minimal' },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** Bundles below a folder or of the demo hospital; hospitals and practitioners first: patient bundles refer to them conditionally. */
export function bundleFiles(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.json(\.gz)?$/.test(name),
  );
  const rankOf = (name: string): number => {
    const rank = ranks.findIndex((pattern) => pattern.test(path.basename(name)));
    return rank < 0 ? ranks.length : rank;
  };
  return files
    .filter((name) => !notSynthea.test(path.basename(name)))
    .sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1))
    .map((name) => path.join(folder, name));
}

const ranks = [/^(hospitalInformation|10-hospitals)/, /^(practitionerInformation|11-practitioners)/];
/** the demo hospital's own files, whose dates the seeder fills in */
const notSynthea = /^[2456]\d-/;

const readBundle = (file: string): Buffer =>
  file.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file);

export async function importBundles(options: {
  port: number;
  serverPid: number;
  databasePid: number;
  folder: string;
  concurrency: number;
  progress?: (done: number, all: number) => void;
}): Promise<ImportResult> {
  const { port, serverPid, databasePid } = options;
  const files = bundleFiles(options.folder);
  const result: ImportResult = {
    bundles: 0,
    resources: 0,
    seconds: 0,
    errors: [],
    locations: [],
    serverCpuMs: 0,
    databaseCpuMs: 0,
    peakMiB: 0,
    settledMiB: 0,
  };
  const sampler = setInterval(() => {
    result.peakMiB = Math.max(result.peakMiB, memoryMiB(serverPid).now);
  }, 100);
  const cpu = { server: cpuMilliseconds(serverPid), database: cpuMilliseconds(databasePid) };
  const load = async (file: string): Promise<void> => {
    const { status, text } = await post(port, readBundle(file));
    result.bundles++;
    options.progress?.(result.bundles, files.length);
    if (status !== 200) {
      result.errors.push(`${path.basename(file)}: ${status} ${text.slice(0, 300)}`);
      return;
    }
    for (const { response } of (JSON.parse(text) as { entry: { response: { status: string; location?: string } }[] })
      .entry) {
      if (!response.status.startsWith('2')) result.errors.push(`${path.basename(file)}: ${response.status}`);
      else if (response.location) result.locations.push(response.location);
      result.resources++;
    }
  };
  const started = performance.now();
  for (const file of files.slice(0, 2)) await load(file);
  const rest = files.slice(2);
  const worker = async (): Promise<void> => {
    for (let file = rest.shift(); file !== undefined; file = rest.shift()) await load(file);
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  result.seconds = (performance.now() - started) / 1000;
  result.serverCpuMs = cpuMilliseconds(serverPid) - cpu.server;
  result.databaseCpuMs = cpuMilliseconds(databasePid) - cpu.database;
  clearInterval(sampler);
  return result;
}
