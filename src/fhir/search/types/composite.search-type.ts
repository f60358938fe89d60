// Composites: several values that must meet in one element. https://hl7.org/fhir/R4/search.html#composite
import { FhirError } from '../../model/errors.ts';
import type { Bound, Predicate } from '../../model/predicate.ts';
import { headKey, intervalKey, withPart } from '../composite-keys.ts';
import { alternativesOf, anyOf, type Exact, predicateOf } from '../confirmed.ts';
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

/** The parts of a composite that are exact: without systems and, where one was given, with them. */
interface Heads {
  plain: readonly string[];
  withSystem?: readonly string[];
}

function stored(code: string, parts: CompositeSearch, term: Term): Predicate {
  let heads: Heads[] = [{ plain: [''] }];
  const rest: Predicate[] = [];
  for (const [index, parameter] of (term.parameter.composition?.components ?? []).entries()) {
    const predicate = partMatch(parameter, parts[index] ?? '', '', term);
    const exact = alternativesOf(predicate);
    if (!exact) rest.push(predicate);
    else heads = heads.flatMap((before) => exact.map((part) => extended(before, part)));
  }
  if (rest.length > 0) return anyOf(heads.map((head) => restMatch(rest, code, head, term)));
  return anyOf(
    heads.map(({ plain, withSystem }) =>
      predicateOf({
        keys: plain.map((head) => headKey(code, head)),
        ...(withSystem && { tokens: withSystem.map((head) => headKey(code, head)) }),
      }),
    ),
  );
}

function extended({ plain, withSystem }: Heads, { keys, tokens }: Exact): Heads {
  if (!withSystem && !tokens) return { plain: withPart(plain, keys) };
  return { plain: withPart(plain, keys), withSystem: withPart(withSystem ?? plain, tokens ?? keys) };
}

function restMatch(rest: readonly Predicate[], code: string, heads: Heads, term: Term): Predicate {
  const [first, second, ...more] = rest;
  if (first && !second) return under(first, code, heads, term);
  if (first?.op === 'interval' && second?.op === 'interval' && more.length === 0) {
    return under(
      { op: 'interval', in: 'q', param: '', lo: pointBound(first), hi: pointBound(second) },
      code,
      heads,
      term,
    );
  }
  throw new FhirError('not-supported', `Parameter ${term.name}: this combination of values is not supported`);
}

/** A stored begin or end is a single number: what is asked of either end of it is asked of it. */
const pointBound = ({ lo, hi }: Predicate & { op: 'interval' }): Bound => ({ ...lo, ...hi });

/** The same question, asked of the keys below this composite's heads. */
function under(predicate: Predicate, code: string, heads: Heads, term: Term): Predicate {
  const { plain, withSystem } = heads;
  switch (predicate.op) {
    case 'interval': {
      const confirmed = withSystem ? { confirms: withSystem } : {};
      return anyOf(
        plain.map((head) => ({ ...predicate, param: intervalKey(code, head) + predicate.param, ...confirmed })),
      );
    }
    case 'startsWith':
      if (predicate.in !== 's') break;
      return anyOf(
        (withSystem ?? plain).map((head) => ({ ...predicate, prefix: `${code}|${head}$${predicate.prefix}` })),
      );
    case 'and':
    case 'or':
      return { op: predicate.op, of: predicate.of.map((part) => under(part, code, heads, term)) };
  }
  throw new FhirError('not-supported', `Parameter ${term.name}: this combination of values is not supported`);
}
