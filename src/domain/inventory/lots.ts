// The lots of one stock item and what movements do to them. Pure; amounts are exact decimal texts.
import { dateInterval } from '../../fhir/model/dates.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { add, compare, least, subtract, total } from './decimal.ts';

export interface Lot {
  lot: string;
  /** the last day (or month) on which it may be used; null: it keeps */
  expiry: string | null;
  quantity: string;
}

/** When it is and where: an expiry date ends with the hospital's own day. */
export interface Clock {
  now: number;
  timeZone: string;
}

const lastMoment = ({ expiry }: Lot, { timeZone }: Clock): number =>
  expiry === null ? Number.POSITIVE_INFINITY : (dateInterval(expiry, timeZone)?.hi ?? Number.POSITIVE_INFINITY);

export const isExpired = (lot: Lot, clock: Clock): boolean => lastMoment(lot, clock) < clock.now;

export const usable = (lots: readonly Lot[], clock: Clock): string =>
  total(lots.filter((lot) => !isExpired(lot, clock)).map(({ quantity }) => quantity));

export const expired = (lots: readonly Lot[], clock: Clock): string =>
  total(lots.filter((lot) => isExpired(lot, clock)).map(({ quantity }) => quantity));

/** Which lots an issue takes: first expiring first, expired ones never; undefined where there is not enough. */
export function pick(lots: readonly Lot[], amount: string, clock: Clock): Lot[] | undefined {
  const inOrder = lots
    .filter((lot) => !isExpired(lot, clock))
    .sort((a, b) => lastMoment(a, clock) - lastMoment(b, clock) || (a.lot < b.lot ? -1 : 1));
  const picked: Lot[] = [];
  let missing = amount;
  for (const lot of inOrder) {
    if (compare(missing, '0') === 0) break;
    const quantity = least(lot.quantity, missing);
    picked.push({ ...lot, quantity });
    missing = subtract(missing, quantity);
  }
  return compare(missing, '0') === 0 ? picked : undefined;
}

export function put(lots: readonly Lot[], line: Lot, clock: Clock): Lot[] {
  if (isExpired(line, clock))
    throw new FhirError('business-rule', `Lot ${line.lot} expired on ${line.expiry}; it cannot be received`);
  const known = lots.find(({ lot }) => lot === line.lot);
  if (known === undefined) return [...lots, line];
  if (known.expiry !== line.expiry) {
    const expiry = known.expiry === null ? 'without an expiry date' : `expiring on ${known.expiry}`;
    throw new FhirError('conflict', `Lot ${line.lot} is already in stock ${expiry}. Check the label.`);
  }
  return lots.map((lot) => (lot === known ? { ...lot, quantity: add(lot.quantity, line.quantity) } : lot));
}

/** A lot that is used up leaves the list; the ledger remembers it. */
export function take(lots: readonly Lot[], { lot: name, quantity }: Pick<Lot, 'lot' | 'quantity'>): Lot[] {
  const known = lots.find(({ lot }) => lot === name);
  if (known === undefined) throw new FhirError('conflict', `Lot ${name} is not in stock`);
  const rest = subtract(known.quantity, quantity);
  if (compare(rest, '0') < 0)
    throw new FhirError('conflict', `Only ${known.quantity} of lot ${name} are left; ${quantity} were asked for`);
  return compare(rest, '0') === 0
    ? lots.filter((lot) => lot !== known)
    : lots.map((lot) => (lot === known ? { ...lot, quantity: rest } : lot));
}

export const isSameStock = (a: readonly Lot[], b: readonly Lot[]): boolean =>
  a.length === b.length &&
  a.every((lot) =>
    b.some(
      (other) => other.lot === lot.lot && other.expiry === lot.expiry && compare(other.quantity, lot.quantity) === 0,
    ),
  );
