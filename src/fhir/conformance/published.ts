// What the specification and THO publish, from the files that `npm run gen` makes: the index is read at start, resources when they are asked for.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import type { Resource } from '../model/resource.ts';
import { headLength, readOffsets } from './block-file.ts';
import type { CanonicalEntry } from './canonicals.ts';
import { createLru } from './lru.ts';
import type { Source } from './source.ts';

/** canonicals.json: type → URL up to its last slash → `tail block place version`; of equal URLs the better one first */
export type SlimCanonicals = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

interface PublishedEntry extends CanonicalEntry {
  block: number;
  place: number;
}

/** Equally far from src/fhir/conformance and dist/fhir/conformance: both read the committed files. */
const root = new URL('../../../src/fhir/definitions/generated/', import.meta.url);

/** blocks kept unpacked, about 320 kB each: what is asked for together lies together */
const BLOCKS_KEPT = 8;
const ORIGIN = { kind: 'published' } as const;
const NONE: ReadonlyMap<string, readonly PublishedEntry[]> = new Map();

let index: SlimCanonicals | undefined;

export function createPublished(): Source {
  index ??= JSON.parse(readFileSync(new URL('canonicals.json', root), 'utf8')) as SlimCanonicals;
  const slim = index;
  const blocks = createBlockReader(fileURLToPath(new URL('canonicals.bin', root)));
  const types = new Map<string, ReadonlyMap<string, readonly PublishedEntry[]>>();

  function ofType(type: string): ReadonlyMap<string, readonly PublishedEntry[]> {
    const known = types.get(type);
    if (known !== undefined) return known;
    if (!Object.hasOwn(slim, type)) return NONE;
    const read = readEntries(type, slim[type]!);
    types.set(type, read);
    return read;
  }

  return {
    versions: (type, url) => ofType(type).get(url) ?? [],
    list: (type) => [...ofType(type).values()].flat(),
    async read(entry) {
      const { block, place } = entry as PublishedEntry;
      const line = lineOf(blocks(block), place);
      return { resource: JSON.parse(line.toString()) as Resource, bytes: line.length };
    },
  };
}

function readEntries(type: string, slim: SlimCanonicals[string]): Map<string, PublishedEntry[]> {
  const found = new Map<string, PublishedEntry[]>();
  for (const [prefix, tails] of Object.entries(slim)) {
    for (const line of tails) {
      const [tail, block, place, ...version] = line.split(' ');
      const url = prefix + tail;
      const entry: PublishedEntry = { type, url, origin: ORIGIN, block: Number(block), place: Number(place) };
      if (version.length > 0) entry.version = version.join(' ');
      const known = found.get(url);
      if (known === undefined) found.set(url, [entry]);
      else known.push(entry);
    }
  }
  return found;
}

/** Waits for the disk: a block is a single read and a millisecond of unpacking, which a thread would only make longer. */
function createBlockReader(path: string): (block: number) => Buffer {
  let offsets: readonly number[] | undefined;
  const kept = createLru<number, Buffer>(BLOCKS_KEPT);

  function read(block: number): Buffer {
    const file = openSync(path, 'r');
    try {
      offsets ??= readOffsets(readPart(file, 0, headLength(readPart(file, 0, 4).readUInt32LE())));
      return brotliDecompressSync(readPart(file, offsets[block]!, offsets[block + 1]!));
    } finally {
      closeSync(file);
    }
  }

  return (block) => kept.get(block, () => read(block));
}

function readPart(file: number, start: number, end: number): Buffer {
  const part = Buffer.allocUnsafe(end - start);
  for (let at = 0; at < part.length; ) {
    const count = readSync(file, part, at, part.length - at, start + at);
    if (count === 0) throw new Error('canonicals.bin is cut off; `npm run gen` makes it again');
    at += count;
  }
  return part;
}

const LINE_END = 10;

function lineOf(block: Buffer, place: number): Buffer {
  let start = 0;
  for (let line = 0; line < place; line++) start = block.indexOf(LINE_END, start) + 1;
  const end = block.indexOf(LINE_END, start);
  return block.subarray(start, end === -1 ? block.length : end);
}
