// Operations that outlast a request: the call is kept in the database and run from the queue; the caller asks a status URL for the
// answer. It survives restarts of server, Redis and database. https://hl7.org/fhir/R4/async.html
import type { Queue } from '../../platform/queue/queue.ts';
import type { Caller } from '../auth/caller.ts';
import type { Answer, Call, Dispatch, Engine, Target } from '../interactions/call.ts';
import { errorKinds, FhirError } from '../model/errors.ts';
import { parseJson, stringifyJson } from '../model/json.ts';
import { errorOutcome } from '../model/outcome.ts';
import type { Resource } from '../model/resource.ts';
import type { Place, Store } from '../storage/store.ts';
import type { OperationContext } from './operation.ts';

export type OperationTarget = Extract<Target, { kind: 'operation' }>;

/** Work on the queue has more to tell than a call whose caller waits. */
export type Run = Pick<OperationContext, 'progress' | 'signal'>;

export interface AsyncRunner {
  /** 202 with the status URL in Content-Location */
  start(call: Call): Promise<Answer>;
  /** 202 while it runs, then the answer of the operation itself, whatever its status; only for who started it */
  status(id: string, caller?: Caller): Promise<Answer>;
  cancel(id: string, caller?: Caller): Promise<Answer>;
  /** what a call that comes from the queue has to tell; undefined for all others */
  runOf(call: Call): Run | undefined;
}

export interface AsyncDeps {
  queue: Pick<Queue, 'add' | 'process' | 'find'>;
  store: Store;
  /** narrowed to a caller, as it may see things when the work runs */
  storeFor?: (caller: Caller) => Store;
  /** puts on record what the work of a caller did, before its answer is kept */
  recorded?: (call: Call, run: Dispatch) => Promise<Answer>;
  /** whether a caller whose work runs is still who they were when it began; asked again and again. Absent: always */
  mayGoOn?: (caller: Caller) => Promise<boolean>;
  engine: Engine;
  operations: { run(call: Call, target: OperationTarget, engine: Engine): Promise<Answer> };
  /** not to be guessed: whoever knows the status URL may read the answer */
  newSecret: () => string;
  onError: (error: unknown, id: string) => void;
  concurrency?: number;
}

const JOB = 'operation';
const FORGET = 'operation-forget';
const PLACE = 'operation';
const ATTEMPTS = 3;
const RETRY_AFTER_SECONDS = 2;
const CHECK_MS = 1000;
const KEEP_MS = 24 * 3600 * 1000;
/** a document of MongoDB holds 16 MB */
const MAX_ANSWER_BYTES = 15 * 1024 * 1024;
const KEPT_HEADERS = ['prefer', 'accept', 'accept-language', 'content-type'];

interface Job extends Place {
  state: 'queued' | 'running' | 'done' | 'cancelled';
  call: {
    target: OperationTarget;
    method: Call['method'];
    query: Call['query'];
    headers: Call['headers'];
    base: string;
    id: string;
    caller?: Caller;
  };
  /** JSON as text: the database would lose the decimals' */
  body: string | null;
  progress: string;
  answer?: Omit<Answer, 'body'>;
  answerBody?: string;
}

export function createAsyncRunner(deps: AsyncDeps): AsyncRunner {
  const { queue, store, engine, operations } = deps;
  const runs = new WeakMap<Call, Run>();

  const change = (id: string, guard: Record<string, unknown>, set: Partial<Job>): Promise<Place | undefined> =>
    store.transaction((tx) => tx.changePlace(PLACE, id, guard, { $set: set }));
  const readJob = (id: string): Promise<Job | undefined> =>
    store.transaction(async (tx) => (await tx.readPlace(PLACE, id)) as Job | undefined);
  const enqueue = (id: string): Promise<string> => queue.add(JOB, { id }, { id, attempts: ATTEMPTS });

  /** Runs a job from the queue; a second run of the same job (after a crash) takes it over from the first. */
  async function work(id: string, attempt: number): Promise<void> {
    const run = deps.newSecret();
    const isMine = { state: 'running', run };
    const job = (await change(id, { state: { $in: ['queued', 'running'] } }, { state: 'running', run })) as
      | Job
      | undefined;
    if (job === undefined) return;
    const { caller } = job.call;
    const ending = new AbortController();
    const { signal } = ending;
    const isOver = async (): Promise<boolean> => caller !== undefined && (await deps.mayGoOn?.(caller)) === false;
    const check = async (): Promise<void> => {
      const now = await readJob(id);
      if (now?.state !== 'running' || now.run !== run) ending.abort(cancelled());
      else if (await isOver()) ending.abort(noLonger());
    };
    const watch = setInterval(() => void check().catch((error) => deps.onError(error, id)), CHECK_MS);
    try {
      if (await isOver()) ending.abort(noLonger());
      const call = callOf(job, untilEnded(caller && deps.storeFor ? deps.storeFor(caller) : store, signal));
      const told: Run = {
        signal,
        progress: async (text) => {
          if ((await change(id, isMine, { progress: text })) === undefined) ending.abort(cancelled());
        },
      };
      const perform: Dispatch = async (own) => {
        signal.throwIfAborted();
        runs.set(own, told);
        return operations.run(own, job.call.target, engine);
      };
      const isRecorded = caller !== undefined && deps.recorded !== undefined;
      const result = await answerOf(call, isRecorded ? (own) => deps.recorded!(own, perform) : perform, attempt);
      // an operation may have come to its end without looking at the signal
      const answer = signal.aborted ? failure(signal.reason, job.call.id) : result;
      await change(id, isMine, { state: 'done', ...kept(answer) });
      await queue.add(FORGET, { id }, { id, delayMs: KEEP_MS });
    } finally {
      clearInterval(watch);
    }
  }

  /** What may go better next time is tried again, by failing towards the queue. */
  async function answerOf(call: Call, run: Dispatch, attempt: number): Promise<Answer> {
    try {
      return await run(call);
    } catch (error) {
      const isPassing =
        !(error instanceof FhirError) ||
        error.kind === 'transient' ||
        error.kind === 'timeout' ||
        error.kind === 'throttled';
      if (isPassing && attempt < ATTEMPTS) throw error;
      if (!(error instanceof FhirError)) deps.onError(error, call.id);
      return failure(error, call.id);
    }
  }

  queue.process<{ id: string }>(JOB, deps.concurrency ?? 2, ({ id }, { attempt }) => work(id, attempt));
  queue.process<{ id: string }>(FORGET, 1, ({ id }) => store.transaction((tx) => tx.removePlace(PLACE, id)));

  return {
    runOf: (call) => runs.get(call),
    async start(call) {
      const id = deps.newSecret();
      const { target, method, query, base, caller } = call;
      const headers = Object.fromEntries(
        KEPT_HEADERS.filter((name) => call.headers[name]).map((name) => [name, call.headers[name]]),
      );
      const job = {
        state: 'queued',
        call: { target, method, query, headers, base, id: call.id, ...(caller && { caller }) },
        body: call.body === undefined ? null : stringifyJson(call.body),
        progress: 'queued',
      };
      await store.transaction((tx) => tx.changePlace(PLACE, id, {}, { $set: { state: 'queued' } }, job));
      await enqueue(id);
      return { status: 202, headers: { 'Content-Location': `${base}/$async-status/${id}` } };
    },
    async status(id, caller) {
      const job = await readJob(id);
      if (job === undefined || job.state === 'cancelled' || !isOf(job, caller)) throw unknownJob(id);
      if (job.state === 'done') {
        return { ...job.answer!, ...(job.answerBody === undefined ? {} : { body: Buffer.from(job.answerBody) }) };
      }
      const queued = await queue.find(JOB, id);
      // the queue is allowed to forget (a Redis that was emptied); the database is not
      if (queued === undefined) await enqueue(id);
      if (queued?.state === 'failed') {
        const answer = failure(new Error(queued.failure), job.call.id);
        await change(id, { state: job.state }, { state: 'done', ...kept(answer) });
        return answer;
      }
      return { status: 202, headers: { 'X-Progress': job.progress, 'Retry-After': String(RETRY_AFTER_SECONDS) } };
    },
    async cancel(id, caller) {
      const job = await readJob(id);
      if (job === undefined || job.state === 'cancelled' || !isOf(job, caller)) throw unknownJob(id);
      await change(id, {}, { state: 'cancelled', answerBody: '' });
      await queue.add(FORGET, { id }, { id, delayMs: KEEP_MS });
      return { status: 202 };
    },
  };
}

/** Whatever an operation asks of it once the work has ended is refused with why. */
function untilEnded(store: Store, signal: AbortSignal): Store {
  const guarded = Object.entries(store).map(([name, member]: [string, unknown]) => [
    name,
    typeof member !== 'function'
      ? member
      : (...args: unknown[]) => {
          signal.throwIfAborted();
          return member(...args) as unknown;
        },
  ]);
  return Object.fromEntries(guarded) as Store;
}

const cancelled = (): FhirError => new FhirError('conflict', 'The work was cancelled');

const noLonger = (): FhirError => new FhirError('forbidden', 'The work has ended: who began it may not do it any more');

/** Whatever token it has now, but not another app of the same person, nor one that sees less: https://hl7.org/fhir/R4/async.html */
const isOf = ({ call }: Job, caller: Caller | undefined): boolean => whoIs(call.caller) === whoIs(caller);

const whoIs = (caller: Caller | undefined): string | undefined =>
  caller && JSON.stringify([caller.kind, caller.id, caller.client, caller.patient, caller.scopes?.toSorted()]);

const unknownJob = (id: string): FhirError =>
  new FhirError('not-found', `There is no work in progress with the id ${id}`);

function callOf({ call, body }: Job, store: Store): Call {
  return { ...call, store, ...(body === null ? {} : { body: parseJson(body) }) };
}

function failure(error: unknown, correlationId: string): Answer {
  const { status, headers } = error instanceof FhirError ? error : { status: errorKinds.exception.status, headers: {} };
  return { status, headers: { ...headers }, body: { ...errorOutcome(error, correlationId) } };
}

function kept({ body, ...answer }: Answer): { answer: Omit<Answer, 'body'>; answerBody?: string } {
  if (body === undefined) return { answer };
  const text = Buffer.isBuffer(body) ? body.toString() : stringifyJson(body satisfies Resource);
  if (Buffer.byteLength(text) <= MAX_ANSWER_BYTES) return { answer, answerBody: text };
  return kept(failure(new FhirError('too-costly', 'The result is too large to be kept for a status URL'), ''));
}
