// Wall-clock time of an IANA zone → UTC. Intl knows the zones but is slow, so each zone's changes are looked up once per year of use.

const DAY = 86_400_000;
/** No zone changes its offset and back within so few days. */
const STEP = 7 * DAY;

interface Zone {
  /** the offset that `format` tells for an instant, in ms */
  offsetAt(utc: number): number;
  /** UTC year → the changes within it, in order; the first entry holds from the year's beginning */
  years: Map<number, { from: number; offset: number }[]>;
}

const zones = new Map<string, Zone>();

function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    zone = { years: new Map(), offsetAt: (utc) => wallClock(format, utc) - utc };
    zones.set(name, zone);
  }
  return zone;
}

/** The zone's wall clock at an instant, told as if it were UTC. */
function wallClock(format: Intl.DateTimeFormat, utc: number): number {
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(utc)) part[type] = value;
  const year = part.era === 'BC' ? 1 - Number(part.year) : Number(part.year);
  const wall = new Date(0);
  wall.setUTCFullYear(year, Number(part.month) - 1, Number(part.day));
  wall.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second), ((utc % 1000) + 1000) % 1000);
  return wall.getTime();
}

function changesOf(zone: Zone, year: number): { from: number; offset: number }[] {
  let changes = zone.years.get(year);
  if (changes === undefined) {
    const start = new Date(0).setUTCFullYear(year, 0, 1);
    const end = new Date(0).setUTCFullYear(year + 1, 0, 1);
    changes = [{ from: start, offset: zone.offsetAt(start) }];
    for (let at = start; at < end; at += STEP) {
      const next = Math.min(at + STEP, end - 1);
      const before = changes.at(-1)!.offset;
      const after = zone.offsetAt(next);
      if (after !== before) changes.push({ from: changeBetween(zone, at, next, before), offset: after });
    }
    zone.years.set(year, changes);
  }
  return changes;
}

/** The first instant in (from, to] whose offset is no longer `before`. */
function changeBetween(zone: Zone, from: number, to: number, before: number): number {
  let lo = from;
  let hi = to;
  while (hi - lo > 1) {
    const middle = Math.floor((lo + hi) / 2);
    if (zone.offsetAt(middle) === before) lo = middle;
    else hi = middle;
  }
  return hi;
}

/** How far the zone's wall clock is ahead of UTC at an instant, in ms. */
export function utcOffset(utc: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const changes = changesOf(zoneOf(timeZone), new Date(utc).getUTCFullYear());
  for (let i = changes.length - 1; i > 0; i--) if (utc >= changes[i]!.from) return changes[i]!.offset;
  return changes[0]!.offset;
}

/**
 * The instant at which the zone's wall clock shows `local` (a time told as if it were UTC): the first one where it shows it twice;
 * where it skips it in spring, as long after the change as the time lies after the gap's beginning.
 */
export function localToUtc(local: number, timeZone: string): number {
  if (timeZone === 'UTC') return local;
  const before = utcOffset(local - DAY, timeZone);
  const after = utcOffset(local + DAY, timeZone);
  if (before === after || utcOffset(local - before, timeZone) === before) return local - before;
  return utcOffset(local - after, timeZone) === after ? local - after : local - before;
}
