// Reads an expression into its tree, by precedence. http://hl7.org/fhirpath/N1/#operator-precedence
// Only what search parameters use; anything else throws Unsupported and is left to fhirpath.
import { type Node, Unsupported } from './ast.ts';
import { type Token, tokenise } from './tokenise.ts';

/** from the loosest to the tightest; below them come `is`/`as`, then paths */
const LEVELS: readonly Readonly<Record<string, (left: Node, right: Node) => Node>>[] = [
  { or: (left, right) => ({ kind: 'or', left, right }) },
  { and: (left, right) => ({ kind: 'and', left, right }) },
  {
    '=': (left, right) => ({ kind: 'equal', left, right, isNegated: false }),
    '!=': (left, right) => ({ kind: 'equal', left, right, isNegated: true }),
  },
  { '|': (left, right) => ({ kind: 'union', left, right }) },
];

export function parseExpression(expression: string): Node {
  const tokens = tokenise(expression);
  let at = 0;

  const peek = (): Token => tokens[at] ?? { kind: 'end', text: '' };
  const next = (): Token => {
    const token = peek();
    at++;
    return token;
  };
  const isNext = (text: string): boolean => peek().text === text && peek().kind !== 'string';
  const take = (text: string): boolean => {
    const isTaken = isNext(text);
    if (isTaken) at++;
    return isTaken;
  };
  const expect = (text: string): void => {
    if (!take(text)) throw new Unsupported(`expected '${text}', found '${peek().text}'`);
  };
  const nextName = (): string => {
    const token = next();
    if (token.kind !== 'name') throw new Unsupported(`expected a name, found '${token.text}'`);
    return token.text;
  };

  function operators(level: number): Node {
    const makers = LEVELS[level];
    if (!makers) return typeOperators();
    let left = operators(level + 1);
    for (;;) {
      const make = peek().kind === 'string' ? undefined : makers[peek().text];
      if (!make) return left;
      at++;
      left = make(left, operators(level + 1));
    }
  }

  function typeOperators(): Node {
    let node = path();
    for (;;) {
      const kind = take('is') ? 'is' : take('as') ? 'as' : undefined;
      if (!kind) return node;
      node = { kind, of: node, type: typeName() };
    }
  }

  /** `Patient`, `FHIR.Patient` */
  function typeName(): string {
    let name = nextName();
    while (take('.')) name += `.${nextName()}`;
    return name;
  }

  function path(): Node {
    let node = term();
    for (;;) {
      if (take('.')) node = invocation(node);
      else if (take('[')) {
        node = { kind: 'index', of: node, at: Number(next().text) };
        if (!Number.isInteger(node.at)) throw new Unsupported('index');
        expect(']');
      } else return node;
    }
  }

  function term(): Node {
    const token = peek();
    if (token.kind === 'name') {
      if (token.text === 'true' || token.text === 'false') return { kind: 'literal', value: next().text === 'true' };
      return invocation({ kind: 'this' });
    }
    at++;
    if (token.kind === 'string') return { kind: 'literal', value: token.text };
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) };
    if (token.text === '(') {
      const inner = operators(0);
      expect(')');
      return inner;
    }
    if (token.text === '$' && nextName() === 'this') return { kind: 'this' };
    if (token.text === '%' && nextName() === 'resource') return { kind: 'resource' };
    throw new Unsupported(`unexpected '${token.text}'`);
  }

  function invocation(of: Node): Node {
    const name = nextName();
    if (!take('(')) return { kind: 'member', of, name };
    if (name === 'is' || name === 'as' || name === 'ofType') {
      const type = typeName();
      expect(')');
      return { kind: name === 'is' ? 'is' : 'as', of, type };
    }
    const args: Node[] = [];
    if (!isNext(')'))
      do args.push(operators(0));
      while (take(','));
    expect(')');
    return { kind: 'call', of, name, args };
  }

  const node = operators(0);
  if (peek().kind !== 'end') throw new Unsupported(`unexpected '${peek().text}'`);
  return node;
}
