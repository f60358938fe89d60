// `_id`, `_lastUpdated`, `near`: each reads its value in its own way. https://hl7.org/fhir/R4/search.html#special
import { FhirError } from '../../model/errors.ts';
import type { Predicate } from '../../model/predicate.ts';
import { pushPosition } from '../near.ts';
import { PREFIXES } from '../prefixes.ts';
import { defineSearchType } from '../search-type.ts';
import { specialParameters } from '../special-parameters.ts';

export default defineSearchType<Predicate>({
  type: 'special',
  keys: 'q',
  modifiers: ['not'],
  prefixes: PREFIXES,
  elements: { 'Location.position': pushPosition },
  parse(text, term) {
    const parameter = specialParameters.get(term.parameter.code);
    if (!parameter) throw new FhirError('not-supported', `Parameter ${term.name} is not supported`);
    return parameter.parse(text, term);
  },
  match: (predicate) => predicate,
});
