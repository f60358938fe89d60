// Books a patient into a free slot. The place itself is won by the rule appointment-takes-its-slots when the appointment is saved.
import type { Appointment, Patient, Schedule, Slot } from 'fhir/r4.js';
import { answerWith, defineOperation } from '../../fhir/index.ts';
import type { AppointmentBookInput, AppointmentBookOutput } from '../../generated/operation-io.ts';
import { createCrowd } from '../shared/crowd.ts';
import { earlierAnswer, oneTimeRequest } from '../shared/idempotency.ts';
import { asStored, contentOf, creation, find, idOf, need, needId } from '../shared/resources.ts';
import { slotIsClosed, slotIsFull } from './places.ts';
import { isFree } from './slot.ts';

const crowd = createCrowd();

export default defineOperation<AppointmentBookInput, AppointmentBookOutput>({
  definition: 'Appointment-book',
  needs: ['Slot.r', 'Appointment.c'],
  async run(input, { store, now, call }) {
    const slotId = needId(input.slot, 'Slot', call, 'slot');
    const patientId = needId(input.patient, 'Patient', call, 'patient');
    const once = oneTimeRequest('Appointment/$book', call, input);
    const repeated = (): Promise<Appointment | undefined> =>
      once === undefined ? Promise.resolve(undefined) : earlierAnswer<Appointment>(store, 'Appointment', once);

    const earlier = await repeated();
    if (earlier !== undefined) return booked(earlier, true);
    const patient = await need<Patient>(store, 'Patient', patientId);

    const look = async (): Promise<void> => {
      const slot = await need<Slot>(store, 'Slot', slotId);
      if (isFree(slot) || (await repeated()) !== undefined) return;
      throw slot.status === 'busy' ? slotIsFull(slot) : slotIsClosed(slot);
    };
    const attempt = (): Promise<Appointment | undefined> =>
      store.transaction(
        async (tx) => {
          if (once !== undefined && contentOf(await tx.read('Appointment', once.id)) !== undefined) return undefined;
          const slot = await need<Slot>(tx, 'Slot', slotId);
          const scheduleId = idOf(slot.schedule, 'Schedule');
          const schedule = scheduleId === undefined ? undefined : await find<Schedule>(tx, 'Schedule', scheduleId);
          const appointment = appointmentOf(input, { slot, patient, now: now(), ...(schedule && { schedule }) });
          if (once !== undefined) Object.assign(appointment, { id: once.id, extension: [once.mark] });
          const [saved] = await tx.write([creation(appointment)]);
          return asStored<Appointment>(saved!);
        },
        { locks: [`Slot/${slotId}`] },
      );

    const won = await crowd.tryFor(`${call.base} Slot/${slotId}`, look, attempt);
    return won === undefined ? booked((await repeated())!, true) : booked(won, false);
  },
});

/** The same answer for the call that booked and for every repetition of it. */
function booked(appointment: Appointment, isRepeated: boolean): ReturnType<typeof answerWith<{ return: Appointment }>> {
  const { id, meta } = appointment;
  return answerWith({
    status: 201,
    output: { return: appointment },
    location: `Appointment/${id}/_history/${meta!.versionId}`,
    version: Number(meta!.versionId),
    lastUpdated: Date.parse(meta!.lastUpdated!),
    ...(isRepeated ? { headers: { 'Idempotency-Replayed': 'true' } } : {}),
  });
}

interface Parts {
  slot: Slot;
  schedule?: Schedule;
  patient: Patient;
  now: number;
}

function appointmentOf(input: AppointmentBookInput, { slot, schedule, patient, now }: Parts): Appointment {
  const { reason, reasonCode, appointmentType = slot.appointmentType, comment } = input;
  const { serviceCategory, serviceType, specialty, start, end } = slot;
  const why = reasonCode ?? (reason === undefined ? undefined : { text: reason });
  const name = patient.name?.[0];
  const display = name?.text ?? [...(name?.given ?? []), name?.family].filter(Boolean).join(' ');
  return {
    resourceType: 'Appointment',
    status: 'booked',
    ...(serviceCategory && { serviceCategory }),
    ...(serviceType && { serviceType }),
    ...(specialty && { specialty }),
    ...(appointmentType && { appointmentType }),
    ...(why && { reasonCode: [reason === undefined ? why : { ...why, text: reason }] }),
    ...(comment !== undefined && { comment }),
    start,
    end,
    minutesDuration: Math.round((Date.parse(end) - Date.parse(start)) / 60_000),
    slot: [{ reference: `Slot/${slot.id}` }],
    created: new Date(now).toISOString(),
    participant: [
      {
        actor: { reference: `Patient/${patient.id}`, ...(display && { display }) },
        required: 'required',
        status: 'accepted',
      },
      ...(schedule?.actor ?? []).map((actor) => ({
        actor,
        required: 'required' as const,
        status: 'accepted' as const,
      })),
    ],
  };
}
