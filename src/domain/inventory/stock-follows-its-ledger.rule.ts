// The lots of a stock item are what its movements left: nobody writes them by hand, and an item with stock is not deleted.
import type { Substance } from 'fhir/r4.js';
import { defineRule } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { update } from '../shared/resources.ts';
import { isSameStock, type Lot } from './lots.ts';
import { isSameUnit } from './quantity.ts';
import { isLow, isStockItem, lotsOf, nameOf, reorderLevelOf, saysLow, withFlag } from './stock-item.ts';

export default defineRule({
  name: 'stock-follows-its-ledger',
  types: ['Substance'],
  concerns: ({ after }) => isStockItem(after as Substance | undefined),
  locks: ({ id, before, after }) =>
    [before, after].some((substance) => isStockItem(substance as Substance | undefined)) ? [`Stock/${id}`] : [],

  async apply({ id, ...change }, tx, now, timeZone) {
    const before = change.before && ({ ...change.before, id } as unknown as Substance);
    const after = change.after && ({ ...change.after, id } as unknown as Substance);
    if (!isStockItem(before) && !isStockItem(after)) return undefined;

    const place = await tx.readPlace('Stock', id);
    const lots = (place?.lots as Lot[] | undefined) ?? [];
    if (!isStockItem(after)) {
      if (lots.length > 0) {
        throw new FhirError('conflict', `${nameOf(before!)} is still in stock. Issue or discard the rest first.`);
      }
      if (after === undefined && place !== undefined) await tx.removePlace('Stock', id);
      return undefined;
    }
    const { unit } = reorderLevelOf(after);
    if (lots.length > 0 && isStockItem(before) && !isSameUnit(unit, reorderLevelOf(before).unit)) {
      throw new FhirError('conflict', `${nameOf(after)} is in stock, so its unit cannot be changed`, {
        expression: 'Substance.extension',
      });
    }
    if (!isSameStock(lotsOf(after), lots)) {
      throw new FhirError(
        'conflict',
        'The lots of a stock item change by stock movements only: use $receive-stock and $issue-stock, and leave `instance` as it is',
        { expression: 'Substance.instance' },
      );
    }
    const clock = { now, timeZone };
    return saysLow(after) === isLow(after, clock) ? undefined : [update(withFlag(after, clock))];
  },
});
