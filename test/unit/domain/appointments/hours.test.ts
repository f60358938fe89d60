import assert from 'node:assert/strict';
import { type Hours, localText, spansOf } from '../../../../src/domain/appointments/hours.ts';

const NEW_YORK = 'America/New_York';
const hours = (more: Partial<Hours>): Hours => ({
  from: '2026-03-02',
  to: '2026-03-02',
  startTime: '09:00:00',
  endTime: '10:00:00',
  minutes: 20,
  daysOfWeek: [],
  ...more,
});
const starts = (given: Hours, timeZone: string): string[] =>
  spansOf(given, timeZone).map(({ lo }) => localText(lo, timeZone));

describe('hours of a schedule', () => {
  it('are cut into slots that end by the end of the day’s work', () => {
    assert.deepEqual(starts(hours({ minutes: 25 }), NEW_YORK), [
      '2026-03-02T09:00:00-05:00',
      '2026-03-02T09:25:00-05:00',
    ]);
  });

  it('hold on the chosen days of the week only', () => {
    const week = hours({ to: '2026-03-08', daysOfWeek: ['mon', 'wed'], minutes: 60 });
    assert.deepEqual(starts(week, NEW_YORK), ['2026-03-02T09:00:00-05:00', '2026-03-04T09:00:00-05:00']);
  });

  it('keep the time on the wall when the clock changes', () => {
    const weekend = hours({ from: '2026-03-07', to: '2026-03-09', minutes: 60 });
    assert.deepEqual(starts(weekend, NEW_YORK), [
      '2026-03-07T09:00:00-05:00',
      '2026-03-08T09:00:00-04:00',
      '2026-03-09T09:00:00-04:00',
    ]);
  });

  it('have no slot at a time that the clock jumps over', () => {
    const night = hours({
      from: '2026-03-08',
      to: '2026-03-08',
      startTime: '01:00:00',
      endTime: '04:00:00',
      minutes: 30,
    });
    assert.deepEqual(starts(night, NEW_YORK), [
      '2026-03-08T01:00:00-05:00',
      '2026-03-08T01:30:00-05:00',
      '2026-03-08T03:00:00-04:00',
      '2026-03-08T03:30:00-04:00',
    ]);
  });

  it('have one slot at a time that comes twice, at its first occurrence', () => {
    const night = hours({
      from: '2026-11-01',
      to: '2026-11-01',
      startTime: '00:30:00',
      endTime: '02:30:00',
      minutes: 30,
    });
    assert.deepEqual(starts(night, NEW_YORK), [
      '2026-11-01T00:30:00-04:00',
      '2026-11-01T01:00:00-04:00',
      '2026-11-01T01:30:00-04:00',
      '2026-11-01T02:00:00-05:00',
    ]);
  });

  it('never overlap around a jump of the clock', () => {
    const night = hours({
      from: '2026-03-08',
      to: '2026-03-08',
      startTime: '00:50:00',
      endTime: '06:00:00',
      minutes: 50,
    });
    const spans = spansOf(night, NEW_YORK);
    for (const [index, { lo }] of spans.entries()) assert.ok(index === 0 || spans[index - 1]!.hi <= lo);
    assert.ok(spans.length > 3);
  });

  it('may go past midnight', () => {
    const night = hours({ startTime: '22:00:00', endTime: '02:00:00', minutes: 120 });
    assert.deepEqual(starts(night, NEW_YORK), ['2026-03-02T22:00:00-05:00', '2026-03-03T00:00:00-05:00']);
  });

  it('follow a zone whose offset is no whole hour', () => {
    assert.deepEqual(starts(hours({ minutes: 60 }), 'Asia/Kolkata'), ['2026-03-02T09:00:00+05:30']);
  });
});
