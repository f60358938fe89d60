// Reads a SearchParameter resource into its slim form: several bases share one resource whose expression is a union, so it is split by type.
// https://hl7.org/fhir/R4/searchparameter.html
import type { SlimParameter } from './slim.ts';

export interface SearchParameterResource {
  resourceType: 'SearchParameter';
  url: string;
  code: string;
  type: string;
  base: readonly string[];
  expression?: string;
  description?: string;
  target?: readonly string[];
  component?: readonly { definition: string; expression: string }[];
}

export function readSearchParameter(resource: SearchParameterResource): SlimParameter {
  const on: Record<string, { expression?: string; description?: string }> = {};
  for (const type of [...resource.base].sort()) {
    const expression = expressionFor(type, resource.expression ?? '');
    const description = descriptionFor(type, resource.description ?? '');
    on[type] = { ...(expression && { expression }), ...(description && { description }) };
  }
  return {
    url: resource.url,
    code: resource.code,
    type: resource.type,
    ...(resource.target && { targets: [...resource.target].sort() }),
    ...(resource.component && {
      components: resource.component.map(({ definition, expression }) => ({ definition, expression })),
    }),
    on,
  };
}

/** The operands of the union that begin with the type's name, or with no type's name at all: `name | alias`, or with what all types are */
function expressionFor(type: string, expression: string): string {
  const operands = splitUnion(expression);
  return operands.filter((operand) => isAbout(type, operand)).join(' | ');
}

const EVERY_TYPE = new Set(['Resource', 'DomainResource']);

function isAbout(type: string, operand: string): boolean {
  const first = /^[\s(]*([A-Za-z_]\w*)/.exec(operand)?.[1];
  return first === undefined || first === type || EVERY_TYPE.has(first) || !/^[A-Z]/.test(first);
}

/** Cuts at each `|` that is in no parentheses and no quotes. */
export function splitUnion(expression: string): string[] {
  const operands: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < expression.length; at++) {
    const char = expression[at];
    if (quoted && char === '\\') at++;
    else if (char === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) {
      operands.push(expression.slice(start, at).trim());
      start = at + 1;
    }
  }
  operands.push(expression.slice(start).trim());
  return operands.filter((operand) => operand !== '');
}

/** Shared parameters describe each type in a list of their own: `* [Encounter](encounter.html): The patient present` */
function descriptionFor(type: string, description: string): string {
  for (const [, name, text] of description.matchAll(/^\* \[(\w+)\]\([^)]*\): (.*)$/gm)) {
    if (name === type) return text?.trim() ?? '';
  }
  return description.startsWith('Multiple Resources') ? '' : description.trim();
}
