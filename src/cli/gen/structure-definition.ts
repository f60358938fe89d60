// The part of a StructureDefinition that the slim index is made from. https://hl7.org/fhir/R4/structuredefinition.html

export interface PublishedElement {
  path: string;
  min: number;
  max: string;
  base?: { path: string; max: string };
  contentReference?: string;
  type?: readonly {
    code: string;
    targetProfile?: readonly string[];
    extension?: readonly { url: string; valueUrl?: string; valueString?: string }[];
  }[];
  binding?: { strength: string; valueSet?: string };
  isSummary?: boolean;
  isModifier?: boolean;
}

export interface StructureDefinition {
  name: string;
  kind: 'primitive-type' | 'complex-type' | 'resource' | 'logical';
  abstract: boolean;
  derivation?: 'specialization' | 'constraint';
  baseDefinition?: string;
  snapshot: { element: readonly PublishedElement[] };
}

/** resources, datatypes and the two roots (Element, Resource), but no profiles and no logical models */
export function isType({ kind, derivation, baseDefinition }: StructureDefinition): boolean {
  return kind !== 'logical' && (derivation === 'specialization' || baseDefinition === undefined);
}

export const lastSegment = (canonical: string): string => canonical.slice(canonical.lastIndexOf('/') + 1);
export const withoutVersion = (canonical: string): string => canonical.split('|', 1)[0] ?? canonical;
