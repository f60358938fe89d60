// Required bindings of coded datatypes. https://hl7.org/fhir/R4/terminologies.html#required
import { isNode, type Node, shown } from './node.ts';

export interface Binding {
  /** `system|code` and `code` */
  codes: ReadonlySet<string>;
  valueSet: string;
}

/** At least one coding must be of the value set; a coding without a system counts by its code alone. */
export function bindingProblem(type: string, node: Node, { codes, valueSet }: Binding): string | undefined {
  const codings = type === 'CodeableConcept' ? node.coding : [node];
  // what is no array of objects has been refused by its JSON type; a text alone is no code, but says what the sender knows
  if (!Array.isArray(codings) || codings.length === 0) return undefined;
  const isMember = (coding: unknown): boolean =>
    isNode(coding) && codes.has(coding.system === undefined ? `${coding.code}` : `${coding.system}|${coding.code}`);
  const hasCode = (coding: unknown): boolean => isNode(coding) && coding.code !== undefined;
  if (!codings.some(hasCode) || codings.some(isMember)) return undefined;
  return `None of the codings ${shown(codings.map(codeOf))} is in the value set ${valueSet}`;
}

const codeOf = (coding: unknown): unknown => (isNode(coding) ? `${coding.system ?? ''}|${coding.code ?? ''}` : coding);

/** The codes without their systems, for hints. */
export function* plainCodes(codes: ReadonlySet<string>): Iterable<string> {
  for (const code of codes) if (!code.includes('|')) yield code;
}
