// One line of the ledger: a completed SupplyDelivery that says which lots came, left or were thrown away.
// https://hl7.org/fhir/R4/supplydelivery.html
import type { Extension, Quantity, Reference, SupplyDelivery } from 'fhir/r4.js';
import { DEFINITIONS, extensionOf } from '../shared/extensions.ts';
import { idOf } from '../shared/resources.ts';
import { total } from './decimal.ts';
import type { Lot } from './lots.ts';
import { quantityOf, type Unit } from './quantity.ts';

const MOVEMENT = `${DEFINITIONS}/stock-movement`;

export type Direction = 'receive' | 'issue' | 'discard';

export interface Line {
  lot: string;
  expiry: string | null;
  quantity: Quantity | undefined;
}

export interface Movement {
  item: string | undefined;
  direction: string;
  lines: Line[];
  quantity: Quantity | undefined;
}

/** undefined for a delivery that is no movement of stock, or is not completed yet. */
export function movementOf(delivery: SupplyDelivery | undefined): Movement | undefined {
  const extension = extensionOf(delivery, MOVEMENT);
  if (delivery === undefined || extension === undefined || delivery.status !== 'completed') return undefined;
  const parts = extension.extension ?? [];
  return {
    item: idOf(delivery.suppliedItem?.itemReference, 'Substance'),
    direction: parts.find(({ url }) => url === 'direction')?.valueCode ?? '',
    quantity: delivery.suppliedItem?.quantity,
    lines: parts
      .filter(({ url }) => url === 'line')
      .map((line) => ({
        lot: extensionOf(line, 'lot')?.valueString ?? '',
        expiry: extensionOf(line, 'expiry')?.valueDate ?? null,
        quantity: extensionOf(line, 'quantity')?.valueQuantity,
      })),
  };
}

interface Facts {
  item: { id: string; name: string };
  direction: Direction;
  lots: readonly Lot[];
  unit: Unit;
  at: number;
  supplier?: Reference | undefined;
  destination?: Reference | undefined;
  patient?: Reference | undefined;
}

export function deliveryOf({ item, direction, lots, unit, at, supplier, destination, patient }: Facts): SupplyDelivery {
  const lines = lots.map(
    ({ lot, expiry, quantity }): Extension => ({
      url: 'line',
      extension: [
        { url: 'lot', valueString: lot },
        ...(expiry === null ? [] : [{ url: 'expiry', valueDate: expiry }]),
        { url: 'quantity', valueQuantity: quantityOf(quantity, unit) },
      ],
    }),
  );
  return {
    resourceType: 'SupplyDelivery',
    extension: [{ url: MOVEMENT, extension: [{ url: 'direction', valueCode: direction }, ...lines] }],
    status: 'completed',
    ...(patient && { patient }),
    suppliedItem: {
      quantity: quantityOf(total(lots.map(({ quantity }) => quantity)), unit),
      itemReference: { reference: `Substance/${item.id}`, display: item.name },
    },
    occurrenceDateTime: new Date(at).toISOString(),
    ...(supplier && { supplier }),
    ...(destination && { destination }),
  };
}
