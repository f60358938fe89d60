// One search parameter as a client uses it: its modifier, its alternatives, and whether it has a value at all.
// https://hl7.org/fhir/R4/search.html#modifiers
import { FhirError } from '../model/errors.ts';
import { everything, nothing, type Predicate } from '../model/predicate.ts';
import { anyOf, negationOf } from './confirmed.ts';
import { needParameter } from './parameters.ts';
import type { Parameter, SearchContext, Term } from './search-type.ts';
import { splitEscaped } from './separators.ts';
import { specialParameters } from './special-parameters.ts';
import { searchTypes } from './types/index.ts';

/** `subject:Patient` → the parameter and its modifier */
export function readHead(context: SearchContext, type: string, head: string): Term {
  const colon = head.indexOf(':');
  const code = colon < 0 ? head : head.slice(0, colon);
  const parameter = needParameter(context.definitions, type, code);
  const modifier = colon < 0 ? undefined : head.slice(colon + 1);
  if (modifier !== undefined) checkModifier(context, parameter, modifier);
  return { parameter, name: head, modifier, context };
}

function checkModifier({ definitions }: SearchContext, { code, type, targets }: Parameter, modifier: string): void {
  const modifiers = specialParameters.get(code)?.modifiers ?? type.modifiers;
  if (modifier === 'missing' || modifiers.includes(modifier)) return;
  const isTyped = modifiers.includes('[type]');
  if (isTyped && targets.includes(modifier)) return;
  if (isTyped && definitions.resourceTypes.includes(modifier)) {
    throw new FhirError('invalid', `Parameter ${code} cannot refer to ${modifier}, but to ${targets.join(', ')}`);
  }
  const legal = ['missing', ...modifiers].map((name) => (name === '[type]' ? 'a type of resource' : `:${name}`));
  throw new FhirError(
    'invalid',
    `Parameter ${code} does not know the modifier :${modifier}; it knows ${legal.join(', ')}`,
  );
}

/** Modifiers that find what the same search without them does not; those without any value too. */
const NEGATIONS: ReadonlyMap<string | undefined, string | undefined> = new Map([
  ['not', undefined],
  ['not-in', 'in'],
]);

export function planValue(term: Term, value: string): Predicate {
  const { parameter, modifier } = term;
  if (modifier === 'missing') return planMissing(term, value);
  const { type, sources } = parameter;
  const values = splitEscaped(value, ',').map((text) => type.parse(text, term));
  if (!NEGATIONS.has(modifier)) return anyOf(matchesOf(term, values));
  const source = sources.length === 1 ? sources[0] : undefined;
  const complement = source && type.complement?.(values, source.code, term);
  return complement ?? negationOf(anyOf(matchesOf({ ...term, modifier: NEGATIONS.get(modifier) }, values)));
}

const matchesOf = (term: Term, values: readonly unknown[]): Predicate[] =>
  term.parameter.sources.flatMap(({ code }) => values.map((value) => term.parameter.type.match(value, code, term)));

export function planMissing({ parameter, name }: Pick<Term, 'parameter' | 'name'>, value: string): Predicate {
  if (value !== 'true' && value !== 'false') {
    throw new FhirError('invalid', `Parameter ${name} must be true or false, not '${value}'`);
  }
  const present = isPresent(parameter);
  return value === 'false' ? present : present === everything ? nothing : { op: 'not', of: present };
}

function isPresent({ code, type, sources, composition }: Parameter): Predicate {
  const special = specialParameters.get(code);
  if (special) return special.present;
  if (composition) {
    const where = composition.components.at(-1)?.type.keys ?? 'k';
    return anyOf(
      composition.ways.map((way) =>
        way.kind === 'stored'
          ? { op: 'exists', in: where, param: way.code }
          : { op: 'and', of: way.parameters.map(isPresent) },
      ),
    );
  }
  return anyOf(
    sources.flatMap(({ code, onlyType }): Predicate[] => {
      if (onlyType !== undefined) return [{ op: 'startsWith', in: 'k', prefix: `${code}|${onlyType}/` }];
      const literal: Predicate = { op: 'exists', in: type.keys, param: code };
      // a reference that says only an identifier, or means something contained, is there too
      if (type !== searchTypes.reference) return [literal];
      const logical: Predicate = { op: 'exists', in: 'k', param: `${code}:identifier` };
      return [literal, logical, { op: 'startsWith', in: 'k', prefix: `${code}#` }];
    }),
  );
}
