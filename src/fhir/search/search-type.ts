// What a search parameter type says about itself. One file per type under types/ answers the same questions, so that
// extraction (on write) and planning (on search) can never disagree. https://hl7.org/fhir/R4/search.html#ptypes
import type { Definitions, SearchParameter, SearchParameterType } from '../definitions/definitions.ts';
import type { SearchKeys } from '../model/keys.ts';
import type { Predicate } from '../model/predicate.ts';
import type { LocalReference } from './contained-keys.ts';
import type { ReachedElement } from './elements.ts';
import type { Found } from './expression/compile.ts';
import type { Lookups } from './lookups.ts';
import type { Prefix } from './prefixes.ts';

/** Where the keys of one parameter of one resource go. */
export interface KeySink {
  /** begins every key: the parameter's code; empty for the parts of a composite */
  code: string;
  keys: SearchKeys;
  context: ExtractContext;
  /** the coded keys again, where the patient-and-code composites need them */
  coded?: string[] | undefined;
}

export interface ExtractContext {
  /** IANA name, for dates without a zone */
  timeZone: string;
  /** this server's own base with a slash at the end, so that absolute references to itself become relative */
  ownBase?: string | undefined;
  /** collects references to contained resources */
  references?: LocalReference[];
}

export type ElementKeys = (value: unknown, sink: KeySink, found: Found) => void;

/** Of which texts the words are indexed. */
export type FullText = 'off' | 'narrative' | 'all';
export const USUAL_FULL_TEXT: FullText = 'narrative';

export interface SearchContext {
  fullText: FullText;
  definitions: Definitions;
  /** the service base without a slash at the end, where it is set: absolute references to it have the keys of relative ones */
  base: string | undefined;
  /** where it is not set: what the request calls it. References that were stored so keep their whole URL as the key */
  calledBase?: string | undefined;
  timeZone: string;
  /** ms since 1970, for `ap` */
  now: number;
  lookups: Lookups;
}

/** Whose keys answer a parameter: mostly its own. */
export interface Source {
  code: string;
  /** only references to this type */
  onlyType?: string;
}

/** A search parameter of one resource type, ready for planning. */
export interface Parameter {
  code: string;
  definition: SearchParameter;
  type: SearchType;
  /** more than one where it is the union of others; another one where that has the same keys */
  sources: readonly Source[];
  /** undefined where its expression does not tell */
  elements: readonly ReachedElement[] | undefined;
  /** for references */
  targets: readonly string[];
  /** the type's main date, where it is among the sources */
  mainDate?: string;
  /** for composites */
  composition?: Composition;
}

/**
 * What a composite is made of. `together` are other parameters, all of which must match: enough where the parts hang on the
 * resource itself, which has them once. `stored` are keys made
 * per element, its own or another composite's.
 */
export interface Composition {
  components: readonly Parameter[];
  ways: readonly CompositeWay[];
}

export type CompositeWay = { kind: 'together'; parameters: readonly Parameter[] } | { kind: 'stored'; code: string };

/** One parameter as a client used it. */
export interface Term {
  parameter: Parameter;
  /** as the client wrote it, for messages: `subject:Patient` */
  name: string;
  modifier?: string | undefined;
  context: SearchContext;
}

export interface SearchType<Value = unknown> {
  readonly type: SearchParameterType;
  /** the array that holds its keys */
  readonly keys: 'k' | 's' | 'd' | 'q';
  /** what may follow the colon, beside `missing` which every type knows; `[type]` stands for a resource type */
  readonly modifiers: readonly string[];
  readonly prefixes: readonly Prefix[];
  /** FHIR type of an element → what is stored beside the resource on write */
  readonly elements: Readonly<Record<string, ElementKeys>>;
  /** how one of the client's alternatives is read; escapes are still in */
  parse(text: string, term: Term): Value;
  /** which Predicate it becomes, over keys that begin with `code` */
  match(value: Value, code: string, term: Term): Predicate;
  /** `:not` where it can be said without a negation */
  complement?(values: readonly Value[], code: string, term: Term): Predicate | undefined;
}

export function defineSearchType<Value>(type: SearchType<Value>): SearchType<Value> {
  return type;
}
