// By which keys a type's resources are in a patient's compartment. Nearly always the reference to the patient says it already, whose key
// is stored anyway; what is there by another reference (a performer, a payee) has a key of its own, `@<patient id>`.
// https://hl7.org/fhir/R4/compartmentdefinition-patient.html
import type { Definitions } from '../definitions/definitions.ts';
import { parametersOf } from './parameters.ts';

export interface PatientCompartment {
  /** the stored reference that says it, as `TypeParameters.patient` */
  main: string | undefined;
  /** other stored references that say it */
  others: readonly string[];
  /** a patient is in its own */
  isPatient: boolean;
}

export function patientCompartmentOf(definitions: Definitions, type: string): PatientCompartment {
  const { byCode, patient } = parametersOf(definitions, type);
  const members = definitions.compartments.get('Patient')?.members.get(type) ?? [];
  const sources = new Set(members.flatMap((code) => byCode.get(code)?.sources.map((source) => source.code) ?? []));
  const main = patient !== undefined && sources.delete(patient) ? patient : undefined;
  return { main, others: [...sources], isPatient: members.includes('{def}') };
}

/** One of these keys has every resource of the type that is in the patient's compartment. */
export function patientCompartmentKeys(definitions: Definitions, type: string, id: string): string[] {
  const { main, others, isPatient } = patientCompartmentOf(definitions, type);
  const keys = main === undefined ? [] : [`${main}|Patient/${id}`];
  return others.length > 0 || isPatient ? [...keys, `@${id}`] : keys;
}

/** The patients in whose compartments a resource with these keys is, or whom its type's reference to a patient names. */
export function patientsNamed(definitions: Definitions, type: string, keys: readonly string[]): string[] {
  const { patient } = parametersOf(definitions, type);
  const prefixes = ['@', ...(patient === undefined ? [] : [`${patient}|Patient/`])];
  return keys.flatMap((key) => {
    const prefix = prefixes.find((one) => key.startsWith(one));
    return prefix === undefined || key.includes('/', prefix.length) ? [] : [key.slice(prefix.length)];
  });
}
