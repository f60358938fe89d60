// Every kind of request and the interaction that answers it. The compiler proves that none is missing.
import type { AsyncRunner } from '../operations/async.ts';
import type { OperationRegistry } from '../operations/registry.ts';
import { createAsyncStatus } from './async-status.ts';
import { createBundle } from './bundle.ts';
import type { Dispatch, Interaction, Target } from './call.ts';
import { createCapabilities } from './capabilities.ts';
import { createCreate } from './create.ts';
import { createDelete } from './delete.ts';
import { createDeleteConditional } from './delete-conditional.ts';
import { createGrammar } from './grammar.ts';
import { createHistoryInstance } from './history-instance.ts';
import { createHistorySystem } from './history-system.ts';
import { createHistoryType } from './history-type.ts';
import { createOperation } from './operation.ts';
import type { InteractionParts } from './parts.ts';
import { createPatch } from './patch.ts';
import { createPatchConditional } from './patch-conditional.ts';
import { createRead } from './read.ts';
import { createSearchCompartment } from './search-compartment.ts';
import { createSearchSystem } from './search-system.ts';
import { createSearchType } from './search-type.ts';
import { createUpdate } from './update.ts';
import { createUpdateConditional } from './update-conditional.ts';
import { createVread } from './vread.ts';

export interface DispatchParts extends InteractionParts {
  operations: Pick<OperationRegistry, 'run'>;
  asyncRunner: Pick<AsyncRunner, 'status' | 'cancel'>;
}

export function createDispatch(parts: DispatchParts): Dispatch {
  /** batch and transaction send their entries back in here, so that each is decided, and written down, by itself */
  const dispatch: Dispatch = (call) => (call.trail === undefined ? answer(call) : call.trail.follow(call, answer));
  const answer: Dispatch = async (call) => {
    if (call.caller !== undefined) parts.access?.decide(call.caller, call.target);
    return (interactions[call.target.kind] as Interaction)(call, call.target);
  };
  const grammar = createGrammar(parts.engine.definitions);

  const interactions = {
    capabilities: createCapabilities(parts),
    read: createRead(parts),
    vread: createVread(parts),
    create: createCreate(parts),
    update: createUpdate(parts),
    'update-conditional': createUpdateConditional(parts),
    patch: createPatch(parts),
    'patch-conditional': createPatchConditional(parts),
    delete: createDelete(parts),
    'delete-conditional': createDeleteConditional(parts),
    'search-type': createSearchType(parts),
    'search-compartment': createSearchCompartment(parts),
    'search-system': createSearchSystem(parts),
    'history-instance': createHistoryInstance(parts),
    'history-type': createHistoryType(parts),
    'history-system': createHistorySystem(parts),
    bundle: createBundle({ ...parts, grammar, dispatch }),
    operation: createOperation(parts),
    'async-status': createAsyncStatus(parts),
  } satisfies { [Kind in Target['kind']]: Interaction<Kind> };

  return dispatch;
}
