// What `_text` and `_content` ask: words that must all be there, "words in a row", beginnings*; alternatives by `or` or a comma.
// https://hl7.org/fhir/R4/search.html#content
import { FhirError } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import { anyOf } from './confirmed.ts';
import { normaliseString } from './normalise-string.ts';

export function readWords(text: string, where: 'narrative' | 'content', name: string): Predicate {
  const alternatives: Predicate[][] = [[]];
  for (const [, quoted, bare = ''] of text.matchAll(/"([^"]*)"?|(\S+)/g)) {
    if (quoted === undefined && /^or$/i.test(bare)) {
      alternatives.push([]);
      continue;
    }
    if (quoted === undefined && /^and$/i.test(bare)) continue;
    const words = normaliseString(quoted ?? bare);
    if (words === '') continue;
    const isBeginning = quoted === undefined && bare.endsWith('*');
    alternatives.at(-1)!.push({ op: 'words', in: where, text: words, isBeginning });
  }
  if (alternatives.some((all) => all.length === 0)) {
    throw new FhirError(
      'invalid',
      `Parameter ${name}: '${text}' has no word; it may have words, "words in a row", beginnings* and or`,
    );
  }
  return anyOf(alternatives.map((all): Predicate => (all.length === 1 ? all[0]! : { op: 'and', of: all })));
}
