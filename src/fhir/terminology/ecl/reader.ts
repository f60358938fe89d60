// Walks through the text of an expression and says where it is wrong.
import { FhirError } from '../../model/errors.ts';

export interface Reader {
  /** offset of what comes next */
  at: number;
  readonly isAtEnd: boolean;
  /** white space and comments */
  skipSpace(): void;
  /** whether the text goes on like this */
  sees(text: string): boolean;
  /** goes behind it, if the text goes on like this */
  take(text: string): boolean;
  expect(text: string): void;
  /** what matches here (a sticky pattern), and goes behind it */
  match(pattern: RegExp): string | undefined;
  /** the word that begins here, in lower case; stays before it */
  peekWord(): string;
  /** the word, whatever its case, as a whole */
  takeWord(word: string): boolean;
  /** `expected` continues "expected …" */
  wrong(expected: string, at?: number): FhirError;
  /** the language has it, this server does not; `what` begins a sentence */
  unsupported(what: string, at: number): FhirError;
}

const SPACE = /(?:[ \t\r\n]|\/\*(?:[^*]|\*(?!\/))*\*\/)+/sy;
const WORD = /[A-Za-z]+/y;
const SHOWN = 24;

export function createReader(text: string): Reader {
  const matchAt = (pattern: RegExp, at: number): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const placeOf = (at: number): string => {
    const rest = text.slice(at);
    const shown = rest.length > SHOWN ? `${rest.slice(0, SHOWN)}…` : rest;
    return rest === '' ? 'at its end' : `at character ${at + 1}, '${shown}'`;
  };
  const reader: Reader = {
    at: 0,
    get isAtEnd() {
      return reader.at >= text.length;
    },
    skipSpace() {
      reader.match(SPACE);
    },
    sees: (wanted) => text.startsWith(wanted, reader.at),
    take(wanted) {
      if (!reader.sees(wanted)) return false;
      reader.at += wanted.length;
      return true;
    },
    expect(wanted) {
      if (!reader.take(wanted)) throw reader.wrong(`'${wanted}'`);
    },
    match(pattern) {
      const found = matchAt(pattern, reader.at);
      reader.at += found?.length ?? 0;
      return found;
    },
    peekWord: () => (matchAt(WORD, reader.at) ?? '').toLowerCase(),
    takeWord(word) {
      if (reader.peekWord() !== word) return false;
      reader.at += word.length;
      return true;
    },
    wrong: (expected, at = reader.at) =>
      new FhirError('value', `The ECL expression is wrong ${placeOf(at)}: expected ${expected}`),
    unsupported: (what, at) => new FhirError('not-supported', `${what} (in the ECL expression ${placeOf(at)})`),
  };
  return reader;
}
