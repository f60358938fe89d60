// Trigrams of names and addresses: a multikey index cannot filter a regular expression inside the index, so `:contains` on the
// parameters people really ask this of goes through the trigrams of its text.

const INDEXED = /^(?:name|family|given|phonetic|address(?:-[a-z]+)?):/;
const SURROGATE = /\p{Cs}/u;
const END_OF_NORMALISED = '\u0001';

export const hasGrams = (param: string): boolean => INDEXED.test(`${param}:`);

/** Of string keys `<param>:<normalised>\u0001<as written>\u0001`: `<param>:<three letters>`, each once. */
export function grams(strings: readonly string[]): string[] {
  const found = new Set<string>();
  for (const entry of strings) {
    const colon = entry.indexOf(':');
    const param = entry.slice(0, colon + 1);
    if (!INDEXED.test(param)) continue;
    const end = entry.indexOf(END_OF_NORMALISED, colon);
    addGrams(found, param, entry.slice(colon + 1, end < 0 ? undefined : end));
  }
  return [...found];
}

/** The trigrams a text must have; none for texts shorter than three letters. */
export function gramsOf(param: string, text: string): string[] {
  const found = new Set<string>();
  addGrams(found, `${param}:`, text);
  return [...found];
}

function addGrams(into: Set<string>, param: string, text: string): void {
  // by UTF-16 unit on both sides: half a pair is not storable, so texts beyond the basic plane keep to the regular expression
  for (let at = 0; at + 3 <= text.length; at++) {
    const gram = text.slice(at, at + 3);
    if (!SURROGATE.test(gram)) into.add(param + gram);
  }
}
