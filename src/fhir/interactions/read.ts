// GET [base]/[type]/[id] https://hl7.org/fhir/R4/http.html#read
import { gone, notFound } from '../model/errors.ts';
import type { Version } from '../storage/store.ts';
import type { Answer, Call, Interaction } from './call.ts';
import { isNotModified } from './headers.ts';
import type { InteractionParts } from './parts.ts';
import { subsetOf } from './subset.ts';

export const createRead =
  ({ engine }: InteractionParts): Interaction<'read'> =>
  async (call, { type, id }) => {
    const version = await call.store.read(type, id);
    if (version === undefined) throw notFound(type, id);
    return answerVersion(engine, call, version);
  };

/** One stored version as the answer: 410 for a deletion, 304 where the client has it, a subset where one is asked for. */
export function answerVersion(engine: InteractionParts['engine'], call: Call, stored: Version): Answer {
  const { type, id, version, lastUpdated, bytes } = stored;
  if (bytes === null) throw gone(type, id, version);
  if (isNotModified(call, version, lastUpdated)) return { status: 304, version, lastUpdated };
  return { status: 200, body: subsetOf(engine.definitions, call.query, bytes), version, lastUpdated };
}
