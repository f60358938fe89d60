// What a page shows or does is asked of the FHIR service as the person who looks at it: the same operations and searches that others have, the
// same decision, the same record in the audit trail. Pages hold no rule of their own.

import type { Access } from '../../fhir/auth/access/access.ts';
import type { Caller } from '../../fhir/auth/caller.ts';
import type { Answer, Call, Target } from '../../fhir/interactions/call.ts';
import { type Asked, createInnerCalls, type InnerCallsDeps } from '../../fhir/interactions/inner-calls.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { parseJson } from '../../fhir/model/json.ts';
import type { Resource } from '../../fhir/model/resource.ts';
import type { OperationRegistry } from '../../fhir/operations/registry.ts';
import { readOutput } from './read-output.ts';

export interface AskDeps extends Omit<InnerCallsDeps, 'storeFor'> {
  access: Pick<Access, 'decide' | 'storeFor'>;
  operations: Pick<OperationRegistry, 'find'>;
}

export interface Ask {
  /** whether the kind of request is the caller's at all: what is offered, not what is decided */
  mayRun(code: string): boolean;
  mayRunOn(type: string, code: string): boolean;
  maySearch(type: string): boolean;
  /** throws what a call would be refused with: for a form that is of no use to others */
  need(code: string): void;
  /** parameters of the answer by name: arrays where the definition allows several */
  run<Output>(code: string, input?: object): Promise<Output>;
  runOn<Output>(type: string, id: string, code: string, input?: object): Promise<Output>;
  search(type: string, query: Call['query']): Promise<Bundle>;
  read(type: string, id: string): Promise<Resource>;
  /** begins work on the queue; the id of its status */
  begin(code: string, input?: object): Promise<string>;
  /** undefined while it goes on, with how far it is */
  ended<Output>(id: string, code: string): Promise<{ output: Output } | { progress: string }>;
}

export interface Bundle {
  total?: number;
  entries: { resource: Resource; isMatch: boolean }[];
  /** parameters of the next page */
  next?: Call['query'];
}

export type AskFor = (caller: Caller, headers?: Call['headers']) => Ask;

export function createAskFor({ access, operations, ...deps }: AskDeps): AskFor {
  const call = createInnerCalls({ ...deps, storeFor: access.storeFor });
  return (caller, headers = {}) => {
    const send = ({ prefer, ...asked }: Asked & { prefer?: string }): Promise<Answer> =>
      call(caller, { ...asked, headers: { ...headers, ...(prefer !== undefined && { prefer }) } });

    const operation = (code: string): Target => ({ kind: 'operation', level: 'system', code });
    const operationOn = (type: string, id: string, code: string): Target => ({
      kind: 'operation',
      level: 'instance',
      code,
      type,
      id,
    });

    function allows(target: Target): boolean {
      try {
        access.decide(caller, target);
        return true;
      } catch (error) {
        if (error instanceof FhirError) return false;
        throw error;
      }
    }

    const outputOf = <Output>(code: string, { body }: Answer, type?: string): Output => {
      const found = operations.find(type === undefined ? 'system' : 'instance', type, code)!;
      return readOutput(found.definition.out, contentOf(body)) as Output;
    };

    return {
      mayRun: (code) => allows(operation(code)),
      mayRunOn: (type, code) => allows(operationOn(type, 'any', code)),
      need: (code) => access.decide(caller, operation(code)),
      maySearch: (type) => allows({ kind: 'search-type', type }),
      run: async (code, input = {}) =>
        outputOf(code, await send({ target: operation(code), method: 'POST', body: input })),
      runOn: async (type, id, code, input = {}) =>
        outputOf(code, await send({ target: operationOn(type, id, code), method: 'POST', body: input }), type),
      async search(type, query) {
        const { body } = await send({ target: { kind: 'search-type', type }, query });
        return readBundle(contentOf(body)!);
      },
      read: async (type, id) => contentOf((await send({ target: { kind: 'read', type, id } })).body)!,
      async begin(code, input = {}) {
        const { headers: told } = await send({
          target: operation(code),
          method: 'POST',
          body: input,
          prefer: 'respond-async',
        });
        return told!['Content-Location']!.slice(told!['Content-Location']!.lastIndexOf('/') + 1);
      },
      async ended(id, code) {
        const answer = await send({ target: { kind: 'async-status', id } });
        if (answer.status === 202) return { progress: answer.headers?.['X-Progress'] ?? '' };
        if (answer.status < 400) return { output: outputOf(code, answer) };
        const [issue] = (contentOf(answer.body)?.issue ?? []) as { diagnostics?: string }[];
        throw new FhirError('exception', issue?.diagnostics ?? 'The work has failed');
      },
    };
  };
}

const contentOf = (body: Answer['body']): Resource | undefined =>
  Buffer.isBuffer(body) ? (parseJson(body) as Resource) : body;

interface WrittenBundle {
  total?: number;
  entry?: { resource: Resource; search?: { mode?: string } }[];
  link?: { relation: string; url: string }[];
}

function readBundle(bundle: Resource): Bundle {
  const { total, entry = [], link = [] } = bundle as Resource & WrittenBundle;
  const next = link.find(({ relation }) => relation === 'next')?.url;
  return {
    ...(total !== undefined && { total }),
    entries: entry.map(({ resource, search }) => ({ resource, isMatch: search?.mode === 'match' })),
    ...(next !== undefined && { next: [...new URL(next, 'http://localhost').searchParams] }),
  };
}
