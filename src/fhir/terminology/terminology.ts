// The port to terminology: what validation, search and operations may ask about codes. https://hl7.org/fhir/R4/terminology-service.html
import type { Code, CodeSystemSource } from '../model/concept.ts';
import type { Resource } from '../model/resource.ts';
import type { SupplementWish } from './supplements/in-use.ts';

export type {
  Code,
  CodeSystemSource,
  Concept,
  ConceptFilter,
  ConceptProperty,
  Designation,
  Selection,
} from '../model/concept.ts';

export type Verdict =
  /** `display` is the preferred one of the code */
  | { result: true; display?: string; system?: string; version?: string; message?: string }
  /**
   * What is wrong, for people. `isUnknown`: it could not be decided, because the code system or the value set is not here;
   * `isDisplay`: the code is right and only the given display is not one of its own.
   */
  | { result: false; message: string; isUnknown?: true; isDisplay?: true; display?: string };

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
  /** no expression is ever part of an expansion here, so this changes nothing */
  excludePostCoordinated?: boolean;
  includeDesignations?: boolean;
  includeDefinition?: boolean;
  displayLanguage?: string;
  designation?: readonly string[];
  /** `system|version` */
  systemVersion?: readonly string[];
  checkSystemVersion?: readonly string[];
  forceSystemVersion?: readonly string[];
  excludeSystem?: readonly string[];
  useSupplement?: readonly string[];
  date?: string;
}

export interface ValidateOptions {
  /** a canonical, or a resource; absent: any code of the code system will do */
  valueSet?: string | Resource;
  /** a CodeSystem that is not stored, in place of the one its URL names */
  codeSystem?: Resource;
  displayLanguage?: string;
  isAbstractAllowed?: boolean;
  useSupplement?: readonly string[];
  /** definitions as they were then */
  date?: string;
}

export interface Terminology {
  /** rises with every change of what is answered here; who keeps answers keeps them by it */
  readonly revision: number;
  /** by canonical of the value set; undefined where it is unknown, open (a system that is not here, mime types) or too large for memory */
  membership(valueSet: string): Promise<Membership | undefined>;
  /** is the code in the value set? Undefined `valueSet`: is it in its code system? A given display is checked as well */
  validateCode(code: Code, options: ValidateOptions): Promise<Verdict>;
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
  /** the best source for a code system: newest version where none is named, of those that were there on the date */
  codeSystem(url: string, version?: string, date?: string): Promise<CodeSystemSource | undefined>;
  /** the code system with what its supplements say that are asked for, by name or by language; throws `not-found` for an unknown one */
  supplemented(source: CodeSystemSource, wish: SupplementWish): Promise<CodeSystemSource>;
  /** the definition that a canonical names, implicit value sets among them */
  valueSet(canonical: string, date?: string): Promise<Resource | undefined>;
}
