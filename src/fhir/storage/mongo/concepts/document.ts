// A concept as a document: short names, because there are millions, and one array for each way to find it.
import type { Code, Concept, ConceptProperty, Designation } from '../../../model/concept.ts';
import { normalise } from '../../../model/words.ts';
import type { AssociationSource, ReadConcept } from '../../concepts.ts';

export interface ConceptDocument {
  /** the code */
  _id: string;
  /** place in the order of the release */
  o: number;
  /** display, definition */
  d?: string;
  f?: string;
  /** language of the definition */
  l?: string;
  /** inactive, abstract */
  x?: true;
  b?: true;
  g?: readonly Designation[];
  p?: readonly ConceptProperty[];
  /** parents */
  up?: readonly string[];
  /** the code and all above it */
  a: readonly string[];
  /** `property=value` in lower case; for the others see `keys` */
  k?: readonly string[];
  /** relationship groups: `attribute=value` as it is written */
  q?: readonly { k: readonly string[] }[];
  /** what leads here by an association: `set|code` */
  h?: readonly string[];
  /** beginnings of words */
  w: readonly string[];
  /** the words, each with a space before it: what the index does not tell is looked up here */
  t: string;
  /** length of the display: of what matches, the shorter is the better */
  r: number;
}

/** Beginnings up to so many letters are in the index; a longer one is found by these and then looked up in `t`. */
const LONGEST = 5;

export const tokenOf = (word: string): string => word.slice(0, LONGEST);

/** whether the token alone says that a word begins so */
export const isExact = (word: string): boolean => word.length <= LONGEST;

/** longer texts are for reading, not for filters */
const LONGEST_KEY = 200;

export function keyOf(property: string, value: string): string {
  return `${property}=${value.toLowerCase()}`;
}

/** What a concept is found by besides its properties. None has a `=`, so that none is a property's. */
export const keys = {
  memberOf: (set: string): string => `^${set}`,
  hasAttribute: (attribute: string): string => `+${attribute}`,
  isValueOf: (attribute: string): string => `@${attribute}`,
  isTargetIn: (set: string): string => `>${set}`,
  hasDefinition: '+definition',
} as const;

/** A relationship as it stands in its group. */
export const rowOf = (attribute: string, value: ConceptProperty['value']): string => `${attribute}=${String(value)}`;

export const sourceOf = ({ set, code }: AssociationSource): string => `${set}|${code}`;

export function documentOf(concept: ReadConcept, order: number): ConceptDocument {
  const { code, display, definition, isActive, isAbstract, designations, properties, parents, ancestors } = concept;
  const words = new Set(
    [display ?? '', ...(designations ?? []).map(({ value }) => value)].flatMap((text) => normalise(text).split(' ')),
  );
  words.delete('');
  const tokens = new Set<string>();
  for (const word of words)
    for (let length = Math.min(LONGEST, word.length); length > 0; length--) tokens.add(word.slice(0, length));
  const found = new Set([
    ...(properties ?? []).flatMap((property) => textsOf(property).map((text) => keyOf(property.code, text))),
    ...(concept.memberOf ?? []).map(keys.memberOf),
    ...(concept.groups ?? []).flat().map((row) => keys.hasAttribute(row.code)),
    ...(concept.usedBy ?? []).map(keys.isValueOf),
    ...(concept.sources ?? []).map(({ set }) => keys.isTargetIn(set)),
    ...(concept.definitionLanguage === undefined ? [] : [keys.hasDefinition]),
  ]);
  return {
    _id: code,
    o: order,
    ...(display !== undefined && { d: display }),
    ...(definition !== undefined && { f: definition }),
    ...(concept.definitionLanguage !== undefined && { l: concept.definitionLanguage }),
    ...(!isActive && { x: true as const }),
    ...(isAbstract === true && { b: true as const }),
    ...(designations !== undefined && designations.length > 0 && { g: designations }),
    ...(properties !== undefined && properties.length > 0 && { p: properties }),
    ...(parents !== undefined && parents.length > 0 && { up: parents }),
    a: ancestors ?? [code],
    ...(found.size > 0 && { k: [...found] }),
    ...(concept.groups && {
      q: concept.groups.map((rows) => ({ k: [...new Set(rows.map(({ code, value }) => rowOf(code, value)))] })),
    }),
    ...(concept.sources && { h: concept.sources.map(sourceOf) }),
    w: [...tokens],
    t: words.size === 0 ? '' : ` ${[...words].join(' ')}`,
    r: display?.length ?? 0,
  };
}

function textsOf({ value }: ConceptProperty): string[] {
  if (typeof value !== 'object') return String(value).length <= LONGEST_KEY ? [String(value)] : [];
  const { system, code, display } = value as Code;
  return [code, ...(system === undefined ? [] : [`${system}|${code}`]), ...(display === undefined ? [] : [display])];
}

export function conceptOf({ _id, d, f, x, b, g, p, up }: ConceptDocument): Concept {
  return {
    code: _id,
    ...(d !== undefined && { display: d }),
    ...(f !== undefined && { definition: f }),
    isActive: x !== true,
    ...(b === true && { isAbstract: true }),
    ...(g !== undefined && { designations: g }),
    ...(p !== undefined && { properties: p }),
    ...(up !== undefined && { parents: up }),
  };
}
