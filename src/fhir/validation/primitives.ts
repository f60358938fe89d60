// What the text of a primitive may be: the published regular expressions, and what they cannot say (the calendar, sizes).
// https://hl7.org/fhir/R4/datatypes.html#primitive
import type { TypeDefinition } from '../definitions/definitions.ts';
import { daysInMonth } from '../model/dates.ts';
import { xhtmlProblem } from './xhtml.ts';

export interface Primitive {
  name: string;
  json: 'boolean' | 'number' | 'string';
  /** what is wrong with a value of the right JSON type, or undefined; `text` is a number as it was written */
  problem(value: string | number | boolean, text: string | undefined): string | undefined;
}

const JSON_TYPES: Readonly<Record<string, Primitive['json']>> = {
  boolean: 'boolean',
  decimal: 'number',
  integer: 'number',
  positiveInt: 'number',
  unsignedInt: 'number',
};

type TextCheck = (text: string) => string | undefined;

export function primitiveOf({ name, pattern }: TypeDefinition): Primitive {
  const json = JSON_TYPES[name] ?? 'string';
  if (json === 'boolean') return { name, json, problem: () => undefined };
  const published = new RegExp(`^(?:${asciiSpaces(pattern ?? '[^]*')})$`);
  if (json === 'number') return { name, json, problem: numberProblem(name, published) };
  const check = textChecks[name] ?? ((text) => (published.test(text) ? undefined : `is no valid ${name}`));
  const calendar = calendarChecks[name];
  return {
    name,
    json,
    problem(value) {
      const text = value as string;
      if (text === '') return 'must not be empty';
      return check(text) ?? calendar?.(text);
    },
  };
}

/** In the specification's flavour \s is ASCII white space; JavaScript would take the no-break space in, which some codes hold. */
function asciiSpaces(pattern: string): string {
  const spaces = ' \\t\\n\\r\\f\\v';
  return pattern
    .replaceAll('[^\\s]', `[^${spaces}]`)
    .replaceAll('\\S', `[^${spaces}]`)
    .replaceAll('\\s', `[${spaces}]`);
}

function numberProblem(name: string, published: RegExp): Primitive['problem'] {
  if (name === 'decimal') return (value) => (Number.isFinite(value) ? undefined : 'is out of range');
  const least = name === 'positiveInt' ? 1 : name === 'unsignedInt' ? 0 : -2_147_483_648;
  return (value, text) => {
    if (!Number.isInteger(value) || (text !== undefined && !published.test(text))) return 'must be a whole number';
    return (value as number) >= least && (value as number) <= 2_147_483_647 ? undefined : `is out of range for ${name}`;
  };
}

/** https://hl7.org/fhir/R4/datatypes.html#string: no control characters, at most 1 MB */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;
const MAX_STRING = 1_048_576;

const stringProblem: TextCheck = (text) => {
  if (text.length > MAX_STRING) return 'must not be longer than 1 MB';
  return CONTROL.test(text) ? 'must not hold control characters' : undefined;
};

const textChecks: Readonly<Record<string, TextCheck>> = {
  string: stringProblem,
  markdown: stringProblem,
  xhtml: xhtmlProblem,
  // the published expression would backtrack over megabytes, and lets padding stand anywhere
  base64Binary: (text) => (isBase64(text) ? undefined : 'is no valid base64Binary'),
};

function isBase64(text: string): boolean {
  let count = 0;
  let padding = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x3d) padding++;
    else if ((c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || (c >= 0x2f && c <= 0x39) || c === 0x2b) {
      if (padding > 0) return false;
      count++;
    } else if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return false;
  }
  return count > 0 && padding <= 2 && (count + padding) % 4 === 0;
}

const calendarProblem: TextCheck = (text) => {
  // the published expressions know that there is no 32nd
  if (text.length < 10 || text.charCodeAt(8) < 0x32) return undefined;
  const day = Number(text.slice(8, 10));
  return day > 28 && day > daysInMonth(Number(text.slice(0, 4)), Number(text.slice(5, 7)))
    ? 'is no day of the calendar'
    : undefined;
};

const calendarChecks: Readonly<Record<string, TextCheck>> = {
  date: calendarProblem,
  dateTime: calendarProblem,
  instant: calendarProblem,
};
