// Turns an invariant into closures over plain JSON. Types are followed while compiling, so that choices (`value` → `valueQuantity`) are settled
// and nothing is looked up by name while a resource is checked. What is beyond it throws Unsupported (while compiling) or BAIL (while
// running), and fhirpath answers. test/unit/fhir/validation/expressions.test.ts holds the two against each other on every official example.
// http://hl7.org/fhirpath/N1/
import type { Definitions, ElementDefinition } from '../../definitions/definitions.ts';
import { isNode, type Node } from '../node.ts';
import type { Surroundings, Test } from './expression.ts';
import { callFunction } from './functions.ts';
import { BAIL, BARE, type Code, type Items, NONE, only, type Scope, truth, type Value } from './items.ts';
import { applyOperator } from './operators.ts';
import { parseSyntax, type Syntax, Unsupported } from './syntax.ts';

export { BAIL, Unsupported };

export function compileNative(definitions: Definitions, type: string, expression: string): Test {
  const scope: Scope = { definitions, types: [type], rootType: type, build };
  const { code } = build(parseSyntax(expression), scope);
  return (value: unknown, surroundings: Surroundings) => {
    const result = code(only(value), surroundings);
    return result.length > 0 && result[0] !== false;
  };
}

export function build(syntax: Syntax, scope: Scope): Value {
  switch (syntax.kind) {
    case 'this':
      return { types: scope.types, code: (items) => items };
    case 'empty':
      return { types: [], code: () => NONE };
    case 'literal': {
      const items: Items = [syntax.value];
      return { types: [systemType(syntax.value)], code: () => items };
    }
    case 'constant':
      return constant(syntax.name, scope);
    case 'member':
      return member(syntax.of, syntax.name, scope);
    case 'index': {
      const { types, code } = build(syntax.of, scope);
      const { at } = syntax;
      return {
        types,
        code: (items, run) => {
          const all = code(items, run);
          return at < all.length ? [all[at]] : NONE;
        },
      };
    }
    case 'type':
      return typed(syntax.of, syntax.is, syntax.type, scope);
    case 'operator':
      return applyOperator(syntax.operator, build(syntax.left, scope), build(syntax.right, scope));
    case 'call':
      return callFunction(syntax.name, focusOf(syntax.of, scope), syntax.args, scope);
  }
}

const focusOf = (of: Syntax | undefined, scope: Scope): Value =>
  of === undefined ? { types: scope.types, code: (items) => items } : build(of, scope);

const systemType = (value: string | number | boolean): string =>
  typeof value === 'string'
    ? 'string'
    : typeof value === 'boolean'
      ? 'boolean'
      : Number.isInteger(value)
        ? 'integer'
        : 'decimal';

const TEXTS: Readonly<Record<string, string>> = {
  ucum: 'http://unitsofmeasure.org',
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
};

function constant(name: string, scope: Scope): Value {
  const text = TEXTS[name];
  if (text !== undefined) return { types: ['string'], code: () => [text] };
  if (name === 'context') throw new Unsupported(name);
  // the resource's own type is known where the invariant is that of a resource type or of an element of one
  const [type = ''] = scope.rootType.split('.');
  const isOfResource =
    scope.definitions.type(type)?.kind === 'resource' && type !== 'Resource' && type !== 'DomainResource';
  if (name === 'resource') {
    return { types: [isOfResource ? type : 'Resource'], code: (_items, run) => only(run.resource) };
  }
  if (name === 'rootResource') return { types: ['Resource'], code: (_items, run) => only(run.rootResource) };
  throw new Unsupported(`%${name}`);
}

/** `name`, `Patient.name` at the beginning, or a step from what comes before */
function member(of: Syntax | undefined, name: string, scope: Scope): Value {
  if (of === undefined && /^[A-Z]/.test(name)) {
    const isOwn = scope.types.length === 1 && scope.types[0] === name;
    if (!isOwn) throw new Unsupported(name);
    return { types: scope.types, code: (items) => items };
  }
  return step(focusOf(of, scope), name, scope.definitions);
}

interface Way {
  property: string;
  isPrimitive: boolean;
}

/** One step by name. Every type it may start from must be known, so that the properties are. */
export function step(from: Value, name: string, definitions: Definitions, onlyType?: string): Value {
  if (from.types.some((type) => type === 'Resource' || type === 'DomainResource')) {
    return stepOfResource(from, name, definitions, onlyType);
  }
  const found = from.types.flatMap((type) => elementsNamed(definitions, type, name));
  const elements = onlyType === undefined ? found : found.filter(({ type }) => type === onlyType);
  if (elements.length === 0) return { types: [], code: () => NONE };
  const ways = distinctWays(elements, definitions);
  const types = [...new Set(elements.map(({ type }) => type))];
  const [way] = ways;
  if (ways.length === 1 && way !== undefined) return { types, code: oneWay(from.code, way) };
  return { types, code: anyWay(from.code, () => ways) };
}

function distinctWays(elements: readonly ElementDefinition[], definitions: Definitions): Way[] {
  const ways = new Map<string, Way>();
  for (const { name, type } of elements) {
    ways.set(name, { property: name, isPrimitive: definitions.type(type)?.kind === 'primitive' });
  }
  return [...ways.values()];
}

function elementsNamed(definitions: Definitions, typeName: string, name: string): ElementDefinition[] {
  const type = definitions.type(typeName);
  if (type === undefined) throw new Unsupported(typeName);
  if (type.kind === 'primitive') throw new Unsupported(`${typeName}.${name}`);
  // profiles also name a choice with its type, as JSON does: `valueQuantity`
  return [...type.elements.values()].filter((element) => element.choice === name || element.name === name);
}

/** Contained resources and entries of Bundles: only the resource itself says what it is. */
function stepOfResource(from: Value, name: string, definitions: Definitions, onlyType?: string): Value {
  const known = new Map<unknown, readonly Way[]>();
  const waysOf = (node: Node): readonly Way[] => {
    let ways = known.get(node.resourceType);
    if (ways === undefined) {
      const type = typeof node.resourceType === 'string' ? definitions.type(node.resourceType) : undefined;
      const elements = type === undefined ? [] : elementsNamed(definitions, type.name, name);
      ways = distinctWays(
        onlyType === undefined ? elements : elements.filter((each) => each.type === onlyType),
        definitions,
      );
      known.set(node.resourceType, ways);
    }
    return ways;
  };
  const types = new Set<string>();
  for (const resourceType of definitions.resourceTypes) {
    for (const { type } of elementsNamed(definitions, resourceType, name)) {
      if (onlyType === undefined || type === onlyType) types.add(type);
    }
  }
  return { types: [...types], code: anyWay(from.code, waysOf) };
}

function oneWay(from: Code, { property, isPrimitive }: Way): Code {
  const companion = `_${property}`;
  return (items, run) => {
    const nodes = from(items, run);
    if (nodes.length === 1) {
      const node = nodes[0];
      if (!isNode(node)) return NONE;
      const value = node[property];
      if (value === undefined) return isPrimitive && node[companion] !== undefined ? bareItems(node[companion]) : NONE;
      if (!Array.isArray(value)) return [value];
      return isPrimitive && value.includes(null) ? value.map((item) => item ?? BARE) : value;
    }
    if (nodes.length === 0) return NONE;
    const out: unknown[] = [];
    for (const node of nodes) if (isNode(node)) collect(node, property, isPrimitive, out);
    return out;
  };
}

const anyWay =
  (from: Code, waysOf: (node: Node) => readonly Way[]): Code =>
  (items, run) => {
    const out: unknown[] = [];
    for (const node of from(items, run)) {
      if (!isNode(node)) continue;
      for (const { property, isPrimitive } of waysOf(node)) collect(node, property, isPrimitive, out);
    }
    return out;
  };

function collect(node: Node, property: string, isPrimitive: boolean, out: unknown[]): void {
  const value = node[property];
  if (value === undefined) {
    if (isPrimitive && node[`_${property}`] !== undefined) out.push(...bareItems(node[`_${property}`]));
  } else if (Array.isArray(value)) for (const item of value) out.push(item ?? BARE);
  else out.push(value);
}

const bareItems = (companion: unknown): Items => (Array.isArray(companion) ? companion.map(() => BARE) : [BARE]);

/**
 * `is`, `as` and `ofType` of a choice, where the property says the type; of a resource, which says it itself; and of what has one type.
 * Nothing is of no type: the validators of HL7 say so, and ras-2 is meant that way.
 */
function typed(of: Syntax | undefined, is: boolean, written: string, scope: Scope): Value {
  const { definitions } = scope;
  const type = typeNamed(definitions, written);
  const kind = definitions.type(type)?.kind;
  const whole = focusOf(of, scope);
  const [single] = whole.types;
  let part: Value;
  if (kind === 'resource' && whole.types.every((each) => each === 'Resource' || each === type)) {
    part = {
      types: [type],
      code: (items, run) => whole.code(items, run).filter((item) => isNode(item) && item.resourceType === type),
    };
  } else if (whole.types.length === 1 && single !== undefined) {
    const isSame = single === type || isKindOf(definitions, single, type);
    part = isSame ? whole : { types: [], code: () => NONE };
  } else if (of?.kind === 'member') {
    if (whole.types.some((each) => each !== type && isKindOf(definitions, each, type)))
      throw new Unsupported('subtypes');
    part = step(focusOf(of.of, scope), of.name, definitions, type);
  } else throw new Unsupported(`is ${type}`);
  if (!is) return part;
  return {
    types: ['boolean'],
    code: (items, run) => {
      if (whole.code(items, run).length > 1) throw BAIL;
      return truth(part.code(items, run).length === 1);
    },
  };
}

/** `Boolean` and `DateTime`, as que-7 and others write, are `boolean` and `dateTime`. */
function typeNamed(definitions: Definitions, written: string): string {
  if (definitions.type(written) !== undefined) return written;
  const name = `${written[0]?.toLowerCase()}${written.slice(1)}`;
  if (written.includes('.') || definitions.type(name) === undefined) throw new Unsupported(written);
  return name;
}

function isKindOf(definitions: Definitions, type: string, ancestor: string): boolean {
  for (let each = definitions.type(type)?.base; each !== undefined; each = definitions.type(each)?.base) {
    if (each === ancestor) return true;
  }
  return false;
}
