import assert from 'node:assert/strict';
import type { Encounter, EncounterLocation } from 'fhir/r4.js';
import { inBed, outOfBed, stayOf } from '../../../../src/domain/beds/stay.ts';

const encounter = (status: Encounter['status'], ...entries: [string, EncounterLocation['status']?][]): Encounter => ({
  resourceType: 'Encounter',
  status,
  class: { code: 'IMP' },
  subject: { reference: 'Patient/p1' },
  location: entries.map(([id, state]) => ({
    location: { reference: `Location/${id}` },
    ...(state && { status: state }),
  })),
});

describe('what a stay holds', () => {
  it('is its active and reserved locations, and the patient lies in the active ones', () => {
    const stay = stayOf(
      encounter('in-progress', ['b1', 'active'], ['b2', 'reserved'], ['b3', 'completed'], ['b4', 'planned'], ['b5']),
    );
    assert.deepEqual(stay, { patient: 'p1', held: ['b1', 'b2'], active: ['b1'] });
  });

  for (const status of ['finished', 'cancelled', 'entered-in-error', 'unknown'] as const) {
    it(`is nothing once the encounter is ${status}`, () => {
      assert.deepEqual(stayOf(encounter(status, ['b1', 'active'])).held, []);
    });
  }

  it('begins with an active entry and ends with a completed one', () => {
    const lying = inBed(encounter('planned'), { id: 'b1', name: 'B1' }, '2026-11-23T08:00:00Z');
    assert.equal(lying.status, 'in-progress');
    assert.deepEqual(stayOf(lying).active, ['b1']);
    const left = outOfBed(lying, 'b1', '2026-11-24T08:00:00Z');
    assert.deepEqual(stayOf(left).held, []);
    assert.deepEqual(left.location?.[0]?.period, { start: '2026-11-23T08:00:00Z', end: '2026-11-24T08:00:00Z' });
  });

  it('turns a reservation of the same bed into the active entry', () => {
    const lying = inBed(encounter('planned', ['b1', 'reserved']), { id: 'b1' }, '2026-11-23T08:00:00Z');
    assert.equal(lying.location?.length, 1);
    assert.equal(lying.location?.[0]?.status, 'active');
  });
});
