// Which search parameters a condition speaks of, and which elements a parameter reads: read back from how keys and expressions are spelled.
// Access asks it, so that what is hidden from a caller cannot be found out by searching, sorting or including.
import type { Definitions, SearchParameter } from '../definitions/definitions.ts';
import type { Predicate } from '../model/predicate.ts';
import type { Node } from './expression/ast.ts';
import { parseExpression } from './expression/parse.ts';
import { patientCompartmentOf } from './patient-compartment.ts';

/** A parameter of the type that is asked, or of a type that is contained in it. */
export interface SpokenParameter {
  /** of what is contained: its type */
  type?: string;
  code: string;
}

/** Joins are spoken of by the reference they go by; what they ask of the other end is not looked into. */
export function parametersSpokenOf(definitions: Definitions, type: string, predicate: Predicate): SpokenParameter[] {
  switch (predicate.op) {
    case 'and':
    case 'or':
      return predicate.of.flatMap((part) => parametersSpokenOf(definitions, type, part));
    case 'not':
      return parametersSpokenOf(definitions, type, predicate.of);
    case 'equals':
      return parametersOfKey(definitions, type, predicate.key);
    case 'oneOf':
      return predicate.keys.flatMap((key) => parametersOfKey(definitions, type, key));
    case 'confirms':
      return predicate.tokens.flatMap((token) => parametersOfKey(definitions, type, token));
    case 'startsWith':
    case 'differs':
      return parametersOfKey(definitions, type, predicate.prefix);
    case 'coded':
    case 'contains':
    case 'interval':
    case 'exists':
      return parametersOfKey(definitions, type, predicate.param);
    case 'near':
      return [{ code: 'near' }];
    case 'words':
      return [{ code: predicate.in === 'narrative' ? '_text' : '_content' }];
    case 'ids':
      return [{ code: '_id' }];
    case 'updated':
      return [{ code: '_lastUpdated' }];
    case 'linked':
      return [
        ...parametersOfKey(definitions, type, predicate.param),
        ...(predicate.contained ?? []).flatMap(({ marker, where }) => [
          ...parametersOfKey(definitions, type, marker),
          ...parametersSpokenOf(definitions, type, where),
        ]),
      ];
    case 'linkedFrom':
      return [];
  }
}

/**
 * An entry of `k`, `t` or `s`, or the beginning of one: `code|8302-2`, `family:smith`, `&subject|Patient/1|code|8302-2`, `@1`,
 * `medication#Medication.code|x`.
 */
export function parametersOfKey(definitions: Definitions, type: string, key: string): SpokenParameter[] {
  if (key.startsWith('&')) {
    const [first = '', , second = ''] = key.slice(1).split('|', 3);
    return [{ code: first }, { code: second }];
  }
  if (key.startsWith('@')) {
    const { others, isPatient } = patientCompartmentOf(definitions, type);
    return [...others, ...(isPatient ? ['_id'] : [])].map((code) => ({ code }));
  }
  const [own = '', ...inner] = (/^[^|:]*/.exec(key)?.[0] ?? '').replaceAll('~', '').split('#');
  return [
    ...(own === '' ? [] : [{ code: own }]),
    ...inner.flatMap((name) => {
      const dot = name.indexOf('.');
      return dot < 0 ? [] : [{ type: name.slice(0, dot), code: name.slice(dot + 1) }];
    }),
  ];
}

/** The elements of the resource itself that the parameter's values are read from; undefined where its expression does not tell. */
export function elementsReadBy(definitions: Definitions, type: string, code: string): ReadonlySet<string> | undefined {
  const parameter = definitions.searchParameters(type).get(code);
  if (parameter === undefined) return undefined;
  const elements = new Set<string>();
  try {
    for (const expression of expressionsOf(definitions, type, parameter))
      collect(parseExpression(expression), type, elements);
  } catch {
    return undefined;
  }
  return elements.size === 0 ? undefined : elements;
}

/** The parts of a composite speak of the element that its own expression chooses, which is nearly always the resource itself. */
function expressionsOf(
  definitions: Definitions,
  type: string,
  { expression = '', components }: SearchParameter,
): string[] {
  if (components.length === 0 || !isResourceItself(expression, definitions, type)) return [expression];
  return components.map((component) => component.expression);
}

const isResourceItself = (expression: string, definitions: Definitions, type: string): boolean =>
  expression === type || expression === 'Resource' || definitions.type(type)?.base === expression;

const ROOTS = new Set(['Resource', 'DomainResource']);

function collect(node: Node, type: string, elements: Set<string>): void {
  switch (node.kind) {
    case 'this':
    case 'resource':
    case 'literal':
      return;
    case 'member': {
      const first = firstElement(node, type);
      if (first !== undefined) elements.add(first);
      else collect(node.of, type, elements);
      return;
    }
    case 'union':
    case 'and':
    case 'or':
    case 'equal':
      collect(node.left, type, elements);
      collect(node.right, type, elements);
      return;
    default:
      // what stands in parentheses speaks of what stands before them
      collect(node.of, type, elements);
  }
}

/** `Patient.contact.name` → contact */
function firstElement(node: Node & { kind: 'member' }, type: string): string | undefined {
  const { of, name } = node;
  if (of.kind === 'this') return name === type || ROOTS.has(name) ? undefined : name;
  if (of.kind === 'member' && of.of.kind === 'this' && (of.name === type || ROOTS.has(of.name))) return name;
  return of.kind === 'resource' ? name : undefined;
}
