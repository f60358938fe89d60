// FHIRPath on a parsed resource, for paths and rules that come from a GraphDefinition. What refers elsewhere is not followed here.
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import type { Resource } from '../../model/resource.ts';

type Compiled = (resource: unknown, environment: Record<string, unknown>) => unknown[];

const compiled = new Map<string, Compiled>();
const MOST_KEPT = 200;

/** Throws an Error that says what is wrong with the expression. */
export function evaluate(resource: Resource, expression: string): unknown[] {
  let known = compiled.get(expression);
  if (known === undefined) {
    known = fhirpath.compile(expression, r4, { traceFn: () => undefined });
    if (compiled.size >= MOST_KEPT) compiled.clear();
    compiled.set(expression, known);
  }
  return known(resource, { resource, rootResource: resource });
}
