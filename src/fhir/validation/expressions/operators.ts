// The operators of invariants. http://hl7.org/fhirpath/N1/#operations
import { deepEqual } from '../deep-equal.ts';
import { isNode } from '../node.ts';
import { asBoolean, BAIL, BARE, type Code, FALSE, type Items, NONE, TRUE, truth, type Value } from './items.ts';
import { type Operator, Unsupported } from './syntax.ts';

type Combine = (left: Code, right: Code) => Code;

const result = (value: boolean | undefined): Items => (value === undefined ? NONE : truth(value));

/** three-valued: http://hl7.org/fhirpath/N1/#boolean-logic */
const LOGIC = {
  and: (left, right) => (items, run) => {
    const a = asBoolean(left(items, run));
    if (a === false) return FALSE;
    const b = asBoolean(right(items, run));
    return b === false ? FALSE : result(a === undefined ? undefined : b);
  },
  or: (left, right) => (items, run) => {
    const a = asBoolean(left(items, run));
    if (a === true) return TRUE;
    const b = asBoolean(right(items, run));
    return b === true ? TRUE : result(a === undefined ? undefined : b);
  },
  xor: (left, right) => (items, run) => {
    const a = asBoolean(left(items, run));
    const b = asBoolean(right(items, run));
    return a === undefined || b === undefined ? NONE : truth(a !== b);
  },
  implies: (left, right) => (items, run) => {
    const a = asBoolean(left(items, run));
    if (a === false) return TRUE;
    const b = asBoolean(right(items, run));
    return a === true ? result(b) : b === true ? TRUE : NONE;
  },
} satisfies Record<string, Combine>;

const DATES: ReadonlySet<string> = new Set(['date', 'dateTime', 'instant', 'time']);
const NUMBERS: ReadonlySet<string> = new Set(['integer', 'decimal', 'positiveInt', 'unsignedInt']);

export function applyOperator(operator: Operator, left: Value, right: Value): Value {
  const types = operator === '|' ? [...new Set([...left.types, ...right.types])] : ['boolean'];
  if (Object.hasOwn(LOGIC, operator)) {
    return { types, code: LOGIC[operator as keyof typeof LOGIC](left.code, right.code) };
  }
  const both = [...left.types, ...right.types];
  switch (operator) {
    case '=':
    case '!=':
      if (both.some((type) => DATES.has(type) || /Quantity|^(Age|Duration|Money|Count|Distance)$/.test(type))) {
        throw new Unsupported('equality of dates and quantities');
      }
      return { types, code: equality(left.code, right.code, operator === '=') };
    case 'in':
      return { types, code: membership(left.code, right.code) };
    case 'contains':
      return { types, code: membership(right.code, left.code) };
    case '|':
      return { types, code: (items, run) => distinct([...left.code(items, run), ...right.code(items, run)]) };
    case '+':
      if (!both.every((type) => NUMBERS.has(type))) throw new Unsupported('+');
      return { types: ['integer'], code: addition(left.code, right.code) };
    case '&':
      return { types: ['string'], code: concatenation(left.code, right.code) };
    default:
      return { types, code: comparison(left.code, right.code, COMPARE[operator as keyof typeof COMPARE]) };
  }
}

function equality(left: Code, right: Code, isEqual: boolean): Code {
  return (items, run) => {
    const a = left(items, run);
    const b = right(items, run);
    if (a.length === 0 || b.length === 0) return NONE;
    if (a.includes(BARE) || b.includes(BARE)) throw BAIL;
    return truth((a.length === b.length && a.every((item, i) => deepEqual(item, b[i]))) === isEqual);
  };
}

function membership(element: Code, collection: Code): Code {
  return (items, run) => {
    const wanted = element(items, run);
    if (wanted.length === 0) return NONE;
    if (wanted.length > 1 || wanted[0] === BARE) throw BAIL;
    return truth(collection(items, run).some((item) => deepEqual(item, wanted[0])));
  };
}

/** http://hl7.org/fhirpath/N1/#unionother-collection eliminates duplicates */
export function distinct(items: Items): Items {
  if (items.length < 2) return items;
  if (items.includes(BARE)) throw BAIL;
  if (items.every((item) => typeof item !== 'object')) return [...new Set(items)];
  return items.filter((item, i) => items.findIndex((other) => deepEqual(item, other)) === i);
}

const addition =
  (left: Code, right: Code): Code =>
  (items, run) => {
    const a = left(items, run);
    const b = right(items, run);
    if (a.length === 0 || b.length === 0) return NONE;
    const [x] = a;
    const [y] = b;
    if (a.length > 1 || b.length > 1 || typeof x !== 'number' || typeof y !== 'number') throw BAIL;
    return [x + y];
  };

const concatenation =
  (left: Code, right: Code): Code =>
  (items, run) => [textOf(left(items, run)) + textOf(right(items, run))];

function textOf(items: Items): string {
  if (items.length === 0) return '';
  const [text] = items;
  if (items.length > 1 || typeof text !== 'string') throw BAIL;
  return text;
}

const COMPARE = {
  '<': (order: number) => order < 0,
  '<=': (order: number) => order <= 0,
  '>': (order: number) => order > 0,
  '>=': (order: number) => order >= 0,
};

function comparison(left: Code, right: Code, holds: (order: number) => boolean): Code {
  return (items, run) => {
    const a = left(items, run);
    const b = right(items, run);
    if (a.length === 0 || b.length === 0) return NONE;
    if (a.length > 1 || b.length > 1) throw BAIL;
    return truth(holds(order(a[0], b[0])));
  };
}

const ZONE = /(?:Z|[+-]\d\d:\d\d)$/;

function order(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') {
    // whole seconds with the same offset, or the same precision without one, are in the order of their texts
    const isComparable = a.length === b.length && a.length >= 4 && /^\d/.test(a) && /^\d/.test(b);
    if (isComparable && ZONE.exec(a)?.[0] === ZONE.exec(b)?.[0]) return a < b ? -1 : a > b ? 1 : 0;
  }
  if (isNode(a) && isNode(b) && typeof a.value === 'number' && typeof b.value === 'number') {
    const isSameUnit = a.code !== undefined && a.code === b.code && a.system === b.system;
    if (isSameUnit && a.comparator === undefined && b.comparator === undefined) return a.value - b.value;
  }
  throw BAIL;
}
