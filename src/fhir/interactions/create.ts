// POST [base]/[type], and with If-None-Exist the conditional create. https://hl7.org/fhir/R4/http.html#create
import { FhirError } from '../model/errors.ts';
import type { Interaction } from './call.ts';
import { criteriaFor } from './conditional.ts';
import { readQuery } from './grammar.ts';
import type { InteractionParts } from './parts.ts';
import { checkProfiles } from './profiles.ts';
import { refuseBrokenReferences } from './references.ts';
import { readResourceBody, withId } from './resource-body.ts';
import { answerWritten } from './written.ts';

export const createCreate =
  ({ engine, validate }: InteractionParts): Interaction<'create'> =>
  async (call, { type }) => {
    // an id in the body is ignored, as the specification says: the server chooses
    const resource = withId(readResourceBody(call, type, validate), undefined);
    const findings = await checkProfiles(engine, call, resource);
    await refuseBrokenReferences(engine, call.store, resource, call.base);
    const criteria = call.headers['if-none-exist'];
    if (criteria === undefined) {
      return answerWritten(await call.store.write({ kind: 'create', type, resource }), findings);
    }
    if (criteria.trim() === '') throw new FhirError('invalid', 'If-None-Exist holds no criteria');
    const ifNoneExist = await criteriaFor(engine, call, type, readQuery(criteria.trim()));
    return answerWritten(await call.store.write({ kind: 'create', type, resource, ifNoneExist }), findings);
  };
