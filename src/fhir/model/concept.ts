// Codes and the code systems they come from, as values: shared by terminology, which thinks about them, and storage, which keeps large ones.
// https://hl7.org/fhir/R4/codesystem.html

import type { Ecl } from './ecl.ts';

export interface Code {
  system?: string;
  version?: string;
  code: string;
  display?: string;
}

export interface Designation {
  language?: string;
  use?: Code;
  value: string;
}

export interface ConceptProperty {
  code: string;
  value: string | number | boolean | Code;
  type: 'code' | 'string' | 'integer' | 'boolean' | 'dateTime' | 'decimal' | 'Coding';
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
  designations?: readonly Designation[];
  properties?: readonly ConceptProperty[];
  parents?: readonly string[];
}

/** ValueSet.compose.include.filter: https://hl7.org/fhir/R4/valueset-filter-operator.html */
export interface ConceptFilter {
  property: string;
  op: '=' | 'is-a' | 'descendent-of' | 'is-not-a' | 'regex' | 'in' | 'not-in' | 'generalizes' | 'exists';
  value: string;
  /** the value, read, where it is an expression. https://hl7.org/fhir/R4/snomedct.html#filters */
  ecl?: Ecl;
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
  /** for people: `CodeSystem.title` or `name` */
  title?: string;
  isCaseSensitive: boolean;
  /** false: a fragment or an example, so that an unknown code may still be right */
  isComplete: boolean;
  /** false: a grammar, whose codes cannot be listed; `select` then throws `too-costly` */
  isListed?: boolean;
  /** codes are written this way in the system itself; where absent, unknown properties are refused */
  properties?: ReadonlyMap<string, { uri?: string; type: string; description?: string }>;
  /** canonicals of supplements whose designations, and properties, count here */
  supplements?: readonly string[];
  /** the implicit value set of the whole system, where it has one */
  valueSet?: string;
  lookup(code: string): Promise<Concept | undefined>;
  /** the concepts of these codes, in no particular order; unknown ones are left out */
  lookupMany(codes: readonly string[]): Promise<readonly Concept[]>;
  /** which of these codes exist and meet all filters */
  test(codes: readonly string[], filters: readonly ConceptFilter[]): Promise<ReadonlySet<string>>;
  /**
   * In a stable order: hierarchy or file order without a text, best match first with one; `total` counts all that meet it,
   * and is absent where counting would cost more than the answer.
   */
  select(selection: Selection): Promise<{ concepts: readonly Concept[]; total?: number }>;
  /** all that meet it, in batches and the order of `select` without a text */
  each(selection: Omit<Selection, 'offset' | 'count'>): AsyncIterable<readonly Concept[]>;
  subsumes(ancestor: string, descendant: string): Promise<boolean>;
  /** the code itself and all above it */
  ancestors(code: string): Promise<readonly string[]>;
  children(code: string | undefined): Promise<readonly Concept[]>;
}
