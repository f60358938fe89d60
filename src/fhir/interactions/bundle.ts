// POST [base]: a batch or a transaction, as the Bundle says. https://hl7.org/fhir/R4/http.html#transaction
import { FhirError } from '../model/errors.ts';
import { createBatch } from './batch.ts';
import type { Interaction } from './call.ts';
import { type BundleParts, createTransaction, type RunBundle } from './transaction.ts';

export function createBundle(parts: BundleParts): Interaction<'bundle'> {
  const runs: Readonly<Record<string, RunBundle>> = {
    batch: createBatch(parts),
    transaction: createTransaction(parts),
  };
  return async (call) => {
    const { body } = call;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new FhirError('required', 'A Bundle is expected in the body');
    }
    const { resourceType, type, entry = [] } = body as { resourceType?: unknown; type?: unknown; entry?: unknown };
    if (resourceType !== 'Bundle') {
      throw new FhirError(
        'invalid',
        `A Bundle is expected here, not ${resourceType}; a single resource is posted to its type`,
        {
          expression: 'resourceType',
        },
      );
    }
    const run = typeof type === 'string' && Object.hasOwn(runs, type) ? runs[type] : undefined;
    if (run === undefined) {
      const message = `A Bundle posted here is a batch or a transaction, not "${type}"; to store a Bundle, post it to Bundle`;
      throw new FhirError('value', message, { expression: 'Bundle.type' });
    }
    if (!Array.isArray(entry))
      throw new FhirError('structure', 'Bundle.entry is an array', { expression: 'Bundle.entry' });
    return run(call, entry);
  };
}
