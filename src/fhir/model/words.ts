// How texts are compared in a search for concepts: words without case, accents and punctuation.

const MARKS = /\p{M}+/gu;
const NOT_WORD = /[^\p{L}\p{N}]+/gu;

/** `Diabète, type 2` → `diabete type 2` */
export const normalise = (text: string): string =>
  text.normalize('NFKD').replace(MARKS, '').toLowerCase().replace(NOT_WORD, ' ').trim();

export const wordsOf = (text: string): string[] => {
  const plain = normalise(text);
  return plain === '' ? [] : plain.split(' ');
};

/** `haystack` is normalised: every word begins one of its words. */
export function hasWords(haystack: string, words: readonly string[]): boolean {
  const padded = ` ${haystack}`;
  return words.every((word) => padded.includes(` ${word}`));
}
