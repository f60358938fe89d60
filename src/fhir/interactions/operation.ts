// [base]/$code, [base]/[type]/$code, [base]/[type]/[id]/$code. https://hl7.org/fhir/R4/operations.html
import type { OperationRegistry } from '../operations/registry.ts';
import type { Interaction } from './call.ts';
import type { InteractionParts } from './parts.ts';

export const createOperation =
  ({
    engine,
    operations,
  }: Pick<InteractionParts, 'engine'> & { operations: Pick<OperationRegistry, 'run'> }): Interaction<'operation'> =>
  (call, target) =>
    operations.run(call, target, engine);
