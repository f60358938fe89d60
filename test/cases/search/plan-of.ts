import { loadDefinitions } from '../../../src/fhir/definitions/load.ts';
import { readQuery } from '../../../src/fhir/interactions/grammar.ts';
import { type Lookups, planSearch, type SearchPlan } from '../../../src/fhir/search/index.ts';
import type { SearchCases } from './cases.ts';

/** this server's own base, as far as the tables are concerned */
export const base = 'http://own.example/fhir';

export function planOf({ type, timeZone = 'UTC' }: SearchCases, query: string, lookups?: Lookups): SearchPlan {
  const settings = { defaultPageSize: 50, maxPageSize: 100, timeZone };
  const definitions = loadDefinitions();
  return planSearch({
    definitions,
    type,
    query: readQuery(query),
    strict: true,
    settings: { ...settings, baseUrl: base, fullText: 'all' },
    now: Date.now(),
    ...(lookups && { lookups }),
  });
}
