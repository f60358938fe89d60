// An appointment that counts holds one place in each of its slots and one in the doctor's day, whichever way it was written;
// the slot becomes busy with its last place and free again when one is given back.

import type { Appointment, PractitionerRole, Schedule, Slot } from 'fhir/r4.js';
import { DateTime } from 'luxon';
import { defineRule, type Transaction, type Write } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { extensionOf } from '../shared/extensions.ts';
import { find, idOf, update } from '../shared/resources.ts';
import { bookingOf, movesBetween } from './booking.ts';
import { changePatients, countDay, leavePlace, takePlace, uncountDay } from './places.ts';
import { DAILY_MAXIMUM, doctorOf, spanOf } from './slot.ts';

export default defineRule({
  name: 'appointment-takes-its-slots',
  types: ['Appointment'],
  reads: ['Schedule', 'Slot'],
  concerns: ({ after }) => bookingOf(after as Appointment | undefined).slots.length > 0,

  locks({ before, after }) {
    const slots = [before, after].flatMap((appointment) => bookingOf(appointment as Appointment | undefined).slots);
    return slots.map((id) => `Slot/${id}`);
  },

  async apply({ id, before, after }, tx, now, timeZone) {
    const appointment = after as Appointment | undefined;
    const had = bookingOf(before as Appointment | undefined);
    const wants = bookingOf(appointment);
    const { leave, take, change } = movesBetween(had, wants);
    const slots: Write[] = [];

    for (const slotId of leave) {
      const left = await leavePlace(tx, slotId, id, had.patients);
      if (left === undefined) continue;
      await uncountDay(tx, left.day);
      const slot = await find<Slot>(tx, 'Slot', slotId);
      const wasFull = left.place.taken + 1 >= left.place.capacity;
      if (wasFull && slot?.status === 'busy') slots.push(update({ ...slot, status: 'free' }));
    }
    for (const slotId of change) {
      const slot = await find<Slot>(tx, 'Slot', slotId);
      if (slot !== undefined) await changePatients(tx, slot, had.patients, wants.patients);
    }
    for (const slotId of take) {
      const slot = await find<Slot>(tx, 'Slot', slotId);
      if (slot === undefined) {
        throw new FhirError('business-rule', `Slot/${slotId} does not exist, so it cannot be booked`, {
          expression: 'Appointment.slot',
        });
      }
      const isAhead = appointment!.status === 'booked' || appointment!.status === 'pending';
      if (isAhead && spanOf(slot).hi <= now) {
        throw new FhirError('business-rule', 'This slot is over. Choose a time in the future.', {
          expression: 'Appointment.slot',
        });
      }
      const { day, maximum } = await doctorsDay(tx, slot, timeZone);
      const place = await takePlace(tx, slot, { appointment: id, patients: wants.patients, day });
      await countDay(tx, day, maximum);
      if (place.taken >= place.capacity) slots.push(update({ ...slot, status: 'busy' }));
    }
    return slots;
  },
});

/** The day in which a slot counts for its doctor, and how many appointments that doctor sees in a day. */
async function doctorsDay(tx: Transaction, slot: Slot, timeZone: string): Promise<{ day: string; maximum: number }> {
  const date = DateTime.fromISO(slot.start, { zone: timeZone }).toISODate();
  const scheduleId = idOf(slot.schedule, 'Schedule');
  const schedule = scheduleId === undefined ? undefined : await find<Schedule>(tx, 'Schedule', scheduleId);
  if (schedule === undefined)
    return { day: `${slot.schedule.reference ?? `Slot/${slot.id}`}|${date}`, maximum: Number.MAX_SAFE_INTEGER };
  const doctor = doctorOf(schedule);
  const [type = '', doctorId = ''] = doctor.reference!.split('/');
  const person =
    type === 'Schedule' ? undefined : await find<PractitionerRole>(tx, type as 'PractitionerRole', doctorId);
  const maxima = [schedule, person].map(
    (says) => extensionOf(says, DAILY_MAXIMUM)?.valuePositiveInt ?? Number.MAX_SAFE_INTEGER,
  );
  return { day: `${type}/${doctorId}|${date}`, maximum: Math.min(...maxima) };
}
