// GET [base]/Patient/[id]/[type]?…, or /* for every type. https://hl7.org/fhir/R4/http.html#vsearch and compartmentdefinition.html
import type { Definitions } from '../definitions/definitions.ts';
import { nothing, type Predicate } from '../model/predicate.ts';
import { parametersOf, patientCompartmentKeys } from '../search/index.ts';
import type { Interaction } from './call.ts';
import type { InteractionParts } from './parts.ts';
import { runSearch } from './search.ts';
import { searchTypesInTurn } from './search-system.ts';

export const createSearchCompartment =
  ({ engine }: InteractionParts): Interaction<'search-compartment'> =>
  (call, { compartment, id, type }) => {
    const { definitions } = engine;
    const path = `${compartment}/${id}/${type}`;
    const within = (member: string): Predicate => compartmentPredicate(definitions, compartment, id, member);
    if (type !== '*') return runSearch(engine, call, { type, path, within: within(type) });
    const members = definitions.compartments.get(compartment)?.members;
    const types = definitions.resourceTypes.filter((member) => (members?.get(member)?.length ?? 0) > 0);
    return searchTypesInTurn(engine, call, { types, path, within });
  };

/** By the keys of the patient's compartment; the others are the references that make them. */
export function compartmentPredicate(
  definitions: Definitions,
  compartment: string,
  id: string,
  type: string,
): Predicate {
  const codes = definitions.compartments.get(compartment)?.members.get(type) ?? [];
  if (codes.length === 0) return nothing;
  if (compartment === 'Patient') {
    const [key = '', ...more] = patientCompartmentKeys(definitions, type, id);
    return more.length === 0 ? { op: 'equals', key } : { op: 'oneOf', keys: [key, ...more] };
  }
  const { byCode } = parametersOf(definitions, type);
  const keys = codes
    .flatMap((code) => byCode.get(code)?.sources ?? [])
    .map((source) => `${source.code}|${compartment}/${id}`);
  const references: Predicate = { op: 'oneOf', keys: [...new Set(keys)] };
  return codes.includes('{def}') ? { op: 'or', of: [{ op: 'ids', ids: [id] }, references] } : references;
}
