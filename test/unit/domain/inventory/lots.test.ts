import assert from 'node:assert/strict';
import { isExpired, type Lot, pick, put, take, usable } from '../../../../src/domain/inventory/lots.ts';

const clock = { now: Date.parse('2026-11-23T12:00:00Z'), timeZone: 'UTC' };
const lot = (name: string, quantity: string, expiry: string | null = null): Lot => ({ lot: name, quantity, expiry });

describe('lots', () => {
  it('are issued first expiring first, the ones that keep last', () => {
    const lots = [lot('keeps', '5'), lot('late', '5', '2027-05-01'), lot('soon', '5', '2026-12-01')];
    assert.deepEqual(
      pick(lots, '12', clock)?.map((line) => [line.lot, line.quantity]),
      [
        ['soon', '5'],
        ['late', '5'],
        ['keeps', '2'],
      ],
    );
  });

  it('are not issued once they have expired', () => {
    assert.equal(pick([lot('old', '5', '2026-11-22'), lot('new', '3', '2027-01-01')], '4', clock), undefined);
    assert.equal(usable([lot('old', '5', '2026-11-22'), lot('new', '3', '2027-01-01')], clock), '3');
  });

  it('may be used to the end of their last day in the hospital’s zone', () => {
    const today = lot('today', '1', '2026-11-23');
    assert.equal(isExpired(today, { ...clock, now: Date.parse('2026-11-23T23:59:59Z') }), false);
    assert.equal(isExpired(today, { ...clock, now: Date.parse('2026-11-24T00:00:00Z') }), true);
    const newYork = { now: Date.parse('2026-11-24T03:00:00Z'), timeZone: 'America/New_York' };
    assert.equal(isExpired(today, newYork), false);
  });

  it('are issued down to exactly nothing, and a used-up lot leaves the list', () => {
    assert.deepEqual(take([lot('a', '0.3'), lot('b', '1')], { lot: 'a', quantity: '0.30' }), [lot('b', '1')]);
    assert.throws(() => take([lot('a', '0.3')], { lot: 'a', quantity: '0.31' }), /Only 0.3 of lot a are left/);
  });

  it('grow when the same lot comes again, with the same date on the label', () => {
    assert.deepEqual(put([lot('a', '0.1', '2027-01-01')], lot('a', '0.2', '2027-01-01'), clock), [
      lot('a', '0.3', '2027-01-01'),
    ]);
    assert.throws(() => put([lot('a', '1', '2027-01-01')], lot('a', '1', '2027-02-01'), clock), /Check the label/);
  });

  it('are not received once they have expired', () => {
    assert.throws(() => put([], lot('a', '1', '2026-11-22'), clock), /expired on 2026-11-22/);
  });
});
