// Takes a delivery of one lot into stock.
import type { Quantity, Reference, SupplyDelivery } from 'fhir/r4.js';
import { defineOperation } from '../../fhir/index.ts';
import { deliveryOf } from './movement.ts';
import { amountOf } from './quantity.ts';
import { record } from './record.ts';
import { nameOf, reorderLevelOf } from './stock-item.ts';

interface Input {
  quantity: Quantity;
  lot: string;
  expiry?: string;
  supplier?: Reference;
  destination?: Reference;
  idempotencyKey?: string;
}

export default defineOperation<Input, { return: SupplyDelivery }>({
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
