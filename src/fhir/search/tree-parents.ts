// By which reference a resource says what it is part of, where that is a resource of its own type: Location.partOf, Organization.partOf …
// https://hl7.org/fhir/R4/search.html#recursive
import type { Definitions } from '../definitions/definitions.ts';

const CODES: readonly string[] = ['partof', 'part-of'];

export const parentsOf = (definitions: Definitions, type: string): readonly string[] =>
  CODES.filter((code) => {
    const parameter = definitions.searchParameters(type).get(code);
    return parameter?.type === 'reference' && parameter.targets.includes(type);
  });
