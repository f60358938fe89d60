// Ends a patient's time in a bed; the rule encounter-occupies-beds gives the bed back when the encounter is saved.
import type { Encounter, Location } from 'fhir/r4.js';
import { defineOperation } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { LocationReleaseBedInput, LocationReleaseBedOutput } from '../../generated/operation-io.ts';
import { asStored, find, need, update } from '../shared/resources.ts';
import { type BedStatus, nameOf, needBed, statusCoding } from './bed.ts';
import { outOfBed } from './stay.ts';

const NEXT = { housekeeping: 'H', unoccupied: 'U', contaminated: 'K', closed: 'C' } as const satisfies Record<
  string,
  BedStatus
>;

export default defineOperation<LocationReleaseBedInput, LocationReleaseBedOutput>({
  definition: 'Location-release-bed',
  needs: ['Location.r', 'Encounter.u'],
  async run({ next = 'housekeeping', finishEncounter = false }, { target, store, now }) {
    const bedId = target.id!;
    needBed(await need<Location>(store, 'Location', bedId));
    return store.transaction(
      async (tx) => {
        const place = await tx.readPlace('Bed', bedId);
        const stay = place?.encounter ? await find<Encounter>(tx, 'Encounter', String(place.encounter)) : undefined;
        const bed = await need<Location>(tx, 'Location', bedId);
        if (stay === undefined)
          throw new FhirError('conflict', `${nameOf(bed)} has no patient in it, so there is nothing to release`);
        const at = new Date(now()).toISOString();
        const left = outOfBed(stay, bedId, at);
        const finished: Encounter = { ...left, status: 'finished', period: { ...left.period, end: at } };
        const [saved] = await tx.write([update(finishEncounter ? finished : left)]);
        if (NEXT[next] !== 'H') {
          const emptied = await need<Location>(tx, 'Location', bedId);
          await tx.write([update({ ...emptied, operationalStatus: statusCoding(NEXT[next]) })]);
        }
        return { return: asStored<Encounter>(saved!) };
      },
      { locks: [`Bed/${bedId}`] },
    );
  },
});
