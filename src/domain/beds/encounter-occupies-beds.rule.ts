// An open encounter occupies the beds of its active and reserved locations, whichever way it was written: a bed holds one encounter,
// a patient lies in one bed, and the bed's own status follows.
import type { Encounter, Location } from 'fhir/r4.js';
import { defineRule, type Write } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { contentOf, update } from '../shared/resources.ts';
import { isBed, statusCoding, statusOf } from './bed.ts';
import { layPatient, leaveBed, raisePatient, takeBed } from './places.ts';
import { stayOf } from './stay.ts';

export default defineRule({
  name: 'encounter-occupies-beds',
  types: ['Encounter'],
  reads: ['Location'],
  concerns: ({ after }) => stayOf(after as Encounter | undefined).held.length > 0,

  locks({ before, after }) {
    const stays = [before, after].map((encounter) => stayOf(encounter as Encounter | undefined));
    return stays.flatMap(({ held }) => held.map((id) => `Bed/${id}`));
  },

  async apply({ id, before, after }, tx) {
    const had = stayOf(before as Encounter | undefined);
    const wants = stayOf(after as Encounter | undefined);
    const mentioned = [...new Set([...had.held, ...wants.held])];
    const isSame = had.held.join() === wants.held.join() && had.active.join() === wants.active.join();
    if (mentioned.length === 0 || (isSame && had.patient === wants.patient)) return undefined;

    const versions = await tx.readMany(mentioned.map((location) => ({ type: 'Location', id: location })));
    const found = versions.map((version) => contentOf<Location>(version)).filter(isBed);
    const beds = new Map(found.map((bed) => [bed.id!, bed]));
    const lying = wants.active.filter((location) => beds.has(location));
    if (lying.length > 1) {
      throw new FhirError(
        'business-rule',
        'A patient lies in one bed at a time; complete one of the active locations',
        {
          expression: 'Encounter.location',
        },
      );
    }

    const locations: Write[] = [];
    for (const bed of had.active) {
      if (had.patient !== undefined && (had.patient !== wants.patient || !lying.includes(bed)))
        await raisePatient(tx, had.patient, bed);
    }
    for (const location of had.held) {
      if (wants.held.includes(location)) continue;
      const left = await leaveBed(tx, location, id);
      const bed = beds.get(location);
      if (left !== undefined && bed !== undefined && statusOf(bed) === 'O') {
        locations.push(update({ ...bed, operationalStatus: statusCoding('H') }));
      }
    }
    for (const location of wants.held) {
      const bed = beds.get(location);
      if (bed === undefined || had.held.includes(location)) continue;
      await takeBed(tx, bed, id);
      locations.push(update({ ...bed, operationalStatus: statusCoding('O') }));
    }
    for (const location of lying) {
      const isNew = had.patient !== wants.patient || !had.active.includes(location);
      if (wants.patient !== undefined && isNew) await layPatient(tx, wants.patient, beds.get(location)!, id);
    }
    return locations;
  },
});
