// Makes the free slots of a schedule from its hours. Running it again makes only what is missing.
import type { Schedule, Slot } from 'fhir/r4.js';
import { defineOperation } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { ScheduleGenerateSlotsInput, ScheduleGenerateSlotsOutput } from '../../generated/operation-io.ts';
import { creation, need } from '../shared/resources.ts';
import { localDate, localText, spansOf } from './hours.ts';
import { type SlotTime, slotsOfDay } from './places.ts';
import { CAPACITY, daysOf, type Span } from './slot.ts';

/** What one transaction holds comfortably: a year of twenty-minute slots is about 6,000. */
const MOST_SLOTS = 10_000;

export default defineOperation<ScheduleGenerateSlotsInput, ScheduleGenerateSlotsOutput>({
  definition: 'Schedule-generate-slots',
  needs: ['Schedule.r', 'Slot.c'],
  async run({ daysOfWeek = [], capacity = 1, ...hours }, { target, store, now, engine }) {
    const { timeZone } = engine.settings;
    const schedule = await need<Schedule>(store, 'Schedule', target.id!);
    if (schedule.active === false) {
      throw new FhirError('business-rule', 'This schedule is not active, so it gets no slots');
    }
    check(hours, localDate(now(), timeZone));
    const spans = spansOf({ ...hours, daysOfWeek }, timeZone).filter(({ lo }) => lo > now());
    if (spans.length > MOST_SLOTS) {
      throw new FhirError(
        'business-rule',
        `These hours give ${spans.length} slots; ask for at most ${MOST_SLOTS} at once`,
        {
          expression: 'to',
        },
      );
    }

    return store.transaction(
      async (tx) => {
        const reference = `Schedule/${schedule.id}`;
        const taken = new Map<number, SlotTime[]>();
        for (const day of new Set(spans.flatMap(daysOf))) taken.set(day, await slotsOfDay(tx, reference, day));
        const others = (span: Span): SlotTime[] => daysOf(span).flatMap((day) => taken.get(day) ?? []);

        const missing = spans.filter((span) => !others(span).some(({ lo, hi }) => lo < span.hi && hi > span.lo));
        const existing = spans.filter((span) => others(span).some(({ lo, hi }) => lo === span.lo && hi === span.hi));
        const slots = missing.map(({ lo, hi }) =>
          slotOf(schedule, localText(lo, timeZone), localText(hi, timeZone), capacity),
        );
        const written = slots.length === 0 ? [] : await tx.write(slots.map(creation));
        return {
          created: written.length,
          existing: existing.length,
          skipped: spans.length - missing.length - existing.length,
          slot: written.map(({ id }) => ({ reference: `Slot/${id}` })),
        };
      },
      { locks: [`Schedule/${schedule.id}`] },
    );
  },
});

function check(
  { from, to, minutes }: Pick<ScheduleGenerateSlotsInput, 'from' | 'to' | 'minutes'>,
  today: string,
): void {
  for (const [expression, date] of Object.entries({ from, to })) {
    if (date.length !== 10)
      throw new FhirError('value', `${expression} must be a whole day, as 2026-03-08`, { expression });
  }
  if (to < from) throw new FhirError('business-rule', '`to` lies before `from`', { expression: 'to' });
  if (to < today) {
    throw new FhirError('business-rule', 'Slots are made for the future only, and these days are over', {
      expression: 'to',
    });
  }
  if (minutes > 24 * 60) throw new FhirError('business-rule', 'A slot lasts a day at most', { expression: 'minutes' });
}

function slotOf(schedule: Schedule, start: string, end: string, capacity: number): Slot {
  const { serviceCategory, serviceType, specialty } = schedule;
  return {
    resourceType: 'Slot',
    ...(capacity === 1 ? {} : { extension: [{ url: CAPACITY, valuePositiveInt: capacity }] }),
    ...(serviceCategory && { serviceCategory }),
    ...(serviceType && { serviceType }),
    ...(specialty && { specialty }),
    schedule: { reference: `Schedule/${schedule.id}` },
    status: 'free',
    start,
    end,
  };
}
