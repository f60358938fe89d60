// A question that takes too long, or is too long itself, is an error that says so.
import { FhirError } from '../../../model/errors.ts';

/** time is up, the command is over 16 MB: for the database, and for the driver before it sends it */
const TOO_MUCH: ReadonlySet<unknown> = new Set([50, 10334, 'ERR_OUT_OF_RANGE']);

export async function within<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!TOO_MUCH.has((error as { code?: unknown }).code)) throw error;
    throw new FhirError('too-costly', 'The code system is too large for this filter', { cause: error });
  }
}
