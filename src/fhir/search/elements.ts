// Which elements of the definitions a search expression can reach, where that can be told from its text alone. The plan needs
// it for what a value cannot say: the system a `code` implies, and whether an element is always there.
import type { Definitions, ElementDefinition } from '../definitions/definitions.ts';
import { expressionParts } from './expression-parts.ts';

export interface ReachedElement {
  type: string;
  requiredBinding?: string;
  targets?: readonly string[];
  /** exactly one in every resource */
  isAlwaysOne: boolean;
}

/** undefined where the expression is more than a path with casts and `where` */
export function reachedElements(
  definitions: Definitions,
  type: string,
  expression: string,
): ReachedElement[] | undefined {
  const reached: ReachedElement[] = [];
  for (const part of expressionParts(expression)) {
    const found = reach(definitions, type, part);
    if (!found) return undefined;
    reached.push(...found);
  }
  return reached;
}

interface Place {
  type: string;
  element?: ElementDefinition;
  isAlwaysOne: boolean;
}

function reach(definitions: Definitions, type: string, part: string): ReachedElement[] | undefined {
  const steps = pathSteps(part);
  if (!steps) return undefined;
  let places: Place[] = [{ type, isAlwaysOne: true }];
  for (const step of steps) {
    places = step.startsWith('as ')
      ? places.filter((place) => place.type === step.slice(3))
      : places.flatMap((place) => children(definitions, place, step));
  }
  return places.map(({ type: reachedType, element, isAlwaysOne }) => ({
    type: reachedType,
    isAlwaysOne: isAlwaysOne && element?.choice === undefined,
    ...(element?.requiredBinding !== undefined && { requiredBinding: element.requiredBinding }),
    ...(element?.targets !== undefined && { targets: element.targets }),
  }));
}

/** `(A.b as C).d.where(e='f')` → ['b', 'as C', 'd', 'where'] without the first name, which is the type. */
function pathSteps(part: string): string[] | undefined {
  const plain = part
    .replace(/\.where\((?:[^()]|\([^()]*\))*\)/g, '')
    .replace(/\(([\w.]+) as (\w+)\)/g, '$1.as $2')
    .replace(/\.(?:as|ofType)\((\w+)\)/g, '.as $1')
    .replace(/ as (\w+)$/, '.as $1');
  if (!/^[A-Z]\w*(\.(as )?\w+)*$/.test(plain)) return undefined;
  return plain.split('.').slice(1);
}

function children(definitions: Definitions, place: Place, name: string): Place[] {
  const elements = definitions.type(place.type)?.elements;
  if (!elements) return [];
  const direct = elements.get(name);
  const found = direct ? [direct] : [...elements.values()].filter((element) => element.choice === name);
  return found.map((element) => ({
    type: element.type,
    element,
    isAlwaysOne: place.isAlwaysOne && element.min === 1 && element.max === 1,
  }));
}
