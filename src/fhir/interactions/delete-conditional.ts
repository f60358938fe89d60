// DELETE [base]/[type]?criteria. One match is deleted; several only where `_count` says how many at most.
// https://hl7.org/fhir/R4/http.html#3.1.0.7.1
import { FhirError } from '../model/errors.ts';
import type { Call, Interaction } from './call.ts';
import { findOne, readCriteria } from './conditional.ts';
import { answerDeleted, deleteOne } from './delete.ts';
import { readIfMatch } from './headers.ts';
import type { InteractionParts } from './parts.ts';
import { refuseDeleteOfReferenced } from './references.ts';

export const createDeleteConditional =
  ({ engine }: InteractionParts): Interaction<'delete-conditional'> =>
  async (call, { type }) => {
    const criteria = readCriteria(engine, call, type, call.query);
    const limit = readLimit(call, engine.settings.maxPageSize);
    if (limit === undefined) {
      const match = await findOne(call, type, criteria);
      if (match === undefined) return answerDeleted(call, `No ${type} meets the criteria; nothing was deleted`);
      const ifMatch = readIfMatch(call);
      // what was found is what is deleted: a change in between would make it something that may not meet the criteria
      return deleteOne(engine, call, type, match.id, typeof ifMatch === 'number' ? ifMatch : match.version);
    }
    return call.store.transaction(async (tx) => {
      const page = await tx.find({ type, where: criteria.where, sort: [], limit, total: 'none' });
      for (const match of page.matches) await refuseDeleteOfReferenced(engine, tx, match, call.base);
      if (page.matches.length > 0) {
        await tx.write(page.matches.map(({ id, version }) => ({ kind: 'delete', type, id, ifVersion: version })));
      }
      const rest = page.next === undefined ? '' : '; more meet the criteria';
      return answerDeleted(call, `${page.matches.length} ${type} resource(s) were deleted${rest}`);
    });
  };

function readLimit(call: Call, most: number): number | undefined {
  const text = call.query.find(([name]) => name === '_count')?.[1];
  if (text === undefined) return undefined;
  const limit = Number(text);
  if (/^\d{1,6}$/.test(text) && limit >= 1 && limit <= most) return limit;
  throw new FhirError('value', `_count must be a number from 1 to ${most}: the most resources this request may delete`);
}
