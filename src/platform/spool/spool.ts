// A file that is only ever appended to, by one process, and read by whoever carries its content on: a kill of the process loses nothing
// that was appended, and a power cut nothing that was synced. Files of processes that are gone are found and can be taken over.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../clock/clock.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../engines/process-identity.ts';
import { StartError } from '../start-error.ts';

export interface Spool {
  /** whole, or not at all: throws where the disk refuses, and nothing of it stays */
  append(content: string): void;
  /** what was appended so far survives a power cut */
  sync(): Promise<void>;
  /** what was appended after this position, at most so many bytes of it */
  read(position: number, most: number): Buffer;
  /** bytes appended so far, those that were forgotten included */
  size(): number;
  /** a new file, with what was appended after this position: what was before it has been carried on */
  forget(position: number): void;
  /** shows other processes that this one lives; to be called more often than `ABANDONED_MS`. False where the file is gone. */
  beat(): boolean;
  /** the file stays where something of it was not carried on */
  close(isCarriedOn: boolean): void;
}

/** What a process left behind. */
export interface Leftover {
  /** the name the process gave its spool */
  name: string;
  read(): Buffer;
  /** it was carried on */
  remove(): void;
}

interface Header {
  name: string;
  host: string;
  process: ProcessIdentity | undefined;
}

const MOST_HEADER = 4096;
const fdatasyncSoon = promisify(fdatasync);
/** A file of another machine (a shared folder) whose process has not shown itself for so long. */
export const ABANDONED_MS = 120_000;

export function openSpool(folder: string, name: string): Spool {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartError(
      `The folder ${folder} cannot be made (${(error as NodeJS.ErrnoException).code}). Set DATA_DIR.`,
    );
  }
  const header: Header = { name, host: hostname(), process: identityOf(process.pid) };
  const head = Buffer.from(`${JSON.stringify(header)}\n`);
  const path = join(folder, `${name}.spool`);
  let file = create();
  /** positions of the first byte in the file, and after the last one */
  let begin = 0;
  let written = 0;
  let syncing: Promise<void> = Promise.resolve();

  const placeOf = (position: number): number => head.length + position - begin;

  function create(content: Buffer = Buffer.alloc(0)): number {
    // with its header from the first moment, so that nobody finds a file without an owner
    const draft = `${path}.${randomBytes(4).toString('hex')}.new`;
    const created = openSync(draft, 'wx+', 0o600);
    writeWhole(created, Buffer.concat([head, content]), 0);
    // it may have been synced in the file before
    if (content.length > 0) fsyncSync(created);
    renameSync(draft, path);
    const parent = openSync(folder, 'r');
    fsyncSync(parent);
    closeSync(parent);
    return created;
  }

  function read(position: number, most: number): Buffer {
    const bytes = Buffer.alloc(Math.min(most, written - position));
    const length = bytes.length === 0 ? 0 : readSync(file, bytes, 0, bytes.length, placeOf(position));
    return bytes.subarray(0, length);
  }

  return {
    append(content) {
      const bytes = Buffer.from(content);
      try {
        writeWhole(file, bytes, placeOf(written));
      } catch (error) {
        ftruncateSync(file, placeOf(written));
        throw error;
      }
      written += bytes.length;
    },
    sync() {
      const synced = fdatasyncSoon(file);
      syncing = Promise.allSettled([syncing, synced]).then(() => undefined);
      return synced;
    },
    read,
    size: () => written,
    forget(position) {
      const old = file;
      file = create(read(position, written - position));
      begin = position;
      // a file that is being synced is closed after that
      void syncing.then(() => closeSync(old));
    },
    beat() {
      const { atime, ino } = fstatSync(file);
      try {
        utimesSync(path, atime, new Date(systemClock()));
        return statSync(path).ino === ino;
      } catch {
        return false;
      }
    },
    close(isCarriedOn) {
      closeSync(file);
      if (isCarriedOn) rmSync(path, { force: true });
    },
  };
}

function writeWhole(file: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done);
}

/** Spools in the folder whose process is gone. */
export function findLeftovers(folder: string): Leftover[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.filter((name) => name.endsWith('.spool')).flatMap((name) => leftoverOf(join(folder, name)) ?? []);
}

function readHeader(path: string): Header {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(MOST_HEADER);
    const line = bytes.toString('utf8', 0, readSync(file, bytes, 0, MOST_HEADER, 0));
    return JSON.parse(line.slice(0, line.indexOf('\n'))) as Header;
  } finally {
    closeSync(file);
  }
}

function leftoverOf(path: string): Leftover | undefined {
  try {
    const header = readHeader(path);
    const isOurs = header.host === hostname();
    const isGone =
      isOurs && header.process !== undefined
        ? !isAlive(header.process)
        : systemClock() - statSync(path).mtimeMs > ABANDONED_MS;
    if (!isGone) return undefined;
    return {
      name: header.name,
      read() {
        const bytes = readFileSync(path);
        return bytes.subarray(bytes.indexOf(10) + 1);
      },
      remove: () => rmSync(path, { force: true }),
    };
  } catch {
    // another process is taking it over
    return undefined;
  }
}
