// The tree that fhirpath's parser gives, cut down to what the compiler of invariants understands.
import fhirpath from 'fhirpath';

export type Operator =
  | 'and'
  | 'or'
  | 'xor'
  | 'implies'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '|'
  | '+'
  | '&'
  | 'in'
  | 'contains';

export type Syntax =
  | { kind: 'this' }
  | { kind: 'literal'; value: string | number | boolean }
  | { kind: 'empty' }
  | { kind: 'constant'; name: string }
  | { kind: 'member'; of: Syntax | undefined; name: string }
  | { kind: 'call'; of: Syntax | undefined; name: string; args: readonly Syntax[] }
  | { kind: 'index'; of: Syntax; at: number }
  | { kind: 'type'; of: Syntax | undefined; is: boolean; type: string }
  | { kind: 'operator'; operator: Operator; left: Syntax; right: Syntax };

/** What the compiler leaves to fhirpath. */
export class Unsupported extends Error {}

interface ParserNode {
  type: string;
  text?: string;
  children?: ParserNode[];
}

export function parseSyntax(expression: string): Syntax {
  return read(fhirpath.parse(expression) as ParserNode);
}

const OPERATORS: ReadonlySet<string> = new Set([
  'AndExpression',
  'OrExpression',
  'ImpliesExpression',
  'EqualityExpression',
  'InequalityExpression',
  'UnionExpression',
  'AdditiveExpression',
  'MembershipExpression',
]);
const SUPPORTED: ReadonlySet<string> = new Set([
  'and',
  'or',
  'xor',
  'implies',
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '|',
  '+',
  '&',
  'in',
  'contains',
]);
const WRAPPERS: ReadonlySet<string> = new Set([
  'EntireExpression',
  'TermExpression',
  'InvocationTerm',
  'ParenthesizedTerm',
  'LiteralTerm',
  'ExternalConstantTerm',
]);

function read(node: ParserNode): Syntax {
  const { type, text = '', children = [] } = node;
  if (WRAPPERS.has(type)) return read(children[0]!);
  if (OPERATORS.has(type)) {
    if (!SUPPORTED.has(text)) throw new Unsupported(text);
    return { kind: 'operator', operator: text as Operator, left: read(children[0]!), right: read(children[1]!) };
  }
  switch (type) {
    case 'InvocationExpression':
      return readInvocation(children[1]!, read(children[0]!));
    case 'TypeExpression':
      return { kind: 'type', of: read(children[0]!), is: text === 'is', type: typeName(children[1]!) };
    case 'IndexerExpression': {
      const at = read(children[1]!);
      if (at.kind !== 'literal' || typeof at.value !== 'number') throw new Unsupported('index');
      return { kind: 'index', of: read(children[0]!), at: at.value };
    }
    case 'ExternalConstant':
      return { kind: 'constant', name: nameOf(children[0]!) };
    case 'StringLiteral':
      return { kind: 'literal', value: unquote(text) };
    case 'NumberLiteral':
      return { kind: 'literal', value: Number(text) };
    case 'BooleanLiteral':
      return { kind: 'literal', value: text === 'true' };
    case 'NullLiteral':
      return { kind: 'empty' };
    default:
      return readInvocation(node, undefined);
  }
}

function readInvocation(node: ParserNode, of: Syntax | undefined): Syntax {
  const { type, children = [] } = node;
  if (type === 'ThisInvocation') return { kind: 'this' };
  if (type === 'MemberInvocation') return { kind: 'member', of, name: nameOf(children[0]!) };
  if (type !== 'FunctionInvocation') throw new Unsupported(type);
  const [identifier, list] = children[0]!.children ?? [];
  const name = nameOf(identifier!);
  const args = list?.children ?? [];
  if (name === 'is' || name === 'as' || name === 'ofType') {
    return { kind: 'type', of, is: name === 'is', type: typeName(args[0]!) };
  }
  return { kind: 'call', of, name, args: args.map(read) };
}

function typeName(node: ParserNode): string {
  const name = textOf(node);
  if (name === undefined) throw new Unsupported('type');
  return name.replace(/^FHIR\./, '').replaceAll('`', '');
}

const textOf = ({ text, children = [] }: ParserNode): string | undefined =>
  text !== undefined && text !== '' ? text : children.length === 1 ? textOf(children[0]!) : undefined;

const nameOf = (node: ParserNode): string => {
  const name = textOf(node);
  if (name === undefined) throw new Unsupported('name');
  return name.replaceAll('`', '');
};

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

const unquote = (text: string): string =>
  text
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code: string | undefined, char: string) =>
      code === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16)),
    );
