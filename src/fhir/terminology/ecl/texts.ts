// Texts in an expression: `"heart att"`, `match:"heart att"`, `wild:"*itis"`, or several of them in brackets.
import type { TextSearch } from '../../model/ecl.ts';
import { wordsOf } from '../../model/words.ts';
import type { Reader } from './reader.ts';

const BEGINS = /\(?(?:[ \t\r\n]|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:"|(?:match|wild)\b)/isy;

export function seesText(reader: Reader): boolean {
  const start = reader.at;
  const isText = reader.match(BEGINS) !== undefined;
  reader.at = start;
  return isText;
}

/** `plainly`: what a text without `match:` or `wild:` means */
export function readTexts(reader: Reader, plainly: 'exact' | 'match'): TextSearch[] {
  if (!reader.take('(')) return [readText(reader, plainly)];
  const texts: TextSearch[] = [];
  reader.skipSpace();
  do {
    texts.push(readText(reader, plainly));
    reader.skipSpace();
  } while (!reader.take(')'));
  return texts;
}

function readText(reader: Reader, plainly: 'exact' | 'match'): TextSearch {
  const by = (['match', 'wild'] as const).find((word) => reader.takeWord(word));
  reader.skipSpace();
  if (by !== undefined) reader.expect(':');
  reader.skipSpace();
  const start = reader.at;
  const parts = quoted(reader, { hasWildcards: by === 'wild' });
  if (by === 'wild') return { by, parts };
  const text = parts.join('');
  const found = by ?? plainly;
  if (found === 'match' && wordsOf(text).length === 0) throw reader.wrong('a text with words in it', start);
  return { by: found, text };
}

/** What is between the quotation marks, cut where a `*` without a backslash stands. */
function quoted(reader: Reader, { hasWildcards }: { hasWildcards: boolean }): string[] {
  reader.expect('"');
  const parts = [''];
  while (!reader.take('"')) {
    const plain = reader.match(hasWildcards ? /[^"\\*]+/y : /[^"\\]+/y);
    const escaped = plain === undefined ? reader.match(hasWildcards ? /\\["\\*]/y : /\\["\\]/y) : undefined;
    if (plain !== undefined) parts.push(parts.pop() + plain);
    else if (escaped !== undefined) parts.push(parts.pop() + escaped.slice(1));
    else if (hasWildcards && reader.take('*')) parts.push('');
    else
      throw reader.wrong(
        reader.isAtEnd ? "'\"' behind the text" : 'only quotation marks and backslashes after a backslash',
      );
  }
  return parts;
}
