// Where a refusal is about: known to who asked, not to who refused.
import { FhirError } from '../model/errors.ts';

/** An error of the work gets the expression, unless it has one. */
export async function placed<T>(expression: string | undefined, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (expression === undefined || !(error instanceof FhirError)) throw error;
    const issues = error.issues.map((issue) => ({ expression, ...issue }));
    throw new FhirError(error.kind, error.message, { issues, headers: error.headers, cause: error });
  }
}
