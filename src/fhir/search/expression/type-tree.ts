// What `is` and `as` ask of the definitions. https://hl7.org/fhir/R4/fhirpath.html#types
import type { Definitions } from '../../definitions/definitions.ts';
import { Unsupported } from './ast.ts';

/** whether `type` is `wanted` or made from it: a Patient is a DomainResource, an Age is a Quantity */
export function isKindOf(definitions: Definitions, type: string, wanted: string): boolean {
  for (let name: string | undefined = type; name; name = definitions.type(name)?.base) if (name === wanted) return true;
  return false;
}

/** `Resource` and `DomainResource` stand for a type that only the resource itself tells. */
export function isAbstract(definitions: Definitions, type: string): boolean {
  return definitions.type(type)?.kind === 'resource' && !definitions.resourceTypes.includes(type);
}

/** The name as the definitions have it. Published expressions write `DateTime` for `dateTime`, as in Observation's code-value-date. */
export function fhirTypeName(definitions: Definitions, written: string): string {
  if (written.startsWith('System.')) throw new Unsupported(written);
  const name = written.startsWith('FHIR.') ? written.slice('FHIR.'.length) : written;
  if (definitions.type(name)) return name;
  const lower = name.charAt(0).toLowerCase() + name.slice(1);
  if (definitions.type(lower)) return lower;
  throw new Unsupported(`type ${written}`);
}
