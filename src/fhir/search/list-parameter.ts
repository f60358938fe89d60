// `_list`: what a List refers to, or one of the functional lists that are worked out when they are asked for.
// https://hl7.org/fhir/R4/search.html#list and lifecycle.html#lists
import { FhirError } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import { ID } from '../model/resource.ts';
import { anyOf } from './confirmed.ts';
import { lookUpReferences } from './lookups.ts';
import type { SearchContext } from './search-type.ts';
import { splitEscaped, unescapeValue } from './separators.ts';
import { planValue, readHead } from './terms.ts';

type Criteria = readonly (readonly [name: string, value: string])[];

const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const currentProblems: Criteria = [
  ['clinical-status', ['active', 'recurrence', 'relapse'].map((code) => `${CLINICAL}|${code}`).join(',')],
  ['verification-status:not', 'entered-in-error,refuted'],
];
const currentAllergies: Criteria = [
  ['clinical-status', 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical|active'],
  ['verification-status:not', 'entered-in-error,refuted'],
];
const active: Criteria = [['status', 'active']];

/** By list and type; a list has nothing of other types. */
const functional: Readonly<Record<string, Readonly<Record<string, Criteria>>>> = {
  '$current-problems': { Condition: currentProblems },
  '$current-allergies': { AllergyIntolerance: currentAllergies },
  '$current-drug-allergies': { AllergyIntolerance: [...currentAllergies, ['category', 'medication']] },
  '$current-medications': {
    MedicationStatement: active,
    MedicationRequest: [
      ['status', 'active'],
      ['intent', 'order,original-order,reflex-order,filler-order,instance-order'],
    ],
  },
};

export const planList = (context: SearchContext, type: string, value: string): Predicate =>
  anyOf(splitEscaped(value, ',').map((text) => planOne(context, type, unescapeValue(text))));

function planOne(context: SearchContext, type: string, text: string): Predicate {
  if (text.startsWith('$')) return planFunctional(context, type, text);
  const id = text.startsWith('List/') ? text.slice('List/'.length) : text;
  if (!ID.test(id)) {
    const names = Object.keys(functional).join(', ');
    throw new FhirError('invalid', `Parameter _list: '${text}' is neither the id of a List nor one of ${names}`);
  }
  const prefix = `${type}/`;
  const own = context.base === undefined ? undefined : `${context.base}/`;
  const items = lookUpReferences(context.lookups, '_list', { ask: 'list', id });
  const ids = items.flatMap((item) => {
    const local = own !== undefined && item.startsWith(own) ? item.slice(own.length) : item;
    return local.startsWith(prefix) ? [local.slice(prefix.length).split('/', 1)[0] ?? ''] : [];
  });
  return { op: 'ids', ids: [...new Set(ids)] };
}

function planFunctional(context: SearchContext, type: string, name: string): Predicate {
  const list = functional[name];
  if (!list) {
    const names = Object.keys(functional).join(', ');
    throw new FhirError('invalid', `Parameter _list: there is no list ${name}; there are ${names}`);
  }
  const criteria = list[type];
  if (!criteria) {
    const types = Object.keys(list).join(', ');
    throw new FhirError('invalid', `Parameter _list: ${name} has ${types} only, not ${type}`);
  }
  return { op: 'and', of: criteria.map(([head, value]) => planValue(readHead(context, type, head), value)) };
}
