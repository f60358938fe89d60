// Takes a delivery of one lot into stock.
import { defineOperation } from '../../fhir/index.ts';
import type { SubstanceReceiveStockInput, SubstanceReceiveStockOutput } from '../../generated/operation-io.ts';
import { deliveryOf } from './movement.ts';
import { amountOf } from './quantity.ts';
import { record } from './record.ts';
import { nameOf, reorderLevelOf } from './stock-item.ts';

export default defineOperation<SubstanceReceiveStockInput, SubstanceReceiveStockOutput>({
  definition: 'Substance-receive-stock',
  needs: ['Substance.u', 'SupplyDelivery.c'],
  run: (input, context) =>
    record(context, {
      operation: 'receive-stock',
      input,
      look: () => undefined,
      make(item) {
        const { quantity, lot, expiry = null, supplier, destination } = input;
        const { unit } = reorderLevelOf(item);
        return deliveryOf({
          item: { id: item.id!, name: nameOf(item) },
          direction: 'receive',
          lots: [{ lot, expiry, quantity: amountOf(quantity, unit, 'quantity') }],
          unit,
          at: context.now(),
          supplier,
          destination,
        });
      },
    }),
});
