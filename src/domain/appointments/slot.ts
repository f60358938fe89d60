// What a Slot says about its places. https://hl7.org/fhir/R4/slot.html
import type { Reference, Schedule, Slot } from 'fhir/r4.js';
import { FhirError } from '../../fhir/model/errors.ts';
import { DEFINITIONS, extensionOf } from '../shared/extensions.ts';
import { idOf } from '../shared/resources.ts';

/** How many appointments fit into a slot; one where the slot does not say. */
export const CAPACITY = `${DEFINITIONS}/slot-capacity`;
/** On Schedule, PractitionerRole or Practitioner: most appointments in one day. */
export const DAILY_MAXIMUM = `${DEFINITIONS}/daily-maximum`;

export const capacityOf = (slot: Slot): number => extensionOf(slot, CAPACITY)?.valuePositiveInt ?? 1;

export const isFree = ({ status }: Slot): boolean => status === 'free';

/** Counts for the doctor's time: everything but a mistake. */
export const takesTime = ({ status }: Slot): boolean => status !== 'entered-in-error';

export interface Span {
  lo: number;
  hi: number;
}

export function spanOf({ start, end }: Slot): Span {
  const span = { lo: Date.parse(start), hi: Date.parse(end) };
  if (span.hi > span.lo) return span;
  throw new FhirError('business-rule', 'The slot ends before it begins', { expression: 'Slot.end' });
}

const DAY_MS = 86_400_000;

/** The days (UTC, as numbers) that a span touches. */
export function daysOf({ lo, hi }: Span): number[] {
  const first = Math.floor(lo / DAY_MS);
  const last = Math.floor((hi - 1) / DAY_MS);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Whose day is counted: the doctor in the role, else the doctor, else the schedule itself. */
export function doctorOf(schedule: Schedule): Reference {
  const byRole = schedule.actor.find((actor) => idOf(actor, 'PractitionerRole') !== undefined);
  const byPerson = schedule.actor.find((actor) => idOf(actor, 'Practitioner') !== undefined);
  return byRole ?? byPerson ?? { reference: `Schedule/${schedule.id}` };
}
