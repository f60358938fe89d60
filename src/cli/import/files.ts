// Which files an import reads, and in which order: what others refer to conditionally comes first.
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { StartError } from '../../platform/start-error.ts';

export interface SourceFile {
  path: string;
  format: 'json' | 'ndjson';
  isCompressed: boolean;
  /** as it lies on disk */
  bytes: number;
  /** files of one rank are loaded side by side, ranks one after the other */
  rank: number;
}

const readable = /\.(json|ndjson)(\.gz)?$/i;

/** Files and folders (with all below them) as given; what a folder holds besides is passed over. */
export function sourceFiles(paths: readonly string[]): SourceFile[] {
  const files = paths.flatMap(expand).map(describe);
  return files.sort((a, b) => a.rank - b.rank || a.path.localeCompare(b.path));
}

function expand(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new StartError(`${path} does not exist.`);
  if (!found.isDirectory()) {
    if (readable.test(path)) return [path];
    throw new StartError(`${path} is neither .json, .ndjson, .json.gz, .ndjson.gz nor a folder.`);
  }
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => readable.test(name))
    .map((name) => join(path, name));
}

function describe(path: string): SourceFile {
  const [, kind = '', gzip] = readable.exec(path) ?? [];
  const file = {
    path,
    format: kind.toLowerCase() === 'ndjson' ? ('ndjson' as const) : ('json' as const),
    isCompressed: gzip !== undefined,
    bytes: statSync(path).size,
  };
  return { ...file, rank: rankOf(file) };
}

/** Organizations before their locations and people, those before what names them, patients' records last. */
const ranks: readonly [rank: number, name: RegExp][] = [
  [0, /^(hospital|organization)/i],
  [1, /^(practitioner(?!role)|location)/i],
  [2, /^(practitionerrole|patient|medication\.)/i],
];
const NO_PATIENT_RANK = 3;
const RECORDS_RANK = 4;

function rankOf(file: Omit<SourceFile, 'rank'>): number {
  const named = ranks.find(([, name]) => name.test(basename(file.path)))?.[0];
  if (named !== undefined) return named;
  return /"resourceType"\s*:\s*"Patient"/.test(headOf(file)) ? RECORDS_RANK : NO_PATIENT_RANK;
}

const HEAD_BYTES = 128 * 1024;

/** A patient's bundle begins with the patient; reading whole files only to order them would double the reading. */
function headOf({ path, isCompressed }: Omit<SourceFile, 'rank'>): string {
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(HEAD_BYTES);
  const length = readSync(file, buffer, 0, HEAD_BYTES, 0);
  closeSync(file);
  const head = buffer.subarray(0, length);
  if (!isCompressed) return head.toString();
  try {
    // The last block is cut off: take what came out so far.
    return gunzipSync(head, { finishFlush: zlib.Z_SYNC_FLUSH }).toString();
  } catch {
    return '';
  }
}
