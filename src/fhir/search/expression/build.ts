// Turns a tree into closures. Every node is compiled for ONE static type at a time, with what comes after it already compiled for each type it
// can give (`next`): choices resolve to their properties (`valueQuantity`), branches that can never match vanish, and nothing is looked up by
// name while a resource is read.
import type { Definitions, ElementDefinition } from '../../definitions/definitions.ts';
import type { Resource } from '../../model/resource.ts';
import { type Node, Unsupported } from './ast.ts';
import type { Found } from './compile.ts';
import { referencedType } from './referenced-type.ts';
import { fhirTypeName, isAbstract, isKindOf } from './type-tree.ts';

interface Run {
  root: Resource;
  out: Found[];
}
/** sees one item, and where it hangs */
export type Visit = (value: unknown, parent: object, key: string | number, run: Run) => void;
/** what to do with items of a type; undefined where nothing can come of them */
export type Next = (type: string) => Visit | undefined;
/** true, false, or undefined for FHIRPath's empty */
type Test = (value: unknown, parent: object, key: string | number, run: Run) => boolean | undefined;

interface Scope {
  definitions: Definitions;
  /** the type of the items that a leading name is taken from */
  type: string;
  /** the type of `%resource` */
  rootType: string;
}

/** keeps what was found */
export const emit: Next = (type) => (value, parent, key, run) => {
  run.out.push({ type, value, parent, key });
};

export function build(node: Node, scope: Scope, next: Next): Visit | undefined {
  const { definitions } = scope;
  switch (node.kind) {
    case 'this':
      return next(scope.type);
    case 'resource': {
      if (definitions.type(scope.rootType)?.kind !== 'resource') throw new Unsupported('%resource');
      const visit = next(scope.rootType);
      return visit && ((_value, _parent, _key, run) => visit(run.root, run.root, '', run));
    }
    case 'member':
      if (node.of.kind === 'this' && /^[A-Z]/.test(node.name))
        return typeFilter(definitions, node.name, next)(scope.type);
      return build(node.of, scope, (type) => step(definitions, type, node.name, next));
    case 'as':
      return build(node.of, scope, typeFilter(definitions, fhirTypeName(definitions, node.type), next));
    case 'union':
      return both(build(node.left, scope, next), build(node.right, scope, next));
    case 'index':
      return pick(node.of, scope, node.at, next);
    case 'call':
      return buildCall(node, scope, next);
    case 'literal':
      return constant(node.value, next);
    default:
      return truth(buildTest(node, scope), next);
  }
}

function buildCall(node: Node & { kind: 'call' }, scope: Scope, next: Next): Visit | undefined {
  const { name, of, args } = node;
  const [first] = args;
  if (name === 'where' && first && args.length === 1) {
    return build(of, scope, (type) => {
      const visit = next(type);
      const test = buildTest(first, { ...scope, type });
      return (
        visit &&
        ((value, parent, key, run) => {
          if (test(value, parent, key, run) === true) visit(value, parent, key, run);
        })
      );
    });
  }
  if (name === 'select' && first && args.length === 1) {
    return build(of, scope, (type) => build(first, { ...scope, type }, next));
  }
  if (name === 'extension' && first?.kind === 'literal' && args.length === 1) {
    const extension: Node = { kind: 'member', of, name: 'extension' };
    const url: Node = { kind: 'member', of: { kind: 'this' }, name: 'url' };
    const isNamed: Node = { kind: 'equal', left: url, right: first, isNegated: false };
    return build({ kind: 'call', of: extension, name: 'where', args: [isNamed] }, scope, next);
  }
  if (name === 'first' && args.length === 0) return pick(of, scope, 0, next);
  return truth(buildTest(node, scope), next);
}

/** one element: a plain property, or each property of a choice */
function step(definitions: Definitions, type: string, name: string, next: Next): Visit | undefined {
  const definition = definitions.type(type);
  // A primitive's children (its extensions) hang on the `_name` beside it, and an abstract type's are not known here.
  if (!definition || definition.kind === 'primitive') throw new Unsupported(`${type}.${name}`);
  const named = definition.elements.get(name);
  const elements = named ? [named] : [...definition.elements.values()].filter(({ choice }) => choice === name);
  if (elements.length === 0 && isAbstract(definitions, type)) throw new Unsupported(`${type}.${name}`);
  return elements.reduce<Visit | undefined>((visits, element) => both(visits, property(element, next)), undefined);
}

function property({ name, type, isArray }: ElementDefinition, next: Next): Visit | undefined {
  const visit = next(type);
  if (!visit) return undefined;
  if (!isArray) {
    return (value, _parent, _key, run) => {
      const child = (value as Record<string, unknown>)[name];
      if (child !== undefined && child !== null) visit(child, value as object, name, run);
    };
  }
  return (value, _parent, _key, run) => {
    const children = (value as Record<string, unknown>)[name];
    if (!Array.isArray(children)) return;
    for (let index = 0; index < children.length; index++) {
      const child: unknown = children[index];
      if (child !== undefined && child !== null) visit(child, children, index, run); // null: a primitive with extensions only
    }
  };
}

/** Keeps the items of a type: decided here where the static type says it, by `resourceType` where only the resource does. */
function typeFilter(definitions: Definitions, wanted: string, next: Next): Next {
  return (type) => {
    if (isKindOf(definitions, type, wanted)) return next(type);
    if (!isAbstract(definitions, type) || !isKindOf(definitions, wanted, type)) return undefined;
    const visit = next(wanted);
    return (
      visit &&
      ((value, parent, key, run) => {
        if (isKindOf(definitions, (value as Resource).resourceType, wanted)) visit(value, parent, key, run);
      })
    );
  };
}

/** One item by its place among all that `of` gives. */
function pick(of: Node, scope: Scope, at: number, next: Next): Visit | undefined {
  const visits = new Map<string, Visit | undefined>();
  const collect = build(of, scope, (type) => {
    visits.set(type, next(type));
    return emit(type);
  });
  return (
    collect &&
    ((value, parent, key, run) => {
      const found: Run = { root: run.root, out: [] };
      collect(value, parent, key, found);
      const item = found.out[at];
      if (item) visits.get(item.type)?.(item.value, item.parent, item.key, run);
    })
  );
}

function both(left: Visit | undefined, right: Visit | undefined): Visit | undefined {
  if (!left || !right) return left ?? right;
  return (value, parent, key, run) => {
    left(value, parent, key, run);
    right(value, parent, key, run);
  };
}

const LITERAL_TYPES = { string: 'string', number: 'decimal', boolean: 'boolean' } as const;

function constant(value: string | number | boolean, next: Next): Visit | undefined {
  const visit = next(LITERAL_TYPES[typeof value as keyof typeof LITERAL_TYPES]);
  return visit && ((_value, _parent, _key, run) => visit(value, { value }, 'value', run));
}

/** the answer of a test, as an item */
function truth(test: Test, next: Next): Visit | undefined {
  const visit = next('boolean');
  return (
    visit &&
    ((item, parent, key, run) => {
      const value = test(item, parent, key, run);
      if (value !== undefined) visit(value, { value }, 'value', run);
    })
  );
}

function buildTest(node: Node, scope: Scope): Test {
  switch (node.kind) {
    case 'and':
    case 'or': {
      const decisive = node.kind === 'or';
      const left = buildTest(node.left, scope);
      const right = buildTest(node.right, scope);
      return (value, parent, key, run) => {
        const first = left(value, parent, key, run);
        if (first === decisive) return decisive;
        const second = right(value, parent, key, run);
        return second === decisive || first !== undefined ? second : undefined;
      };
    }
    case 'equal':
      return equality(node, scope);
    case 'is':
      return typeTest(node, scope);
    case 'call':
      return callTest(node, scope);
    default:
      return singleton(gather(node, scope));
  }
}

function callTest(node: Node & { kind: 'call' }, scope: Scope): Test {
  const { name, of, args } = node;
  if (name === 'not' && args.length === 0) {
    const test = buildTest(of, scope);
    return (value, parent, key, run) => {
      const answer = test(value, parent, key, run);
      return answer === undefined ? undefined : !answer;
    };
  }
  if (name === 'exists' || (name === 'empty' && args.length === 0)) {
    const filtered: Node = args.length > 0 ? { kind: 'call', of, name: 'where', args } : of;
    const items = gather(filtered, scope).items;
    const isWanted = name === 'exists';
    return (value, parent, key, run) => items(value, parent, key, run).length > 0 === isWanted;
  }
  if (['where', 'select', 'extension', 'first'].includes(name)) return singleton(gather(node, scope));
  throw new Unsupported(`${name}()`);
}

/** `x is T`; `resolve() is T` is told from the reference. */
function typeTest(node: Node & { kind: 'is' }, scope: Scope): Test {
  const { definitions } = scope;
  const wanted = fhirTypeName(definitions, node.type);
  const isReference = node.of.kind === 'call' && node.of.name === 'resolve';
  const { items } = gather(isReference ? (node.of as Node & { kind: 'call' }).of : node.of, scope);
  return (value, parent, key, run) => {
    const [item, second] = items(value, parent, key, run);
    if (!item || second) return undefined;
    const type = isReference ? referencedType(item.value, run.root) : typeOf(definitions, item);
    return type === undefined ? undefined : type === wanted || isKindOf(definitions, type, wanted);
  };
}

export function typeOf(definitions: Definitions, { type, value }: Found): string {
  return isAbstract(definitions, type) ? (value as Resource).resourceType : type;
}

/** Types whose equality is that of their JSON value; dates compare by precision and quantities by unit, which is left to fhirpath. */
const isPlain = (definitions: Definitions, type: string): boolean =>
  definitions.type(type)?.kind === 'primitive' && !['date', 'dateTime', 'instant', 'time'].includes(type);

/** http://hl7.org/fhirpath/N1/#equality */
function equality(node: Node & { kind: 'equal' }, scope: Scope): Test {
  const left = gather(node.left, scope);
  const right = gather(node.right, scope);
  const sides = [left, right];
  const isComparable =
    sides.every(({ types }) => types.every((type) => isPlain(scope.definitions, type))) ||
    sides.some(({ types }) => types.every((type) => type === 'boolean')); // whatever else it is, no date is a boolean
  if (!isComparable) throw new Unsupported('equality of dates, quantities or structures');
  return (value, parent, key, run) => {
    const a = left.items(value, parent, key, run);
    const b = right.items(value, parent, key, run);
    if (a.length === 0 || b.length === 0) return undefined;
    const isEqual = a.length === b.length && a.every((item, index) => item.value === b[index]?.value);
    return isEqual !== node.isNegated;
  };
}

interface Gathered {
  /** the static types that can come */
  types: string[];
  items: (value: unknown, parent: object, key: string | number, run: Run) => Found[];
}

const NONE: Found[] = [];

function gather(node: Node, scope: Scope): Gathered {
  const types: string[] = [];
  const visit = build(node, scope, (type) => {
    types.push(type);
    return emit(type);
  });
  if (!visit) return { types, items: () => NONE };
  return {
    types,
    items: (value, parent, key, run) => {
      const found: Run = { root: run.root, out: [] };
      visit(value, parent, key, found);
      return found.out;
    },
  };
}

/** http://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections */
function singleton({ items }: Gathered): Test {
  return (value, parent, key, run) => {
    const [item, second] = items(value, parent, key, run);
    if (!item || second) return undefined;
    return typeof item.value === 'boolean' ? item.value : true;
  };
}
