// How an operation declares itself. Its public face (code, level, types, parameters) is the OperationDefinition in profiles/;
// the module adds only behaviour. registry.ts pairs the two and refuses to start when one is missing.
import type { Call, Engine } from '../interactions/call.ts';
import type { Issue } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import type { Store } from '../storage/store.ts';

export interface OperationContext {
  /** where it was called */
  target: { level: 'system' | 'type' | 'instance'; type?: string; id?: string; version?: string };
  store: Store;
  now: () => number;
  engine: Engine;
  call: Call;
  /** what the caller sent beside the definition's parameters, as far as `alsoReads` allows it */
  criteria: Call['query'];
  /** parts that main.ts built and this operation's ward needs (queue, AI provider …), by name */
  parts: Readonly<Record<string, unknown>>;
  /** tells how far the work is (`X-Progress` of the status URL); does nothing where the caller waits for the answer */
  progress(text: string): Promise<void>;
  /** aborted when the caller cancels work that runs on the queue */
  signal: AbortSignal;
}

export interface OperationModule<Input = Record<string, unknown>, Output = Record<string, unknown>> {
  /** `Location-assign-bed` for profiles/OperationDefinition-Location-assign-bed.json */
  definition: string;
  /** SMART v2 scopes without the actor: `Location.u`. `*` is the type it is called on. Checked by auth/access/decide.ts. */
  needs: readonly string[];
  /** `allowed`: runs on the queue when the caller asks with `Prefer: respond-async`. It may then run twice, so it must be idempotent. */
  async?: 'allowed';
  /** parameters beside the definition's: names of its own (`_cursor`), or every search parameter */
  alsoReads?: readonly string[] | 'search';
  /** can be called on one version of an instance: `[type]/[id]/_history/[vid]/$code` */
  onVersions?: true;
  /** resources are handed over as they were sent, right or wrong: `$validate` is about what is wrong with them */
  takesBrokenResources?: true;
  /**
   * What is wrong beyond the definition, told together with what is wrong by it: of the values that it finds nothing wrong with, required
   * ones may be missing
   */
  check?(sound: Partial<Input>, context: OperationContext): Promise<readonly Issue[]>;
  /** decoded by the definition: by name, arrays where max is not 1, primitives as JSON values, complex types as objects */
  run(input: Input, context: OperationContext): Promise<Output | OperationAnswer<Output>>;
}

export function defineOperation<Input, Output>(module: OperationModule<Input, Output>): OperationModule<Input, Output> {
  return module;
}

const ANSWER = Symbol('an answer with a status or headers of its own');

/** What `run` may give in place of the plain output, where 200 and no headers are not the right answer. */
export interface OperationAnswer<Output> {
  [ANSWER]: true;
  /** by name, as the plain output; absent: no body */
  output?: Output;
  /** the exact answer where the definition's output is a single resource: bytes, or a resource under a name other than `return` */
  body?: Buffer | Resource;
  status: number;
  headers?: Record<string, string>;
  /** `Type/id/_history/n`: becomes Location and, with `version` and `lastUpdated`, ETag and Last-Modified */
  location?: string;
  version?: number;
  lastUpdated?: number;
}

/** `return answerWith({ status: 201, location: 'Appointment/a1/_history/1', output: { return: appointment } })` */
export function answerWith<Output>(answer: Omit<OperationAnswer<Output>, typeof ANSWER>): OperationAnswer<Output> {
  return { ...answer, [ANSWER]: true };
}

export function isOperationAnswer<Output>(value: Output | OperationAnswer<Output>): value is OperationAnswer<Output> {
  return typeof value === 'object' && value !== null && ANSWER in value;
}
