// The way into a server of this process: no port, and nobody who would have to sign in.
import type { Caller } from '../fhir/auth/caller.ts';
import type { Answer, Call } from '../fhir/interactions/call.ts';
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

  async function send(body: { type?: string }): Promise<Answer> {
    const { type } = body;
    const caller = access && callerOf(type);
    const id = `command-${++count}`;
    const target = { kind: 'bundle' } as const;
    const call: Call = {
      target,
      method: 'POST',
      query: [],
      headers: { prefer: 'return=minimal' },
      body,
      base,
      id,
      store: caller ? access!.storeFor(caller) : store,
    };
    if (caller === undefined || recorder === undefined) return dispatch(call);
    const trail = recorder.open(base);
    const record = (status: number, refusal?: string): Promise<void> =>
      recorder.request({
        ...{ id, caller, method: 'POST', path: '', search: '', target, trail, status },
        ...(type !== undefined && { bundle: type }),
        ...(refusal !== undefined && { refusal }),
      });
    try {
      const answer = await dispatch({ ...call, caller, trail });
      await record(answer.status);
      return answer;
    } catch (error) {
      const { status, kind } = error instanceof FhirError ? error : { status: 500, kind: 'exception' };
      await record(status, kind);
      throw error;
    }
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
