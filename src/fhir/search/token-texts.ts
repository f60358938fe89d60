// The texts of codes, for `:text`: with a code they are looked up among the codes in use (docs/adr/0013) and confirmed in `t`; without one, what
// someone typed, they are strings of their own. https://hl7.org/fhir/R4/search.html#token
import type { Predicate } from '../model/predicate.ts';
import { systemTag } from './keys.ts';
import type { KeySink } from './search-type.ts';
import { repeatedTextPart, textPart } from './string-keys.ts';
import { tokenKey } from './token-keys.ts';

/** `code~`: beside the parameter's own keys, not among them */
const textParam = (code: string): string => `${code}~`;

/** Words of a typed text from which it can be found on. */
const MOST_WORDS = 12;

export function pushCodeTexts(
  { code, keys }: KeySink,
  { part, anyPart, system }: { part: string; anyPart: string; system: string },
  written: readonly (string | undefined)[],
): void {
  // parts of composites have no texts
  if (code === '') return;
  keys.codes ??= [];
  const inUse = { key: `${code}|${anyPart}`, token: tokenKey(code, part, system), tag: systemTag(system) };
  let hasText = false;
  for (const one of written) {
    const text = one === undefined ? '' : repeatedTextPart(one);
    if (text === '') continue;
    hasText = true;
    keys.codes.push({ ...inUse, text });
    keys.t.push(`${textParam(code)}:${text}`);
  }
  if (!hasText) keys.codes.push({ ...inUse, text: '' });
}

export function pushFreeText({ code, keys }: KeySink, written: string | undefined): void {
  const text = written === undefined || code === '' ? '' : textPart(written);
  if (text === '') return;
  const param = textParam(code);
  keys.codes ??= [];
  keys.codes.push({ key: `${param}|`, token: `${param}||`, tag: '', text: '' });
  keys.t.push(`${param}:${text}`);
  let rest = text;
  for (let words = 0; words < MOST_WORDS && rest !== ''; words++) {
    keys.s.push(`${param}:${rest.slice(0, 100)}`);
    const space = rest.indexOf(' ');
    rest = space < 0 ? '' : rest.slice(space + 1);
  }
}

/** A word of the text, or of the display, begins so, and goes on so where several words are given. */
export const hasText = (code: string, text: string): Predicate => ({
  op: 'coded',
  param: code,
  by: { text: textPart(text) },
});
