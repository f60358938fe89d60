// One search parameter of a request as a Predicate: modifiers, alternatives, chains and reverse chains.
// https://hl7.org/fhir/R4/search.html#modifiers, #chaining and #has
import { FhirError } from '../model/errors.ts';
import { everything, nothing, type Predicate } from '../model/predicate.ts';
import { anyOf } from './confirmed.ts';
import { seekKeysFor } from './joined-keys.ts';
import { needParameter, parametersOf } from './parameters.ts';
import type { Parameter, SearchContext, Source, Term } from './search-type.ts';
import { splitEscaped } from './separators.ts';
import { specialParameters } from './special-parameters.ts';
import { searchTypes } from './types/index.ts';

/** Throws 'not-supported' for what is unknown (a lenient search goes on without it) and 'invalid' for what is known but wrong. */
export function planFilter(context: SearchContext, type: string, name: string, value: string): Predicate {
  if (value === '') throw new FhirError('not-supported', `Parameter ${name} has no value`);
  const parameter = parametersOf(context.definitions, type).byCode.get(name);
  // the usual case first: neither modifier nor chain
  if (parameter) return planValue({ parameter, name, context }, value);
  if (name.startsWith('_has:')) return planHas(context, type, name, value);
  const dot = name.indexOf('.');
  const head = dot < 0 ? name : name.slice(0, dot);
  const term = readHead(context, type, head);
  return dot < 0 ? planValue(term, value) : planChain(term, name.slice(dot + 1), value);
}

/** `subject:Patient` → the parameter and its modifier */
function readHead(context: SearchContext, type: string, head: string): Term {
  const colon = head.indexOf(':');
  const code = colon < 0 ? head : head.slice(0, colon);
  const parameter = needParameter(context.definitions, type, code);
  const modifier = colon < 0 ? undefined : head.slice(colon + 1);
  if (modifier !== undefined) checkModifier(context, parameter, modifier);
  return { parameter, name: head, modifier, context };
}

function checkModifier({ definitions }: SearchContext, { code, type, targets }: Parameter, modifier: string): void {
  if (modifier === 'missing' || type.modifiers.includes(modifier)) return;
  const isTyped = type.modifiers.includes('[type]');
  if (isTyped && targets.includes(modifier)) return;
  if (isTyped && definitions.resourceTypes.includes(modifier)) {
    throw new FhirError('invalid', `Parameter ${code} cannot refer to ${modifier}, but to ${targets.join(', ')}`);
  }
  const legal = ['missing', ...type.modifiers].map((name) => (name === '[type]' ? 'a type of resource' : `:${name}`));
  throw new FhirError(
    'invalid',
    `Parameter ${code} does not know the modifier :${modifier}; it knows ${legal.join(', ')}`,
  );
}

function planValue(term: Term, value: string): Predicate {
  const { parameter, modifier } = term;
  if (modifier === 'missing') return planMissing(term, value);
  const { type, sources } = parameter;
  const values = splitEscaped(value, ',').map((text) => type.parse(text, term));
  if (modifier === 'not') {
    const source = sources.length === 1 ? sources[0] : undefined;
    const complement = source && type.complement?.(values, source.code, term);
    // "not" finds those without any value too
    return complement ?? { op: 'not', of: anyOf(matchesOf(term, values)) };
  }
  return anyOf(matchesOf(term, values));
}

const matchesOf = (term: Term, values: readonly unknown[]): Predicate[] =>
  term.parameter.sources.flatMap(({ code }) => values.map((value) => term.parameter.type.match(value, code, term)));

function planMissing({ parameter, name }: Term, value: string): Predicate {
  if (value !== 'true' && value !== 'false') {
    throw new FhirError('invalid', `Parameter ${name} must be true or false, not '${value}'`);
  }
  const present = isPresent(parameter);
  return value === 'false' ? present : present === everything ? nothing : { op: 'not', of: present };
}

function isPresent({ code, type, sources, composition }: Parameter): Predicate {
  if (specialParameters.get(code)?.isStored === false) return everything;
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
      // a reference that says only an identifier is there too
      return type === searchTypes.reference
        ? [literal, { op: 'exists', in: 'k', param: `${code}:identifier` }]
        : [literal];
    }),
  );
}

/** `patient.organization.name=x`: what is referred to meets the rest of the chain. */
function planChain(term: Term, rest: string, value: string): Predicate {
  const { parameter, modifier, name, context } = term;
  if (parameter.definition.type !== 'reference') {
    throw new FhirError('invalid', `Parameter ${name} is not a reference, so nothing can be chained to it`);
  }
  if (modifier !== undefined && !parameter.targets.includes(modifier)) {
    throw new FhirError('invalid', `Parameter ${name}: a chain goes on from a type of resource only`);
  }
  const types = modifier === undefined ? parameter.targets : [modifier];
  const links = types.flatMap((target) => linksTo(context, parameter.sources, target, rest, value));
  if (links.length === 0) {
    throw new FhirError('not-supported', `Nothing that ${name} refers to has a search parameter ${rest}`);
  }
  return anyOf(mergeLinks(links));
}

/** Types that are asked the same are asked together. */
function mergeLinks(links: readonly Predicate[]): Predicate[] {
  const merged = new Map<string, Predicate>();
  for (const link of links) {
    if (link.op !== 'linked') {
      merged.set(JSON.stringify(link), link);
      continue;
    }
    const name = JSON.stringify([link.param, link.where]);
    const same = merged.get(name);
    merged.set(name, same?.op === 'linked' ? { ...same, types: [...same.types, ...link.types] } : link);
  }
  return [...merged.values()];
}

/** Several types may be meant; those that do not know the rest of the chain are not. */
function linksTo(
  context: SearchContext,
  sources: readonly Source[],
  type: string,
  rest: string,
  value: string,
): Predicate[] {
  let where: Predicate;
  try {
    where = planFilter(context, type, rest, value);
  } catch (error) {
    if (error instanceof FhirError && error.kind === 'not-supported') return [];
    throw error;
  }
  return sources
    .filter(({ onlyType }) => onlyType === undefined || onlyType === type)
    .map(({ code }) => linkTo(code, type, where));
}

function linkTo(param: string, type: string, where: Predicate): Predicate {
  // `patient._id=1` needs no join
  if (where.op === 'ids') return { op: 'oneOf', keys: where.ids.map((id) => `${param}|${type}/${id}`) };
  return { op: 'linked', param, types: [type], where };
}

/** `_has:Observation:patient:code=1234-5`, and the rest may be another `_has` or a chain. */
function planHas(context: SearchContext, target: string, name: string, value: string): Predicate {
  const match = /^_has:([A-Za-z]+):([A-Za-z0-9_-]+):(.+)$/.exec(name);
  const [, type = '', code = '', rest = ''] = match ?? [];
  if (!match) throw new FhirError('invalid', `Parameter ${name} does not have the form _has:Type:reference:parameter`);
  if (!context.definitions.resourceTypes.includes(type))
    throw new FhirError('invalid', `Parameter ${name}: there is no type ${type}`);
  const parameter = needParameter(context.definitions, type, code);
  if (parameter.definition.type !== 'reference' || !parameter.targets.includes(target)) {
    throw new FhirError('invalid', `Parameter ${name}: ${code} of ${type} does not refer to ${target}`);
  }
  const where = planFilter(context, type, rest, value);
  return anyOf(
    parameter.sources.map(({ code: param }) => {
      const seek = seekKeysFor(context.definitions, { type, param, target, where });
      return { op: 'linkedFrom', type, param, where, ...(seek && { seek }) };
    }),
  );
}
