// The way into a server of this process: no port, and nobody who would have to sign in.
import type { Caller } from '../../fhir/auth/caller.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { parseJson } from '../../fhir/model/json.ts';
import { outcomeOf } from '../../fhir/model/outcome.ts';
import type { FhirService } from '../../service.ts';
import type { Client, Reply } from '../import/client.ts';

/** What operations make belongs to the hospital for which they are called. */
const seeder: Caller = {
  kind: 'account',
  id: 'seed',
  roles: ['admin'],
  organizations: ['demo-hospital'],
  client: 'wardgate',
  limits: 'admin',
  address: '',
};

export function createInnerClient(
  { dispatch, store, access }: Pick<FhirService, 'dispatch' | 'store' | 'access'>,
  base: string,
): Client {
  async function post(bundle: Buffer): Promise<Reply> {
    const body = parseJson(bundle);
    const caller = access && (body as { type?: string }).type === 'batch' ? seeder : undefined;
    try {
      const { status, body: answer } = await dispatch({
        target: { kind: 'bundle' },
        method: 'POST',
        query: [],
        headers: { prefer: 'return=minimal' },
        body,
        base,
        id: 'seed',
        store: caller ? access!.storeFor(caller) : store,
        ...(caller && { caller }),
      });
      return { status, body: Buffer.isBuffer(answer) ? JSON.parse(answer.toString()) : answer };
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
