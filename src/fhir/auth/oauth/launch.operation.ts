// An EHR launch: the app starts with the patient that somebody looks at. http://hl7.org/fhir/smart-app-launch/app-launch.html#launch-app-ehr-launch
import type { Encounter, Reference } from 'fhir/r4.js';
import type { PatientLaunchInput, PatientLaunchOutput } from '../../../generated/operation-io.ts';
import { FhirError, notFound } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import { localName, nameOf } from '../../model/references.ts';
import { defineOperation } from '../../operations/operation.ts';
import type { Store } from '../../storage/store.ts';
import type { Oauth } from './create-oauth.ts';

/** What this operation needs of the authorization server; `parts.oauth`. */
export type LaunchParts = Pick<Oauth, 'launches' | 'clients' | 'addresses'>;

export default defineOperation<PatientLaunchInput, PatientLaunchOutput>({
  definition: 'Patient-launch',
  needs: ['Patient.r'],
  async run({ app, encounter, context = [], intent, patientBanner }, { target, store, parts, call }) {
    const oauth = parts.oauth as LaunchParts | undefined;
    if (oauth === undefined) throw new FhirError('not-configured', 'Nobody signs in here: AUTH is off');
    if (call.caller?.kind !== 'account') throw new FhirError('login', 'Sign in first');
    const patient = target.id!;
    if (!(await store.read('Patient', patient))?.bytes) throw notFound('Patient', patient);
    const { base } = oauth.addresses;
    const stay = encounter === undefined ? undefined : await encounterOf(patient, encounter, { base, store });
    const fhirContext = await Promise.all(context.map((one, index) => contextOf(one, index, { base, store })));
    const launchUri = app === undefined ? undefined : await launchUriOf(app, oauth);
    const launch = await oauth.launches.open({
      account: call.caller.id,
      ...(app !== undefined && { client: app }),
      context: {
        patient,
        ...(stay !== undefined && { encounter: stay }),
        ...(fhirContext.length > 0 && { fhirContext }),
        ...(intent !== undefined && { intent }),
        ...(patientBanner !== undefined && { needPatientBanner: patientBanner }),
      },
    });
    return { launch, iss: base, ...(launchUri !== undefined && { url: withLaunch(launchUri, { iss: base, launch }) }) };
  },
});

/** Where it is, for those who call the server by its address. */
interface Here {
  base: string;
  store: Store;
}

async function encounterOf(patient: string, { reference = '' }: Reference, { base, store }: Here): Promise<string> {
  const name = localName(reference, base);
  const bytes = name?.type === 'Encounter' ? (await store.read(name.type, name.id))?.bytes : undefined;
  const subject = bytes ? (parseJson(bytes) as unknown as Encounter).subject?.reference : undefined;
  const of = localName(subject ?? '', base);
  if (name !== undefined && of?.type === 'Patient' && of.id === patient) return name.id;
  throw new FhirError('value', `Patient/${patient} has no encounter ${reference}`, { expression: 'encounter' });
}

/** What the caller does not see, no app is told of. */
async function contextOf(
  { reference }: Reference,
  index: number,
  { base, store }: Here,
): Promise<{ reference: string }> {
  const expression = `context[${index}]`;
  if (reference === undefined)
    throw new FhirError('required', 'A context is named by its reference', { expression: `${expression}.reference` });
  const name = localName(reference, base);
  if (name === undefined)
    throw new FhirError('value', `${reference} is no reference to a resource of this server, such as Observation/1`, {
      expression: `${expression}.reference`,
    });
  if (!(await store.read(name.type, name.id))?.bytes)
    throw new FhirError('not-found', `${nameOf(name)} does not exist`, { expression });
  return { reference: nameOf(name) };
}

async function launchUriOf(app: string, { clients }: LaunchParts): Promise<string | undefined> {
  const client = await clients.find(app);
  if (client === undefined || client.disabled)
    throw new FhirError('value', `There is no app ${app}`, { expression: 'app' });
  const uri = client.metadata.launch_uri;
  return typeof uri === 'string' ? uri : undefined;
}

function withLaunch(uri: string, { iss, launch }: { iss: string; launch: string }): string {
  const url = new URL(uri);
  url.searchParams.set('iss', iss);
  url.searchParams.set('launch', launch);
  return url.href;
}
