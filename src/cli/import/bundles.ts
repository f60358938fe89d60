// Turns a file into the Bundles that are posted: transaction and batch files byte by byte as they are, everything else (NDJSON,
// collections, single resources) as transactions of PUTs.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { parseJson, stringifyJson } from '../../fhir/model/json.ts';
import type { SourceFile } from './files.ts';

/** What one request carries. `pieces` are the resources of a Bundle made here, so that a refused one can be found. */
export type Load = { whole: Buffer } | { pieces: Piece[] };

export interface Piece {
  /** one Bundle.entry as JSON text */
  entry: string;
  /** where it came from, for the message about it */
  place: string;
}

const GROUP_PIECES = 500;
const GROUP_BYTES = 4 * 1024 * 1024;

export async function* loadsOf(file: SourceFile): AsyncGenerator<Load> {
  if (file.format === 'ndjson') yield* groups(lines(file));
  else yield* loadsOfJson(file);
}

async function* loadsOfJson(file: SourceFile): AsyncGenerator<Load> {
  const raw = await readFile(file.path);
  const bytes = file.isCompressed ? await promisify(gunzip)(raw) : raw;
  if (isReadyToPost(bytes)) yield { whole: bytes };
  else yield* groups(piecesOf(parseJson(bytes)));
}

/** The usual head of a Bundle that is meant to be posted; saves parsing 50 MB only to find out. */
const isReadyToPost = (bytes: Buffer): boolean =>
  /^\s*\{\s*"resourceType"\s*:\s*"Bundle"\s*,[^[]*"type"\s*:\s*"(transaction|batch)"/.test(
    bytes.subarray(0, 4096).toString(),
  );

function* piecesOf(value: unknown): Generator<Piece> {
  const resource = asResource(value, 'the file');
  if (resource.resourceType !== 'Bundle') {
    yield pieceOf(resource, stringifyJson(resource), String(resource.resourceType));
    return;
  }
  const entries = Array.isArray(resource.entry) ? (resource.entry as { resource?: unknown; request?: unknown }[]) : [];
  for (const [index, entry] of entries.entries()) {
    const place = `entry[${index}]`;
    if (entry.request !== undefined) yield { entry: stringifyJson(entry), place };
    else if (entry.resource !== undefined) {
      yield pieceOf(asResource(entry.resource, place), stringifyJson(entry.resource), place);
    }
  }
}

async function* lines(file: SourceFile): AsyncGenerator<Piece> {
  const stream = createReadStream(file.path);
  // An error of the file must end the reading, which a plain pipe would not pass on.
  const input = file.isCompressed ? stream.pipe(createGunzip()) : stream;
  if (input !== stream) stream.on('error', (error) => input.destroy(error));
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line.trim() === '') continue;
    const place = `line ${number}`;
    // The line itself is sent, so decimals stay as they were written.
    yield pieceOf(asResource(parseLine(line, place), place), line, place);
  }
}

function parseLine(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new Error(`${place} is not JSON: ${(error as Error).message}`);
  }
}

interface Loose {
  resourceType: string;
  id?: unknown;
  [element: string]: unknown;
}

function asResource(value: unknown, place: string): Loose {
  const { resourceType } = (value ?? {}) as { resourceType?: unknown };
  if (typeof resourceType !== 'string') throw new Error(`${place} is not a FHIR resource (no resourceType)`);
  return value as Loose;
}

function pieceOf({ resourceType, id }: Loose, text: string, place: string): Piece {
  const request =
    typeof id === 'string' ? { method: 'PUT', url: `${resourceType}/${id}` } : { method: 'POST', url: resourceType };
  return { place, entry: `{"resource":${text},"request":${JSON.stringify(request)}}` };
}

async function* groups(pieces: AsyncIterable<Piece> | Iterable<Piece>): AsyncGenerator<Load> {
  let group: Piece[] = [];
  let size = 0;
  for await (const piece of pieces) {
    group.push(piece);
    size += piece.entry.length;
    if (group.length < GROUP_PIECES && size < GROUP_BYTES) continue;
    yield { pieces: group };
    group = [];
    size = 0;
  }
  if (group.length > 0) yield { pieces: group };
}

export const transactionOf = (pieces: readonly Piece[]): Buffer =>
  Buffer.from(
    `{"resourceType":"Bundle","type":"transaction","entry":[${pieces.map(({ entry }) => entry).join(',\n')}]}`,
  );
