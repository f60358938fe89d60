// The published R4 definitions as the engine uses them: immutable look-ups, read once from the slim index that `npm run gen` makes.

/** One JSON property of a type. A choice element `value[x]` appears once per allowed type: valueQuantity, valueString … */
export interface ElementDefinition {
  /** the JSON property: `valueQuantity` */
  name: string;
  /** the FHIR path: `Observation.value[x]` */
  path: string;
  /** a type name, or the path of a backbone element: `Quantity`, `string`, `Patient.contact` (content references too) */
  type: string;
  min: number;
  /** Infinity for `*`; JSON has an array where the BASE definition's max is not 1 */
  max: number;
  isArray: boolean;
  /** `value` for `value[x]`; min and max then hold for the group */
  choice?: string;
  /** canonical of a required binding, without version */
  requiredBinding?: string;
  /** allowed types of a Reference or canonical; absent means any */
  targets?: readonly string[];
  isSummary: boolean;
  isModifier: boolean;
}

export interface TypeDefinition {
  name: string;
  kind: 'resource' | 'complex' | 'primitive' | 'backbone';
  /** `DomainResource`, `BackboneElement`, `Element` … */
  base?: string;
  /** by JSON property, in the order of the definition */
  elements: ReadonlyMap<string, ElementDefinition>;
  /** for primitives: the published regular expression */
  pattern?: string;
}

export type SearchParameterType =
  | 'number'
  | 'date'
  | 'string'
  | 'token'
  | 'reference'
  | 'composite'
  | 'quantity'
  | 'uri'
  | 'special';

export interface SearchParameter {
  url: string;
  code: string;
  type: SearchParameterType;
  /** the part of the published expression that speaks of this type */
  expression?: string;
  /** for references: allowed target types */
  targets: readonly string[];
  /** for composites: codes are looked up by `definition` */
  components: readonly { definition: string; expression: string }[];
  /** modifiers and comparators the definition lists */
  description?: string;
  /** came at run time, by POST or from a package (live.ts); published parameters neither change by it nor use its keys */
  added?: Added;
}

/** `isSearchable` is false while keys are still missing, or no longer made everywhere. */
export interface Added {
  isSearchable: boolean;
  /** how far its keys are, for messages: it changes in place */
  progress: { done: number; all: number };
}

export interface CompartmentDefinition {
  code: 'Patient' | 'Encounter' | 'RelatedPerson' | 'Practitioner' | 'Device';
  /** type → reference parameters that put it into the compartment; `{def}` is the resource itself */
  members: ReadonlyMap<string, readonly string[]>;
}

export interface Definitions {
  /** the 146 concrete resource types, sorted; Parameters is among them but has no endpoint */
  resourceTypes: readonly string[];
  /** resource types, datatypes, primitives and backbone elements (`Patient.contact`) */
  type(name: string): TypeDefinition | undefined;
  /** rises when search parameters are added or go, at run time (live.ts) */
  readonly revision?: number;
  /** parameters of a type by code, those of Resource and DomainResource included */
  searchParameters(type: string): ReadonlyMap<string, SearchParameter>;
  compartments: ReadonlyMap<string, CompartmentDefinition>;
  /** codes of a value set that a required binding names, as `system|code` → true and `code` → true; undefined if unbounded (mime types, languages, UCUM) */
  codes(valueSet: string): ReadonlySet<string> | undefined;
  /** the system that a `code` element's required binding implies, where there is exactly one */
  impliedSystem(valueSet: string): string | undefined;
}
