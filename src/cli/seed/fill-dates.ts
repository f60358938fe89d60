// The demo hospital lives today: `{{today-2}}` and `{{year+1}}` in its files become dates of the day on which it is loaded.
import { DateTime } from 'luxon';

export function fillDates(text: string, now: number, timeZone: string): string {
  const today = DateTime.fromMillis(now, { zone: timeZone });
  return text.replace(/\{\{(today|year)([+-]\d+)?\}\}/g, (_, what: string, shift: string | undefined) => {
    const by = Number(shift ?? 0);
    return what === 'today' ? (today.plus({ days: by }).toISODate() ?? '') : String(today.year + by);
  });
}
