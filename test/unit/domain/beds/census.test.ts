import assert from 'node:assert/strict';
import type { Location } from 'fhir/r4.js';
import { BED_TYPE } from '../../../../src/domain/beds/bed.ts';
import { censusOf } from '../../../../src/domain/beds/census.ts';

const bed = (id: string, status?: string, type?: string, more: Partial<Location> = {}): Location => ({
  resourceType: 'Location',
  id,
  ...(status && { operationalStatus: { code: status } }),
  ...(type && { type: [{ coding: [{ system: BED_TYPE, code: type }] }] }),
  ...more,
});

describe('the census of beds', () => {
  it('counts a bed as occupied, free or unavailable', () => {
    const beds = [
      bed('1'),
      bed('2', 'U'),
      bed('3', 'O'),
      bed('4', 'H'),
      bed('5', 'K'),
      bed('6', 'C'),
      bed('7', 'I'),
      bed('8', 'U', '', { status: 'suspended' }),
    ];
    const { total, occupied, free, unavailable } = censusOf(beds, () => undefined);
    assert.deepEqual({ total, occupied, free, unavailable }, { total: 8, occupied: 1, free: 2, unavailable: 5 });
  });

  it('lists the four usual kinds always, and others where there are beds of them', () => {
    const { byType } = censusOf([bed('1', 'U', 'icu'), bed('2', 'O', 'icu'), bed('3')], () => undefined);
    assert.deepEqual(
      byType.map(({ type, total, free }) => [type, total, free]),
      [
        ['general', 0, 0],
        ['icu', 2, 1],
        ['private', 0, 0],
        ['semi-private', 0, 0],
        ['unspecified', 1, 1],
      ],
    );
  });

  it('counts by ward, and leaves out beds that stand in none', () => {
    const ward: Location = { resourceType: 'Location', id: 'w1', name: 'North' };
    const { byWard } = censusOf([bed('1', 'O'), bed('2')], ({ id }) => (id === '1' ? ward : undefined));
    assert.deepEqual(byWard, [
      { ward: { reference: 'Location/w1', display: 'North' }, total: 1, occupied: 1, free: 0, unavailable: 0 },
    ]);
  });
});
