// https://hl7.org/fhir/R4/search.html#date
import type { SearchCases } from './cases.ts';

const encounter = (id: string, start?: string, end?: string) => ({
  resourceType: 'Encounter',
  id,
  status: 'finished',
  class: { code: 'AMB' },
  ...((start ?? end) && { period: { ...(start && { start }), ...(end && { end }) } }),
});
const observation = (id: string, effectiveDateTime: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'x' },
  effectiveDateTime,
});
const patient = (id: string, birthDate?: string) => ({ resourceType: 'Patient', id, ...(birthDate && { birthDate }) });

export const dateCases: readonly SearchCases[] = [
  {
    title: 'moments',
    type: 'Observation',
    resources: [
      observation('noon', '2024-05-01T12:00:00Z'),
      observation('day', '2024-05-01'),
      observation('next-day', '2024-05-02T00:00:00Z'),
      observation('month', '2024-05'),
      observation('year', '2024'),
      observation('india', '2024-05-02T02:00:00+05:30'),
    ],
    rows: [
      ['date=2024-05-01', ['noon', 'day', 'india']],
      ['date=eq2024-05-01', ['noon', 'day', 'india']],
      ['date=2024-05', ['noon', 'day', 'next-day', 'month', 'india']],
      ['date=2024', ['noon', 'day', 'next-day', 'month', 'year', 'india']],
      ['date=ne2024-05-01', ['next-day', 'month', 'year']],
      ['date=gt2024-05-01', ['next-day', 'month', 'year']],
      ['date=lt2024-05-01', ['year']],
      ['date=ge2024-05-02', ['next-day', 'month', 'year']],
      ['date=le2024-05-01', ['noon', 'day', 'month', 'year', 'india']],
      ['date=sa2024-05-01', ['next-day']],
      ['date=sa2024-04', ['noon', 'day', 'next-day', 'month', 'india']],
      ['date=eb2024-05-02', ['noon', 'day', 'india']],
      ['date=2024-05-01T12:00:00Z', ['noon']],
      ['date=2024-05-01T12:00Z', ['noon']],
      ['date=2024-05-01T20:30:00Z', ['india']],
      ['date=2024-05-01T14:00:00%2B02:00', ['noon']],
      ['date=2024-05-01T14:00:00+02:00', ['noon']],
      ['date=2024-05-01,2024-05-02', ['noon', 'day', 'next-day', 'india']],
      ['date=ge2024-05-01T12:00:00Z&date=lt2024-05-02', ['noon', 'day', 'month', 'year', 'india']],
      ['date=soon', 'refused'],
      ['date=2024-02-30', 'refused'],
      ['date=xx2024', 'refused'],
      ['date:exact=2024', 'refused'],
    ],
  },
  {
    title: 'dates without a zone are in the time zone of the hospital',
    type: 'Observation',
    timeZone: 'Asia/Kolkata',
    resources: [
      observation('day', '2024-05-01'),
      observation('before', '2024-04-30T18:29:59Z'),
      observation('in', '2024-04-30T18:30:00Z'),
    ],
    rows: [
      ['date=2024-05-01', ['day', 'in']],
      ['date=2024-04-30', ['before']],
      ['date=2024-05-01T00:00', ['in']],
      ['date=lt2024-05-01', ['before']],
    ],
  },
  {
    title: 'the day on which clocks go forward has 23 hours',
    type: 'Observation',
    timeZone: 'America/New_York',
    resources: [observation('last', '2024-03-11T03:59:59Z'), observation('next', '2024-03-11T04:00:00Z')],
    rows: [
      ['date=2024-03-10', ['last']],
      ['date=2024-03-11', ['next']],
    ],
  },
  {
    title: 'periods, open at either end or at none',
    type: 'Encounter',
    resources: [
      encounter('may', '2024-05-01', '2024-05-31'),
      encounter('since-may', '2024-05-01'),
      encounter('until-may', undefined, '2024-05-31'),
      encounter('june', '2024-06-01', '2024-06-30'),
      encounter('never'),
    ],
    rows: [
      ['date=2024-05', ['may']],
      ['date=gt2024-05', ['since-may', 'june']],
      ['date=lt2024-05', ['until-may']],
      ['date=ge2024-05-15', ['may', 'since-may', 'until-may', 'june']],
      ['date=le2024-05-15', ['may', 'since-may', 'until-may']],
      ['date=sa2024-05', ['june']],
      ['date=eb2024-06', ['may', 'until-may']],
      ['date=ne2024-05', ['since-may', 'until-may', 'june']],
      ['date:missing=true', ['never']],
      ['date:missing=false', ['may', 'since-may', 'until-may', 'june']],
      ['date=ge2024-05-01&date=le2024-05-31', ['may', 'since-may', 'until-may']],
    ],
  },
  {
    title: 'schedules, of which only the outer limits count',
    type: 'ServiceRequest',
    resources: [
      {
        resourceType: 'ServiceRequest',
        id: 'events',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
        occurrenceTiming: { event: ['2013-01-31', '2013-03-24'] },
      },
      {
        resourceType: 'ServiceRequest',
        id: 'bounds',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
        occurrenceTiming: { repeat: { boundsPeriod: { start: '2014-01-01' } } },
      },
    ],
    rows: [
      ['occurrence=le2013-02-01&occurrence=ge2013-02-01', ['events']],
      ['occurrence=ge2015', ['bounds']],
      ['occurrence=2013', ['events']],
    ],
  },
  {
    title: 'dates of birth',
    type: 'Patient',
    resources: [patient('full', '1974-12-25'), patient('year', '1974'), patient('none')],
    rows: [
      ['birthdate=1974-12-25', ['full']],
      ['birthdate=1974', ['full', 'year']],
      ['birthdate=lt1975', ['full', 'year']],
      ['birthdate:missing=true', ['none']],
      ['birthdate:missing=maybe', 'refused'],
    ],
  },
];
