// What to do where somebody else wrote between reading and writing, and the client did not say which version it means.
import { FhirError } from '../model/errors.ts';
import type { Call } from './call.ts';

/** In a crowd on one resource one gets through each time; more turns than this mean that something else is wrong. */
const TURNS = 20;

/** Looks and writes again until nobody was in between. Under If-Match the client decides, so that its 412 stands. */
export async function untilNotOutrun<T>(call: Call, attempt: () => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn++) {
    try {
      return await attempt();
    } catch (error) {
      const isOutrun = error instanceof FhirError && error.kind === 'precondition';
      if (!isOutrun || call.headers['if-match'] !== undefined || turn === TURNS) throw error;
    }
  }
}
