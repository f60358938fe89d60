// Patients, found by name or record number, and the apps that can be opened for one of them: the launch of SMART apps from the hospital's own
// pages. http://hl7.org/fhir/smart-app-launch/app-launch.html#launch-app-ehr-launch
import type { Encounter, Patient } from 'fhir/r4.js';
import { findEncounters, findPatients, patientEntry } from '../../fhir/auth/oauth/dispatched-directory.ts';
import type { Call } from '../../fhir/interactions/call.ts';
import type { LaunchableAppsOutput, PatientLaunchOutput } from '../../generated/operation-io.ts';
import type { Ask } from '../signed-in/ask.ts';
import type { Room, View, Visit } from '../signed-in/room.ts';

const PATIENTS = '/patients';

export function addPatientPages({ page, form, filters }: Room): void {
  async function patients({ ask, req }: Visit): Promise<View> {
    const { text = '' } = filters.open(req.query.f);
    return {
      template: 'patients/patients',
      title: 'Patients',
      text,
      found: await findPatients(text, search<Patient>(ask, 'Patient')),
    };
  }
  page(PATIENTS, patients);
  form(PATIENTS, async (_visit, { text }) => ({ to: `${PATIENTS}?f=${filters.close({ text })}` }), patients);

  async function patient({ ask, id }: Visit): Promise<View> {
    const resource = (await ask.read('Patient', id)) as unknown as Patient;
    const entry = patientEntry(resource);
    const { app = [] } = await ask.run<LaunchableAppsOutput>('launchable-apps');
    return {
      template: 'patients/patient',
      title: entry.name,
      back: { href: PATIENTS, label: 'Patients' },
      patient: entry,
      path: `${PATIENTS}/${id}`,
      apps: app,
      stays: app.length === 0 ? [] : await staysOf(ask, id),
      // an app's first page may lead on at once
      targets: [...new Set(app.map(({ launchUri }) => originOf(launchUri)))],
    };
  }
  page(`${PATIENTS}/:id`, patient);
  form(
    `${PATIENTS}/:id/launch`,
    async ({ ask, id }, { app, encounter }) => {
      const stay = encounter ? { encounter: { reference: `Encounter/${encounter}` } } : {};
      const { url } = await ask.runOn<PatientLaunchOutput>('Patient', id, 'launch', { app, ...stay });
      return { to: url! };
    },
    patient,
  );
}

const search =
  <Found>(ask: Ask, type: string) =>
  async (query: Call['query']): Promise<Found[]> =>
    (await ask.search(type, query)).entries.map(({ resource }) => resource as unknown as Found);

async function staysOf(ask: Ask, id: string): Promise<[id: string, label: string][]> {
  if (!ask.maySearch('Encounter')) return [];
  const found = await findEncounters(id, search<Encounter>(ask, 'Encounter'));
  return found.map(({ id: of, title, start, status }) => [of, [title, start, status].filter(Boolean).join(' · ')]);
}

/** What `form-action` takes: an origin, or the scheme of an app on the device. */
function originOf(address: string): string {
  const { origin, protocol } = new URL(address);
  return origin === 'null' ? protocol : origin;
}
