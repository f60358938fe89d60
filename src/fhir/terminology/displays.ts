// Displays and designations: which one to show, and whether a given one is right.
import type { Concept } from '../model/concept.ts';

/** `de` is meant by `de-CH` as well. https://www.rfc-editor.org/rfc/rfc4647#section-3.3.1 */
export const isLanguage = (actual: string, wanted: string): boolean => {
  const [have, want] = [actual.toLowerCase(), wanted.toLowerCase()];
  return have === want || have.startsWith(`${want}-`);
};

/** A tag, or those of a header such as `de-CH, de;q=0.9`. */
export const languagesIn = (header: string): string[] =>
  header
    .split(',')
    .map((range) => range.replace(/;.*$/, '').trim())
    .filter((tag) => tag !== '' && tag !== '*');

/** The first of the languages that is there. */
export function displayIn(concept: Concept, languages: string | undefined): string | undefined {
  for (const wanted of languagesIn(languages ?? '')) {
    const best = concept.designations?.find(({ language }) => language !== undefined && isLanguage(language, wanted));
    if (best !== undefined) return best.value;
  }
  return concept.display;
}

const plain = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').trim().toLowerCase();

/** Case and spaces do not matter; every designation is right. A concept without any display says nothing against one. */
export function isDisplayOf({ display, designations = [] }: Concept, given: string): boolean {
  const known = [display, ...designations.map(({ value }) => value)].filter((text) => text !== undefined);
  return known.length === 0 || known.some((text) => plain(text) === plain(given));
}
