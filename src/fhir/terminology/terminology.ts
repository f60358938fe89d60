// The port to terminology: what validation, search and operations may ask about codes. https://hl7.org/fhir/R4/terminology-service.html
import type { Resource } from '../model/resource.ts';

export interface Code {
  system?: string;
  version?: string;
  code: string;
  display?: string;
}

/** One concept of a code system as a source gives it. */
export interface Concept {
  code: string;
  display?: string;
  definition?: string;
  /** false: retired or deprecated */
  isActive: boolean;
  /** true: not to be chosen by people, only groups others */
  isAbstract?: boolean;
  designations?: readonly { language?: string; use?: Code; value: string }[];
  properties?: readonly {
    code: string;
    value: string | number | boolean | Code;
    type: 'code' | 'string' | 'integer' | 'boolean' | 'dateTime' | 'decimal' | 'Coding';
  }[];
  parents?: readonly string[];
}

/** ValueSet.compose.include.filter: https://hl7.org/fhir/R4/valueset-filter-operator.html */
export interface ConceptFilter {
  property: string;
  op: '=' | 'is-a' | 'descendent-of' | 'is-not-a' | 'regex' | 'in' | 'not-in' | 'generalizes' | 'exists';
  value: string;
}

export interface Selection {
  filters: readonly ConceptFilter[];
  /** only these codes */
  codes?: readonly string[];
  /** every word begins a word of the display or of a designation, or the text begins the code; case and accents do not matter */
  text?: string;
  activeOnly?: boolean;
  offset: number;
  count: number;
}

/** Where the concepts of one version of one code system are: a CodeSystem resource in memory, or a collection that the operator loaded. */
export interface CodeSystemSource {
  url: string;
  version?: string;
  isCaseSensitive: boolean;
  /** false: a fragment or an example, so that an unknown code may still be right */
  isComplete: boolean;
  /** the implicit value set of the whole system, where it has one */
  valueSet?: string;
  lookup(code: string): Promise<Concept | undefined>;
  /** which of these codes exist and meet all filters */
  test(codes: readonly string[], filters: readonly ConceptFilter[]): Promise<ReadonlySet<string>>;
  /** in a stable order: hierarchy or file order without a text, best match first with one; `total` counts all that meet it */
  select(selection: Selection): Promise<{ concepts: readonly Concept[]; total: number }>;
  subsumes(ancestor: string, descendant: string): Promise<boolean>;
  children(code: string | undefined): Promise<readonly Concept[]>;
}

export type Verdict =
  /** `display` is the preferred one of the code */
  | { result: true; display?: string; system?: string; version?: string; message?: string }
  /** what is wrong, for people; `isUnknown`: it could not be decided, because the code system or the value set is not here */
  | { result: false; message: string; isUnknown?: true; display?: string };

/** A value set small enough to be held as a set: the hot path of validation. */
export interface Membership {
  /** `system` undefined: of a `code` element, whose value set implies it */
  has(system: string | undefined, code: string): boolean;
  size: number;
  /** for "did you mean" */
  codes(): Iterable<string>;
}

export interface ExpandOptions {
  filter?: string;
  offset?: number;
  count?: number;
  activeOnly?: boolean;
  excludeNested?: boolean;
  excludeNotForUI?: boolean;
  includeDesignations?: boolean;
  includeDefinition?: boolean;
  displayLanguage?: string;
  designation?: readonly string[];
  /** `system|version` */
  systemVersion?: readonly string[];
  checkSystemVersion?: readonly string[];
  forceSystemVersion?: readonly string[];
  excludeSystem?: readonly string[];
  date?: string;
}

export interface Terminology {
  /** by canonical of the value set; undefined where it is unknown, open (a system that is not here, mime types) or too large for memory */
  membership(valueSet: string): Promise<Membership | undefined>;
  /** is the code in the value set? Undefined `valueSet`: is it in its code system? A given display is checked as well */
  validateCode(
    code: Code,
    options: { valueSet?: string | Resource; displayLanguage?: string; isAbstractAllowed?: boolean },
  ): Promise<Verdict>;
  /** a ValueSet with `expansion`; throws `not-found` for an unknown value set, `too-costly` where it must be asked with a filter or by pages */
  expand(valueSet: string | Resource, options?: ExpandOptions): Promise<Resource>;
  /** codes of a value set for search; undefined where there are more than `limit` or they are not known here */
  codesOf(valueSet: string, limit: number): Promise<readonly Code[] | undefined>;
  /** the code and all below it, or all above it; undefined as `codesOf` */
  closure(
    system: string,
    code: string,
    direction: 'above' | 'below',
    limit: number,
  ): Promise<readonly Code[] | undefined>;
  /** the best source for a code system: newest version where none is named */
  codeSystem(url: string, version?: string): Promise<CodeSystemSource | undefined>;
}
