// How a system and a code are read and stored, for tokens and for the identifiers of references.
// https://hl7.org/fhir/R4/search.html#token
import type { Predicate } from '../model/predicate.ts';
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

/** A value whose system does not matter or is known from the definition. */
export function pushCode({ code, keys, coded }: KeySink, part: string): void {
  const key = `${code}|${part}`;
  keys.k.push(key);
  coded?.push(key);
}

export function pushSystemAndCode(sink: KeySink, system: string, part: string, anyPart = part): void {
  pushCode(sink, anyPart);
  sink.keys.t.push(tokenKey(sink.code, part, system));
}

/** how a token is written with its system; the empty text stands for none */
export const tokenKey = (code: string, part: string, system: string): string => `${code}|${part}|${systemTag(system)}`;

/** Beside the identifier itself, the system alone. */
export function pushIdentifier(value: unknown, sink: KeySink): void {
  const { system = '', value: text } = value as Identifier;
  if (text !== undefined) pushSystemAndCode(sink, system, tokenPart(text));
  if (text !== undefined || system !== '') sink.keys.k.push(tokenKey(sink.code, ANY, system));
}

/** Any code of a system, or of none: among the codes in use. */
export const anyCodingOf = (code: string, system: string): Predicate => ({
  op: 'coded',
  param: code,
  by: { tag: systemTag(system) },
});

/** The same, told from each resource alone: no index helps, and nothing is looked up for it. */
export const hasTokenOf = (code: string, system: string): Predicate => ({
  op: 'startsWith',
  in: 't',
  prefix: `${code}|`,
  suffix: `|${systemTag(system)}`,
});

/** Any identifier of a system, or of none. */
export const anyIdentifierOf = (code: string, system: string): Predicate => ({
  op: 'equals',
  key: tokenKey(code, ANY, system),
});

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
