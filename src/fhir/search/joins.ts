// Chains and reverse chains. What is asked of the other end is the caller's: a parameter's text, or a part of a `_filter`.
// https://hl7.org/fhir/R4/search.html#chaining and #has
import { FhirError } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import { anyOf } from './confirmed.ts';
import { asContained } from './contained-keys.ts';
import { seekKeysFor } from './joined-keys.ts';
import { needParameter } from './parameters.ts';
import type { SearchContext, Source, Term } from './search-type.ts';

/** What resources of this type must meet. Throws 'not-supported' where the type does not know it. */
export type AskOther = (type: string) => Predicate;

/** `patient.organization.name=x`: what is referred to meets the rest of the chain. */
export function planChain(term: Term, rest: string, ask: AskOther): Predicate {
  const { parameter, modifier, name } = term;
  if (parameter.definition.type !== 'reference') {
    throw new FhirError('invalid', `Parameter ${name} is not a reference, so nothing can be chained to it`);
  }
  if (modifier !== undefined && !parameter.targets.includes(modifier)) {
    throw new FhirError('invalid', `Parameter ${name}: a chain goes on from a type of resource only`);
  }
  const types = modifier === undefined ? parameter.targets : [modifier];
  const links = types.flatMap((target) => linksTo(parameter.sources, target, ask));
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
    merged.set(name, same?.op === 'linked' ? together(same, link) : link);
  }
  return [...merged.values()];
}

type Link = Extract<Predicate, { op: 'linked' }>;

const together = (one: Link, other: Link): Link => ({
  ...one,
  types: [...one.types, ...other.types],
  contained: [...(one.contained ?? []), ...(other.contained ?? [])],
});

/** Several types may be meant; those that do not know the rest of the chain are not. */
function linksTo(sources: readonly Source[], type: string, ask: AskOther): Predicate[] {
  let where: Predicate;
  try {
    where = ask(type);
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
  return { op: 'linked', param, types: [type], where, contained: [asContained(where, type, param)] };
}

export interface Has {
  type: string;
  code: string;
  rest: string;
}

/** `_has:Observation:patient:code` */
export function readHas(name: string): Has {
  const match = /^_has:([A-Za-z]+):([A-Za-z0-9_-]+):(.+)$/.exec(name);
  const [, type = '', code = '', rest = ''] = match ?? [];
  if (!match) throw new FhirError('invalid', `Parameter ${name} does not have the form _has:Type:reference:parameter`);
  return { type, code, rest };
}

/** Something of `type` points here by `code` and meets what is asked of it. */
export function planHas(
  { definitions }: SearchContext,
  target: string,
  { name, type, code }: Pick<Has, 'type' | 'code'> & { name: string },
  ask: AskOther,
): Predicate {
  if (!definitions.resourceTypes.includes(type))
    throw new FhirError('invalid', `Parameter ${name}: there is no type ${type}`);
  const parameter = needParameter(definitions, type, code);
  if (parameter.definition.type !== 'reference' || !parameter.targets.includes(target)) {
    throw new FhirError('invalid', `Parameter ${name}: ${code} of ${type} does not refer to ${target}`);
  }
  const where = ask(type);
  return anyOf(
    parameter.sources.map(({ code: param }) => {
      const seek = seekKeysFor(definitions, { type, param, target, where });
      return { op: 'linkedFrom', type, param, where, ...(seek && { seek }) };
    }),
  );
}
