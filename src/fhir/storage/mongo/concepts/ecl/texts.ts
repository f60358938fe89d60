// Whether a term, or the value of an attribute, is what an expression looks for.
// https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language/behaviour-specification-with-examples/6.8-description-filters
import type { TextSearch } from '../../../../model/ecl.ts';
import { hasWords, normalise, wordsOf } from '../../../../model/words.ts';

/** One of them is enough. */
export function textTest(searches: readonly TextSearch[]): (text: string) => boolean {
  const tests = searches.map(one);
  return (text) => tests.some((test) => test(text));
}

function one(search: TextSearch): (text: string) => boolean {
  switch (search.by) {
    case 'exact':
      return (text) => text === search.text;
    case 'match': {
      const words = wordsOf(search.text);
      return (text) => hasWords(normalise(text), words);
    }
    case 'wild':
      return wildTest(search.parts.map((part) => part.toLowerCase()));
  }
}

/** Part by part from the left: that is enough, and takes no longer than the text is. */
function wildTest([first = '', ...others]: readonly string[]): (text: string) => boolean {
  const last = others.at(-1);
  const between = others.slice(0, -1);
  return (written) => {
    const text = written.toLowerCase();
    if (last === undefined) return text === first;
    if (!text.startsWith(first)) return false;
    let at = first.length;
    for (const part of between) {
      const found = text.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return text.length - last.length >= at && text.endsWith(last);
  };
}
