// GET [base]/[type]/[id]/_history/[vid] https://hl7.org/fhir/R4/http.html#vread
import { FhirError } from '../model/errors.ts';
import type { Interaction } from './call.ts';
import type { InteractionParts } from './parts.ts';
import { answerVersion } from './read.ts';

export const createVread =
  ({ engine }: InteractionParts): Interaction<'vread'> =>
  async (call, { type, id, version }) => {
    const stored = /^[1-9]\d{0,14}$/.test(version) ? await call.store.vread(type, id, Number(version)) : undefined;
    if (stored === undefined) {
      throw new FhirError('not-found', `${type}/${id} has no version ${version}`);
    }
    return answerVersion(engine, call, stored);
  };
