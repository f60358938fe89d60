// The way into a server of this process: no port, and nobody who would have to sign in.

import { FhirError } from '../../fhir/model/errors.ts';
import { parseJson } from '../../fhir/model/json.ts';
import { outcomeOf } from '../../fhir/model/outcome.ts';
import type { FhirService } from '../../service.ts';
import type { Client, Reply } from '../import/client.ts';

export function createInnerClient({ dispatch, store }: Pick<FhirService, 'dispatch' | 'store'>, base: string): Client {
  async function post(bundle: Buffer): Promise<Reply> {
    try {
      const { status, body } = await dispatch({
        target: { kind: 'bundle' },
        method: 'POST',
        query: [],
        headers: { prefer: 'return=minimal' },
        body: parseJson(bundle),
        base,
        id: 'seed',
        store,
      });
      return { status, body: Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body };
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      return { status: error.status, body: outcomeOf(error.issues) };
    }
  }

  return {
    post,
    has: async (type, id) => Boolean((await store.read(type, id))?.bytes),
    isThere: async () => true,
    close: () => undefined,
  };
}
