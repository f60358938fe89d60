// The grammar of `_filter`. https://hl7.org/fhir/R4/search_filter.html
//   given eq "peter" and birthdate ge 2014-10-10
//   code sb http://snomed.info/sct|73211009 or not (subject[gender eq male].birthdate lt 1950)
import { FhirError } from '../model/errors.ts';

export type Expression =
  | { kind: 'and' | 'or'; of: readonly Expression[] }
  | { kind: 'not'; of: Expression }
  | { kind: 'compare'; path: readonly Step[]; operator: Operator; value: string };

export interface Step {
  /** a search parameter, or `_has:Type:reference:parameter` at the beginning */
  name: string;
  /** what stands in brackets behind it */
  where?: Expression;
}

export const OPERATORS = [
  'eq',
  'ne',
  'co',
  'sw',
  'ew',
  'gt',
  'lt',
  'ge',
  'le',
  'ap',
  'sa',
  'eb',
  'pr',
  'po',
  'ss',
  'sb',
  'in',
  'ni',
  're',
] as const;
export type Operator = (typeof OPERATORS)[number];

/** Deeper than people write; a parser that calls itself must end before the stack does. */
const DEEPEST = 50;

export function readExpression(text: string): Expression {
  let at = 0;
  let depth = 0;

  const refuse = (expected: string): FhirError => {
    const found = at >= text.length ? 'the end' : `'${text.slice(at, at + 20)}'`;
    return new FhirError('invalid', `Parameter _filter: ${expected} is expected at character ${at + 1}, not ${found}`);
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const space = (): void => void take(/\s*/y);
  const close = (bracket: ')' | ']'): void => {
    space();
    if (text[at] !== bracket) throw refuse(`'${bracket}', 'and' or 'or'`);
    at++;
  };

  /** Without precedence, from left to right. */
  function filter(): Expression {
    if (++depth > DEEPEST) throw new FhirError('invalid', `Parameter _filter: nested more than ${DEEPEST} deep`);
    let left = operand();
    for (;;) {
      const kind = take(/\s*\b(?:and|or)\b(?=[\s(])/y)?.trim() as 'and' | 'or' | undefined;
      if (kind === undefined) break;
      const right = operand();
      left = left.kind === kind ? { kind, of: [...left.of, right] } : { kind, of: [left, right] };
    }
    depth--;
    return left;
  }

  function operand(): Expression {
    space();
    const isNegated = take(/not\s*(?=\()/y) !== undefined;
    if (text[at] === '(') {
      at++;
      const inner = filter();
      close(')');
      return isNegated ? { kind: 'not', of: inner } : inner;
    }
    return compare();
  }

  function compare(): Expression {
    const path = [step(true)];
    while (text[at] === '.') {
      at++;
      path.push(step(false));
    }
    if (path.at(-1)?.where) throw refuse("'.'");
    space();
    const operator = OPERATORS.find((one) => take(new RegExp(`${one}(?=\\s)`, 'y')) !== undefined);
    if (operator === undefined) throw refuse(`one of ${OPERATORS.join(', ')}`);
    space();
    return { kind: 'compare', path, operator, value: value() };
  }

  function step(isFirst: boolean): Step {
    const has = isFirst ? take(/(?:_has:[A-Za-z]+:[A-Za-z0-9_-]+:)+[A-Za-z_][A-Za-z0-9_-]*/y) : undefined;
    const name = has ?? take(/[A-Za-z_][A-Za-z0-9_-]*/y);
    if (name === undefined) throw refuse('a search parameter');
    if (text[at] !== '[') return { name };
    at++;
    const where = filter();
    close(']');
    return { name, where };
  }

  function value(): string {
    if (text[at] === '"') {
      const quoted = take(/"(?:[^"\\]|\\.)*"/sy);
      if (quoted === undefined) throw refuse('a closing quote');
      try {
        return JSON.parse(quoted.replace(/[\n\r\t]/g, ' ')) as string;
      } catch {
        at -= quoted.length;
        throw refuse('a JSON string');
      }
    }
    const bare = take(/[^\s)\]]+/y);
    if (bare === undefined) throw refuse('a value');
    return bare;
  }

  const whole = filter();
  space();
  if (at < text.length) throw refuse("'and', 'or' or the end");
  return whole;
}
