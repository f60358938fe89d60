// What a section says to a reader: a table of its entries. https://hl7.org/fhir/R4/narrative.html
import type { CodeableConcept, Period, Quantity, Reference } from 'fhir/r4.js';
import { numberText } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';

export interface Narrative {
  status: 'generated';
  div: string;
}

export function narrativeOf(
  title: string,
  entries: readonly Resource[],
  namesOf: ReadonlyMap<string, string>,
): Narrative {
  const rows = entries.map(
    (entry) =>
      `<tr>${[nameOf(entry, namesOf), shownValue(entry), dateOf(entry), statusOf(entry)].map((text) => `<td>${asXml(text)}</td>`).join('')}</tr>`,
  );
  return {
    status: 'generated',
    div: `<div xmlns="http://www.w3.org/1999/xhtml"><h5>${asXml(title)}</h5><table><thead><tr><th>What</th><th>Value</th><th>When</th><th>Status</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`,
  };
}

/** What a section without entries says. */
export const narrativeOfNothing = (title: string, sentence: string): Narrative => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml"><h5>${asXml(title)}</h5><p>${asXml(sentence)}</p></div>`,
});

const asXml = (text: string): string =>
  // what XML cannot hold is left out
  text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

export const textOf = ({ text, coding = [] }: CodeableConcept = {}): string =>
  text ?? coding.find(({ display }) => display !== undefined)?.display ?? coding[0]?.code ?? '';

function nameOf(entry: Resource, namesOf: ReadonlyMap<string, string>): string {
  const { code, vaccineCode, medicationCodeableConcept, medicationReference, device, title, category } =
    entry as never as Record<string, never>;
  const concept = [code, vaccineCode, medicationCodeableConcept].find((one) => one !== undefined);
  if (concept !== undefined) return textOf(concept);
  const reference = (medicationReference ?? device) as Reference | undefined;
  if (reference !== undefined)
    return reference.display ?? namesOf.get(reference.reference ?? '') ?? reference.reference ?? '';
  if (typeof title === 'string') return title;
  return textOf((category as CodeableConcept[] | undefined)?.[0]);
}

function shownValue(entry: Resource): string {
  const {
    component = [],
    dosage,
    dosageInstruction,
    ...own
  } = entry as Resource & {
    component?: Resource[];
    dosage?: { text?: string }[];
    dosageInstruction?: { text?: string }[];
  };
  const value = plainValue(own);
  if (value !== '') return value;
  const parts = component.map(
    (part) => `${textOf((part as never as Record<string, never>).code)}: ${plainValue(part)}`,
  );
  return [...parts, ...[...(dosage ?? []), ...(dosageInstruction ?? [])].flatMap(({ text }) => text ?? [])].join('; ');
}

function plainValue(part: Record<string, unknown>): string {
  const quantity = part.valueQuantity as Quantity | undefined;
  if (quantity?.value !== undefined)
    return `${quantity.comparator ?? ''}${numberText(quantity, 'value')} ${quantity.unit ?? quantity.code ?? ''}`.trim();
  if (part.valueCodeableConcept !== undefined) return textOf(part.valueCodeableConcept as CodeableConcept);
  const simple = ['valueString', 'valueInteger', 'valueBoolean', 'valueDateTime', 'valueTime'].find(
    (name) => part[name] !== undefined,
  );
  return simple === undefined ? '' : String(part[simple]);
}

const DATES = ['effective', 'onset', 'occurrence', 'performed', 'timing'];
const PLAIN_DATES = ['recordedDate', 'authoredOn', 'dateAsserted', 'date', 'created', 'issued'];

function dateOf(entry: Resource): string {
  for (const name of DATES) {
    const time = entry[`${name}DateTime`];
    if (typeof time === 'string') return time;
    const period = entry[`${name}Period`] as Period | undefined;
    if (period !== undefined) return `${period.start ?? ''} – ${period.end ?? ''}`;
  }
  const plain = PLAIN_DATES.find((name) => typeof entry[name] === 'string');
  if (plain !== undefined) return String(entry[plain]);
  const period = entry.period as Period | undefined;
  return period === undefined ? '' : `${period.start ?? ''} – ${period.end ?? ''}`;
}

function statusOf({ status, clinicalStatus }: Resource): string {
  if (clinicalStatus !== undefined) return textOf(clinicalStatus as CodeableConcept);
  return typeof status === 'string' ? status : '';
}
