// A question that takes too long is an error that says so.
import { FhirError } from '../../../model/errors.ts';

const TIME_IS_UP = 50;

export async function within<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if ((error as { code?: unknown }).code !== TIME_IS_UP) throw error;
    throw new FhirError('too-costly', 'The code system is too large for this filter', { cause: error });
  }
}
