// The test server as the wards' tests use it: a clock to set, a client, crowds of requests, several servers on one database.
import http from 'node:http';
import type { Resource } from '../../src/fhir/model/resource.ts';
import type { FhirService, ServiceSettings } from '../../src/service.ts';
import { type FreshDatabase, freshDatabase } from './engines.ts';
import { createFhirClient, type FhirClient, type Reply } from './fhir-client.ts';
import { type LogLine, startTestServer } from './server.ts';

export interface Hospital extends FhirClient {
  service: FhirService;
  /** PUT that must succeed; answers what was stored */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into resources of every type
  have(resource: Resource & { id: string }): Promise<any>;
  /** all at the same moment, each on a connection of its own */
  postAll(requests: readonly { path: string; body: unknown }[]): Promise<Reply[]>;
  /** the hospital's clock, which tests may set */
  clock: { now: number };
  /** another server process's worth of it on the same database; closed with the first */
  another(): Promise<Hospital>;
  close(): Promise<void>;
}

export async function openHospital(name: string, settings: Partial<ServiceSettings> = {}): Promise<Hospital> {
  const fresh = await freshDatabase(name);
  const others: Hospital[] = [];
  const first = await open(fresh, settings, others);
  return {
    ...first,
    async close() {
      for (const other of others) await other.close();
      await first.close();
      await fresh.drop();
    },
  };
}

async function open(
  database: FreshDatabase,
  settings: Partial<ServiceSettings>,
  others: Hospital[],
): Promise<Hospital> {
  const clock = { now: Date.parse('2026-11-23T08:00:00Z') };
  const server = await startTestServer('hospital', { database, settings, now: () => clock.now, onLine: showOurs });
  const client = createFhirClient(server.base);
  return {
    ...client,
    service: server.service,
    clock,
    async another() {
      const other = await open(database, settings, others);
      others.push(other);
      return other;
    },
    postAll: (requests) => postAll(client.base, requests),
    async have(resource) {
      const reply = await client.put(`/${resource.resourceType}/${resource.id}`, resource);
      if (reply.status >= 300)
        throw new Error(`${resource.resourceType}/${resource.id}: ${reply.status} ${reply.text}`);
      return reply.body;
    },
    close: server.close,
  };
}

/** Plain node:http: a thousand connections of fetch cost more than what they are to test. */
export async function postAll(base: string, requests: readonly { path: string; body: unknown }[]): Promise<Reply[]> {
  const agent = new http.Agent({ keepAlive: true });
  const post = ({ path, body }: { path: string; body: unknown }): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const request = http.request(
        `${base}${path}`,
        { method: 'POST', agent, headers: { 'content-type': 'application/fhir+json' } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const headers = new Headers(response.headers as Record<string, string>);
            resolve({ status: response.statusCode ?? 0, headers, text, body: JSON.parse(text) });
          });
        },
      );
      request.on('error', reject).end(JSON.stringify(body));
    });
  try {
    return await Promise.all(requests.map(post));
  } finally {
    agent.destroy();
  }
}

/** A mistake of ours is worth reading in a test's output; a 503 that the test asked for is not. */
function showOurs({ level, message, fields }: LogLine): void {
  if (level === 'error' && (fields.status === undefined || fields.status === 500)) console.error(message, fields);
}

/** How many replies have each status: { 201: 20, 409: 980 } */
export function countByStatus(replies: readonly Reply[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** The sentence of the first issue. */
export const sentenceOf = (reply: Reply): string => reply.body?.issue?.[0]?.diagnostics ?? reply.text;

/** Parameters as an object by name; what comes several times as an array. */
export function parametersOf(reply: Reply): Record<string, unknown> {
  return Object.fromEntries(valuesByName(reply.body.parameter ?? []));
}

interface Entry {
  name: string;
  part?: Entry[];
  [element: string]: unknown;
}

function valuesByName(entries: readonly Entry[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const { name, part, ...content } of entries) {
    const value = part === undefined ? Object.values(content)[0] : Object.fromEntries(valuesByName(part));
    const known = values.get(name);
    values.set(name, known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value]);
  }
  return values;
}
