// What a `_filter` means: each comparison becomes the search that says the same with prefixes and modifiers, where one does.
// A comparison holds where some value of the parameter meets it. https://hl7.org/fhir/R4/search_filter.html#ops
import type { SearchParameterType } from '../definitions/definitions.ts';
import { FhirError } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import { alternativesOf, anyOf } from './confirmed.ts';
import { askDates, readDate } from './date-range.ts';
import { type Expression, type Operator, readExpression, type Step } from './filter-expression.ts';
import { type AskOther, planChain, planHas, readHas } from './joins.ts';
import { keyPart } from './keys.ts';
import { needParameter, parametersOf } from './parameters.ts';
import type { Parameter, SearchContext, Term } from './search-type.ts';
import { textPart } from './string-keys.ts';
import { planMissing, planValue, readHead } from './terms.ts';

/** What is unknown in it is refused: to go on without the whole expression, as without a parameter, would answer another question. */
export function planExpression(context: SearchContext, type: string, text: string): Predicate {
  const expression = readExpression(text);
  try {
    return plan(context, type, expression);
  } catch (error) {
    if (!(error instanceof FhirError) || error.kind !== 'not-supported') throw error;
    throw new FhirError('invalid', `Parameter _filter: ${error.message}`, { cause: error });
  }
}

function plan(context: SearchContext, type: string, expression: Expression): Predicate {
  switch (expression.kind) {
    case 'and':
      return { op: 'and', of: expression.of.map((part) => plan(context, type, part)) };
    case 'or':
      return anyOf(expression.of.map((part) => plan(context, type, part)));
    case 'not':
      return { op: 'not', of: plan(context, type, expression.of) };
    case 'compare':
      return planPath(context, type, expression.path, expression);
  }
}

type Compare = Expression & { kind: 'compare' };

function planPath(context: SearchContext, type: string, path: readonly Step[], compare: Compare): Predicate {
  const [step, ...rest] = path;
  const { name, where } = step!;
  if (name.startsWith('_has:')) {
    const has = readHas(name);
    const inner = [{ ...step!, name: has.rest }, ...rest];
    return planHas(context, type, { ...has, name }, (other) => planPath(context, other, inner, compare));
  }
  const [next, ...more] = rest;
  if (!next) return planCompare(context, type, name, compare);
  if (where && more.length === 0 && !next.where) {
    const composite = planComposite(context, type, name, where, next.name, compare);
    if (composite) return composite;
  }
  const ask: AskOther = (other) => {
    const beyond = planPath(context, other, rest, compare);
    return where ? { op: 'and', of: [plan(context, other, where), beyond] } : beyond;
  };
  return planChain(readHead(context, type, name), next.name, ask);
}

/**
 * `component[code eq 8480-6].value-quantity gt 150`: both of one element, where the type has a composite of `component-code` and
 * `component-value-quantity`.
 */
function planComposite(
  context: SearchContext,
  type: string,
  name: string,
  where: Expression,
  last: string,
  compare: Compare,
): Predicate | undefined {
  const first = where.kind === 'compare' && where.path.length === 1 && !where.path[0]?.where ? where : undefined;
  if (first?.operator !== 'eq') return undefined;
  const wanted = [`${name}-${first.path[0]!.name}`, `${name}-${last}`];
  for (const parameter of parametersOf(context.definitions, type).byCode.values()) {
    const codes = parameter.composition?.components.map(({ code }) => code);
    if (codes?.length !== 2 || !codes.every((code, index) => code === wanted[index])) continue;
    const prefix = PREFIXED.has(compare.operator) ? compare.operator : '';
    if (prefix === '' && compare.operator !== 'eq') return undefined;
    const text = `${escaped(first.value)}$${prefix}${escaped(compare.value)}`;
    return planValue({ parameter, name: `_filter, ${parameter.code}`, context }, text);
  }
  return undefined;
}

const PREFIXED: ReadonlySet<Operator> = new Set(['ne', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb']);

/** A value of a filter is one value: what separates values elsewhere means itself. */
const escaped = (value: string): string => value.replace(/[\\,$]/g, '\\$&');

type Meaning = (term: Term, value: string, type: string) => Predicate;

const as =
  (prefix: string, modifier?: string): Meaning =>
  (term, value) =>
    planValue({ ...term, modifier }, prefix + escaped(value));

const ordered: Partial<Record<Operator, Meaning>> = {
  eq: as('eq'),
  ne: as('ne'),
  gt: as('gt'),
  lt: as('lt'),
  ge: as('ge'),
  le: as('le'),
  ap: as('ap'),
  sa: as('sa'),
  eb: as('eb'),
};

/**
 * Every operator on every type of parameter; what is not here has no meaning. `ss` and `sb` speak of the value: it subsumes what is below it,
 * and is subsumed by what is above it.
 */
const meanings: Readonly<Record<SearchParameterType, Partial<Record<Operator, Meaning>>>> = {
  number: ordered,
  quantity: ordered,
  date: { ...ordered, po: overlaps },
  string: {
    eq: ({ parameter }, value) =>
      anyOf(parameter.sources.map(({ code }) => ({ op: 'startsWith', in: 's', prefix: `${code}:${whole(value)}` }))),
    ne: ({ parameter }, value) =>
      anyOf(
        parameter.sources.map(({ code }) => ({
          op: 'differs',
          in: 's',
          prefix: `${code}:`,
          from: [],
          fromBeginnings: [`${code}:${whole(value)}`],
        })),
      ),
    co: as('', 'contains'),
    sw: as(''),
    ew: ({ parameter }, value) =>
      anyOf(parameter.sources.map(({ code }) => ({ op: 'contains', param: code, text: textPart(value), atEnd: true }))),
  },
  token: {
    eq: as(''),
    ne: otherToken,
    co: part({}),
    sw: beginning,
    ew: part({ atEnd: true }),
    ss: as('', 'below'),
    sb: as('', 'above'),
    in: as('', 'in'),
    ni: as('', 'not-in'),
  },
  reference: {
    eq: as(''),
    re: as(''),
    ne: otherKey,
    ss: as('', 'below'),
    sb: as('', 'above'),
  },
  uri: {
    eq: as(''),
    re: as(''),
    ne: otherKey,
    co: part({}),
    sw: beginning,
    ew: part({ atEnd: true }),
    ss: as('', 'below'),
    sb: as('', 'above'),
  },
  composite: { eq: (term, value) => planValue(term, value.replace(/[\\,]/g, '\\$&')) },
  special: { ...ordered, eq: as(''), co: as('') },
};

const whole = (value: string): string => `${textPart(value)}\u0001`;

function planCompare(context: SearchContext, type: string, code: string, { operator, value }: Compare): Predicate {
  const parameter = needParameter(context.definitions, type, code);
  const name = `_filter, ${code} ${operator}`;
  const term: Term = { parameter, name, context };
  if (operator === 'pr') return planMissing(term, value === 'true' ? 'false' : value === 'false' ? 'true' : value);
  const known = meanings[kindOf(parameter)];
  const meaning = known[operator];
  if (meaning) return meaning(term, value, type);
  const legal = ['pr', ...Object.keys(known)].join(', ');
  throw new FhirError(
    'invalid',
    `Parameter _filter: ${code} cannot be compared with ${operator}; a ${parameter.definition.type} knows ${legal}`,
  );
}

const kindOf = ({ type }: Parameter): SearchParameterType => type.type;

/** Overlap of the periods: `ap` without its tolerance. */
function overlaps(term: Term, text: string): Predicate {
  const value = readDate(escaped(text), term);
  const { lo, hi } = value;
  const asked = { ...value, prefix: 'ap' as const, range: { lo, hi, isHalfOpen: false } };
  return anyOf(term.parameter.sources.map(({ code }) => askDates(code, asked, term)));
}

/** Some value is another one: with its system where the value has one. */
function otherToken(term: Term, value: string): Predicate {
  const equal = alternativesOf(planValue(term, escaped(value)));
  if (!equal) throw new FhirError('invalid', `Parameter ${term.name}: '${value}' does not name one value`);
  const tokens = equal.flatMap((one) => one.tokens ?? []);
  const keys = equal.flatMap((one) => one.keys);
  return anyOf(
    term.parameter.sources.map(
      ({ code }): Predicate =>
        tokens.length > 0
          ? { op: 'differs', in: 't', prefix: `${code}|`, from: tokens }
          : { op: 'differs', in: 'k', prefix: `${code}|`, from: [...keys] },
    ),
  );
}

function otherKey(term: Term, value: string): Predicate {
  const equal = alternativesOf(planValue(term, escaped(value)));
  const from = equal?.flatMap((one) => one.keys) ?? [];
  // `Patient/1/_history/2` is a Patient/1 as well, and `url|2` a `url`
  const fromBeginnings = from.flatMap((key) => [`${key}/_history/`, `${key}\\|`]);
  return anyOf(
    term.parameter.sources.map(
      ({ code }): Predicate => ({ op: 'differs', in: 'k', prefix: `${code}|`, from, fromBeginnings }),
    ),
  );
}

function beginning({ parameter }: Term, value: string): Predicate {
  return anyOf(
    spellingsOf(parameter, value).map(
      ({ code, text }): Predicate => ({ op: 'startsWith', in: 'k', prefix: `${code}|${text}` }),
    ),
  );
}

function part(more: { atEnd?: true }): Meaning {
  return ({ parameter }, value) =>
    anyOf(
      spellingsOf(parameter, value).map(
        ({ code, text }): Predicate => ({ op: 'contains', in: 'k', param: code, text, ...more }),
      ),
    );
}

/** As the key has it: codes are folded, identifiers and plain values are not, and which it is is not always known. */
function spellingsOf({ sources, type }: Parameter, value: string): { code: string; text: string }[] {
  const texts = new Set([keyPart(value), ...(type.type === 'token' ? [keyPart(value.toLowerCase())] : [])]);
  return sources.flatMap(({ code }) => [...texts].map((text) => ({ code, text })));
}
