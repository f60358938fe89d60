// $stats: statistics over a subject's measurements. https://hl7.org/fhir/R4/observation-operation-stats.html
// Reads the observations of the codes in pages of 1,000, and the members of panels by their ids.
import type { Coding, Observation, ObservationComponent, Period } from 'fhir/r4.js';
import type { ObservationStatsInput, ObservationStatsOutput } from '../../../generated/operation-io.ts';
import { dateInterval } from '../../model/dates.ts';
import { FhirError } from '../../model/errors.ts';
import { localName, nameOf } from '../../model/references.ts';
import { planCriteria, tokenValue } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import { didYouMean } from '../../validation/hints.ts';
import { defineOperation, type OperationContext } from '../operation.ts';
import { type Measured, type Statistic, statisticOf, statistics } from './statistics.ts';
import { contentOf, need } from './stored.ts';
import { convertUnit } from './ucum.ts';

const SYSTEM = 'http://terminology.hl7.org/CodeSystem/observation-statistics';
const UCUM = 'http://unitsofmeasure.org';
const HOUR = 3_600_000;
const READ_AT_ONCE = 1000;
/** panels of panels */
const MOST_LEVELS = 5;

/** The definition's own text says max and min. */
const ALIASES = new Map([
  ['max', 'maximum'],
  ['min', 'minimum'],
]);

export default defineOperation<ObservationStatsInput, ObservationStatsOutput>({
  definition: 'Observation-stats',
  needs: ['Observation.s'],
  async run(input, context) {
    const { call, engine, store } = context;
    const subject = localName(input.subject, call.base);
    if (subject === undefined) {
      throw new FhirError(
        'value',
        `subject must be a resource of this server, as Patient/123, not '${input.subject}'`,
        {
          expression: 'subject',
        },
      );
    }
    const codes = readCodes(input);
    const asked = [...new Set(input.statistic.map(readStatistic))];
    const period = readPeriod(input, context);
    await need(store, subject.type, subject.id);
    const found = await observationsOf(context, nameOf(subject), codes, period);
    const groups = await group(context, found, codes);
    const timeZone = engine.settings.timeZone;
    const source = input.include ? sourcesOf(groups).slice(0, input.limit) : [];
    return {
      statistics: groups.map((one) => summaryOf(one, { subject: nameOf(subject), period, asked, timeZone })),
      ...(source.length > 0 && { source }),
    };
  },
});

function readCodes({ code = [], system, coding = [] }: ObservationStatsInput): Coding[] {
  const codes = [...code.map((text): Coding => ({ ...(system !== undefined && { system }), code: text })), ...coding];
  if (codes.length === 0) {
    throw new FhirError('required', 'Which observations? Give code (with system) or coding', { expression: 'code' });
  }
  for (const [index, { code: text }] of coding.entries()) {
    if (text === undefined)
      throw new FhirError('required', 'The coding has no code', { expression: `coding[${index}].code` });
  }
  return codes;
}

function readStatistic(text: string): string {
  const code = ALIASES.get(text) ?? text;
  if (statistics.has(code)) return code;
  throw new FhirError('code-invalid', `There is no statistic '${text}'${didYouMean(text, statistics.keys())}`, {
    expression: 'statistic',
  });
}

function readPeriod({ duration, period }: ObservationStatsInput, { now }: OperationContext): Period | undefined {
  if (duration !== undefined && period !== undefined) {
    throw new FhirError('invalid', 'Give either duration or period', { expression: 'duration' });
  }
  if (duration === undefined) return period;
  if (!(duration > 0)) throw new FhirError('value', 'duration must be more than 0 hours', { expression: 'duration' });
  const end = now();
  return { start: new Date(end - duration * HOUR).toISOString(), end: new Date(end).toISOString() };
}

const tokenOf = ({ system, code }: Coding): string => tokenValue(system, code!);

async function observationsOf(
  { engine, store }: OperationContext,
  subject: string,
  codes: readonly Coding[],
  period: Period | undefined,
): Promise<Observation[]> {
  const { definitions, settings, now } = engine;
  const query: [string, string][] = [
    ['subject', subject],
    ['combo-code', codes.map(tokenOf).join(',')],
    ['status:not', 'entered-in-error'],
  ];
  if (period?.start !== undefined) query.push(['date', `ge${period.start}`]);
  if (period?.end !== undefined) query.push(['date', `le${period.end}`]);
  const { where } = planCriteria({ definitions, type: 'Observation', query, settings, now: now() });
  const found: Observation[] = [];
  for await (const match of everyMatch(store, { type: 'Observation', where, atOnce: READ_AT_ONCE })) {
    found.push(contentOf(match) as never as Observation);
  }
  return found;
}

interface Group {
  coding: Coding;
  /** what was measured, and where it is from; a value only where it counts */
  measurements: { observation: Observation; quantity?: { value: number; unit: string; display: string } }[];
}

const isSame = (asked: Coding, { system, code }: Coding): boolean =>
  asked.code === code && (asked.system === undefined || asked.system === system);
const keyOf = ({ system = '', code = '' }: Coding): string => `${system}|${code}`;
const codingsOf = ({ code }: Pick<Observation, 'code'>): Coding[] => code.coding ?? [];

/** By code: the values of the code asked for, and, where it is that of a panel, those of the panel's components and members. */
async function group(
  context: OperationContext,
  found: readonly Observation[],
  codes: readonly Coding[],
): Promise<Group[]> {
  const groups = new Map<string, Group>();
  const seen = new Set<string>();
  const add = (coding: Coding, observation: Observation, part: Observation | ObservationComponent): void => {
    const key = keyOf(coding);
    const known = groups.get(key) ?? { coding, measurements: [] };
    groups.set(key, known);
    const mark = `${key} ${observation.id}`;
    if (part === observation && seen.has(mark)) return;
    seen.add(mark);
    const quantity = quantityOf(part, observation);
    known.measurements.push({ observation, ...(quantity && { quantity }) });
  };
  let panels: Observation[] = [];
  for (const observation of found) {
    const asked = codes.flatMap((one) => codingsOf(observation).find((coding) => isSame(one, coding)) ?? [])[0];
    const isPanel = isPanelOf(observation);
    if (asked !== undefined && (observation.valueQuantity !== undefined || !isPanel))
      add(asked, observation, observation);
    for (const component of observation.component ?? []) {
      const named = codes.flatMap((one) => codingsOf(component).find((coding) => isSame(one, coding)) ?? [])[0];
      const own = named ?? (asked === undefined ? undefined : codingsOf(component)[0]);
      if (own !== undefined) add(own, observation, component);
    }
    if (asked !== undefined && isPanel) panels.push(observation);
  }
  for (let level = 0; panels.length > 0 && level < MOST_LEVELS; level++) {
    const members = await membersOf(context, panels);
    panels = [];
    for (const member of members) {
      const [coding] = codingsOf(member);
      const isPanel = isPanelOf(member);
      if (coding !== undefined && (member.valueQuantity !== undefined || !isPanel)) add(coding, member, member);
      for (const component of member.component ?? []) {
        const [own] = codingsOf(component);
        if (own !== undefined) add(own, member, component);
      }
      if (isPanel) panels.push(member);
    }
  }
  // of a code that nothing was measured for, that is the answer
  if (groups.size === 0) for (const coding of codes) groups.set(keyOf(coding), { coding, measurements: [] });
  return [...groups.values()];
}

const isPanelOf = ({ component = [], hasMember = [] }: Observation): boolean =>
  component.length > 0 || hasMember.length > 0;

async function membersOf({ store, call }: OperationContext, panels: readonly Observation[]): Promise<Observation[]> {
  const names = panels
    .flatMap(({ hasMember = [] }) => hasMember.map(({ reference }) => localName(reference ?? '', call.base)))
    .filter((name) => name?.type === 'Observation');
  const distinct = [...new Map(names.map((name) => [name!.id, name!])).values()];
  const versions = await store.readMany(distinct);
  return versions
    .flatMap((version) => (version?.bytes ? [contentOf({ bytes: version.bytes }) as never as Observation] : []))
    .filter(({ status }) => status !== 'entered-in-error');
}

/** "valueQuantity elements that have UCUM unit codes"; what a modifier extension or a comparator says more is not a plain number. */
function quantityOf(
  part: Observation | ObservationComponent,
  whole: Observation,
): Group['measurements'][number]['quantity'] {
  const { value, code, system, comparator, unit } = part.valueQuantity ?? {};
  const isModified = (whole.modifierExtension ?? []).length > 0 || (part.modifierExtension ?? []).length > 0;
  if (value === undefined || code === undefined || system !== UCUM || comparator !== undefined || isModified)
    return undefined;
  return { value, unit: code, display: unit ?? code };
}

interface Facts {
  subject: string;
  period: Period | undefined;
  asked: readonly string[];
  timeZone: string;
}

function summaryOf({ coding, measurements }: Group, { subject, period, asked, timeZone }: Facts): Observation {
  const unit = commonUnit(measurements);
  const timeOf = (observation: Observation): number | undefined => {
    const text = observation.effectiveDateTime ?? observation.effectiveInstant ?? observation.effectivePeriod?.start;
    return text === undefined ? undefined : dateInterval(text, timeZone)?.lo;
  };
  const measured = measurements.flatMap(({ observation, quantity }): Measured[] => {
    if (quantity === undefined) return [];
    const value = convertUnit(quantity.value, quantity.unit, unit!.code);
    if (value === undefined) throw mixedUnits(coding, quantity.unit, unit!.code);
    return [{ value, time: timeOf(observation) }];
  });
  const times = measurements.flatMap(({ observation }) => timeOf(observation) ?? []);
  const first = period?.start === undefined ? Math.min(...times) : dateInterval(period.start, timeZone)!.lo;
  const effective =
    period ?? (times.length === 0 ? undefined : { start: iso(Math.min(...times)), end: iso(Math.max(...times)) });
  const facts = { total: measurements.length, start: first };
  return {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [coding] },
    subject: { reference: subject },
    ...(effective && { effectivePeriod: effective }),
    component: asked.flatMap((code) => {
      const results = statisticOf(code, measured, facts);
      const { display } = statistics.get(code)!;
      return results.length === 0
        ? [withoutValue(code, display)]
        : results.map((one) => componentOf(code, display, one, unit));
    }),
  };
}

const iso = (time: number): string => new Date(time).toISOString();

interface Unit {
  code: string;
  display: string;
}

/** The one that occurs most often, the newest first among equals. */
function commonUnit(measurements: Group['measurements']): Unit | undefined {
  const counts = new Map<string, { count: number; unit: Unit }>();
  for (const { quantity } of measurements) {
    if (quantity === undefined) continue;
    const known = counts.get(quantity.unit) ?? { count: 0, unit: { code: quantity.unit, display: quantity.display } };
    counts.set(quantity.unit, { ...known, count: known.count + 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0]?.unit;
}

const mixedUnits = (coding: Coding, unit: string, common: string): FhirError =>
  new FhirError(
    'business-rule',
    `The values of ${keyOf(coding)} are in units that cannot be converted into each other: ${unit} and ${common}`,
    { expression: 'code' },
  );

function componentOf(
  code: string,
  display: string,
  { value, unit: kind, text }: Statistic,
  unit: Unit | undefined,
): ObservationComponent {
  const named = unit === undefined ? undefined : unitOf(kind, unit);
  return {
    code: { coding: [{ system: SYSTEM, code, display }], ...(text !== undefined && { text }) },
    valueQuantity: {
      value,
      ...(named === undefined
        ? { unit: '1', system: UCUM, code: '1' }
        : { unit: named.display, system: UCUM, code: named.code }),
    },
  };
}

function unitOf(kind: Statistic['unit'], unit: Unit): Unit | undefined {
  const inner = /[./]/.test(unit.code) ? `(${unit.code})` : unit.code;
  if (kind === 'per-day') return { code: `${inner}/d`, display: `${unit.display}/day` };
  if (kind === 'squared' && unit.code !== '1') {
    // an exponent cannot follow another, nor an annotation: https://ucum.org/ucum, section 2.2
    return { code: /[\d}]$/.test(inner) ? `${inner}.${inner}` : `${inner}2`, display: `${unit.display}²` };
  }
  return kind === 'none' ? undefined : unit;
}

const withoutValue = (code: string, display: string): ObservationComponent => ({
  code: { coding: [{ system: SYSTEM, code, display }] },
  dataAbsentReason: {
    coding: [
      {
        system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason',
        code: 'not-applicable',
        display: 'Not Applicable',
      },
    ],
    text: 'Too few measurements',
  },
});

/** Each once, newest first as they were found. */
function sourcesOf(groups: readonly Group[]): Observation[] {
  const all = groups.flatMap(({ measurements }) => measurements.map(({ observation }) => observation));
  return [...new Map(all.map((observation) => [observation.id, observation])).values()];
}
