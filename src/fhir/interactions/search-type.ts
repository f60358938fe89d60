// GET [base]/[type]?… and POST [base]/[type]/_search https://hl7.org/fhir/R4/http.html#search
import type { Interaction } from './call.ts';
import type { InteractionParts } from './parts.ts';
import { runSearch } from './search.ts';
import { asksForContained, searchContained } from './search-contained.ts';

export const createSearchType =
  ({ engine }: InteractionParts): Interaction<'search-type'> =>
  (call, { type }) =>
    asksForContained(call) ? searchContained(engine, call, type) : runSearch(engine, call, { type, path: type });
