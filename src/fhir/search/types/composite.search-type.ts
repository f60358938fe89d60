// Composites: several values that must meet in one element. https://hl7.org/fhir/R4/search.html#composite
import { FhirError } from '../../model/errors.ts';
import type { Bound, Predicate } from '../../model/predicate.ts';
import { intervalKey, partOf } from '../composite-keys.ts';
import { shortenKey } from '../keys.ts';
import { defineSearchType, type Parameter, type Term } from '../search-type.ts';
import { splitEscaped } from '../separators.ts';

type CompositeSearch = readonly string[];

export default defineSearchType<CompositeSearch>({
  type: 'composite',
  keys: 'k',
  modifiers: [],
  prefixes: [],
  elements: {},

  parse(text, term) {
    const components = term.parameter.composition?.components ?? [];
    const parts = splitEscaped(text, '$');
    if (parts.length !== components.length || parts.includes('')) {
      const form = components.map(({ code }) => code).join('$');
      throw new FhirError('invalid', `Parameter ${term.name}: '${text}' does not have the form ${form}`);
    }
    return parts;
  },
  match(parts, _code, term) {
    const of = (term.parameter.composition?.ways ?? []).map((way) =>
      way.kind === 'together' ? together(way.parameters, parts, term) : stored(way.code, parts, term),
    );
    return of.length === 1 ? of[0]! : { op: 'or', of };
  },
});

function together(parameters: readonly Parameter[], parts: CompositeSearch, term: Term): Predicate {
  return {
    op: 'and',
    of: parameters.map((parameter, index) => partMatch(parameter, parts[index] ?? '', parameter.code, term)),
  };
}

function partMatch(parameter: Parameter, text: string, code: string, { name, context }: Term): Predicate {
  const term: Term = { parameter, name, context };
  return parameter.type.match(parameter.type.parse(text, term), code, term);
}

function stored(code: string, parts: CompositeSearch, term: Term): Predicate {
  let heads: string[] = [''];
  const rest: Predicate[] = [];
  for (const [index, parameter] of (term.parameter.composition?.components ?? []).entries()) {
    const predicate = partMatch(parameter, parts[index] ?? '', '', term);
    const exact = exactKeys(predicate);
    if (!exact) rest.push(predicate);
    else heads = heads.flatMap((head) => exact.map((key) => (head === '' ? partOf(key) : `${head}$${partOf(key)}`)));
  }
  if (rest.length === 0) {
    const keys = heads.map((head) => shortenKey(`${code}|${head}`));
    return keys.length === 1 ? { op: 'equals', key: keys[0]! } : { op: 'oneOf', keys };
  }
  const of = heads.map((head) => restMatch(rest, code, head, term));
  return of.length === 1 ? of[0]! : { op: 'or', of };
}

function exactKeys(predicate: Predicate): readonly string[] | undefined {
  if (predicate.op === 'equals') return [predicate.key];
  return predicate.op === 'oneOf' ? predicate.keys : undefined;
}

function restMatch(rest: readonly Predicate[], code: string, head: string, term: Term): Predicate {
  const [first, second, ...more] = rest;
  if (first && !second) return under(first, code, head, term);
  if (first?.op === 'interval' && second?.op === 'interval' && more.length === 0) {
    const param = intervalKey(code, head, '');
    return { op: 'interval', in: 'q', param, lo: pointBound(first), hi: pointBound(second) };
  }
  throw new FhirError('not-supported', `Parameter ${term.name}: this combination of values is not supported`);
}

/** A stored begin or end is a single number: what is asked of either end of it is asked of it. */
const pointBound = ({ lo, hi }: Predicate & { op: 'interval' }): Bound => ({ ...lo, ...hi });

/** The same question, asked of the keys below this composite's head. */
function under(predicate: Predicate, code: string, head: string, term: Term): Predicate {
  switch (predicate.op) {
    case 'interval':
      return { ...predicate, param: intervalKey(code, head, predicate.param) };
    case 'startsWith':
      if (predicate.in === 's') return { ...predicate, prefix: `${code}|${head}$${predicate.prefix}` };
      break;
    case 'and':
    case 'or':
      return { op: predicate.op, of: predicate.of.map((part) => under(part, code, head, term)) };
  }
  throw new FhirError('not-supported', `Parameter ${term.name}: this combination of values is not supported`);
}
