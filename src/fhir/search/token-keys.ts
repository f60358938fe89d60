// How a system and a code are read and stored, for tokens and for the identifiers of references.
// https://hl7.org/fhir/R4/search.html#token
import { keyPart, systemTag } from './keys.ts';
import type { KeySink } from './search-type.ts';
import { splitEscaped, unescapeValue } from './separators.ts';

interface Identifier {
  system?: string;
  value?: string;
}

/** the star of `any value`, which no value can be: a value's own star is escaped */
export const ANY = '*';
export const tokenPart = (value: string): string => (value === ANY ? `\\${ANY}` : keyPart(value));

export function pushSystemAndCode(sink: KeySink, system: string, part: string, anyPart = part): void {
  const key = `${sink.code}|${part}|${systemTag(system)}`;
  sink.keys.k.push(key, `${sink.code}|${anyPart}`);
  sink.coded?.push(key);
}

export function pushIdentifier(value: unknown, sink: KeySink): void {
  const { system = '', value: text } = value as Identifier;
  if (text !== undefined) pushSystemAndCode(sink, system, tokenPart(text));
  if (system !== '') sink.keys.k.push(`${sink.code}|${ANY}|${systemTag(system)}`);
}

export interface TokenSearch {
  /** absent: any; empty: none */
  system?: string;
  /** absent: any code of the system */
  code?: string;
}

export function readToken(text: string): TokenSearch {
  const [first = '', ...rest] = splitEscaped(text, '|');
  if (rest.length === 0) return { code: unescapeValue(first) };
  // a second bar belongs to the code: clients forget to escape it
  const code = unescapeValue(rest.join('|'));
  return { system: unescapeValue(first), ...(code !== '' && { code }) };
}
