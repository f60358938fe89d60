// The embedded MongoDB of a server that is running now, for commands that work beside it.

import { mongodUri } from './mongodb/run.ts';
import { readNote, secretOf } from './notes.ts';
import { isAlive } from './process-identity.ts';

/** undefined: none is running on this data folder */
export function runningMongodUri(dataDir: string): string | undefined {
  const note = readNote(dataDir, 'mongodb');
  if (note?.process === undefined || !isAlive(note.process)) return undefined;
  return mongodUri(note.port, secretOf(dataDir, 'mongodb').secret);
}
