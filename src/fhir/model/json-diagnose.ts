// A careful, slow reader of JSON that builds nothing: names the first thing wrong with a text and its place. json.ts asks it only when the
// fast path failed or was not sure. https://www.rfc-editor.org/rfc/rfc8259
import { FhirError } from './errors.ts';
import { MAX_DEPTH } from './json-scan.ts';

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Throws a FhirError 'structure' with line and column, or returns if the text is acceptable. */
export function diagnoseJson(text: string): void {
  /** keys seen so far per open object; undefined per open array */
  const open: (Set<string> | undefined)[] = [];
  let i = 0;

  const fail = (what: string, at = i): never => {
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    const column = at - before.lastIndexOf('\n');
    throw new FhirError('structure', `${what} at line ${line}, column ${column}`);
  };
  const unexpected = (wanted: string): never =>
    i >= text.length
      ? fail(`Invalid JSON: the text ends where ${wanted} is expected`)
      : fail(`Invalid JSON: ${wanted} expected`);
  const skipSpace = (): void => {
    while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++;
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = i;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) i += found.length;
    return found;
  };

  const readString = (): string => {
    const start = i++;
    for (;;) {
      const c = text.charCodeAt(i);
      if (Number.isNaN(c)) fail('Invalid JSON: a string is not closed; it begins', start);
      else if (c === 0x22) break;
      else if (c < 0x20) fail('Invalid JSON: a control character must be escaped in a string');
      else if (c === 0x5c) {
        if (match(ESCAPE) === undefined) fail('Invalid JSON: unknown escape in a string');
      } else i++;
    }
    i++;
    const value: string = JSON.parse(text.slice(start, i));
    if (!isWellFormed(value)) fail('Half of a surrogate pair in a string that begins', start);
    return value;
  };

  const readKey = (): void => {
    const start = i;
    if (text[i] !== '"') unexpected('a property name in double quotes');
    const key = readString();
    const seen = open.at(-1);
    if (key === '__proto__') fail('The property name "__proto__" is not allowed', start);
    if (seen?.has(key)) fail(`Duplicate property ${JSON.stringify(key)}`, start);
    seen?.add(key);
    skipSpace();
    if (text[i] !== ':') unexpected('":" after a property name');
    i++;
  };

  /** Reads a scalar, or opens a container; true when a value is complete. */
  const beginValue = (): boolean => {
    skipSpace();
    const c = text[i];
    if (c === '{' || c === '[') {
      if (open.length === MAX_DEPTH) fail(`Nested deeper than ${MAX_DEPTH} levels`);
      open.push(c === '{' ? new Set() : undefined);
      i++;
      skipSpace();
      if (text[i] === (c === '{' ? '}' : ']')) {
        i++;
        open.pop();
        return true;
      }
      if (c === '{') readKey();
      return false;
    }
    const start = i;
    if (c === '"') readString();
    else if (match(WORD) === undefined) {
      const number = match(NUMBER);
      if (number === undefined) unexpected('a value');
      else if (!Number.isFinite(Number(number))) fail('Number out of range', start);
    }
    return true;
  };

  for (;;) {
    if (!beginValue()) continue;
    for (;;) {
      skipSpace();
      if (open.length === 0) {
        if (i < text.length) fail('Invalid JSON: unexpected text after the end');
        return;
      }
      const close = open.at(-1) === undefined ? ']' : '}';
      if (text[i] === ',') {
        i++;
        skipSpace();
        if (close === '}') readKey();
        break;
      }
      if (text[i] !== close) unexpected(`"," or "${close}"`);
      i++;
      open.pop();
    }
  }
}

/** String.prototype.isWellFormed, which the ES2023 library does not declare. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
