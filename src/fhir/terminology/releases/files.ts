// The files of a release as its publisher packs it: a folder, a zip, or a single file. Nothing is unpacked to disk.
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { type Entry, type Options, open, type ZipFile } from 'yauzl';
import { FhirError } from '../../model/errors.ts';

export interface ReleaseFile {
  /** below the folder, or inside the zip */
  path: string;
  name: string;
  bytes: number;
  read(): Promise<Readable>;
}

export interface ReleaseFiles {
  /** of the file or folder itself */
  name: string;
  all: readonly ReleaseFile[];
  /** bytes of uncompressed files that were read so far */
  readonly bytesRead: number;
  /** by name; throws where there are several */
  find(name: RegExp): ReleaseFile | undefined;
  findAll(name: RegExp): readonly ReleaseFile[];
  close(): void;
}

export async function openRelease(path: string): Promise<ReleaseFiles> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new FhirError('not-found', `There is no file ${path}`);
  if (stat.isDirectory()) return filesOf(basename(path), inFolder(path));
  if (/\.zip$/i.test(path)) {
    const zip = await openZip(path);
    return filesOf(basename(path), zip.files, zip.close);
  }
  return filesOf(basename(path), [onDisk(path, basename(path))]);
}

function filesOf(name: string, all: readonly Omit<ReleaseFile, 'name'>[], close = (): void => undefined): ReleaseFiles {
  let bytesRead = 0;
  const files = all.map((file) => ({
    ...file,
    name: basename(file.path),
    async read() {
      const stream = await file.read();
      stream.on('data', (chunk: Buffer) => {
        bytesRead += chunk.length;
      });
      // a listener makes it flow: hold it until somebody reads
      return stream.pause();
    },
  }));
  const findAll = (pattern: RegExp): ReleaseFile[] => files.filter((file) => pattern.test(file.name));
  return {
    name,
    all: files,
    get bytesRead() {
      return bytesRead;
    },
    findAll,
    find(pattern) {
      const found = findAll(pattern);
      if (found.length > 1)
        throw new FhirError(
          'invalid',
          `${name} has several files of a kind: ${found.map((file) => file.path).join(', ')}`,
        );
      return found[0];
    },
    close,
  };
}

const onDisk = (path: string, shown: string): Omit<ReleaseFile, 'name'> => ({
  path: shown,
  bytes: statSync(path).size,
  read: async () => createReadStream(path),
});

function inFolder(folder: string): Omit<ReleaseFile, 'name'>[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort()
    .map((name) => onDisk(join(folder, name), name));
}

async function openZip(path: string): Promise<{ files: Omit<ReleaseFile, 'name'>[]; close: () => void }> {
  let zip: ZipFile;
  try {
    const openIt = promisify<string, Options, ZipFile>(open);
    zip = await openIt(path, { lazyEntries: true, autoClose: false });
  } catch (cause) {
    throw new FhirError('invalid', `${path} is no zip that can be read: ${(cause as Error).message}`, { cause });
  }
  const entries = await new Promise<Entry[]>((resolve, reject) => {
    const found: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      if (!entry.fileName.endsWith('/')) found.push(entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(found));
    zip.on('error', reject);
    zip.readEntry();
  });
  const openEntry = promisify<Entry, Readable>(zip.openReadStream.bind(zip) as never);
  return {
    files: entries.map((entry) => ({
      path: entry.fileName,
      bytes: entry.uncompressedSize,
      read: () => openEntry(entry),
    })),
    close: () => zip.close(),
  };
}
