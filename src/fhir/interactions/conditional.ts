// What conditional create, update, patch and delete share: criteria, and the resources that meet them.
// https://hl7.org/fhir/R4/http.html#cond-update
import { FhirError } from '../model/errors.ts';
import { type Lookups, planCriteria } from '../search/index.ts';
import type { ConditionalCreate, Match } from '../storage/store.ts';
import type { Call, Engine } from './call.ts';
import { planned } from './look-ups.ts';

/** Parameters that shape an answer and choose nothing. */
const shaping = new Set(['_format', '_pretty', '_count', '_summary', '_elements', '_total']);

export const criteriaFor = (
  engine: Engine,
  call: Call,
  type: string,
  query: Call['query'],
): Promise<ConditionalCreate> => planned(engine, call, (lookups) => readCriteria(engine, call, type, query, lookups));

export function readCriteria(
  engine: Engine,
  call: Call,
  type: string,
  query: Call['query'],
  lookups: Lookups,
): ConditionalCreate {
  const chosen = query.filter(([name]) => !shaping.has(name));
  if (chosen.length === 0) {
    throw new FhirError('required', `Without an id, ${call.method} ${type} needs search criteria: ${type}?name=value`);
  }
  const { definitions, settings, now } = engine;
  return planCriteria({ definitions, type, query: chosen, settings, base: call.base, now: now(), lookups });
}

/** The only match, or undefined. Several: the criteria were not selective enough. */
export async function findOne(call: Call, type: string, criteria: ConditionalCreate): Promise<Match | undefined> {
  const { matches } = await call.store.find({ type, where: criteria.where, sort: [], limit: 2, total: 'none' });
  if (matches.length > 1) throw tooManyMatches(type);
  return matches[0];
}

export const tooManyMatches = (type: string): FhirError =>
  new FhirError('multiple-matches', `Several ${type} resources meet the criteria; they must choose one`);
