// The selectors of XML Patch: the part of XPath 1.0 that can name one node of a resource. RFC 5261 allows steps, positions and comparisons
// with an attribute or a child; comparisons may go further down here, because FHIR keeps values in attributes of children.
// https://www.rfc-editor.org/rfc/rfc5261#section-4.1
import { isElement, type XmlAttribute, type XmlElement, type XmlNode, type XmlText } from './xml-tree.ts';

/** What a selector finds. */
export type Found =
  | { kind: 'element'; element: XmlElement }
  | { kind: 'attribute'; element: XmlElement; attribute: XmlAttribute }
  | { kind: 'text'; text: XmlText }
  /** what holds the root element */
  | { kind: 'document'; root: XmlElement };

export interface Selector {
  /** counts what it looks at by `visit`, which may throw */
  find(root: XmlElement, visit: (nodes: number) => void): Found[];
}

interface Step {
  axis: 'child' | 'descendant' | 'self' | 'parent' | 'attribute' | 'text';
  namespace?: string;
  /** undefined: any */
  local?: string;
  predicates: Condition[];
}

interface Path {
  isAbsolute: boolean;
  /** of id('…') */
  id?: string;
  steps: Step[];
}

interface Context {
  found: Found;
  position: number;
  size: number;
  root: XmlElement;
  visit: (nodes: number) => void;
}

type Condition = (context: Context) => boolean;

const TOKEN =
  /\s*(?:(\/\/|::|\.\.|!=|[/.@*[\]()=,])|([A-Za-z_][\w.-]*(?::(?:[A-Za-z_][\w.-]*|\*))?)|([0-9]+)|"([^"]*)"|'([^']*)'|(\S))/y;

type Token =
  | { kind: 'mark'; text: string }
  | { kind: 'name'; text: string }
  | { kind: 'number'; value: number }
  | { kind: 'string'; text: string };

const MAX_LENGTH = 4096;
const MAX_NESTING = 16;

/** `namespaceOf('')` is what names without a prefix mean. Throws an Error that says what is wrong. */
export function readSelector(text: string, namespaceOf: (prefix: string) => string | undefined): Selector {
  if (text.length > MAX_LENGTH) throw new Error('the selector is too long');
  const path = parse(tokensOf(text), namespaceOf);
  return {
    find: (root, visit) => walk(path, { found: { kind: 'document', root }, position: 1, size: 1, root, visit }),
  };
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const [, mark, name, number, double, single, other] = TOKEN.exec(text)!;
    if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (number !== undefined) tokens.push({ kind: 'number', value: Number(number) });
    else if (other === undefined) tokens.push({ kind: 'string', text: double ?? single ?? '' });
    else throw new Error(`"${other}" cannot stand in a selector`);
  }
  return tokens;
}

function parse(tokens: readonly Token[], namespaceOf: (prefix: string) => string | undefined): Path {
  let at = 0;
  let nesting = 0;
  const peek = (offset = 0): string | undefined => {
    const token = tokens[at + offset];
    return token?.kind === 'mark' || token?.kind === 'name' ? token.text : undefined;
  };
  const isMark = (text: string): boolean => tokens[at]?.kind === 'mark' && peek() === text;
  const take = (text: string): boolean => isMark(text) && ++at > 0;
  const expect = (text: string): void => {
    if (!take(text)) throw new Error(`"${text}" is expected in the selector`);
  };

  const path = readPath(true);
  if (at < tokens.length) throw new Error('the selector goes on where it should end');
  return path;

  function readPath(isOuter: boolean): Path {
    const steps: Step[] = [];
    const result: Path = { isAbsolute: isOuter, steps };
    if (peek() === 'id' && peek(1) === '(') {
      result.id = readId();
      result.isAbsolute = true;
      if (!isMark('/') && !isMark('//')) return result;
    } else if (isMark('/') || isMark('//')) {
      result.isAbsolute = true;
    } else steps.push(readStep('child'));
    while (isMark('/') || isMark('//')) {
      const isDeep = peek() === '//';
      at++;
      steps.push(readStep(isDeep ? 'descendant' : 'child'));
    }
    return result;
  }

  function readId(): string {
    at += 2;
    const token = tokens[at++];
    if (token?.kind !== 'string') throw new Error('id() needs a text in quotes');
    expect(')');
    return token.text;
  }

  function readStep(axis: 'child' | 'descendant'): Step {
    const step: Step = { axis, predicates: [] };
    if (take('..')) step.axis = 'parent';
    else if (take('.')) step.axis = 'self';
    else {
      if (take('@')) step.axis = 'attribute';
      else if (peek(1) === '::') step.axis = readAxis();
      if (step.axis !== 'attribute' && peek() === 'text' && peek(1) === '(') {
        at += 2;
        expect(')');
        step.axis = 'text';
      } else readName(step);
    }
    while (take('[')) {
      if (++nesting > MAX_NESTING) throw new Error('the selector is nested too deeply');
      step.predicates.push(readOr());
      nesting--;
      expect(']');
    }
    return step;
  }

  function readAxis(): Step['axis'] {
    const name = peek();
    at += 2;
    if (name === 'child' || name === 'self' || name === 'parent' || name === 'attribute') return name;
    throw new Error(`the axis ${name} is not supported`);
  }

  function readName(step: Step): void {
    if (take('*')) return;
    const token = tokens[at];
    if (token?.kind !== 'name') throw new Error('a name is expected in the selector');
    at++;
    if (isMark('(')) throw new Error(`${token.text}() is not supported in a selector`);
    const colon = token.text.indexOf(':');
    const prefix = colon === -1 ? '' : token.text.slice(0, colon);
    const local = token.text.slice(colon + 1);
    if (local !== '*') step.local = local;
    if (step.axis === 'attribute' && prefix === '') step.namespace = '';
    else {
      const namespace = namespaceOf(prefix);
      if (namespace === undefined) throw new Error(`invalid-namespace-prefix: ${prefix} is not declared in the patch`);
      step.namespace = namespace;
    }
  }

  function readOr(): Condition {
    let left = readAnd();
    while (tokens[at]?.kind === 'name' && peek() === 'or') {
      at++;
      const [one, other] = [left, readAnd()];
      left = (context) => one(context) || other(context);
    }
    return left;
  }

  function readAnd(): Condition {
    let left = readComparison();
    while (tokens[at]?.kind === 'name' && peek() === 'and') {
      at++;
      const [one, other] = [left, readComparison()];
      left = (context) => one(context) && other(context);
    }
    return left;
  }

  function readComparison(): Condition {
    const token = tokens[at];
    if (token?.kind === 'number') {
      at++;
      return ({ position }) => position === token.value;
    }
    if (take('(')) return readGroup();
    if (peek(1) === '(' && peek() !== 'id' && peek() !== 'text') return readFunction();
    const inner = readPath(false);
    const isEqual = take('=');
    if (!isEqual && !take('!=')) return (context) => walk(inner, context).length > 0;
    const value = tokens[at++];
    if (value?.kind !== 'string') throw new Error('a comparison needs a text in quotes');
    return (context) => walk(inner, context).some((found) => (textOf(found) === value.text) === isEqual);
  }

  function readGroup(): Condition {
    if (++nesting > MAX_NESTING) throw new Error('the selector is nested too deeply');
    const inner = readOr();
    nesting--;
    expect(')');
    return inner;
  }

  function readFunction(): Condition {
    const name = peek();
    const beyond = new Error(`${name}() is not supported in a selector`);
    if (name !== 'not' && name !== 'last' && name !== 'position') throw beyond;
    at += 2;
    if (name === 'not') {
      const inner = readGroup();
      return (context) => !inner(context);
    }
    expect(')');
    if (name === 'last') return ({ position, size }) => position === size;
    if (name === 'position') {
      expect('=');
      const value = tokens[at++];
      if (value?.kind === 'number') return ({ position }) => position === value.value;
      if (value?.kind === 'name' && value.text === 'last') {
        expect('(');
        expect(')');
        return ({ position, size }) => position === size;
      }
    }
    throw beyond;
  }
}

function walk({ isAbsolute, id, steps }: Path, context: Context): Found[] {
  const { root, visit } = context;
  let found: Found[] = [isAbsolute ? { kind: 'document', root } : context.found];
  if (id !== undefined) {
    found = allBelow(root, visit)
      .filter((element) => element.attributes.some(({ local, value }) => local === 'id' && value === id))
      .map((element) => ({ kind: 'element', element }));
  }
  for (const step of steps) {
    if (found.length === 1) {
      found = take(step, found[0]!, context);
      continue;
    }
    const next = new Map<object, Found>();
    for (const one of found) {
      for (const each of take(step, one, context)) next.set(identityOf(each), each);
    }
    found = [...next.values()];
  }
  return found;
}

function take(step: Step, from: Found, { root, visit }: Context): Found[] {
  let found = candidates(step, from, visit);
  for (const predicate of step.predicates) {
    const size = found.length;
    visit(size);
    found = found.filter((one, index) => predicate({ found: one, position: index + 1, size, root, visit }));
  }
  return found;
}

function candidates({ axis, namespace, local }: Step, from: Found, visit: (nodes: number) => void): Found[] {
  const fits = (node: { namespace: string; local: string }): boolean =>
    (local === undefined || node.local === local) && (namespace === undefined || node.namespace === namespace);
  if (axis === 'self') return from.kind !== 'element' || fits(from.element) ? [from] : [];
  if (axis === 'parent') return parentOf(from);
  if (from.kind === 'document') {
    if (axis === 'attribute' || axis === 'text') return [];
    const all = axis === 'child' ? [from.root] : [from.root, ...allBelow(from.root, visit)];
    return all.filter(fits).map((element) => ({ kind: 'element', element }));
  }
  if (from.kind !== 'element') return [];
  const { element } = from;
  visit(element.children.length + 1);
  if (axis === 'attribute') {
    return element.attributes.filter(fits).map((attribute) => ({ kind: 'attribute', element, attribute }));
  }
  if (axis === 'text') {
    return element.children.flatMap((child) => (isElement(child) ? [] : [{ kind: 'text', text: child } as const]));
  }
  const all = axis === 'child' ? element.children.filter(isElement) : allBelow(element, visit);
  return all.filter(fits).map((one) => ({ kind: 'element', element: one }));
}

function parentOf(found: Found): Found[] {
  if (found.kind === 'document') return [];
  const parent =
    found.kind === 'attribute' ? found.element : found.kind === 'text' ? found.text.parent : found.element.parent;
  return parent === undefined ? [] : [{ kind: 'element', element: parent }];
}

function allBelow(element: XmlElement, visit: (nodes: number) => void, found: XmlElement[] = []): XmlElement[] {
  visit(element.children.length);
  for (const child of element.children) {
    if (!isElement(child)) continue;
    found.push(child);
    if (child.children.length > 0) allBelow(child, visit, found);
  }
  return found;
}

function identityOf(found: Found): object {
  if (found.kind === 'attribute') return found.attribute;
  if (found.kind === 'text') return found.text;
  return found.kind === 'element' ? found.element : found;
}

/** The string-value of a node: https://www.w3.org/TR/xpath-10/#data-model */
function textOf(found: Found): string {
  if (found.kind === 'attribute') return found.attribute.value;
  if (found.kind === 'text') return found.text.text;
  return contentOf(found.kind === 'element' ? found.element : found.root);
}

const contentOf = (node: XmlNode): string => (isElement(node) ? node.children.map(contentOf).join('') : node.text);
