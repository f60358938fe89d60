// Which slots an appointment holds, and for whom. https://hl7.org/fhir/R4/appointment.html
import type { Appointment } from 'fhir/r4.js';
import { idOf } from '../shared/resources.ts';

/** A proposal or a place on the waiting list holds no slot; a patient who did not come has used it. */
const HOLDING: ReadonlySet<string> = new Set(['pending', 'booked', 'arrived', 'checked-in', 'fulfilled', 'noshow']);

export interface Booking {
  /** in a fixed order, so that two appointments never wait for each other's slots */
  slots: string[];
  patients: string[];
}

const NOTHING: Booking = { slots: [], patients: [] };

export function bookingOf(appointment: Appointment | undefined): Booking {
  if (appointment === undefined || !HOLDING.has(appointment.status)) return NOTHING;
  return {
    slots: known((appointment.slot ?? []).map((slot) => idOf(slot, 'Slot'))),
    patients: known(appointment.participant.map(({ actor }) => idOf(actor, 'Patient'))),
  };
}

const known = (ids: (string | undefined)[]): string[] =>
  [...new Set(ids.filter((id): id is string => id !== undefined))].sort();

export interface Moves {
  leave: string[];
  take: string[];
  /** held before and after, but by other patients */
  change: string[];
}

export function movesBetween(before: Booking, after: Booking): Moves {
  const isSamePeople = before.patients.join() === after.patients.join();
  return {
    leave: before.slots.filter((slot) => !after.slots.includes(slot)),
    take: after.slots.filter((slot) => !before.slots.includes(slot)),
    change: isSamePeople ? [] : after.slots.filter((slot) => before.slots.includes(slot)),
  };
}
