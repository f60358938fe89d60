// Whose carers are meant: of the patient who asks, or of one that the front desk or an administrator sees.
import type { Reference } from 'fhir/r4.js';
import type { Call } from '../../../interactions/call.ts';
import { FhirError } from '../../../model/errors.ts';
import { needPerson } from '../visitor.ts';
import { idIn } from './answers.ts';

const STAFF: readonly string[] = ['admin', 'hospital-admin', 'receptionist'];

export async function patientOf(call: Call, reference: Reference | undefined): Promise<string> {
  const { fhirUser, roles } = needPerson(call);
  const own = fhirUser?.type === 'Patient' ? fhirUser.id : undefined;
  const asked = reference === undefined ? own : idIn(reference, 'Patient', 'patient');
  if (asked === undefined) throw new FhirError('required', 'patient is missing', { expression: 'patient' });
  if (asked === own) return asked;
  // what they may not see is not there
  const isSeen =
    roles.some((role) => STAFF.includes(role)) && Boolean((await call.store.read('Patient', asked))?.bytes);
  if (!isSeen) throw new FhirError('not-found', 'There is no such patient', { expression: 'patient' });
  return asked;
}
