// Reads an expression of the SNOMED CT Expression Constraint Language 2.2, in its brief or its long syntax.
// https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language/syntax-specification
import type { Attribute, AttributeValue, Compared, Count, Ecl, Hierarchy, Order, Refinement } from '../../model/ecl.ts';
import { FhirError } from '../../model/errors.ts';
import { readFilters, readMemberFilters } from './filters.ts';
import { createReader, type Reader } from './reader.ts';
import { readTexts, seesText } from './texts.ts';

/** A mistake is an error of kind `value`, what cannot be answered here one of kind `not-supported`; both say where. */
export function parseEcl(text: string): Ecl {
  if (text.length > LONGEST) throw new FhirError('value', `An ECL expression has at most ${LONGEST} characters`);
  const reader = createReader(text);
  const parser = createParser(reader);
  const expression = parser.expression();
  if (!reader.isAtEnd) throw reader.wrong('the end');
  return expression;
}

/** Longest first. */
const SYMBOLS: readonly Hierarchy[] = ['!!>', '!!<', '<<!', '>>!', '<<', '>>', '<!', '>!', '<', '>'];
const WORDS: Readonly<Record<string, Hierarchy>> = {
  descendantof: '<',
  descendantorselfof: '<<',
  childof: '<!',
  childorselfof: '<<!',
  ancestorof: '>',
  ancestororselfof: '>>',
  parentof: '>!',
  parentorselfof: '>>!',
  top: '!!>',
  bottom: '!!<',
};
const ORDERS: readonly Order[] = ['<=', '>=', '!=', '=', '<', '>'];

const SCTID = /[1-9][0-9]{5,17}(?![0-9])/y;
const TERM = /\|[^|]*\|/y;
const INTEGER = /0|[1-9][0-9]*/y;
const NUMBER = /[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?/y;
const FIELD = /[A-Za-z]+|\*/y;
const LONGEST = 50_000;
/** brackets within brackets */
const DEEPEST = 50;

export interface Parser {
  expression(): Ecl;
  /** what stands for one set: anything longer needs brackets around it */
  operand(): Ecl;
  concept(): Ecl;
  comparison(): Order | undefined;
}

function createParser(reader: Reader): Parser {
  let depth = 0;
  function bracketed<T>(read: () => T): T {
    if (++depth > DEEPEST) throw reader.wrong(`no more than ${DEEPEST} brackets within each other`);
    reader.expect('(');
    reader.skipSpace();
    const value = read();
    reader.skipSpace();
    reader.expect(')');
    depth--;
    return value;
  }

  function expression(): Ecl {
    reader.skipSpace();
    const first = operand();
    reader.skipSpace();
    if (reader.take(':')) {
      reader.skipSpace();
      const refined: Ecl = { is: 'refined', of: first, by: refinement({ isInGroup: false }) };
      reader.skipSpace();
      return refined;
    }
    if (reader.sees('.')) return dotted(first);
    if (reader.takeWord('minus')) {
      const without = nextOperand();
      if (takeConnector() !== undefined || reader.peekWord() === 'minus') throw bracketsNeeded();
      return { is: 'minus', of: first, without };
    }
    return connected(first, nextOperand);
  }

  function nextOperand(): Ecl {
    reader.skipSpace();
    const next = operand();
    reader.skipSpace();
    if (reader.sees('.') || reader.sees(':')) throw reader.wrong('brackets around what has a dot or a colon');
    return next;
  }

  /** `A . b . c` goes from left to right. */
  function dotted(first: Ecl): Ecl {
    let values = first;
    while (reader.take('.')) {
      reader.skipSpace();
      values = { is: 'values', of: values, name: operand() };
      reader.skipSpace();
    }
    return values;
  }

  /** All of them with AND, or all with OR: to mix them, brackets are mandatory. */
  function connected<T extends { is: string }>(first: T, next: () => T): T | { is: 'and' | 'or'; of: readonly T[] } {
    const of = [first];
    let connector: 'and' | 'or' | undefined;
    for (;;) {
      reader.skipSpace();
      const start = reader.at;
      const found = takeConnector();
      if (found === undefined) break;
      if (connector !== undefined && found !== connector) {
        reader.at = start;
        throw bracketsNeeded();
      }
      connector = found;
      reader.skipSpace();
      of.push(next());
    }
    if (reader.peekWord() === 'minus') throw bracketsNeeded();
    return connector === undefined ? first : { is: connector, of };
  }

  function takeConnector(): 'and' | 'or' | undefined {
    if (reader.take(',') || reader.takeWord('and')) return 'and';
    return reader.takeWord('or') ? 'or' : undefined;
  }

  const bracketsNeeded = () => reader.wrong('brackets, because AND, OR and MINUS are not mixed without');

  function operand(): Ecl {
    const operator = hierarchy();
    reader.skipSpace();
    const isMembers = reader.take('^') || reader.takeWord('memberof');
    const focus = isMembers ? readMemberFilters(members(), reader, parser) : set();
    return readFilters(operator === undefined ? focus : { is: operator, of: focus }, reader, parser);
  }

  function hierarchy(): Hierarchy | undefined {
    const symbol = SYMBOLS.find((one) => reader.take(one));
    if (symbol !== undefined) return symbol;
    const word = reader.peekWord();
    const named = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (named !== undefined) reader.takeWord(word);
    return named;
  }

  function members(): Ecl {
    if (reader.take('R')) {
      reader.skipSpace();
      return { is: 'containers', of: set() };
    }
    reader.skipSpace();
    const isTargets = reader.sees('[') && fields();
    reader.skipSpace();
    return { is: 'members', of: set(), ...(isTargets && { field: 'targets' as const }) };
  }

  /** `[referencedComponentId]` is what there is without; of others only the target of associations is kept. */
  function fields(): boolean {
    reader.expect('[');
    reader.skipSpace();
    const start = reader.at;
    const field = reader.match(FIELD);
    if (field === undefined) throw reader.wrong('a field of reference sets');
    reader.skipSpace();
    if (field === '*' || reader.sees(','))
      throw reader.unsupported('Several fields of a reference set are no codes', start);
    reader.expect(']');
    if (field === 'referencedComponentId') return false;
    if (field !== 'targetComponentId')
      throw reader.unsupported(`The field ${field} of reference sets is not kept here`, start);
    return true;
  }

  function set(): Ecl {
    if (reader.sees('(')) return bracketed(expression);
    if (reader.take('*') || reader.takeWord('any')) return { is: 'any' };
    return concept();
  }

  function concept(): Ecl {
    const start = reader.at;
    const id = reader.match(SCTID);
    if (id === undefined) {
      if (reader.match(/"?[A-Za-z][A-Za-z0-9-]*#/y) !== undefined)
        throw reader.unsupported('Alternate identifiers are not kept here', start);
      throw reader.wrong("a concept id of 6 to 18 digits, '*' or '('");
    }
    const end = reader.at;
    reader.skipSpace();
    if (!reader.sees('|')) reader.at = end;
    else if (reader.match(TERM) === undefined) throw reader.wrong("a second '|' behind the term");
    return { is: 'concept', id };
  }

  function refinement({ isInGroup }: { isInGroup: boolean }): Refinement {
    const part = (): Refinement => {
      if (reader.sees('(') && !isNameInBrackets(reader)) return bracketed(() => refinement({ isInGroup }));
      const start = reader.at;
      const count = cardinality();
      reader.skipSpace();
      if (!reader.sees('{')) return attribute(count, { isInGroup });
      if (isInGroup) throw reader.wrong('an attribute: there are no groups in groups', start);
      return group(count);
    };
    return connected<Refinement>(part(), part);
  }

  function group(count: Count): Refinement {
    reader.expect('{');
    reader.skipSpace();
    const of = refinement({ isInGroup: true });
    reader.skipSpace();
    reader.expect('}');
    return { is: 'group', count, of };
  }

  /** `[1..3]`, `[1 to many]`; without: at least one */
  function cardinality(): Count {
    const start = reader.at;
    if (!reader.take('[')) return { min: 1, max: Number.POSITIVE_INFINITY };
    reader.skipSpace();
    const min = integer();
    reader.skipSpace();
    if (!reader.take('..') && !reader.takeWord('to')) throw reader.wrong("'..'");
    reader.skipSpace();
    const max = reader.take('*') || reader.takeWord('many') ? Number.POSITIVE_INFINITY : integer();
    reader.skipSpace();
    reader.expect(']');
    if (min > max) throw reader.wrong('a minimum that is not above the maximum', start);
    return { min, max };
  }

  function integer(): number {
    const digits = reader.match(INTEGER);
    if (digits === undefined) throw reader.wrong('a number');
    return Number(digits);
  }

  function attribute(count: Count, { isInGroup }: { isInGroup: boolean }): Attribute {
    const start = reader.at;
    const isReverse = reader.takeWord('reverseof') || (reader.peekWord() === 'r' && reader.take('R'));
    if (isReverse && isInGroup) throw reader.unsupported('A reversed attribute is in no group', start);
    reader.skipSpace();
    const name = operand();
    reader.skipSpace();
    const op = comparison();
    if (op === undefined) throw reader.wrong('a comparison: =, !=, and for numbers <, <=, >, >=');
    reader.skipSpace();
    const value = attributeValue(op);
    if (isReverse && value.is !== 'concepts') throw reader.wrong('concepts behind a reversed attribute', start);
    return { is: 'attribute', count, isReverse, name, value };
  }

  function comparison(): Order | undefined {
    if (reader.take('<>')) return '!=';
    if (!reader.takeWord('not')) return ORDERS.find((one) => reader.take(one));
    reader.skipSpace();
    reader.expect('=');
    return '!=';
  }

  function attributeValue(op: Order): AttributeValue {
    if (reader.take('#')) {
      const number = reader.match(NUMBER);
      if (number === undefined) throw reader.wrong('a number');
      return { is: 'number', op, value: Number(number) };
    }
    if (op !== '=' && op !== '!=') throw reader.wrong("'#' and a number");
    const compared = <T>(value: T): Compared<T> => ({ isNot: op === '!=', value });
    if (seesText(reader)) return { is: 'text', ...compared(readTexts(reader, 'exact')) };
    if (reader.takeWord('true')) return { is: 'boolean', ...compared(true) };
    if (reader.takeWord('false')) return { is: 'boolean', ...compared(false) };
    return { is: 'concepts', ...compared(operand()) };
  }

  const parser: Parser = { expression, operand, concept, comparison };
  return parser;
}

const BEFORE_END = /(?:\/\*(?:[^*]|\*(?!\/))*\*\/|\|[^|]*\||"(?:[^"\\]|\\.)*"|[^()])/sy;
const COMPARES =
  /(?:[ \t\r\n]|\/\*(?:[^*]|\*(?!\/))*\*\/|\{\{(?:"(?:[^"\\]|\\.)*"|\|[^|]*\||[^"|}])*\}\})*(?:[=<>]|!=|not\b)/isy;

/** In a refinement, `(…)` holds attributes, or it is the name of one: then a comparison stands behind it. */
function isNameInBrackets(reader: Reader): boolean {
  const start = reader.at;
  let open = 0;
  do {
    if (reader.take('(')) open++;
    else if (reader.take(')')) open--;
    else if (reader.match(BEFORE_END) === undefined) break;
  } while (open > 0 && !reader.isAtEnd);
  const isName = open === 0 && reader.match(COMPARES) !== undefined;
  reader.at = start;
  return isName;
}
