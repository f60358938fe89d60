// The directory over the server's own searches, asked as the person who picks: what they may not see is not found.
import type { Address, Encounter, Identifier, Patient } from 'fhir/r4.js';
import type { Call } from '../../interactions/call.ts';
import { createInnerCalls, type InnerCallsDeps } from '../../interactions/inner-calls.ts';
import { FhirError } from '../../model/errors.ts';
import { nameAmong } from '../../model/human-name.ts';
import { parseJson } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import { escapeValue } from '../../search/index.ts';
import type { Caller } from '../caller.ts';
import type { Account } from '../sign-in.ts';
import type { Directory, EncounterEntry, PatientEntry } from './directory.ts';
import { FIRST_PARTY } from './token-claims.ts';

const MOST = '20';

export function createDispatchedDirectory(deps: InnerCallsDeps): Directory {
  const call = createInnerCalls(deps);
  const callerOf = ({ id, roles, organizations, fhirUser }: Account): Caller => ({
    kind: 'account',
    id,
    roles,
    organizations,
    ...(fhirUser !== undefined && { fhirUser }),
    client: FIRST_PARTY,
    limits: 'standard',
    address: '',
  });

  async function ask(
    account: Account,
    target: Call['target'],
    query: Call['query'] = [],
  ): Promise<Resource | undefined> {
    try {
      const { body } = await call(callerOf(account), { target, query });
      return Buffer.isBuffer(body) ? (parseJson(body) as Resource) : body;
    } catch (error) {
      // not there, not to be seen, or not a search: for the page it is all the same
      if (error instanceof FhirError && error.status >= 400 && error.status < 500) return undefined;
      throw error;
    }
  }

  async function find<T>(account: Account, type: string, query: Call['query']): Promise<T[]> {
    const bundle = await ask(account, { kind: 'search-type', type }, query);
    return ((bundle?.entry ?? []) as { resource: T }[]).map(({ resource }) => resource);
  }

  return {
    patients: (account, text) => findPatients(text, (query) => find<Patient>(account, 'Patient', query)),
    async patient(account, id) {
      const found = await ask(account, { kind: 'read', type: 'Patient', id });
      return found === undefined ? undefined : patientEntry(found as unknown as Patient);
    },
    encounters: (account, patient) => findEncounters(patient, (query) => find<Encounter>(account, 'Encounter', query)),
  };
}

/** By what was typed, as whoever `search` asks for may see them; at most a page. */
export async function findPatients(
  text: string,
  search: (query: Call['query']) => Promise<Patient[]>,
): Promise<PatientEntry[]> {
  const found = await Promise.all(queriesFor(text).map((query) => search([...query, ['_count', MOST]])));
  const byId = new Map(found.flat().map((patient) => [patient.id!, patient]));
  return [...byId.values()].slice(0, Number(MOST)).map(patientEntry);
}

/** The newest of a patient. */
export async function findEncounters(
  patient: string,
  search: (query: Call['query']) => Promise<Encounter[]>,
): Promise<EncounterEntry[]> {
  const query = [
    ['patient', `Patient/${patient}`],
    ['_sort', '-date'],
    ['_count', MOST],
  ] as const;
  return (await search(query)).map(encounterEntry);
}

/** What was typed may be a name, a date of birth or a record number; a colon or bar in it means nothing. */
function queriesFor(text: string): Call['query'][] {
  const typed = text.trim();
  if (typed === '') return [[['_sort', 'family']]];
  const plain = escapeValue(typed);
  const words = plain.split(/\s+/).map((word) => ['name', word] as const);
  const isDate = /^\d{4}(-\d{2}(-\d{2})?)?$/.test(typed);
  return [words, [['identifier', plain]], ...(isDate ? [[['birthdate', typed]] as const] : [])];
}

export function patientEntry({
  id,
  name = [],
  birthDate,
  gender,
  identifier = [],
  address = [],
}: Patient): PatientEntry {
  return {
    id: id!,
    name: nameAmong(name) ?? `Patient ${id}`,
    ...(birthDate !== undefined && { birthDate }),
    ...(gender !== undefined && { gender }),
    identifiers: [...identifier.flatMap(identifierText), ...address.slice(0, 1).flatMap(cityOf)].slice(0, 3),
  };
}

const identifierText = ({ type, value }: Identifier): string[] => {
  if (value === undefined) return [];
  const what = type?.text ?? type?.coding?.[0]?.display;
  return [what === undefined ? value : `${what} ${value}`];
};

const cityOf = ({ city }: Address): string[] => (city === undefined ? [] : [city]);

function encounterEntry({
  id,
  type = [],
  class: kind,
  serviceType,
  period,
  status,
  location = [],
}: Encounter): EncounterEntry {
  const what = type[0]?.text ?? type[0]?.coding?.[0]?.display ?? serviceType?.text ?? kind?.display ?? kind?.code;
  const where = location.at(-1)?.location.display;
  return {
    id: id!,
    title: [what ?? 'Encounter', where].filter(Boolean).join(', '),
    ...(period?.start !== undefined && { start: period.start.slice(0, 10) }),
    status: status ?? '',
  };
}
