// DELETE [base]/[type]?criteria. The only match is deleted; several only where `_count` says how many at most.
// https://hl7.org/fhir/R4/http.html#3.1.0.7.1
import { FhirError } from '../model/errors.ts';
import type { ConditionalCreate } from '../storage/store.ts';
import type { Answer, Call, Engine, Interaction } from './call.ts';
import { criteriaFor, findOne } from './conditional.ts';
import { answerDeleted, deleteOne } from './delete.ts';
import { readIfMatch } from './headers.ts';
import { untilNotOutrun } from './outrun.ts';
import type { InteractionParts } from './parts.ts';
import { refuseDeleteOfReferenced } from './references.ts';

export const createDeleteConditional =
  ({ engine }: InteractionParts): Interaction<'delete-conditional'> =>
  async (call, { type }) => {
    const criteria = await criteriaFor(engine, call, type, call.query);
    const limit = readLimit(call, engine.settings.maxPageSize);
    if (limit !== undefined) return deleteSeveral(engine, call, type, criteria, limit);
    return untilNotOutrun(call, () => deleteOnly(engine, call, type, criteria));
  };

/** What was found is what is deleted: after a change in between it may not meet the criteria any more. */
async function deleteOnly(engine: Engine, call: Call, type: string, criteria: ConditionalCreate): Promise<Answer> {
  const match = await findOne(call, type, criteria);
  if (match === undefined) return answerDeleted(call, `No ${type} meets the criteria; nothing was deleted`);
  const ifMatch = readIfMatch(call);
  return deleteOne(engine, call, type, match.id, typeof ifMatch === 'number' ? ifMatch : match.version);
}

function deleteSeveral(
  engine: Engine,
  call: Call,
  type: string,
  { where }: ConditionalCreate,
  limit: number,
): Promise<Answer> {
  return call.store.transaction(async (tx) => {
    const { matches, next } = await tx.find({ type, where, sort: [], limit, total: 'none' });
    if (matches.length > 0) {
      await tx.write(matches.map(({ id, version }) => ({ kind: 'delete', type, id, ifVersion: version })));
    }
    // asked afterwards, so that those who go together may refer to each other
    for (const match of matches) await refuseDeleteOfReferenced(engine, tx, match);
    const more = next === undefined ? '' : '; more meet the criteria';
    return answerDeleted(call, `${matches.length} ${type} resource(s) were deleted${more}`);
  });
}

function readLimit(call: Call, most: number): number | undefined {
  const text = call.query.find(([name]) => name === '_count')?.[1];
  if (text === undefined) return undefined;
  const limit = Number(text);
  if (/^\d{1,6}$/.test(text) && limit >= 1 && limit <= most) return limit;
  throw new FhirError('value', `_count must be a number from 1 to ${most}: the most resources this request may delete`);
}
