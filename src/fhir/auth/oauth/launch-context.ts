// With which patient and encounter an app starts: from the EHR's launch, from who the person is, or from what they picked.
import type { LaunchContext } from '../../storage/grants.ts';
import type { Account } from '../sign-in.ts';

export interface Known {
  scopes: readonly string[];
  account: Account;
  /** of the EHR's launch */
  launched?: LaunchContext;
  /** what the person picked; `''` where they picked none on purpose */
  picked?: { patient?: string; encounter?: string };
}

export type Decided =
  | { ask: 'patient' }
  | { ask: 'encounter'; patient: string }
  | { ask: undefined; context: LaunchContext };

/**
 * `launch/patient` and `launch/encounter` ask for them; so does every `patient/…` scope, which means nothing without a patient. Patients
 * are their own. http://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#requesting-context-with-scopes
 */
export function decideContext({ scopes, account, launched, picked }: Known): Decided {
  const wantsEncounter = scopes.includes('launch/encounter');
  const wantsPatient =
    wantsEncounter || scopes.includes('launch/patient') || scopes.some((scope) => scope.startsWith('patient/'));
  const own = account.fhirUser?.type === 'Patient' ? account.fhirUser.id : undefined;
  const patient = launched?.patient ?? own ?? picked?.patient;
  if (wantsPatient && patient === undefined) return { ask: 'patient' };
  const encounter = launched?.encounter ?? picked?.encounter;
  if (wantsEncounter && encounter === undefined) return { ask: 'encounter', patient: patient! };
  // many apps send the launch on and ask for launch/patient alone
  const isLaunched = scopes.includes('launch') || wantsPatient;
  const context: LaunchContext = {
    ...(isLaunched && launched),
    ...(wantsPatient && { patient: patient! }),
    ...(wantsEncounter && encounter !== '' && { encounter: encounter! }),
  };
  return { ask: undefined, context };
}
