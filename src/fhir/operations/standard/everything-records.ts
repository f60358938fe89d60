// Which resources are a patient's or an encounter's records, for $everything: the compartment, and for patients what else names them
// (their tasks, devices, contracts). https://hl7.org/fhir/R4/compartmentdefinition.html
import type { Definitions } from '../../definitions/definitions.ts';
import { compartmentPredicate } from '../../interactions/search-compartment.ts';
import type { Predicate } from '../../model/predicate.ts';
import { parametersOf, patientCompartmentKeys } from '../../search/index.ts';
import type { Records, Step } from './everything-page.ts';

/** As many patients as one search takes together in the order of its index. */
export const PATIENTS_AT_ONCE = 30;

export function recordsOfPatients(definitions: Definitions, ids: readonly string[]): Records {
  const members = definitions.compartments.get('Patient')!.members;
  const keysOf = (type: string, id: string): string[] => {
    if ((members.get(type)?.length ?? 0) > 0) return patientCompartmentKeys(definitions, type, id);
    const { patient } = parametersOf(definitions, type);
    return patient === undefined ? [] : [`${patient}|Patient/${id}`];
  };
  const types = ['Patient', ...definitions.resourceTypes.filter((type) => type !== 'Patient')];
  const steps = types.flatMap((type): Step[] => {
    const keys = ids.flatMap((id) => keysOf(type, id));
    return keys.length === 0 ? [] : [{ type, where: anyOf(type, keys, ids) }];
  });
  return { steps, patients: new Set(ids) };
}

/** A patient's own compartment holds the patients who are linked to it too: of patients only the subjects themselves are meant. */
function anyOf(type: string, keys: readonly string[], ids: readonly string[]): Predicate {
  if (type === 'Patient') return { op: 'ids', ids };
  return keys.length === 1 ? { op: 'equals', key: keys[0]! } : { op: 'oneOf', keys };
}

/** `patient`: whose encounter it is, where that is known */
export function recordsOfEncounter(definitions: Definitions, id: string, patient: string | undefined): Records {
  const members = [...definitions.compartments.get('Encounter')!.members]
    .filter(([type, codes]) => codes.length > 0 && type !== 'Encounter')
    .map(([type]) => type)
    .sort();
  return {
    steps: [
      { type: 'Encounter', where: { op: 'ids', ids: [id] } },
      ...members.map((type) => ({ type, where: compartmentPredicate(definitions, 'Encounter', id, type) })),
    ],
    patients: new Set(patient === undefined ? [] : [patient]),
  };
}
