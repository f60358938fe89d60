// What compiling makes of a StructureDefinition. The plan of a base type says everything that the structural check (validate.ts) does not; the
// plan of a profile holds only where it differs from the base type, so checking a resource against it costs what the profile adds.
import type { Test } from '../expressions/expression.ts';
import type { Run } from './run.ts';

export interface Constraint {
  key: string;
  severity: 'error' | 'warning';
  human: string;
  /** canonical of the definition that states it */
  source: string;
  test: Test;
  /** of a choice: only values of this type are asked */
  type?: string;
}

export interface BindingRule {
  strength: 'required' | 'extensible' | 'preferred';
  /** canonical as written */
  valueSet: string;
  /** https://hl7.org/fhir/R4/extension-elementdefinition-maxvalueset.html */
  maxValueSet?: string;
}

export interface TargetRule {
  /** resource types; undefined: any */
  types: ReadonlySet<string> | undefined;
  /** profiles of the target, where not only base types are named: one of them is enough */
  profiles: readonly string[];
  /** contained, referenced, bundled */
  aggregation: readonly string[];
}

/** An element of a base type. Left out of the plan where there is nothing to ask of it. */
export interface BaseElement {
  property: string;
  name: string;
  /** `Observation.value[x]` */
  path: string;
  /** type name, or the path of a backbone element */
  type: string;
  content: 'primitive' | 'complex' | 'resource' | 'companion';
  constraints: readonly Constraint[];
  binding?: BindingRule;
  targets?: TargetRule;
  /** `type.profile`, as that of SimpleQuantity */
  profiles: readonly string[];
  isModifierExtension: boolean;
}

export interface BaseType {
  name: string;
  /** by JSON property */
  elements: ReadonlyMap<string, BaseElement>;
  constraints: readonly Constraint[];
  /** names that an extension's context may give: the type and what it is derived from */
  ancestors: readonly string[];
}

/** A value, and what is beside it. */
export interface Item {
  value: unknown;
  /** `_birthDate` of a primitive */
  companion: unknown;
  property: string;
  /** type name or path of a backbone element; for resources the abstract type of the element */
  type: string;
  /** -1: not in an array */
  index: number;
}

/** How to get at an element's values: one per JSON property. */
export interface Access {
  property: string;
  type: string;
  isPrimitive: boolean;
}

export interface Slice {
  name: string;
  element: ProfileElement;
  /** undefined: cannot be told */
  matches(item: Item, run: Run): boolean | undefined;
}

export interface Slicing {
  rules: 'open' | 'closed' | 'openAtEnd';
  isOrdered: boolean;
  slices: readonly Slice[];
}

export interface ProfileElement {
  /** in FHIRPath: `component`, `value` */
  name: string;
  /** with slices, as in the snapshot: `Observation.component:systolic.value[x]` */
  id: string;
  access: readonly Access[];
  min: number;
  max: number;
  /** allowed types where the profile allows fewer than the base */
  types?: ReadonlySet<string>;
  fixed?: unknown;
  pattern?: unknown;
  minValue?: unknown;
  maxValue?: unknown;
  maxLength?: number;
  binding?: BindingRule;
  targets?: TargetRule;
  /** by type: the value must conform to one of them */
  profiles?: ReadonlyMap<string, readonly string[]>;
  constraints: readonly Constraint[];
  children: readonly ProfileElement[];
  slicing?: Slicing;
}

export interface ProfilePlan {
  url: string;
  /** the type it is about */
  type: string;
  isBase: boolean;
  isModifier: boolean;
  root: ProfileElement;
  context: readonly { type: string; expression: string }[];
  contextInvariants: readonly string[];
  /** what could not be compiled: said wherever the profile is used */
  flaws: readonly string[];
}
