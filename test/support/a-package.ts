// Small FHIR packages for tests, and the published ones of test/fixtures.
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { definitionTypes } from '../../src/fhir/conformance/definition-types.ts';
import { type LoadedPackage, loadPackage } from '../../src/fhir/conformance/load-package.ts';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { createDefinitionStore } from '../../src/fhir/storage/mongo/definitions/index.ts';
import type { FreshDatabase } from './engines.ts';

export const US_CORE = fixture('hl7.fhir.us.core-5.0.1.tgz');
export const IPS = fixture('hl7.fhir.uv.ips-2.0.0.tgz');

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/packages/${name}`, import.meta.url));
}

/** path in the archive → content; what is no text is written as JSON */
export async function packageFile(files: Readonly<Record<string, unknown>>): Promise<Buffer> {
  const pack = tar.pack();
  for (const [name, content] of Object.entries(files))
    pack.entry({ name }, typeof content === 'string' ? content : JSON.stringify(content));
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

export const aManifest = (more: Readonly<Record<string, unknown>> = {}) => ({
  name: 'test.profiles',
  version: '1.0.0',
  fhirVersions: ['4.0.1'],
  dependencies: { 'hl7.fhir.r4.core': '4.0.1' },
  ...more,
});

/** As `wardgate package load` does beside a running server; a path or the bytes of a package. */
export function loadInto({ db }: Pick<FreshDatabase, 'db'>, file: string | Buffer): Promise<LoadedPackage> {
  const store = createDefinitionStore({ db, now: Date.now }).packages;
  const open = (): Readable => (typeof file === 'string' ? createReadStream(file) : Readable.from([file]));
  return loadPackage(open, { store, types: definitionTypes(loadDefinitions()) });
}
