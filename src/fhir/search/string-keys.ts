// How a text is stored: `<param>:<normalised>␁<as written>␁`. One key answers the beginning, `:contains` and `:exact`; no text that a client
// searches can hold the separator. https://hl7.org/fhir/R4/search.html#string
import { shortenText } from './keys.ts';
import { normaliseString } from './normalise-string.ts';
import type { KeySink } from './search-type.ts';

const END = '\u0001';

/** Beyond this a text (a description, a comment) is found by its beginning only. */
const MAX_NORMALISED = 1000;

export const textPart = (text: string): string => normaliseString(text).slice(0, MAX_NORMALISED);
const texts = new Map<string, string>();
const MAX_TEXTS = 5_000;
const LONGEST_TEXT = 200;

/** The same of a text that comes again and again, as the display of a code does. */
export function repeatedTextPart(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  const part = textPart(text);
  if (text.length > LONGEST_TEXT) return part;
  if (texts.size >= MAX_TEXTS) texts.clear();
  texts.set(text, part);
  return part;
}

export const exactPart = (text: string): string => `${textPart(text)}${END}${shortenText(text)}${END}`;

export function pushText(value: unknown, { code, keys }: KeySink): void {
  if (typeof value === 'string') keys.s.push(`${code}:${exactPart(value)}`);
}
