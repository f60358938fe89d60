// GET [base]/_history https://hl7.org/fhir/R4/http.html#history
import type { Interaction } from './call.ts';
import { answerHistory } from './history.ts';
import type { InteractionParts } from './parts.ts';

export const createHistorySystem =
  ({ engine }: InteractionParts): Interaction<'history-system'> =>
  (call) =>
    answerHistory(engine, call, { level: 'system' });
