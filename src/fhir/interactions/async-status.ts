// GET and DELETE [base]/$async-status/[id]: how far work on the queue is, its answer, its end. https://hl7.org/fhir/R4/async.html
import type { AsyncRunner } from '../operations/async.ts';
import type { Interaction } from './call.ts';

export const createAsyncStatus =
  ({ asyncRunner }: { asyncRunner: Pick<AsyncRunner, 'status' | 'cancel'> }): Interaction<'async-status'> =>
  ({ method, caller }, { id }) =>
    method === 'DELETE' ? asyncRunner.cancel(id, caller) : asyncRunner.status(id, caller);
