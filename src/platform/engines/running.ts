// The server that is running on a data folder now, and its embedded MongoDB: for commands that work beside it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mongodUri } from './mongodb/run.ts';
import { readNote, secretOf, writeDurably } from './notes.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

/** undefined: none is running on this data folder */
export function runningMongodUri(dataDir: string): string | undefined {
  const note = readNote(dataDir, 'mongodb');
  if (note?.process === undefined || !isAlive(note.process)) return undefined;
  return mongodUri(note.port, secretOf(dataDir, 'mongodb').secret);
}

interface ServerNote {
  base: string;
  process: ProcessIdentity | undefined;
}

const serverNote = (dataDir: string): string => join(dataDir, 'server.json');

/** This process answers there. It must have the data folder for itself. */
export function noteServer(dataDir: string, base: string): void {
  const note: ServerNote = { base, process: identityOf(process.pid) };
  writeDurably(serverNote(dataDir), `${JSON.stringify(note)}\n`);
}

/** Where the server on this data folder answers, as clients see it; undefined: none is running */
export function runningServer(dataDir: string): string | undefined {
  try {
    const { base, process: of } = JSON.parse(readFileSync(serverNote(dataDir), 'utf8')) as ServerNote;
    return of !== undefined && isAlive(of) ? base : undefined;
  } catch {
    return undefined;
  }
}
