// $lastn: the newest observations of each code. https://hl7.org/fhir/R4/observation-operation-lastn.html
// Codes are translations of each other as soon as one observation says so, so the codes of all that meet the criteria are read first, without
// the resources: one command for every 5,000. Then come those that are chosen.
import type { ObservationLastnInput, ObservationLastnOutput } from '../../../generated/operation-io.ts';
import { bundleOf, planFor } from '../../interactions/search.ts';
import { includeFor } from '../../interactions/search-include.ts';
import { FhirError } from '../../model/errors.ts';
import { answerWith, defineOperation } from '../operation.ts';
import { fetchInOrder, lastOfEachCode } from './last-of-each-code.ts';

const OUT_OF_PLACE = new Map([
  ['_count', 'groups come whole; `max` says how many of each'],
  ['_sort', 'the newest come first'],
  ['_cursor', 'there are no pages'],
]);

export default defineOperation<ObservationLastnInput, ObservationLastnOutput>({
  definition: 'Observation-lastn',
  needs: ['Observation.s'],
  alsoReads: 'search',
  async run({ max = 1 }, { engine, call, store, criteria }) {
    refuseIncomplete(criteria);
    const plan = await planFor(engine, call, 'Observation', criteria);
    const chosen = await lastOfEachCode(store, 'Observation', plan.where, max);
    const matches = plan.summary === 'count' ? [] : await fetchInOrder(store, 'Observation', chosen);
    const included = await includeFor(store, plan.includes, matches, engine.definitions);
    const applied = [...plan.applied.filter(([name]) => name !== '_count'), ['max', String(max)] as const];
    const body = bundleOf(engine, call, {
      path: 'Observation/$lastn',
      plan: { ...plan, applied },
      page: { matches, total: chosen.length },
      included,
    });
    return answerWith({ status: 200, body });
  },
});

/** "The request for a lastn query SHALL include a subject … a category parameter and/or a search parameter that contains a code element" */
function refuseIncomplete(criteria: readonly (readonly [string, string])[]): void {
  const names = criteria.map(([name]) => name.split(/[:.]/, 1)[0]!);
  for (const name of names) {
    const why = OUT_OF_PLACE.get(name);
    if (why !== undefined)
      throw new FhirError('not-supported', `${name} has no place in $lastn: ${why}`, { expression: name });
  }
  const isSubject = (name: string): boolean => /^(patient|subject)(?!:(missing|not)$)/.test(name);
  if (!criteria.some(([name]) => isSubject(name))) {
    throw new FhirError('required', '$lastn needs to know whose observations: give patient or subject', {
      expression: 'patient',
    });
  }
  if (!names.some((name) => name === 'category' || /(^|-)code(-|$)/.test(name))) {
    throw new FhirError('required', '$lastn needs a category or a code among its criteria', { expression: 'category' });
  }
}
