// One search parameter of a request as a Predicate.
// https://hl7.org/fhir/R4/search.html#modifiers, #chaining and #has
import { FhirError } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import { planExpression } from './filter-parameter.ts';
import { planChain, planHas, readHas } from './joins.ts';
import { planList } from './list-parameter.ts';
import { parametersOf } from './parameters.ts';
import type { SearchContext } from './search-type.ts';
import { planValue, readHead } from './terms.ts';

/** Parameters of every type that no SearchParameter defines. */
const common: ReadonlyMap<string, (context: SearchContext, type: string, value: string) => Predicate> = new Map([
  ['_filter', planExpression],
  ['_list', planList],
]);

/** Throws 'not-supported' for what is unknown (a lenient search goes on without it) and 'invalid' for what is known but wrong. */
export function planFilter(context: SearchContext, type: string, name: string, value: string): Predicate {
  if (value === '') throw new FhirError('not-supported', `Parameter ${name} has no value`);
  const parameter = parametersOf(context.definitions, type).byCode.get(name);
  // the usual case first: neither modifier nor chain
  if (parameter) return planValue({ parameter, name, context }, value);
  const planCommon = common.get(name);
  if (planCommon) return planCommon(context, type, value);
  if (name.startsWith('_has:')) {
    const has = readHas(name);
    return planHas(context, type, { ...has, name }, (other) => planFilter(context, other, has.rest, value));
  }
  const dot = name.indexOf('.');
  const head = dot < 0 ? name : name.slice(0, dot);
  const term = readHead(context, type, head);
  if (dot < 0) return planValue(term, value);
  const rest = name.slice(dot + 1);
  return planChain(term, rest, (other) => planFilter(context, other, rest, value));
}
