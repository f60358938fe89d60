// Puts on record what a command did beside the server: in a chain of its own, complete and in the database when this settles.
import { type JournalDeps, openJournal } from './journal.ts';
import { recordOfSignIn, type SignInEvent } from './recorder.ts';

export async function recordSignIn(deps: JournalDeps, event: SignInEvent): Promise<void> {
  await deps.log.prepare();
  const journal = await openJournal(deps);
  try {
    await journal.write([recordOfSignIn(event)]);
  } finally {
    await journal.close();
  }
}
