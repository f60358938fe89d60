// A bed with a patient in it cannot be deleted, closed or declared free or clean; the encounter has to leave it first.
import type { Location } from 'fhir/r4.js';
import { defineRule } from '../../fhir/index.ts';
import { isBed, statusOf } from './bed.ts';
import { removeBed, syncBed } from './places.ts';

export default defineRule({
  name: 'bed-keeps-its-patient',
  types: ['Location'],
  concerns: () => false,
  locks: ({ id }) => [`Bed/${id}`],

  async apply({ id, ...change }, tx) {
    const before = change.before && ({ ...change.before, id } as unknown as Location);
    const after = change.after && ({ ...change.after, id } as unknown as Location);
    if (!isBed(before)) return undefined;
    if (!isBed(after)) await removeBed(tx, before);
    else if (statusOf(before) !== statusOf(after) || before.status !== after.status) await syncBed(tx, before, after);
    return undefined;
  },
});
