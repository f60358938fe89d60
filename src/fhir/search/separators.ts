// Search values are lists in lists: `,` separates alternatives, `$` composite parts, `|` system and code; a backslash takes
// the meaning from any of them. https://hl7.org/fhir/R4/search.html#escaping

/** Splits at each separator that no backslash precedes; the escapes stay in. */
export function splitEscaped(text: string, separator: string): string[] {
  if (!text.includes(separator)) return [text];
  if (!text.includes('\\')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** The text without its escapes. A backslash before any other character stands for itself. */
export function unescapeValue(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,$|\\])/g, '$1') : text;
}

/** A text that means each of its characters, as the value of a search. */
export const escapeValue = (text: string): string => text.replace(/[\\,$|]/g, '\\$&');

/** `system|code` as the value of a search; without a system, of any. */
export const tokenValue = (system: string | undefined, code: string): string =>
  system === undefined ? escapeValue(code) : `${escapeValue(system)}|${escapeValue(code)}`;
