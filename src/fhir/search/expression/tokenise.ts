// Cuts an expression into tokens. http://hl7.org/fhirpath/N1/#lexical-elements
import { Unsupported } from './ast.ts';

export interface Token {
  kind: 'name' | 'string' | 'number' | 'symbol' | 'end';
  text: string;
}

const TOKEN = /\s*(?:([A-Za-z_]\w*)|`((?:[^`\\]|\\.)+)`|'((?:[^'\\]|\\.)*)'|(\d+(?:\.\d+)?)|(!=|[.()[\]|=,$%]))/y;
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f' };

export function tokenise(expression: string): Token[] {
  const tokens: Token[] = [];
  const text = expression.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Unsupported(`unexpected '${text.slice(at, at + 10)}'`);
    const [, name, quotedName, string, number, symbol] = match;
    if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (quotedName !== undefined) tokens.push({ kind: 'name', text: unescapeText(quotedName) });
    else if (string !== undefined) tokens.push({ kind: 'string', text: unescapeText(string) });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else tokens.push({ kind: 'symbol', text: symbol ?? '' });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

function unescapeText(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code: string | undefined, char: string) =>
    code ? String.fromCharCode(Number.parseInt(code, 16)) : (ESCAPES[char] ?? char),
  );
}
