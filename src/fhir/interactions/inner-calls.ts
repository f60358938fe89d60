// Requests that come from this process itself (pages, the patient picker of a sign-in, commands): they go the same way as all others, by
// dispatch, with the store of who asks, and are on record like them.
import type { Caller } from '../auth/caller.ts';
import type { Store } from '../storage/store.ts';
import type { Answer, Call, Dispatch } from './call.ts';

export interface Asked extends Pick<Call, 'target'> {
  /** GET where it is not said */
  method?: Call['method'];
  query?: Call['query'];
  headers?: Call['headers'];
  body?: unknown;
}

export interface InnerCallsDeps {
  dispatch: Dispatch;
  storeFor: (caller: Caller) => Store;
  /** absent where nothing is written down */
  recorder?: { answer(call: Call, dispatch: Dispatch): Promise<Answer> } | undefined;
  /** the FHIR base */
  base: string;
  newId: () => string;
}

export type InnerCalls = (caller: Caller, asked: Asked) => Promise<Answer>;

export function createInnerCalls({ dispatch, storeFor, recorder, base, newId }: InnerCallsDeps): InnerCalls {
  return async (caller, { target, method = 'GET', query = [], headers = {}, body }) => {
    const call: Call = {
      target,
      method,
      query,
      headers,
      ...(body !== undefined && { body }),
      base,
      id: newId(),
      store: storeFor(caller),
      caller,
    };
    return recorder === undefined ? dispatch(call) : recorder.answer(call, dispatch);
  };
}
