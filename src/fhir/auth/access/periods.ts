// While what says things, and when that begins or ends: what was decided by it is decided anew in that moment.
import type { Period } from 'fhir/r4.js';
import { dateInterval } from '../../model/dates.ts';
import type { CriteriaContext } from './criteria.ts';

type Zone = CriteriaContext['settings'];

export function isNow(period: Period | undefined, { now, settings }: CriteriaContext): boolean {
  const [from, to] = bordersOf(period, settings);
  return (from === undefined || from <= now) && (to === undefined || now < to);
}

/** The first moment of it, and the first after it. */
function bordersOf(
  { start, end }: Period = {},
  { timeZone }: Zone,
): [from: number | undefined, to: number | undefined] {
  const [from, to] = [start, end].map((text) => (text === undefined ? undefined : dateInterval(text, timeZone)));
  return [from?.lo, to && to.hi + 1];
}

/** Of every `period` in it, however deep. */
export function bordersIn(content: unknown, zone: Zone): number[] {
  if (typeof content !== 'object' || content === null) return [];
  return Object.entries(content).flatMap(([name, value]) =>
    name === 'period' ? bordersOf(value as Period, zone).flatMap((border) => border ?? []) : bordersIn(value, zone),
  );
}

export interface Borders {
  /** another one whenever time has passed one of them, or others are expected */
  readonly revision: number;
  expect(borders: Iterable<number>): void;
}

export function createBorders(now: () => number): Borders {
  let coming: readonly number[] = [];
  let next = 0;
  let revision = 0;
  return {
    get revision() {
      for (const time = now(); next < coming.length && coming[next]! <= time; next++) revision++;
      return revision;
    },
    expect(borders) {
      const time = now();
      coming = [...new Set(borders)].filter((border) => border > time).sort((a, b) => a - b);
      next = 0;
      // one that was passed before it was expected is not among them
      revision++;
    },
  };
}
