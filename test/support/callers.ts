// Requests of callers, made in-process through dispatch with a store that is narrowed to them, as the pipeline makes them.
import type { Caller } from '../../src/fhir/auth/caller.ts';
import { answerError } from '../../src/fhir/interactions/answer-error.ts';
import type { Answer, Call } from '../../src/fhir/interactions/call.ts';
import { createGrammar, readQuery } from '../../src/fhir/interactions/grammar.ts';
import { parseJson } from '../../src/fhir/model/json.ts';
import type { TestServer } from './server.ts';

export const aCaller = (role: string, more: Partial<Caller> = {}): Caller => ({
  kind: 'account',
  id: `account-of-${role}`,
  roles: [role],
  organizations: [],
  client: 'wardgate',
  limits: 'standard',
  address: '127.0.0.1',
  ...more,
});

export interface Asked {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test knows of the body it checks
  body: any;
  text: string;
  headers: Record<string, string>;
  answer: Answer;
}

export type Ask = (
  caller: Caller,
  method: Call['method'],
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Asked>;

export function askerOf({ service, engine, base }: TestServer): Ask {
  const grammar = createGrammar(engine.definitions);
  return async (caller, method, path, body, headers = {}) => {
    const question = path.indexOf('?');
    const answer = await (async (): Promise<Answer> => {
      try {
        return await service.dispatch({
          target: grammar.readTarget(method, question < 0 ? path : path.slice(0, question)),
          method,
          query: question < 0 ? [] : readQuery(path.slice(question + 1)),
          headers: { 'content-type': 'application/fhir+json', ...headers },
          ...(body === undefined ? {} : { body: structuredClone(body) }),
          base,
          id: 'test',
          store: service.access!.storeFor(caller),
          caller,
        });
      } catch (error) {
        return answerError(error, 'test');
      }
    })();
    const text =
      answer.body === undefined
        ? ''
        : Buffer.isBuffer(answer.body)
          ? answer.body.toString()
          : JSON.stringify(answer.body);
    return {
      status: answer.status,
      body: text === '' ? undefined : parseJson(text),
      text,
      headers: answer.headers ?? {},
      answer,
    };
  };
}
