// A stock item is a Substance of our profile: its lots are Substance.instance, its unit is that of the reorder level.
// Why Substance: docs/inventory.md.
import type { Substance, SubstanceInstance } from 'fhir/r4.js';
import { FhirError } from '../../fhir/model/errors.ts';
import { numberText } from '../../fhir/model/json.ts';
import { DEFINITIONS, extensionOf, withExtension } from '../shared/extensions.ts';
import { compare, isDecimal } from './decimal.ts';
import { type Clock, type Lot, usable } from './lots.ts';
import { quantityOf, type Unit } from './quantity.ts';

export const STOCK_ITEM = `${DEFINITIONS}/stock-item`;
export const SKU = 'https://wardgate.dev/fhir/sid/sku';
const REORDER_LEVEL = `${DEFINITIONS}/stock-reorder-level`;
const BELOW_REORDER = `${DEFINITIONS}/stock-below-reorder`;

export type StockItem = Substance & { meta: NonNullable<Substance['meta']> };

export const isStockItem = (substance: Substance | undefined): substance is StockItem =>
  substance?.meta?.profile?.some((profile) => profile.split('|')[0] === STOCK_ITEM) ?? false;

export const nameOf = ({ code, id }: Substance): string => code.text ?? code.coding?.[0]?.display ?? `Substance/${id}`;

export interface ReorderLevel {
  amount: string;
  unit: Unit;
}

export function reorderLevelOf(item: Substance): ReorderLevel {
  const quantity = extensionOf(item, REORDER_LEVEL)?.valueQuantity;
  const amount = quantity?.value === undefined ? '' : numberText(quantity, 'value');
  if (isDecimal(amount)) return { amount, unit: quantity! };
  throw new FhirError(
    'business-rule',
    `A stock item needs its reorder level and unit, in the extension ${REORDER_LEVEL}`,
    {
      expression: 'Substance.extension',
    },
  );
}

export const lotsOf = ({ instance = [] }: Substance): Lot[] =>
  instance.map(({ identifier, expiry, quantity }) => ({
    lot: identifier?.value ?? '',
    expiry: expiry ?? null,
    quantity: quantity?.value === undefined ? '0' : numberText(quantity, 'value'),
  }));

/** At or below the reorder level, by what may still be used. */
export const isLow = (item: Substance, clock: Clock): boolean =>
  compare(usable(lotsOf(item), clock), reorderLevelOf(item).amount) <= 0;

export const saysLow = (item: Substance): boolean | undefined => extensionOf(item, BELOW_REORDER)?.valueBoolean;

/** What the server itself writes into the item: its lots, and whether it is low. */
export function withLots(item: Substance, lots: readonly Lot[], clock: Clock): Substance {
  const { unit } = reorderLevelOf(item);
  const { instance: _, ...rest } = item;
  const instance = lots.map(
    ({ lot, expiry, quantity }): SubstanceInstance => ({
      identifier: { value: lot },
      ...(expiry !== null && { expiry }),
      quantity: quantityOf(quantity, unit),
    }),
  );
  return withFlag(lots.length === 0 ? rest : { ...rest, instance }, clock);
}

export const withFlag = (item: Substance, clock: Clock): Substance => ({
  ...item,
  extension: withExtension(item, { url: BELOW_REORDER, valueBoolean: isLow(item, clock) }),
});
