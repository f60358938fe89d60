import assert from 'node:assert/strict';
import type { Appointment } from 'fhir/r4.js';
import { bookingOf, movesBetween } from '../../../../src/domain/appointments/booking.ts';

const appointment = (status: Appointment['status'], slots: string[], patients = ['p1']): Appointment => ({
  resourceType: 'Appointment',
  status,
  slot: slots.map((id) => ({ reference: `Slot/${id}` })),
  participant: patients.map((id) => ({ actor: { reference: `Patient/${id}` }, status: 'accepted' })),
});

describe('what an appointment holds', () => {
  const rows: [Appointment['status'], string[]][] = [
    ['proposed', []],
    ['pending', ['s1']],
    ['booked', ['s1']],
    ['arrived', ['s1']],
    ['checked-in', ['s1']],
    ['fulfilled', ['s1']],
    ['noshow', ['s1']],
    ['cancelled', []],
    ['entered-in-error', []],
    ['waitlist', []],
  ];
  for (const [status, slots] of rows) {
    it(`${status}: ${slots.length === 0 ? 'no slot' : 'its slot'}`, () => {
      assert.deepEqual(bookingOf(appointment(status, ['s1'])).slots, slots);
    });
  }

  it('names each slot once and in a fixed order', () => {
    assert.deepEqual(bookingOf(appointment('booked', ['s2', 's1', 's2'])).slots, ['s1', 's2']);
  });

  it('does not count slots and patients of other servers', () => {
    const foreign = appointment('booked', []);
    foreign.slot = [{ reference: 'https://elsewhere.example/fhir/Slot/s1' }];
    assert.deepEqual(bookingOf(foreign).slots, []);
  });
});

describe('moves between two states of an appointment', () => {
  const moves = (before: Appointment, after: Appointment) => movesBetween(bookingOf(before), bookingOf(after));

  it('leave the old slot and take the new one', () => {
    assert.deepEqual(moves(appointment('booked', ['s1']), appointment('booked', ['s2'])), {
      leave: ['s1'],
      take: ['s2'],
      change: [],
    });
  });

  it('leave everything on cancellation', () => {
    assert.deepEqual(moves(appointment('booked', ['s1']), appointment('cancelled', ['s1'])), {
      leave: ['s1'],
      take: [],
      change: [],
    });
  });

  it('are none where only other facts change', () => {
    assert.deepEqual(moves(appointment('booked', ['s1']), appointment('arrived', ['s1'])), {
      leave: [],
      take: [],
      change: [],
    });
  });

  it('change who holds the place when the patient changes', () => {
    const after = appointment('booked', ['s1'], ['p2']);
    assert.deepEqual(moves(appointment('booked', ['s1']), after), { leave: [], take: [], change: ['s1'] });
  });
});
