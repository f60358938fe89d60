// FHIR quantities to exact decimal texts and back. https://hl7.org/fhir/R4/datatypes.html#Quantity
import type { Quantity } from 'fhir/r4.js';
import { FhirError } from '../../fhir/model/errors.ts';
import { DECIMALS, numberText } from '../../fhir/model/json.ts';
import { compare, isDecimal } from './decimal.ts';

export type Unit = Pick<Quantity, 'unit' | 'system' | 'code'>;

export function quantityOf(text: string, { unit, system, code }: Unit): Quantity {
  const quantity: Quantity = {
    value: Number(text),
    ...(unit !== undefined && { unit }),
    ...(system !== undefined && { system }),
    ...(code !== undefined && { code }),
  };
  return String(quantity.value) === text ? quantity : Object.assign(quantity, { [DECIMALS]: { value: text } });
}

/** The amount as text, in the item's unit. */
export function amountOf(quantity: Quantity | undefined, unit: Unit, expression: string): string {
  const refuse = (diagnostics: string): FhirError => new FhirError('business-rule', diagnostics, { expression });
  const text = quantity?.value === undefined ? '' : numberText(quantity, 'value');
  if (!isDecimal(text) || quantity!.comparator !== undefined) throw refuse('The quantity is not a plain number');
  if (compare(text, '0') <= 0) throw refuse('The quantity must be more than nothing');
  if (!isSameUnit(quantity!, unit)) {
    throw refuse(`This item is counted in '${unit.unit ?? unit.code}', not in '${quantity!.unit ?? quantity!.code}'`);
  }
  return text;
}

/** A quantity that names no unit is in the item's unit. */
export function isSameUnit(quantity: Unit, unit: Unit): boolean {
  if (quantity.code !== undefined && unit.code !== undefined) {
    return quantity.code === unit.code && (quantity.system ?? unit.system) === unit.system;
  }
  const named = quantity.unit ?? quantity.code;
  return named === undefined || named === unit.unit || named === unit.code;
}
