// Search parameters' expressions as plain functions, compiled once: what a write costs depends on it.
// https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.expression
import type { Definitions } from '../../definitions/definitions.ts';
import type { Resource } from '../../model/resource.ts';
import { Unsupported } from './ast.ts';
import { build, emit, typeOf, type Visit } from './build.ts';
import { interpretExpression } from './fallback.ts';
import { parseExpression } from './parse.ts';
import { isAbstract } from './type-tree.ts';

/** A value found by an expression, with its FHIR type name, and (for decimals' text) where it hangs. */
export interface Found {
  type: string;
  value: unknown;
  parent: object;
  key: string | number;
}

/** `container` is the whole resource where the context is a part of it, as a composite's components are read. */
export type Expression = (context: Resource, container?: Resource) => Found[];

export interface CompiledExpression extends Expression {
  /** false where fhirpath does it */
  compiled: boolean;
  /** the types that can be found, `Resource` where only the resource tells; undefined where fhirpath does it */
  types: readonly string[] | undefined;
}

/**
 * Compiles the expression for one type: a resource type, or the type of what a composite's components are read from (`Observation.component`).
 * Primitive values that are absent (extensions only) are not found, and a union keeps what it finds twice.
 */
export function compileExpression(definitions: Definitions, type: string, expression: string): CompiledExpression {
  try {
    const types = new Set<string>();
    const scope = { definitions, type, rootType: type.split('.', 1)[0] ?? type };
    const visit = build(parseExpression(expression), scope, (found) => {
      types.add(found);
      return isAbstract(definitions, found) ? emitResource(definitions) : emit(found);
    });
    return Object.assign(run(visit), { compiled: true, types: [...types] });
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return Object.assign(interpretExpression(type, expression), { compiled: false, types: undefined });
  }
}

function run(visit: Visit | undefined): Expression {
  if (!visit) return () => [];
  return (context, container) => {
    const out: Found[] = [];
    visit(context, context, '', { root: container ?? context, out });
    return out;
  };
}

function emitResource(definitions: Definitions): Visit {
  return (value, parent, key, { out }) => {
    const found = { type: 'Resource', value, parent, key };
    out.push({ ...found, type: typeOf(definitions, found) });
  };
}
