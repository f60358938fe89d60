// An invariant ready to be asked. Most are turned into closures over plain JSON (native.ts); what those cannot do, fhirpath answers.
// https://hl7.org/fhir/R4/fhirpath.html
import type { Definitions } from '../../definitions/definitions.ts';
import type { Node } from '../node.ts';
import { interpretExpression, selectFrom } from './interpreted.ts';
import { BAIL, compileNative, Unsupported } from './native.ts';

/** What an expression may ask of its surroundings. */
export interface Surroundings {
  /** `%resource`: the resource the element is in */
  resource: Node;
  /** `%rootResource`: the container of a contained resource, else the same */
  rootResource: Node;
  /** what a reference of this resource leads to, where that is known here */
  resolve(reference: string): Node | undefined;
  /** `%extension` of a context invariant */
  extension?: Node;
  /** undefined: not known (yet) */
  memberOf(coded: unknown, valueSet: string): boolean | undefined;
}

/** True where the expression gives true; everything else, also nothing at all, is a broken invariant. */
export type Test = (value: unknown, surroundings: Surroundings) => boolean;

export interface Expressions {
  /** `type`: what the values are: `Quantity`, `Observation.component`, `dateTime` */
  compile(type: string, expression: string): Test;
  /** what an expression selects of a resource */
  select(expression: string, resource: Node): readonly unknown[];
}

export function createExpressions(
  definitions: Definitions,
  options: { isNative: boolean } = { isNative: true },
): Expressions {
  const known = new Map<string, Test>();
  return {
    compile(type, expression) {
      const key = `${type} ${expression}`;
      let test = known.get(key);
      if (test === undefined) {
        test = options.isNative ? compile(definitions, type, expression) : interpretExpression(type, expression);
        known.set(key, test);
      }
      return test;
    },
    select: selectFrom,
  };
}

function compile(definitions: Definitions, type: string, expression: string): Test {
  let interpreted: Test | undefined;
  const interpret: Test = (value, surroundings) => {
    interpreted ??= interpretExpression(type, expression);
    return interpreted(value, surroundings);
  };
  try {
    const native = compileNative(definitions, type, expression);
    return (value, surroundings) => {
      try {
        return native(value, surroundings);
      } catch (error) {
        if (error !== BAIL) throw error;
        return interpret(value, surroundings);
      }
    };
  } catch (error) {
    if (error instanceof Unsupported) return interpret;
    throw error;
  }
}
