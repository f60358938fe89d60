// Any error as an answer, of a request or of a Bundle entry. What is not a FhirError is ours: 500, and only the correlation id is shown.

import { errorKinds, FhirError } from '../model/errors.ts';
import { errorOutcome } from '../model/outcome.ts';
import type { Answer } from './call.ts';

export function answerError(error: unknown, correlationId: string): Answer {
  const { status, headers } = error instanceof FhirError ? error : { status: errorKinds.exception.status, headers: {} };
  return { status, headers: { ...headers }, body: { ...errorOutcome(error, correlationId) } };
}
