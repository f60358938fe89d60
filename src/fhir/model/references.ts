// Which resource of this server a literal reference means. https://hl7.org/fhir/R4/references.html#literal

export interface Name {
  type: string;
  id: string;
}

export const nameOf = ({ type, id }: Name): string => `${type}/${id}`;

const LITERAL = /^([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** `https://hospital.example/fhir/Patient/1` below that base → `Patient/1`; all others as they are */
export const withoutBase = (reference: string, base: string | undefined): string =>
  base !== undefined && reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;

/** `Patient/1`, the same below `base`, and of a version of it; undefined for all others: contained, foreign, logical. */
export function localName(reference: string, base?: string): Name | undefined {
  const [, type, id] = LITERAL.exec(withoutBase(reference, base)) ?? [];
  return type === undefined || id === undefined ? undefined : { type, id };
}
