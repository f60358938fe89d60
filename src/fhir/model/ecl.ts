// An expression of the SNOMED CT Expression Constraint Language as a tree: terminology reads it, storage answers it.
// https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language (2.2)

/** `<` descendants, `<!` children, `>` ancestors, `>!` parents; doubled: with the concepts themselves; `!!>` and `!!<`: top and bottom of the set */
export type Hierarchy = '<' | '<<' | '<!' | '<<!' | '>' | '>>' | '>!' | '>>!' | '!!>' | '!!<';

export type Ecl =
  | { is: 'concept'; id: string }
  | { is: 'any' }
  | { is: Hierarchy; of: Ecl }
  /** `^`, members of reference sets; `targets`: the other end of association reference sets, by `^[targetComponentId]` */
  | { is: 'members'; of: Ecl; field?: 'targets'; target?: Compared<Ecl> }
  /** `^R`: the reference sets that contain them */
  | { is: 'containers'; of: Ecl }
  | { is: 'and' | 'or'; of: readonly Ecl[] }
  | { is: 'minus'; of: Ecl; without: Ecl }
  | { is: 'refined'; of: Ecl; by: Refinement }
  /** `.`, values of an attribute */
  | { is: 'values'; of: Ecl; name: Ecl }
  | { is: 'filtered'; of: Ecl; by: readonly ConceptCriterion[] }
  /** one description meets all criteria */
  | { is: 'described'; of: Ecl; by: readonly DescriptionCriterion[] }
  /** with what was replaced by them, according to these association reference sets */
  | { is: 'history'; of: Ecl; sets: Ecl };

/** `isNot`: `!=` */
export interface Compared<T> {
  isNot: boolean;
  value: T;
}

export interface Count {
  min: number;
  max: number;
}

export type Refinement =
  | { is: 'and' | 'or'; of: readonly Refinement[] }
  | { is: 'group'; count: Count; of: Refinement }
  | Attribute;

export interface Attribute {
  is: 'attribute';
  count: Count;
  isReverse: boolean;
  name: Ecl;
  value: AttributeValue;
}

export type AttributeValue =
  | ({ is: 'concepts' } & Compared<Ecl>)
  | { is: 'number'; op: Order; value: number }
  | ({ is: 'boolean' } & Compared<boolean>)
  | ({ is: 'text' } & Compared<readonly TextSearch[]>);

export type Order = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type TextSearch =
  /** the whole text as it is; or: every word begins one of its words */
  | { by: 'exact' | 'match'; text: string }
  /** the whole text, whatever its case: these, and anything between them */
  | { by: 'wild'; parts: readonly string[] };

export type ConceptCriterion =
  | ({ is: 'definitionStatus' } & Compared<Ecl>)
  | ({ is: 'module' } & Compared<Ecl>)
  | { is: 'effectiveTime'; op: Order; values: readonly string[] }
  | ({ is: 'active' } & Compared<boolean>);

export type DescriptionCriterion =
  | ({ is: 'term' } & Compared<readonly TextSearch[]>)
  /** in lower case */
  | ({ is: 'language' } & Compared<readonly string[]>)
  | ({ is: 'type' } & Compared<Ecl>)
  | ({ is: 'active' } & Compared<boolean>);

/** Descriptions are fully specified names, synonyms or definitions. */
export const DESCRIPTION_TYPES = {
  fsn: '900000000000003001',
  syn: '900000000000013009',
  def: '900000000000550004',
} as const;

export const DEFINITION_STATUSES = { primitive: '900000000000074008', defined: '900000000000073002' } as const;
