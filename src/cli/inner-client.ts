// The way into a server of this process: no port, and nobody who would have to sign in.
import type { Caller } from '../fhir/auth/caller.ts';
import type { Answer } from '../fhir/interactions/call.ts';
import { createInnerCalls } from '../fhir/interactions/inner-calls.ts';
import { FhirError } from '../fhir/model/errors.ts';
import { parseJson } from '../fhir/model/json.ts';
import { outcomeOf } from '../fhir/model/outcome.ts';
import type { FhirService } from '../service.ts';
import type { Client, Reply } from './import/client.ts';

export interface InnerClientOptions {
  base: string;
  /** who posts a Bundle of this type, and is on record for it; nobody where undefined */
  callerOf: (bundleType: string | undefined) => Caller | undefined;
}

export function createInnerClient(
  { dispatch, store, access, recorder }: Pick<FhirService, 'dispatch' | 'store' | 'access' | 'recorder'>,
  { base, callerOf }: InnerClientOptions,
): Client {
  let count = 0;
  const newId = (): string => `command-${++count}`;
  const asCaller = access && createInnerCalls({ dispatch, storeFor: access.storeFor, recorder, base, newId });

  async function send(body: { type?: string }): Promise<Answer> {
    const posted = { target: { kind: 'bundle' }, method: 'POST', headers: { prefer: 'return=minimal' }, body } as const;
    const caller = callerOf(body.type);
    if (asCaller !== undefined && caller !== undefined) return asCaller(caller, posted);
    return dispatch({ ...posted, query: [], base, id: newId(), store });
  }

  async function post(bundle: Buffer): Promise<Reply> {
    try {
      const { status, body: answer } = await send(parseJson(bundle) as { type?: string });
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
