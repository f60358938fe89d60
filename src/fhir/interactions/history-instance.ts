// GET [base]/[type]/[id]/_history https://hl7.org/fhir/R4/http.html#history
import type { Interaction } from './call.ts';
import { answerHistory } from './history.ts';
import type { InteractionParts } from './parts.ts';

export const createHistoryInstance =
  ({ engine }: InteractionParts): Interaction<'history-instance'> =>
  (call, { type, id }) =>
    answerHistory(engine, call, { level: 'instance', type, id });
