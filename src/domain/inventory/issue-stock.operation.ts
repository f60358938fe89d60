// Gives stock out: the lots that expire first, none that has expired, and never more than there is.
import type { Substance } from 'fhir/r4.js';
import { defineOperation } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { SubstanceIssueStockInput, SubstanceIssueStockOutput } from '../../generated/operation-io.ts';
import { type Clock, type Lot, pick, usable } from './lots.ts';
import { deliveryOf } from './movement.ts';
import { amountOf } from './quantity.ts';
import { record } from './record.ts';
import { lotsOf, nameOf, reorderLevelOf } from './stock-item.ts';

export default defineOperation<SubstanceIssueStockInput, SubstanceIssueStockOutput>({
  definition: 'Substance-issue-stock',
  needs: ['Substance.u', 'SupplyDelivery.c'],
  run: (input, context) => {
    const pickFrom = (item: Substance): Lot[] => {
      const clock = { now: context.now(), timeZone: context.engine.settings.timeZone };
      const amount = amountOf(input.quantity, reorderLevelOf(item).unit, 'quantity');
      const picked = pick(lotsOf(item), amount, clock);
      if (picked === undefined) throw notEnough(item, amount, clock);
      return picked;
    };
    return record(context, {
      operation: 'issue-stock',
      input,
      look: pickFrom,
      make(item) {
        const { destination, patient } = input;
        return deliveryOf({
          item: { id: item.id!, name: nameOf(item) },
          direction: 'issue',
          lots: pickFrom(item),
          unit: reorderLevelOf(item).unit,
          at: context.now(),
          destination,
          patient,
        });
      },
    });
  },
});

function notEnough(item: Substance, amount: string, clock: Clock): FhirError {
  const { unit } = reorderLevelOf(item);
  const named = unit.unit ?? unit.code ?? '';
  const left = `${usable(lotsOf(item), clock)} ${named}`.trim();
  return new FhirError(
    'conflict',
    `Only ${left} of ${nameOf(item)} can be used; ${amount} were asked for. Nothing was issued.`,
  );
}
