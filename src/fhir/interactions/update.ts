// PUT [base]/[type]/[id]: update, or create under the client's id. https://hl7.org/fhir/R4/http.html#update
import { FhirError } from '../model/errors.ts';
import { ID, type Resource } from '../model/resource.ts';
import type { Answer, Call, Interaction } from './call.ts';
import { isCreateOnly, readIfMatch } from './headers.ts';
import type { InteractionParts } from './parts.ts';
import { checkProfiles } from './profiles.ts';
import { refuseBrokenReferences } from './references.ts';
import { readResourceBody, withId } from './resource-body.ts';
import { answerWritten } from './written.ts';

export const createUpdate =
  ({ engine, validate }: InteractionParts): Interaction<'update'> =>
  async (call, { type, id }) => {
    const resource = readResourceBody(call, type, validate);
    if (resource.id === undefined) {
      throw new FhirError('required', `The body must carry the id of the URL, "${id}"`, { expression: `${type}.id` });
    }
    if (resource.id !== id) {
      throw new FhirError('invalid', `The body has the id "${resource.id}", the URL "${id}"`, {
        expression: `${type}.id`,
      });
    }
    return saveUpdate(engine, call, resource, await expectedVersion(call, type, id));
  };

/** If-Match and If-None-Match as the store's `ifVersion`. */
export async function expectedVersion(call: Call, type: string, id: string): Promise<number | undefined> {
  if (isCreateOnly(call)) return 0;
  const ifMatch = readIfMatch(call);
  if (ifMatch !== 'any') return ifMatch;
  const current = await call.store.read(type, id);
  if (!current?.bytes) throw new FhirError('precondition', `If-Match: * but ${type}/${id} does not exist`);
  return current.version;
}

/** The last step of every way to replace a resource: `resource.id` says which. */
export async function saveUpdate(
  engine: InteractionParts['engine'],
  call: Call,
  resource: Resource & { id?: string },
  ifVersion: number | undefined,
  method: 'PUT' | 'PATCH' = 'PUT',
): Promise<Answer> {
  const { resourceType: type, id = '' } = resource;
  if (!ID.test(id)) throw new FhirError('value', `"${id}" is not an id`, { expression: `${type}.id` });
  const findings = await checkProfiles(engine, call, resource);
  await refuseBrokenReferences(engine, call.store, resource, call.base);
  const written = await call.store.write({
    kind: 'update',
    type,
    id,
    resource: withId(resource, id),
    method,
    ...(ifVersion === undefined ? {} : { ifVersion }),
  });
  return answerWritten(written, findings);
}
