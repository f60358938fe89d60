// POST [base] with a batch: entries that do not depend on each other, each answered on its own.
// https://hl7.org/fhir/R4/http.html#brules
import { FhirError } from '../model/errors.ts';
import { answerError } from './answer-error.ts';
import { atEntry, callOf, readEntry } from './bundle-entry.ts';
import type { Call } from './call.ts';
import { type EntryAnswer, writeResponseBundle } from './response-bundle.ts';
import { type BundleParts, presented, type RunBundle } from './transaction.ts';

/** Enough at once for the store to put reads and creates of several entries into one command, without crowding out other requests. */
const AT_ONCE = 32;

export const createBatch =
  ({ grammar, dispatch }: BundleParts): RunBundle =>
  async (call, entries) => {
    const answers: EntryAnswer[] = new Array(entries.length);
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < entries.length) {
        const index = next++;
        answers[index] = await answerEntry(entries[index], index, call);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, entries.length) }, work));
    return { status: 200, body: writeResponseBundle('batch-response', answers, call.base) };

    async function answerEntry(written: unknown, index: number, outer: Call): Promise<EntryAnswer> {
      try {
        const entry = readEntry(written, index, grammar, outer.base);
        return presented(await dispatch(callOf(entry, outer)), entry, outer);
      } catch (error) {
        const { status, body } = answerError(error instanceof FhirError ? atEntry(error, index) : error, outer.id);
        return { status, outcome: body as object };
      }
    }
  };
