// The places of a slot and of a doctor's day: the small documents at which a crowd is decided (docs/adr/0008-places.md).
// `Slot/<id>` is made at the first booking; `BookedDay/<doctor>|<day>` counts; `SlotDay/<schedule>|<day>` keeps slots apart.
import type { Slot } from 'fhir/r4.js';
import type { Place, Transaction } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { capacityOf, daysOf, isFree, type Span } from './slot.ts';

type Untouched = {
  capacity: number;
  /** the slot's own status is free */
  open: boolean;
  taken: number;
  patients: string[];
  /** who holds a place, and in which day it was counted */
  appointments: { id: string; day: string }[];
};

export type SlotPlace = Place & Untouched;

const untouched = (slot: Slot): Untouched => ({
  capacity: capacityOf(slot),
  open: isFree(slot),
  taken: 0,
  patients: [],
  appointments: [],
});

export interface Claim {
  appointment: string;
  patients: readonly string[];
  day: string;
}

export async function takePlace(
  tx: Transaction,
  slot: Slot,
  { appointment, patients, day }: Claim,
): Promise<SlotPlace> {
  const guard = { open: true, patients: { $nin: patients }, $expr: { $lt: ['$taken', '$capacity'] } };
  const update = {
    $inc: { taken: 1 },
    $push: { patients: { $each: patients }, appointments: { id: appointment, day } },
  };
  const place = await tx.changePlace('Slot', slot.id!, guard, update, untouched(slot));
  if (place !== undefined) return place as SlotPlace;
  throw refusal(slot, (await readSlotPlace(tx, slot.id!)) ?? untouched(slot), patients);
}

export async function leavePlace(
  tx: Transaction,
  slot: string,
  appointment: string,
  patients: readonly string[],
): Promise<{ place: SlotPlace; day: string } | undefined> {
  const before = await readSlotPlace(tx, slot);
  const day = before?.appointments.find(({ id }) => id === appointment)?.day;
  if (day === undefined) return undefined;
  const update = { $inc: { taken: -1 }, $pull: { appointments: { id: appointment } }, $pullAll: { patients } };
  const place = await tx.changePlace('Slot', slot, { 'appointments.id': appointment }, update);
  return place === undefined ? undefined : { place: place as SlotPlace, day };
}

export async function changePatients(
  tx: Transaction,
  slot: Slot,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  await tx.changePlace('Slot', slot.id!, {}, { $pullAll: { patients: before } }, untouched(slot));
  const place = await tx.changePlace(
    'Slot',
    slot.id!,
    { patients: { $nin: after } },
    { $push: { patients: { $each: after } } },
  );
  if (place === undefined) throw patientIsThere();
}

export const readSlotPlace = async (tx: Transaction, slot: string): Promise<SlotPlace | undefined> =>
  (await tx.readPlace('Slot', slot)) as SlotPlace | undefined;

/** The slot's own facts changed; undefined where its bookings do not fit any more. Made where missing, so that a booking at the same moment notices. */
export const syncPlace = (tx: Transaction, slot: Slot): Promise<Place | undefined> => {
  const capacity = capacityOf(slot);
  const taken = isFree(slot) ? { $lt: capacity } : { $lte: capacity };
  return tx.changePlace('Slot', slot.id!, { taken }, { $set: { capacity, open: isFree(slot) } }, untouched(slot));
};

/** Takes the place away where nobody holds it; the change before it lets a booking at the same moment notice. */
export async function closePlace(tx: Transaction, slot: Slot): Promise<boolean> {
  const closed = await tx.changePlace('Slot', slot.id!, { taken: 0 }, { $set: { open: false } }, untouched(slot));
  if (closed === undefined) return false;
  await tx.removePlace('Slot', slot.id!);
  return true;
}

export async function countDay(tx: Transaction, day: string, maximum: number): Promise<void> {
  const guard = { booked: { $lt: maximum } };
  const counted = await tx.changePlace('BookedDay', day, guard, { $inc: { booked: 1 } }, { booked: 0 });
  if (counted !== undefined) return;
  const date = day.slice(day.indexOf('|') + 1);
  throw new FhirError(
    'conflict',
    `The doctor's day is full: at most ${maximum} appointments on ${date}. Choose another day or another doctor.`,
  );
}

export const uncountDay = (tx: Transaction, day: string): Promise<Place | undefined> =>
  tx.changePlace('BookedDay', day, { booked: { $gt: 0 } }, { $inc: { booked: -1 } });

export interface SlotTime extends Span {
  id: string;
}

/** The slots of a schedule that touch a day (UTC). */
export async function slotsOfDay(tx: Transaction, schedule: string, day: number): Promise<SlotTime[]> {
  const place = await tx.readPlace('SlotDay', `${schedule}|${day}`);
  return (place?.slots as SlotTime[] | undefined) ?? [];
}

export async function takeTime(tx: Transaction, schedule: string, { id, lo, hi }: SlotTime): Promise<void> {
  const guard = { slots: { $not: { $elemMatch: { lo: { $lt: hi }, hi: { $gt: lo } } } } };
  for (const day of daysOf({ lo, hi })) {
    const name = `${schedule}|${day}`;
    const taken = await tx.changePlace('SlotDay', name, guard, { $push: { slots: { id, lo, hi } } }, { slots: [] });
    if (taken !== undefined) continue;
    const other = (await slotsOfDay(tx, schedule, day)).find((slot) => slot.lo < hi && slot.hi > lo);
    throw new FhirError(
      'conflict',
      `The slot overlaps Slot/${other?.id} of the same schedule; a schedule does one thing at a time`,
      {
        expression: 'Slot.start',
      },
    );
  }
}

export async function leaveTime(tx: Transaction, schedule: string, { id, lo, hi }: SlotTime): Promise<void> {
  for (const day of daysOf({ lo, hi })) {
    await tx.changePlace('SlotDay', `${schedule}|${day}`, { 'slots.id': id }, { $pull: { slots: { id } } });
  }
}

const CLOSED: Readonly<Record<string, string>> = {
  busy: 'is marked as busy',
  'busy-unavailable': 'is blocked: the doctor is not available then',
  'busy-tentative': 'is held back for someone else',
  'entered-in-error': 'was entered by mistake',
};

export function refusal(slot: Slot, place: Untouched, patients: readonly string[]): FhirError {
  if (patients.some((patient) => place.patients.includes(patient))) return patientIsThere();
  if (place.taken >= place.capacity) return slotIsFull(slot);
  return slotIsClosed(slot);
}

export const slotIsFull = (slot: Slot): FhirError => {
  const capacity = capacityOf(slot);
  const places = capacity === 1 ? 'it is already taken' : `all ${capacity} places are taken`;
  return new FhirError('conflict', `This slot is full: ${places}. Choose another time.`);
};

export const slotIsClosed = (slot: Slot): FhirError =>
  new FhirError('conflict', `This slot ${CLOSED[slot.status] ?? 'is not free'}. Choose another time.`);

const patientIsThere = (): FhirError =>
  new FhirError('duplicate', 'This patient already has an appointment in this slot');
