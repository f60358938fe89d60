// Which stock items are at or below their reorder level now, counting only what has not expired.
import type { Substance } from 'fhir/r4.js';
import { defineOperation, everyMatch, type Store } from '../../fhir/index.ts';
import type { Predicate } from '../../fhir/model/predicate.ts';
import type { SubstanceLowStockInput, SubstanceLowStockOutput } from '../../generated/operation-io.ts';
import { contentOf } from '../shared/resources.ts';
import { compare, subtract } from './decimal.ts';
import { type Clock, expired, usable } from './lots.ts';
import { quantityOf } from './quantity.ts';
import { isLow, isStockItem, lotsOf, nameOf, reorderLevelOf, SKU } from './stock-item.ts';

export default defineOperation<SubstanceLowStockInput, SubstanceLowStockOutput>({
  definition: 'Substance-low-stock',
  needs: ['Substance.s'],
  async run(_, { store, now, engine }) {
    const clock = { now: now(), timeZone: engine.settings.timeZone };
    const items = await candidates(store, clock);
    const low = items
      .filter(
        (item) =>
          isStockItem(item) && item.status !== 'inactive' && item.status !== 'entered-in-error' && isLow(item, clock),
      )
      .map((item) => lowItem(item, clock))
      .sort((a, b) => a.item.display!.localeCompare(b.item.display!, 'en'));
    return { count: low.length, low };
  },
});

function lowItem(item: Substance, clock: Clock): NonNullable<SubstanceLowStockOutput['low']>[number] {
  const { amount, unit } = reorderLevelOf(item);
  const left = usable(lotsOf(item), clock);
  const gone = expired(lotsOf(item), clock);
  const sku = item.identifier?.find(({ system }) => system === SKU)?.value;
  return {
    item: { reference: `Substance/${item.id}`, display: nameOf(item) },
    ...(sku !== undefined && { sku }),
    usable: quantityOf(left, unit),
    ...(compare(gone, '0') > 0 && { expired: quantityOf(gone, unit) }),
    reorderLevel: quantityOf(amount, unit),
    shortage: quantityOf(subtract(amount, left), unit),
  };
}

/** Low when last written, or with a lot that may have expired since: by the search parameters `below-reorder` and `expiry`. */
async function candidates(store: Store, { now }: Clock): Promise<Substance[]> {
  const where: Predicate = {
    op: 'or',
    of: [
      { op: 'equals', key: 'below-reorder|true' },
      { op: 'interval', in: 'd', param: 'expiry', lo: { lt: now } },
    ],
  };
  const found: Substance[] = [];
  for await (const match of everyMatch(store, { type: 'Substance', where, atOnce: 1000 })) {
    found.push(contentOf<Substance>({ ...match, method: 'PUT' })!);
  }
  return found;
}
