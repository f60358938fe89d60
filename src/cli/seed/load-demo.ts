// Posts the Bundles of seed/ in the order of their names. What was loaded before is left as it is, so that an interrupted
// load can be continued and a second one changes nothing.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { withOwners } from '../../fhir/auth/access/owners.ts';
import { parseJson, stringifyJson } from '../../fhir/model/json.ts';
import type { Resource } from '../../fhir/model/resource.ts';
import { StartError } from '../../platform/start-error.ts';
import type { Client } from '../import/client.ts';
import { reasonIn, verdictOf } from '../import/outcome.ts';
import { fillDates } from './fill-dates.ts';

export interface LoadOptions {
  client: Client;
  timeZone: string;
  now: () => number;
  concurrency: number;
  onProgress: (percent: number, note: string) => void;
}

const home = fileURLToPath(new URL('../../../seed/', import.meta.url));

/** Returns how many resources were written. */
export async function loadDemo({ client, timeZone, now, concurrency, onProgress }: LoadOptions): Promise<number> {
  const steps = stepsIn(home);
  const all = steps.flat().length;
  let done = 0;
  let written = 0;
  for (const step of steps) {
    const load = async (): Promise<void> => {
      for (let name = step.shift(); name !== undefined; name = step.shift()) {
        const created = await loadFile(client, name, (text) => fillDates(text, now(), timeZone));
        written += created;
        done += 1;
        onProgress((done / all) * 100, `${written} resources`);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, load));
  }
  return written;
}

/** A folder's files are loaded side by side; everything else one after the other. */
function stepsIn(folder: string): string[][] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((entry) =>
      entry.isDirectory() ? readdirSync(join(folder, entry.name)).map((name) => join(entry.name, name)) : [entry.name],
    )
    .map((names) => names.filter((name) => /\.json(\.gz)?$/.test(name)))
    .filter((names) => names.length > 0);
}

interface SeedBundle {
  type: string;
  entry: { request: { method: string; url: string } }[];
}

async function loadFile(client: Client, name: string, fill: (text: string) => string): Promise<number> {
  const raw = readFileSync(join(home, name));
  const text = owned(name, fill((name.endsWith('.gz') ? gunzipSync(raw) : raw).toString()));
  const { type: kind, entry } = JSON.parse(text) as SeedBundle;
  const first = entry[0]?.request;
  // A transaction is there as a whole or not at all, so its first resource speaks for it.
  const [type = '', id] = first?.url.split('/') ?? [];
  if (first?.method === 'PUT' && id !== undefined && (await client.has(type, id))) return 0;
  const reply = await client.post(Buffer.from(text));
  if (reply.status !== 200) throw refused(name, `${reply.status} ${reasonIn(reply.body)}`);
  const { counts, reasons } = verdictOf(reply, (index) => entry[index]?.request.method);
  const [failure] = reasons;
  if (failure !== undefined) throw refused(name, `entry[${failure.index}]: ${failure.reason}`);
  // What operations answer in a batch is said again when they are called again: nothing new.
  return kind === 'transaction' ? counts.created : 0;
}

const HOSPITAL = 'demo-hospital';

/** All of it belongs to the demo hospital (docs/adr/0019), but for the registers of organizations and practitioners, `10-…` and `11-…`. */
function owned(name: string, text: string): string {
  const bundle = parseJson(text) as { type: string; entry: { resource?: Resource }[] };
  if (name.startsWith('1') || bundle.type !== 'transaction') return text;
  for (const entry of bundle.entry) if (entry.resource) entry.resource = withOwners(entry.resource, [HOSPITAL]);
  return stringifyJson(bundle);
}

const refused = (name: string, reason: string): StartError =>
  new StartError(
    `The demo hospital cannot be loaded: seed/${name} was refused: ${reason}. SEED=none starts without it.`,
  );
