// The words of a resource, for `_text` and `_content`: those of its narrative and of every element of type string or markdown. The texts of
// codes that can be searched are among the tokens already and are found by the codes in use (docs/adr/0013), so that a measurement has next to
// no words of its own. https://hl7.org/fhir/R4/search.html#content
import type { Definitions } from '../definitions/definitions.ts';
import type { SearchKeys } from '../model/keys.ts';
import type { Resource } from '../model/resource.ts';
import { normaliseString } from './normalise-string.ts';
import type { FullText } from './search-type.ts';
import { repeatedTextPart } from './string-keys.ts';

/** Of one resource; what is longer is a document, not a text to be found by each of its words. */
const MOST_WORDS = 2_000;
const MOST_TEXT = 200_000;
/** no one seeks a longer one, and no index should hold it */
const LONGEST_WORD = 40;

/** Strings that are not for people; units have a search of their own. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'Quantity.unit',
  'Reference.reference',
  'Coding.version',
  'Extension.url',
]);
const TEXTS: ReadonlySet<string> = new Set(['string', 'markdown']);

export function wordsOf(
  definitions: Definitions,
  resource: Resource,
  keys: SearchKeys,
  fullText: FullText,
): SearchKeys['words'] {
  if (fullText === 'off') return undefined;
  const { div } = (resource.text ?? {}) as { div?: unknown };
  const narrative = typeof div === 'string' ? normaliseString(plainText(div)).slice(0, MOST_TEXT) : '';
  const index = new Set<string>();
  addWords(index, narrative);
  const texts = new Set<string>();
  if (fullText === 'all') {
    const ofCodes = textsOfCodes(keys.t);
    const written = new Set<string>();
    collectTexts(definitions, resource.resourceType, resource, written);
    for (const text of written) {
      const normalised = repeatedTextPart(text);
      if (normalised !== '' && !ofCodes.has(normalised)) texts.add(normalised);
    }
    for (const text of texts) addWords(index, text);
  }
  if (index.size === 0) return undefined;
  return { index: [...index], narrative, other: [...texts].join('\n').slice(0, MOST_TEXT) };
}

/** `<param>~:<text>` among the tokens. */
function textsOfCodes(tokens: readonly string[]): Set<string> {
  const texts = new Set<string>();
  for (const token of tokens) {
    const at = token.indexOf('~:');
    if (at > 0 && !token.slice(0, at).includes('|')) texts.add(token.slice(at + 2));
  }
  return texts;
}

function addWords(index: Set<string>, text: string): void {
  if (text === '') return;
  for (const word of text.split(' ')) {
    if (index.size >= MOST_WORDS) return;
    if (word.length <= LONGEST_WORD) index.add(word);
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** Tags separate words, as the cells of a table do. */
export const plainText = (xhtml: string): string =>
  xhtml
    .replace(/<!--[\s\S]*?-->/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,10}));/gi, (whole, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
    });

/** By JSON property: a text, or the type of what may hold texts. */
type TextPlan = ReadonlyMap<string, { isText: boolean; type: string }>;
const plans = new WeakMap<Definitions, Map<string, TextPlan>>();

function planOf(definitions: Definitions, type: string): TextPlan {
  const byType = plans.get(definitions) ?? new Map<string, TextPlan>();
  plans.set(definitions, byType);
  const known = byType.get(type);
  if (known) return known;
  const plan = new Map<string, { isText: boolean; type: string }>();
  for (const [name, element] of definitions.type(type)?.elements ?? []) {
    if (name === 'id' || element.type === 'Narrative' || LEFT_OUT.has(`${type}.${name}`)) continue;
    const isText = TEXTS.has(element.type);
    if (isText || definitions.type(element.type)?.kind !== 'primitive') plan.set(name, { isText, type: element.type });
  }
  byType.set(type, plan);
  return plan;
}

/** Every text of an element whose type says that it is one, contained resources and extensions included. */
function collectTexts(definitions: Definitions, type: string, value: object, found: Set<string>): void {
  const plan = planOf(definitions, type);
  for (const name in value) {
    const element = plan.get(name);
    if (!element) continue;
    const child = (value as Record<string, unknown>)[name];
    if (!Array.isArray(child)) collectFrom(definitions, element, child, found);
    else for (const one of child) collectFrom(definitions, element, one, found);
  }
}

function collectFrom(
  definitions: Definitions,
  { isText, type }: { isText: boolean; type: string },
  value: unknown,
  found: Set<string>,
): void {
  if (typeof value === 'string') {
    if (isText) found.add(value);
  } else if (typeof value === 'object' && value !== null) {
    const { resourceType } = value as { resourceType?: unknown };
    collectTexts(definitions, typeof resourceType === 'string' ? resourceType : type, value, found);
  }
}
