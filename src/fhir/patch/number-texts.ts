// Moving values between JSON documents together with the texts of their decimals (see model/json.ts).
import { FhirError } from '../model/errors.ts';
import { DECIMALS, type DecimalTexts } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';

export interface Container {
  [key: string | number]: unknown;
  [DECIMALS]?: DecimalTexts;
}

export const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

export const textAt = (parent: Container, key: string | number): string | undefined => parent[DECIMALS]?.[key];

/** Makes `text` the text of `parent[key]`, or none. The records are shared between copies, so a changed one is a new one. */
export function setText(parent: Container, key: string | number, text: string | undefined): void {
  const before = parent[DECIMALS];
  if (text === undefined && before?.[key] === undefined) return;
  const { [key]: _, ...others } = before ?? {};
  parent[DECIMALS] = text === undefined ? others : { ...others, [key]: text };
}

/** What every patch must leave as it was. https://hl7.org/fhir/R4/http.html#patch */
export function sameSubject(before: Resource, after: unknown): Resource {
  const same =
    isContainer(after) &&
    !Array.isArray(after) &&
    after.resourceType === before.resourceType &&
    (before.id === undefined || after.id === before.id);
  if (!same) throw new FhirError('invalid', 'A patch must not change the type or the id of a resource');
  return after as Resource;
}
