// A slot cannot be deleted, moved, closed by mistake or made too small while appointments are in it, and it never overlaps another
// slot of its schedule.
import type { Slot } from 'fhir/r4.js';
import { defineRule, type Transaction } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { closePlace, leaveTime, readSlotPlace, type SlotTime, slotIsFull, syncPlace, takeTime } from './places.ts';
import { capacityOf, isFree, spanOf, takesTime } from './slot.ts';

export default defineRule({
  name: 'slot-keeps-its-bookings',
  types: ['Slot'],
  locks: ({ id }) => [`Slot/${id}`],

  async apply({ id, ...change }, tx) {
    const before = change.before && ({ ...change.before, id } as unknown as Slot);
    const after = change.after && ({ ...change.after, id } as unknown as Slot);
    const had = timeOf(before);
    const wants = timeOf(after);
    const isMoved = had?.name !== wants?.name;

    if (before !== undefined && isMoved && !(await closePlace(tx, before))) {
      throw await hasBookings(tx, id);
    }
    if (before !== undefined && after !== undefined && !isMoved) await follow(tx, before, after);
    if (isMoved) {
      if (had !== undefined) await leaveTime(tx, had.schedule, had.time);
      if (wants !== undefined) await takeTime(tx, wants.schedule, wants.time);
    }
    return undefined;
  },
});

/** Same time, other facts: the places follow. */
async function follow(tx: Transaction, before: Slot, after: Slot): Promise<void> {
  if (capacityOf(before) === capacityOf(after) && before.status === after.status) return;
  if ((await syncPlace(tx, after)) !== undefined) return;
  const taken = (await readSlotPlace(tx, after.id!))?.taken ?? 0;
  if (isFree(after) && taken === capacityOf(after)) throw slotIsFull(after);
  throw new FhirError(
    'conflict',
    `${taken} appointments are already in this slot, so its capacity cannot be ${capacityOf(after)}. Cancel or move appointments first.`,
    { expression: 'Slot.extension' },
  );
}

interface ScheduledTime {
  schedule: string;
  time: SlotTime;
  name: string;
}

/** undefined for a slot that takes nobody's time. */
function timeOf(slot: Slot | undefined): ScheduledTime | undefined {
  if (slot === undefined || !takesTime(slot)) return undefined;
  const schedule = slot.schedule.reference ?? JSON.stringify(slot.schedule);
  const { lo, hi } = spanOf(slot);
  return { schedule, time: { id: slot.id!, lo, hi }, name: `${schedule} ${lo} ${hi}` };
}

async function hasBookings(tx: Transaction, slot: string): Promise<FhirError> {
  const taken = (await readSlotPlace(tx, slot))?.taken ?? 0;
  const appointments = taken === 1 ? '1 appointment is' : `${taken} appointments are`;
  return new FhirError(
    'conflict',
    `${appointments} in this slot, so it can be neither moved nor removed. Cancel or move the appointments first.`,
  );
}
