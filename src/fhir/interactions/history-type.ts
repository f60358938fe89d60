// GET [base]/[type]/_history https://hl7.org/fhir/R4/http.html#history
import type { Interaction } from './call.ts';
import { answerHistory } from './history.ts';
import type { InteractionParts } from './parts.ts';

export const createHistoryType =
  ({ engine }: InteractionParts): Interaction<'history-type'> =>
  (call, { type }) =>
    answerHistory(engine, call, { level: 'type', type });
