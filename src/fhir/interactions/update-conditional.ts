// PUT [base]/[type]?criteria https://hl7.org/fhir/R4/http.html#cond-update
import { FhirError } from '../model/errors.ts';
import type { Interaction } from './call.ts';
import { criteriaFor, findOne } from './conditional.ts';
import { isCreateOnly, readIfMatch } from './headers.ts';
import type { InteractionParts } from './parts.ts';
import { checkProfiles } from './profiles.ts';
import { refuseBrokenReferences } from './references.ts';
import { readResourceBody, withId } from './resource-body.ts';
import { saveUpdate } from './update.ts';
import { answerWritten } from './written.ts';

/** A crowd of equal requests: one creates, the others find what it made and update that. More turns than this mean something else. */
const TURNS = 5;

export const createUpdateConditional =
  ({ engine, validate }: InteractionParts): Interaction<'update-conditional'> =>
  async (call, { type }) => {
    const criteria = await criteriaFor(engine, call, type, call.query);
    const resource = readResourceBody(call, type, validate);
    const ifMatch = readIfMatch(call);
    for (let turn = 1; turn <= TURNS; turn++) {
      const match = await findOne(call, type, criteria);
      if (match !== undefined) {
        if (isCreateOnly(call)) throw new FhirError('precondition', `${type}/${match.id} already meets the criteria`);
        if (resource.id !== undefined && resource.id !== match.id) {
          throw new FhirError('invalid', `The criteria choose ${type}/${match.id}, the body has "${resource.id}"`, {
            expression: `${type}.id`,
          });
        }
        return saveUpdate(engine, call, { ...resource, id: match.id }, ifMatch === 'any' ? match.version : ifMatch);
      }
      if (ifMatch !== undefined)
        throw new FhirError('precondition', `If-Match is given, but no ${type} meets the criteria`);
      if (resource.id !== undefined) return createUnder(resource.id);
      const findings = await checkProfiles(engine, call, resource);
      await refuseBrokenReferences(engine, call.store, resource, call.base);
      const written = await call.store.write({
        kind: 'create',
        type,
        resource: withId(resource, undefined),
        ifNoneExist: criteria,
      });
      if (written.changed) return answerWritten(written, findings);
    }
    throw new FhirError('transient', `Too many others write what meets these criteria; please try again`);

    /** No match, but the client names an id: it is created under that id, unless that id is taken by what does not match. */
    async function createUnder(id: string) {
      const current = await call.store.read(type, id);
      if (current?.bytes) {
        throw new FhirError('conflict', `${type}/${id} exists and does not meet the criteria`, {
          expression: `${type}.id`,
        });
      }
      return saveUpdate(engine, call, resource, current?.version ?? 0);
    }
  };
