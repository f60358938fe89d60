// Patients, found by name or record number, and the apps that can be opened for one of them: the launch of SMART apps from the hospital's own
// pages. http://hl7.org/fhir/smart-app-launch/app-launch.html#launch-app-ehr-launch
import type { Encounter, Patient } from 'fhir/r4.js';
import { encounterEntry, patientEntry, queriesFor } from '../../fhir/auth/oauth/dispatched-directory.ts';
import type { LaunchableAppsOutput, PatientLaunchOutput } from '../../generated/operation-io.ts';
import type { Ask } from '../signed-in/ask.ts';
import type { Room, View, Visit } from '../signed-in/room.ts';

const PATIENTS = '/patients';
const MOST = '25';
const MOST_STAYS = '20';

export function addPatientPages({ page, form, filters }: Room): void {
  async function patients({ ask, req }: Visit): Promise<View> {
    const { text = '' } = filters.open(req.query.f);
    return { template: 'patients/patients', title: 'Patients', text, found: await find(ask, text) };
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

async function find(ask: Ask, text: string): Promise<ReturnType<typeof patientEntry>[]> {
  const found = await Promise.all(queriesFor(text).map((query) => ask.search('Patient', [...query, ['_count', MOST]])));
  const patients = found.flatMap(({ entries }) => entries.map(({ resource }) => resource as unknown as Patient));
  return [...new Map(patients.map((one) => [one.id, one])).values()].slice(0, Number(MOST)).map(patientEntry);
}

async function staysOf(ask: Ask, id: string): Promise<[id: string, label: string][]> {
  if (!ask.maySearch('Encounter')) return [];
  const { entries } = await ask.search('Encounter', [
    ['patient', `Patient/${id}`],
    ['_sort', '-date'],
    ['_count', MOST_STAYS],
  ]);
  return entries.map(({ resource }) => {
    const { id: of, title, start, status } = encounterEntry(resource as unknown as Encounter);
    return [of, [title, start, status].filter(Boolean).join(' · ')];
  });
}

/** What `form-action` takes: an origin, or the scheme of an app on the device. */
function originOf(address: string): string {
  const { origin, protocol } = new URL(address);
  return origin === 'null' ? protocol : origin;
}
