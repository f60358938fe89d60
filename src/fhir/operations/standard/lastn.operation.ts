// $lastn: the newest observations of each code. https://hl7.org/fhir/R4/observation-operation-lastn.html
// Codes are translations of each other as soon as one observation says so, so the codes of all that meet the criteria are read first, without
// the resources: one command for every 5,000. Then come those that are chosen.
import type { ObservationLastnInput, ObservationLastnOutput } from '../../../generated/operation-io.ts';
import { bundleOf, planFor } from '../../interactions/search.ts';
import { includeFor } from '../../interactions/search-include.ts';
import { FhirError } from '../../model/errors.ts';
import type { Predicate } from '../../model/predicate.ts';
import type { Match, Store } from '../../storage/store.ts';
import { answerWith, defineOperation } from '../operation.ts';
import { lastOfEachGroup } from './last-of-each-group.ts';
import { contentOf } from './stored.ts';

const READ_AT_ONCE = 5000;
const FETCH_AT_ONCE = 1000;

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
    const all = await readAll(store, plan.where);
    const chosen = lastOfEachGroup(await withTexts(store, all), max);
    const matches = plan.summary === 'count' ? [] : await fetchAll(store, chosen);
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

async function readAll(store: Store, where: Predicate): Promise<Match[]> {
  const found: Match[] = [];
  let after: string | undefined;
  do {
    const page = await store.find({
      type: 'Observation',
      where,
      sort: [],
      limit: READ_AT_ONCE,
      total: 'none',
      wantTokens: true,
      wantReferences: true,
      leaveBytes: true,
      ...(after !== undefined && { after }),
    });
    found.push(...page.matches);
    after = page.next;
  } while (after !== undefined);
  return found;
}

interface Dated {
  id: string;
  time: number | null;
  /** what its code is known by: codings, or the text where there are none; of one subject */
  names: readonly string[];
}

const CODE = 'code|';
const SUBJECT = 'subject|';

async function withTexts(store: Store, matches: readonly Match[]): Promise<Dated[]> {
  const isOfCode = (token: string): boolean => token.startsWith(CODE);
  const uncoded = matches.filter(({ tokens = [] }) => !tokens.some(isOfCode));
  const texts = new Map(
    (await fetchAll(store, uncoded)).map((match) => {
      const { code } = contentOf(match) as { code?: { text?: string } };
      return [match.id, code?.text ?? ''];
    }),
  );
  return matches.map(({ id, mainDate = null, tokens = [], keys = [] }) => {
    const codes = tokens.filter(isOfCode);
    const subject = keys.find((key) => key.startsWith(SUBJECT)) ?? '';
    const names = codes.length > 0 ? codes : [`text ${texts.get(id) ?? ''}`];
    return { id, time: mainDate, names: names.map((name) => `${subject} ${name}`) };
  });
}

/** In the order in which they are named. */
async function fetchAll(store: Store, named: readonly { id: string }[]): Promise<Match[]> {
  const found = new Map<string, Match>();
  for (let start = 0; start < named.length; start += FETCH_AT_ONCE) {
    const ids = named.slice(start, start + FETCH_AT_ONCE).map(({ id }) => id);
    const where: Predicate = { op: 'ids', ids };
    const query = {
      type: 'Observation',
      where,
      sort: [],
      limit: ids.length,
      total: 'none',
      wantReferences: true,
    } as const;
    for (const match of (await store.find(query)).matches) found.set(match.id, match);
  }
  return named.flatMap(({ id }) => found.get(id) ?? []);
}
