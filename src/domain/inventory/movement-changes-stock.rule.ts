// A completed stock movement changes the item's lots in the same transaction, whichever way it was written, and is never changed again:
// the sum of the ledger is the balance. What is won here is the place `Stock/<item>` (docs/adr/0008-places.md).
import type { Substance, SupplyDelivery } from 'fhir/r4.js';
import { defineRule, type Transaction } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { stringifyJson } from '../../fhir/model/json.ts';
import { find, update } from '../shared/resources.ts';
import { compare, total } from './decimal.ts';
import { type Clock, isExpired, type Lot, put, take } from './lots.ts';
import { type Movement, movementOf } from './movement.ts';
import { amountOf } from './quantity.ts';
import { isStockItem, reorderLevelOf, withLots } from './stock-item.ts';

export default defineRule({
  name: 'movement-changes-stock',
  types: ['SupplyDelivery'],
  reads: ['Substance'],
  concerns: ({ after }) => movementOf(after as SupplyDelivery | undefined) !== undefined,

  locks({ before, after }) {
    const items = [before, after].map((delivery) => movementOf(delivery as SupplyDelivery | undefined)?.item);
    return items.filter((item) => item !== undefined).map((item) => `Stock/${item}`);
  },

  async apply({ before, after }, tx, now, timeZone) {
    const recorded = movementOf(before as SupplyDelivery | undefined);
    const movement = movementOf(after as SupplyDelivery | undefined);
    if (recorded !== undefined) {
      if (movement !== undefined && stringifyJson(recorded) === stringifyJson(movement)) return undefined;
      throw new FhirError(
        'conflict',
        'A stock movement is part of the ledger and stays as it is. Record the opposite movement instead.',
      );
    }
    if (movement === undefined) return undefined;

    const item = movement.item === undefined ? undefined : await find<Substance>(tx, 'Substance', movement.item);
    if (!isStockItem(item)) {
      throw new FhirError(
        'business-rule',
        'A stock movement must name a stock item (a Substance of the profile stock-item)',
        {
          expression: 'SupplyDelivery.suppliedItem.item',
        },
      );
    }
    const clock = { now, timeZone };
    const place = await tx.readPlace('Stock', item.id!);
    const lots = moved((place?.lots as Lot[] | undefined) ?? [], linesOf(movement, item), movement.direction, clock);
    await keep(tx, item.id!, Number(place?.movements ?? 0), lots);
    return [update(withLots(item, lots, clock))];
  },
});

async function keep(tx: Transaction, item: string, movements: number, lots: readonly Lot[]): Promise<void> {
  const change = { $set: { lots }, $inc: { movements: 1 } };
  const kept = await tx.changePlace('Stock', item, { movements }, change, { lots: [], movements: 0 });
  if (kept === undefined) throw new FhirError('conflict', 'The stock was changed at the same moment. Try again.');
}

/** The lines with their amounts checked; together they are the delivered quantity. */
function linesOf({ lines, quantity }: Movement, item: Substance): Lot[] {
  const { unit } = reorderLevelOf(item);
  const lots = lines.map((line) => ({ ...line, quantity: amountOf(line.quantity, unit, 'SupplyDelivery.extension') }));
  const names = new Set(lots.map(({ lot }) => lot));
  if (names.has('') || names.size < lots.length) {
    throw new FhirError('business-rule', 'Each line of a stock movement names its lot, and each lot once', {
      expression: 'SupplyDelivery.extension',
    });
  }
  const expression = 'SupplyDelivery.suppliedItem.quantity';
  if (compare(total(lots.map((lot) => lot.quantity)), amountOf(quantity, unit, expression)) !== 0) {
    throw new FhirError('business-rule', 'The quantities of the lines do not add up to the delivered quantity', {
      expression,
    });
  }
  return lots;
}

const MOVES: Readonly<Record<string, (lots: Lot[], line: Lot, clock: Clock) => Lot[]>> = {
  receive: put,
  issue(lots, line, clock) {
    const known = lots.find(({ lot }) => lot === line.lot);
    if (known !== undefined && isExpired(known, clock)) {
      throw new FhirError('business-rule', `Lot ${line.lot} expired on ${known.expiry}; it must not be issued`);
    }
    return take(lots, line);
  },
  discard: take,
};

function moved(lots: Lot[], lines: readonly Lot[], direction: string, clock: Clock): Lot[] {
  const move = MOVES[direction];
  if (move !== undefined) return lines.reduce((rest, line) => move(rest, line, clock), lots);
  throw new FhirError('business-rule', `The direction of a stock movement is one of ${Object.keys(MOVES).join(', ')}`, {
    expression: 'SupplyDelivery.extension',
  });
}
