// Which locations an encounter holds. https://hl7.org/fhir/R4/encounter-definitions.html#Encounter.location
import type { Encounter, EncounterLocation } from 'fhir/r4.js';
import { idOf } from '../shared/resources.ts';

const OPEN: ReadonlySet<string> = new Set(['planned', 'arrived', 'triaged', 'in-progress', 'onleave']);

export const isOpenStay = (encounter: Encounter): boolean => OPEN.has(encounter.status);

const isHeld = ({ status }: EncounterLocation): boolean => status === 'active' || status === 'reserved';

export interface Stay {
  patient: string | undefined;
  /** ids in a fixed order: locations with an active or reserved entry, beds or not */
  held: string[];
  /** where the patient lies now */
  active: string[];
}

export function stayOf(encounter: Encounter | undefined): Stay {
  const patient = idOf(encounter?.subject, 'Patient');
  if (encounter === undefined || !isOpenStay(encounter)) return { patient, held: [], active: [] };
  const entries = (encounter.location ?? []).filter(isHeld);
  return { patient, held: idsOf(entries), active: idsOf(entries.filter(({ status }) => status === 'active')) };
}

function idsOf(entries: readonly EncounterLocation[]): string[] {
  const ids = entries.map(({ location }) => idOf(location, 'Location'));
  return [...new Set(ids.filter((id): id is string => id !== undefined))].sort();
}

/** The encounter with one more entry: the patient lies in this bed from now on. */
export function inBed(encounter: Encounter, bed: { id: string; name?: string | undefined }, at: string): Encounter {
  const others = (encounter.location ?? []).filter((entry) => !isPlaceIn(entry, bed.id));
  const { name } = bed;
  return {
    ...encounter,
    status: encounter.status === 'onleave' ? 'onleave' : 'in-progress',
    location: [
      ...others,
      {
        location: { reference: `Location/${bed.id}`, ...(name === undefined ? {} : { display: name }) },
        status: 'active',
        period: { start: at },
      },
    ],
  };
}

const isPlaceIn = (entry: EncounterLocation, bed: string): boolean =>
  isHeld(entry) && idOf(entry.location, 'Location') === bed;

/** The encounter after the patient left this bed. */
export function outOfBed(encounter: Encounter, bed: string, at: string): Encounter {
  return {
    ...encounter,
    location: (encounter.location ?? []).map((entry) =>
      isPlaceIn(entry, bed) ? { ...entry, status: 'completed', period: { ...entry.period, end: at } } : entry,
    ),
  };
}
