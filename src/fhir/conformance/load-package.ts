// Loads a package into the database: whole or not at all.
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import type { PackagedEntry, PackageRecord, PackageStore } from '../storage/definitions.ts';
import { urlsOf, versionOf } from './definition-types.ts';
import { type PackageFile, type PackageManifest, readPackage } from './read-package.ts';

export interface LoadOptions {
  store: PackageStore;
  types: ReadonlySet<string>;
  onProgress?: (progress: { definitions: number; file: string }) => void;
}

export interface LoadedPackage {
  manifest: PackageManifest;
  /** false: exactly this was there already */
  isNew: boolean;
  /** by type */
  counts: Readonly<Record<string, number>>;
  /** what the package needs and is not there, as `name#version` */
  missing: readonly string[];
  /** files that say something another one of the package says as well */
  duplicates: readonly string[];
}

/** bytes that wait to be written together */
const BATCH_BYTES = 4 * 1024 * 1024;

/** What comes with the server: the packages of R4 itself, and terminology of whatever version. */
const BUILT_IN = new Set([
  'hl7.fhir.r4.core',
  'hl7.fhir.r4.examples',
  'hl7.fhir.r4.expansions',
  'hl7.terminology',
  'hl7.terminology.r4',
]);

/** `open` is called twice: to see whether exactly this file is loaded already, and to load it. */
export async function loadPackage(open: () => Readable, options: LoadOptions): Promise<LoadedPackage> {
  const { store, types, onProgress } = options;
  const digest = await digestOf(open());
  const known = await store.list();
  const same = known.find((record) => record.digest === digest);
  if (same !== undefined)
    return { manifest: same, isNew: false, counts: countsOf(same.entries), missing: [], duplicates: [] };
  const load = await store.beginLoad();
  const entries: PackagedEntry[] = [];
  const seen = new Map<string, string>();
  const duplicates: string[] = [];
  let waiting: Buffer[] = [];
  let bytes = 0;

  const flush = async (): Promise<void> => {
    await load.add(waiting);
    waiting = [];
    bytes = 0;
  };
  async function take({ path, resource, bytes: content }: PackageFile): Promise<void> {
    const entry = types.has(resource.resourceType) ? entryOf(resource) : undefined;
    if (entry === undefined) return;
    const names = entry.urls.map((url) => `${entry.type} ${url}|${entry.version ?? ''}`);
    if (names.every((name) => seen.has(name))) {
      duplicates.push(`${path} repeats ${seen.get(names[0]!)}`);
      return;
    }
    for (const name of names) seen.set(name, path);
    entries.push(entry);
    waiting.push(content);
    bytes += content.length;
    onProgress?.({ definitions: entries.length, file: path });
    if (bytes >= BATCH_BYTES) await flush();
  }

  try {
    const manifest = await readPackage(open(), take);
    if (known.some(({ name, version }) => name === manifest.name && version === manifest.version))
      throw new FhirError(
        'duplicate',
        `${manifest.name}#${manifest.version} is loaded already, with other content; unload it first`,
      );
    if (entries.length === 0) throw new FhirError('structure', 'it has no definitions');
    await flush();
    const isNew = await load.commit({ ...manifest, digest, entries });
    const missing = missingOf(manifest, known);
    return { manifest, isNew, counts: countsOf(entries), missing, duplicates };
  } catch (error) {
    await load.abort();
    throw error;
  }
}

async function digestOf(file: Readable): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(file, hash);
  return hash.digest('hex');
}

function entryOf(resource: Resource): PackagedEntry | undefined {
  const urls = urlsOf(resource);
  if (urls.length === 0) return undefined;
  const id = resource.id === undefined ? {} : { id: resource.id };
  return { type: resource.resourceType, urls, ...versionOf(resource), ...id, ...profileOf(resource) };
}

function profileOf({ resourceType, kind, derivation, type }: Resource): { profileOf?: string } {
  const isProfile = resourceType === 'StructureDefinition' && kind === 'resource' && derivation === 'constraint';
  return isProfile && typeof type === 'string' ? { profileOf: type } : {};
}

export function countsOf(entries: readonly PackagedEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of entries) counts[type] = (counts[type] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function missingOf({ dependencies }: PackageManifest, known: readonly PackageRecord[]): string[] {
  const there = new Set(known.map(({ name, version }) => `${name}#${version}`));
  return Object.entries(dependencies)
    .filter(([name, version]) => !BUILT_IN.has(name) && !there.has(`${name}#${version}`))
    .map(([name, version]) => `${name}#${version}`);
}
