// PATCH [base]/[type]?criteria https://hl7.org/fhir/R4/http.html#patch
import { FhirError } from '../model/errors.ts';
import type { Interaction } from './call.ts';
import { criteriaFor, findOne } from './conditional.ts';
import type { InteractionParts } from './parts.ts';
import { patchOne } from './patch.ts';

export const createPatchConditional =
  ({ engine, validate }: InteractionParts): Interaction<'patch-conditional'> =>
  async (call, { type }) => {
    const match = await findOne(call, type, await criteriaFor(engine, call, type, call.query));
    if (match === undefined) throw new FhirError('not-found', `No ${type} meets the criteria`);
    return patchOne(engine, validate, call, type, match.id);
  };
