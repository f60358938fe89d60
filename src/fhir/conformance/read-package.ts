// Reads a FHIR package: a gzipped tar with package.json and one JSON file for each resource. https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';
import { FhirError } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';

export interface PackageManifest {
  name: string;
  version: string;
  title?: string;
  canonical?: string;
  dependencies: Readonly<Record<string, string>>;
}

export interface PackageFile {
  path: string;
  resource: Resource;
  bytes: Buffer;
}

const broken = (message: string, cause?: unknown): FhirError => new FhirError('structure', message, { cause });

/** No published resource is near it; a file that unpacks to more is an attack or a mistake. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Hands on each resource as it is read; what is broken throws one line. */
export async function readPackage(
  file: Readable,
  take: (file: PackageFile) => Promise<void>,
): Promise<PackageManifest> {
  const extract = tar.extract();
  let manifest: PackageManifest | undefined;
  const reading = pipeline(file, createGunzip(), extract);
  // its failure comes out of the loop as well
  reading.catch(() => undefined);
  try {
    for await (const entry of extract) {
      const path = pathInPackage(entry.header.name);
      const isWanted = entry.header.type === 'file' && path !== undefined;
      const bytes = isWanted ? await contentOf(entry as AsyncIterable<Buffer>, entry.header.name) : undefined;
      entry.resume();
      if (bytes === undefined || path === undefined) continue;
      if (path === 'package.json') manifest = readManifest(bytes);
      else {
        const resource = readResource(bytes, path);
        if (resource !== undefined) await take({ path, resource, bytes });
      }
    }
    await reading;
  } catch (error) {
    throw error instanceof FhirError ? error : broken(`not a package: ${(error as Error).message}`, error);
  }
  if (manifest === undefined) throw broken('not a package: it has no package.json');
  return manifest;
}

/** `package/X.json` as published, `X.json` where the folder was packed without; examples and other folders are no definitions */
function pathInPackage(name: string): string | undefined {
  const path = name.replace(/^\.\//, '').replace(/^package\//, '');
  return path.includes('/') || !path.endsWith('.json') || path.startsWith('.') ? undefined : path;
}

async function contentOf(chunks: AsyncIterable<Buffer>, name: string): Promise<Buffer> {
  const read: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    read.push(chunk);
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw broken(`${name} is larger than ${MAX_FILE_BYTES} bytes`);
  }
  return Buffer.concat(read);
}

function readResource(bytes: Buffer, path: string): Resource | undefined {
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (error) {
    throw broken(`${path}: ${(error as Error).message}`, error);
  }
  const isResource = typeof (value as Partial<Resource> | null)?.resourceType === 'string';
  return isResource ? (value as Resource) : undefined;
}

interface WrittenManifest {
  name?: unknown;
  version?: unknown;
  title?: unknown;
  canonical?: unknown;
  fhirVersions?: unknown;
  'fhir-version-list'?: unknown;
  dependencies?: unknown;
}

const NAME = /^[a-z0-9][a-z0-9._-]*$/i;
const VERSION = /^[a-z0-9][a-z0-9._+-]*$/i;

function readManifest(bytes: Buffer): PackageManifest {
  let written: WrittenManifest;
  try {
    written = parseJson(bytes) as WrittenManifest;
  } catch (error) {
    throw broken(`package.json: ${(error as Error).message}`, error);
  }
  const { name, version, title, canonical } = written;
  if (typeof name !== 'string' || !NAME.test(name)) throw broken('package.json: it has no valid name');
  if (typeof version !== 'string' || !VERSION.test(version)) throw broken('package.json: it has no valid version');
  const dependencies = textsOf(written.dependencies);
  refuseOtherRelease(written, dependencies);
  return {
    name,
    version,
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof canonical === 'string' ? { canonical } : {}),
    dependencies,
  };
}

function textsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** What the package says of its FHIR version, in the spelling of today, in that of before, or by what it depends on. */
function refuseOtherRelease(
  { fhirVersions, 'fhir-version-list': older }: WrittenManifest,
  dependencies: Readonly<Record<string, string>>,
): void {
  const named = [fhirVersions, older].find(Array.isArray) as unknown[] | undefined;
  const releases = (
    named ??
    Object.entries(dependencies).flatMap(([name, version]) => (/^hl7\.fhir\.r\w+\.core$/.test(name) ? version : []))
  ).map(String);
  if (releases.length === 0) throw broken('package.json: it does not say for which FHIR version it is');
  if (!releases.some((release) => /^4\.0(\.|$)/.test(release)))
    throw broken(`it is for FHIR ${releases.join(', ')}; this server is FHIR 4.0.1`);
}
