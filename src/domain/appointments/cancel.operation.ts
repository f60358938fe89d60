// Cancels an appointment; the rule appointment-takes-its-slots gives its place back. Cancelling again changes nothing.
import type { Appointment } from 'fhir/r4.js';
import { defineOperation } from '../../fhir/index.ts';
import { FhirError, gone } from '../../fhir/model/errors.ts';
import type { AppointmentCancelInput, AppointmentCancelOutput } from '../../generated/operation-io.ts';
import { asStored, contentOf, need, update } from '../shared/resources.ts';
import { bookingOf } from './booking.ts';

const REASONS = 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason';

/** Why not, for the states that cannot be undone by a cancellation. */
const TOO_LATE: Readonly<Record<string, string>> = {
  arrived: 'The patient has already arrived',
  'checked-in': 'The patient has already checked in',
  fulfilled: 'The appointment has already taken place',
  noshow: 'The patient did not come, so there is nothing to cancel',
  'entered-in-error': 'The appointment was entered by mistake',
};

export default defineOperation<AppointmentCancelInput, AppointmentCancelOutput>({
  definition: 'Appointment-cancel',
  needs: ['Appointment.u'],
  async run({ reason, reasonCode }, { target, store }) {
    const seen = await need<Appointment>(store, 'Appointment', target.id!);
    return store.transaction(
      async (tx) => {
        const version = (await tx.read('Appointment', target.id!))!;
        const appointment = contentOf<Appointment>(version);
        if (appointment === undefined) throw gone('Appointment', target.id!, version.version);
        if (appointment.status === 'cancelled') return { return: asStored<Appointment>(version) };
        const tooLate = TOO_LATE[appointment.status];
        if (tooLate !== undefined) throw new FhirError('conflict', `${tooLate}; it cannot be cancelled`);
        const coding = reasonCode === undefined ? {} : { coding: [{ system: REASONS, code: reasonCode }] };
        const text = reason === undefined ? {} : { text: reason };
        const given = reason !== undefined || reasonCode !== undefined;
        const [saved] = await tx.write([
          update({ ...appointment, status: 'cancelled', ...(given && { cancelationReason: { ...coding, ...text } }) }),
        ]);
        return { return: asStored<Appointment>(saved!) };
      },
      { locks: bookingOf(seen).slots.map((id) => `Slot/${id}`) },
    );
  },
});
