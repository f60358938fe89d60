// DELETE [base]/[type]/[id] https://hl7.org/fhir/R4/http.html#delete

import { outcomeOf } from '../model/outcome.ts';
import type { Store, Write, Written } from '../storage/store.ts';
import type { Answer, Call, Engine, Interaction } from './call.ts';
import { readPreferReturn } from './headers.ts';
import type { InteractionParts } from './parts.ts';
import { refuseDeleteOfReferenced } from './references.ts';
import { expectedVersion } from './update.ts';

export const createDelete =
  ({ engine }: InteractionParts): Interaction<'delete'> =>
  async (call, { type, id }) =>
    deleteOne(engine, call, type, id, await expectedVersion(call, type, id));

export async function deleteOne(
  engine: Engine,
  call: Call,
  type: string,
  id: string,
  ifVersion: number | undefined,
): Promise<Answer> {
  const written = await writeDeletion(engine, call.store, {
    kind: 'delete',
    type,
    id,
    ...(ifVersion === undefined ? {} : { ifVersion }),
  });
  return answerDeleted(
    call,
    written.changed ? `${type}/${id} was deleted` : `${type}/${id} was not there`,
    written.changed ? written.version : undefined,
  );
}

function writeDeletion(engine: Engine, store: Store, deletion: Write & { kind: 'delete' }): Promise<Written> {
  if (!engine.settings.refuseDeleteOfReferenced) return store.write(deletion);
  return store.transaction(
    async (tx) => {
      const [written] = await tx.write([deletion]);
      // asked afterwards: what may not be deleted at all is refused for that
      if (written!.changed) await refuseDeleteOfReferenced(engine, tx, deletion);
      return written!;
    },
    { expected: [deletion] },
  );
}

/** 204, or 200 with an outcome where the client prefers one. */
export function answerDeleted(call: Call, diagnostics: string, version?: number): Answer {
  const told = version === undefined ? {} : { version };
  if (readPreferReturn(call.headers.prefer) !== 'OperationOutcome') return { status: 204, ...told };
  return {
    status: 200,
    body: { ...outcomeOf([{ severity: 'information', code: 'informational', diagnostics }]) },
    ...told,
  };
}
