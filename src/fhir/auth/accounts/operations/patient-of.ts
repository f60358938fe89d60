// Whose carers are meant: of the patient who asks, or of one that the front desk or an administrator sees.
import type { Reference } from 'fhir/r4.js';
import type { Call } from '../../../interactions/call.ts';
import { FhirError } from '../../../model/errors.ts';
import { parseJson } from '../../../model/json.ts';
import type { Resource } from '../../../model/resource.ts';
import { ownersOf } from '../../access/owners.ts';
import { needPerson, placesOf } from '../visitor.ts';
import { idIn } from './answers.ts';

const STAFF: readonly string[] = ['admin', 'hospital-admin', 'receptionist'];

export async function patientOf(call: Call, reference: Reference | undefined): Promise<string> {
  const person = needPerson(call);
  const { fhirUser } = person;
  const own = fhirUser?.type === 'Patient' ? fhirUser.id : undefined;
  const asked = reference === undefined ? own : idIn(reference, 'Patient', 'patient');
  if (asked === undefined) throw new FhirError('required', 'patient is missing', { expression: 'patient' });
  if (asked === own) return asked;
  // what they may not see is not there, nor what they see by another role at another hospital
  const places = STAFF.map((role) => placesOf(person, role)).filter((found) => found !== undefined);
  const version = places.length > 0 ? await call.store.read('Patient', asked) : undefined;
  const owners = version?.bytes ? ownersOf(parseJson(version.bytes) as Resource) : undefined;
  const isTheirs =
    owners !== undefined &&
    places.some((found) => found === person.organizations || found.some((place) => owners.includes(place)));
  if (!isTheirs) throw new FhirError('not-found', 'There is no such patient', { expression: 'patient' });
  return asked;
}
