// The committed slim index of the published definitions (generated/*.json): what `npm run gen` writes and load.ts reads.
// What has its usual value is left out: min 0, max 1, not in the summary, no modifier.

export interface SlimElement {
  /** the JSON property, or `value[x]` for a choice */
  name: string;
  types: readonly string[];
  min?: number;
  max?: number | '*';
  /** only where it cannot be read off `max`: a base definition that repeats, constrained to one */
  isArray?: boolean;
  binding?: string;
  /** by type name: Reference or canonical */
  targets?: Readonly<Record<string, readonly string[]>>;
  summary?: true;
  modifier?: true;
}

export interface SlimType {
  kind: 'resource' | 'complex' | 'primitive' | 'backbone';
  abstract?: true;
  base?: string;
  pattern?: string;
  elements: readonly SlimElement[];
}

export interface SlimParameter {
  url: string;
  code: string;
  type: string;
  /** `any`: every resource type that can be stored */
  targets?: readonly string[] | 'any';
  components?: readonly { definition: string; expression: string }[];
  /** by base type, abstract ones included: the part of the expression and of the description that speaks of it */
  on: Readonly<Record<string, { expression?: string; description?: string }>>;
}

export interface SlimValueSet {
  /** false where codes cannot be listed: mime types, UCUM, currencies */
  isListed: boolean;
  /** code system → codes */
  systems: Readonly<Record<string, readonly string[]>>;
}

export interface SlimIndex {
  types: Readonly<Record<string, SlimType>>;
  'search-parameters': readonly SlimParameter[];
  /** compartment → type → reference parameters */
  compartments: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  'value-sets': Readonly<Record<string, SlimValueSet>>;
}
