// CPU of the validator alone, in one process: Observations by depth, and by the profiles they claim where a package is named.
//   npx tsx bench/validation.ts --data FOLDER [--package us-core.tgz]
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import type { CanonicalEntry } from '../src/fhir/conformance/canonicals.ts';
import { createCanonicals } from '../src/fhir/conformance/create-canonicals.ts';
import { createPublished } from '../src/fhir/conformance/published.ts';
import { readPackage } from '../src/fhir/conformance/read-package.ts';
import type { Source } from '../src/fhir/conformance/source.ts';
import { loadDefinitions } from '../src/fhir/definitions/load.ts';
import { parseJson } from '../src/fhir/model/json.ts';
import type { Resource } from '../src/fhir/model/resource.ts';
import { createTerminology } from '../src/fhir/terminology/create-terminology.ts';
import { createProfileValidator } from '../src/fhir/validation/profiles/validator.ts';
import { createValidator } from '../src/fhir/validation/validate.ts';

const MOST = 2000;
/** so that they are of many patients */
const MOST_OF_A_FILE = 50;
const CHECKS = 10_000;

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../seed/', import.meta.url)) },
    package: { type: 'string' },
  },
});

const definitions = loadDefinitions();
const validate = createValidator(definitions);
const sources: Source[] = [createPublished()];
if (options.package !== undefined) sources.unshift(await sourceOf(options.package));
const canonicals = createCanonicals({ sources });
const terminology = createTerminology({ canonicals, maxExpansion: 1000, now: Date.now });
const validator = createProfileValidator({ definitions, canonicals, terminology, validate });

const claiming = observations(options.data).slice(0, MOST);
const plain = claiming.map(({ meta: _, ...resource }) => resource as Resource);
if (claiming.length === 0)
  throw new Error(`There are no Observations in ${options.data}: unpacked Bundles or NDJSON are looked for`);
console.log(`${claiming.length} Observations`);
await measure('structure', plain, (resource) => validate(resource, {}));
await measure('invariants', plain, (resource) => validator.check(resource, { depth: 'invariants' }));
await measure('everything, base type', plain, (resource) => validator.check(resource, { depth: 'everything' }));
await measure('everything, claimed profiles', claiming, (resource) =>
  validator.check(resource, { depth: 'everything' }),
);

async function measure(
  name: string,
  resources: readonly Resource[],
  check: (resource: Resource) => unknown,
): Promise<void> {
  // the first turn loads what it needs
  for (const resource of resources) await check(resource);
  const before = process.cpuUsage();
  for (let done = 0; done < CHECKS; done++) await check(resources[done % resources.length]!);
  const { user, system } = process.cpuUsage(before);
  const micros = (user + system) / CHECKS;
  console.log(`${name.padEnd(30)} ${micros.toFixed(1).padStart(8)} µs ${Math.round(1e6 / micros)} per second of CPU`);
}

/** Of Bundles and NDJSON, packed or not, anywhere below the folder. */
function observations(folder: string): Resource[] {
  const found: Resource[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(?:nd)?json(?:\.gz)?$/.test(entry.name) || found.length >= MOST) continue;
    const bytes = readFileSync(path.join(entry.parentPath, entry.name));
    const text = entry.name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    const texts = /\.ndjson(?:\.gz)?$/.test(entry.name) ? text.toString().trim().split('\n') : [text];
    const inFile: Resource[] = [];
    for (const one of texts) gather(parseJson(one) as Resource, inFile);
    const step = Math.ceil(inFile.length / MOST_OF_A_FILE);
    found.push(...inFile.filter((_, index) => index % step === 0));
  }
  return found;
}

function gather(resource: Resource, found: Resource[]): void {
  if (resource.resourceType === 'Observation') found.push(resource);
  const entries = resource.resourceType === 'Bundle' ? (resource.entry as { resource?: Resource }[] | undefined) : [];
  for (const { resource: inner } of entries ?? []) if (inner !== undefined) gather(inner, found);
}

async function sourceOf(file: string): Promise<Source> {
  const resources = new Map<CanonicalEntry, Resource>();
  await readPackage(createReadStream(file), async ({ resource: read }) => {
    const resource = read as Resource & { url?: string; version?: string };
    const { resourceType: type, url, version } = resource;
    if (url === undefined) return;
    const origin = { kind: 'package', name: file, version: '' } as const;
    resources.set({ type, url, ...(version !== undefined && { version }), origin }, resource);
  });
  const list = (type: string): CanonicalEntry[] => [...resources.keys()].filter((entry) => entry.type === type);
  return {
    list,
    versions: (type, url) => list(type).filter((entry) => entry.url === url),
    read: async (entry) => ({ resource: resources.get(entry)!, bytes: 10_000 }),
  };
}
