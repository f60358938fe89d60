// Takes out of free text what names a person, before it leaves the hospital. What looks like an identifier goes, even where it may be
// none: a model does not need it. Measured values (38.5, 140/90) stay.
import type { Patient } from 'fhir/r4.js';

const WORD = "\\p{Lu}[\\p{L}'’-]+";

type Pattern = readonly [RegExp, string];

/** Taken out first: a name may be a part of them. */
const WHOLE: readonly Pattern[] = [
  [/\bhttps?:\/\/\S+/gi, '[link]'],
  [/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, '[e-mail]'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '[id]'],
];

const REST: readonly Pattern[] = [
  [/\b(Patient|Encounter|Practitioner|RelatedPerson|Person|Appointment)\/[A-Za-z0-9\-.]{1,64}/g, '[reference]'],
  [/\b\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?\b/g, '[date]'],
  [/\b\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})\b/g, '[date]'],
  [/\b\d{1,2}(st|nd|rd|th)?( of)? (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,? \d{4}\b/gi, '[date]'],
  [/\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(st|nd|rd|th)?,? \d{4}\b/gi, '[date]'],
  [/(?<![\w.])\+?\(?\d[\d\s().-]{6,}\d(?![\w])/g, '[number]'],
  [/\b[A-Z]{0,4}-?\d{5,}\b/g, '[number]'],
  [new RegExp(`\\b(Mr|Mrs|Ms|Miss|Dr|Prof|Sir)\\.? ${WORD}( ${WORD})?`, 'gu'), '[name]'],
  [new RegExp(`(?<=\\b([Mm]y|[Hh]is|[Hh]er|[Tt]he patient's) name is )${WORD}( ${WORD}){0,2}`, 'gu'), '[name]'],
  [
    new RegExp(
      `\\b\\d{1,5} ${WORD}( ${WORD})? (Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|Blvd|Court|Way|Square)\\b\\.?`,
      'gu',
    ),
    '[address]',
  ],
];

export function withoutIdentifiers(text: string, patient?: Patient): string {
  const known = patient === undefined ? [] : knownOf(patient);
  const values = known.map(
    ([value, mark]): Pattern => [new RegExp(`(?<![\\p{L}\\d])${literal(value)}(?![\\p{L}\\d])`, 'giu'), mark],
  );
  return [...WHOLE, ...values, ...REST].reduce((rest, [pattern, mark]) => rest.replace(pattern, mark), text);
}

/** What this hospital knows the patient by; longest first, so that a part does not hide the whole. */
function knownOf({ name = [], telecom = [], identifier = [], address = [], contact = [] }: Patient): Known[] {
  const names = [...name, ...contact.flatMap((person) => person.name ?? [])];
  const marked = (values: (string | undefined)[], mark: string): Known[] =>
    values.filter((value) => value !== undefined && value.trim().length > 1).map((value) => [value!, mark]);
  return [
    ...marked(
      names.flatMap(({ text, family, given = [] }) => [text, family, ...given]),
      '[name]',
    ),
    ...marked(
      telecom.map(({ value }) => value),
      '[contact]',
    ),
    ...marked(
      identifier.map(({ value }) => value),
      '[id]',
    ),
    ...marked(
      address.flatMap(({ text, line = [], city, postalCode }) => [text, ...line, city, postalCode]),
      '[address]',
    ),
  ].sort(([a], [b]) => b.length - a.length);
}

type Known = [value: string, mark: string];

const literal = (text: string): string => text.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
