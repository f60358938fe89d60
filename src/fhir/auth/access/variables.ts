// What `{…}` in a policy stands for: facts of the caller's token, and ids that are looked up for it below every restriction.
import type { Period, Reference, RelatedPerson } from 'fhir/r4.js';
import { FhirError } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import { nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { parentsOf } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Store } from '../../storage/store.ts';
import type { Caller } from '../caller.ts';
import { mayKeepState } from './app-state.ts';
import { type CriteriaContext, criteriaPredicate, type Variables } from './criteria.ts';
import { isNow } from './periods.ts';
import type { ListPart } from './policy.ts';
import { referredBy } from './referred.ts';
import { nameIn } from './standings.ts';

/** More than these in one list cost every search more than they choose. */
const MOST_LISTED = 10_000;
const AT_ONCE = 1_000;

export interface LookUpDeps extends CriteriaContext {
  store: Pick<Store, 'find'>;
  /** organisations with all that are part of them */
  below: (ids: readonly string[]) => Promise<readonly string[]>;
  /** what they are part of, however far up, as far as any consent speaks of organisations */
  above: (ids: readonly string[]) => Promise<readonly string[]>;
  /** the codes of app state that are a client's, as values of a search */
  statesOf: (client: string) => Promise<readonly string[]>;
}

export interface Needed {
  /** lists that criteria in force speak of */
  lists: Readonly<Record<string, readonly ListPart[]>>;
  /** organisations to which single roles are bound */
  places: readonly string[];
}

/** The name under which an organisation stands with all that are part of it. */
export const placeVariable = (organization: string): string => `place ${organization}`;

/** The name of the organisations of which the caller's are part: consents speak of them, policies do not. */
export const ABOVE = 'organizations above';

/** In whose name the caller writes: as itself, and as the patients that it is or cares for. */
export const ownReferences = (variables: Variables): string[] => [
  ...(variables.get('user') ?? []),
  ...(variables.get('patients') ?? []).map((id) => `Patient/${id}`),
];

/** What needs no database; undefined where something must be looked up. */
export function knownVariables(caller: Caller, { lists, places }: Needed): Variables | undefined {
  if (
    Object.keys(lists).length > 0 ||
    places.length > 0 ||
    caller.organizations.length > 0 ||
    caller.fhirUser?.type === 'RelatedPerson' ||
    mayKeepState(caller)
  )
    return undefined;
  return factsOf(caller);
}

function factsOf({ fhirUser, organizations, encounter }: Caller): Map<string, readonly string[]> {
  const idOf = (type: string): string[] => (fhirUser?.type === type ? [fhirUser.id] : []);
  return new Map<string, readonly string[]>([
    ['patients', idOf('Patient')],
    ['practitioner', idOf('Practitioner')],
    ['user', fhirUser ? [`${fhirUser.type}/${fhirUser.id}`] : []],
    ['organizations', organizations],
    ['encounter', encounter === undefined ? [] : [encounter]],
    ['app-state', []],
  ]);
}

export async function lookUpVariables(caller: Caller, { lists, places }: Needed, deps: LookUpDeps): Promise<Variables> {
  const variables = factsOf(caller);
  const { fhirUser, organizations } = caller;
  const [below, above, patients, states] = await Promise.all([
    deps.below(organizations),
    deps.above(organizations),
    fhirUser?.type === 'RelatedPerson' ? patientsOfCarer(fhirUser.id, deps) : variables.get('patients')!,
    mayKeepState(caller) ? deps.statesOf(caller.client) : [],
  ]);
  variables.set('organizations', below);
  variables.set(ABOVE, above);
  variables.set('patients', patients);
  variables.set('app-state', states);
  for (const place of places) variables.set(placeVariable(place), await deps.below([place]));
  const facts = new Map(variables);
  for (const [name, parts] of Object.entries(lists)) variables.set(name, await listed(parts, facts, deps));
  return variables;
}

/** Who cares for a patient is a RelatedPerson of that patient, as long as that says so. */
async function patientsOfCarer(id: string, deps: LookUpDeps): Promise<string[]> {
  const found: string[] = [];
  const query = { type: 'RelatedPerson', where: { op: 'ids', ids: [id] }, atOnce: 1 } as const;
  for await (const { bytes } of everyMatch(deps.store, query)) {
    const { active, period, patient } = parseJson(bytes) as unknown as RelatedPerson;
    const name = nameIn(patient, deps);
    if (active !== false && isNow(period, deps) && name?.type === 'Patient') found.push(name.id);
  }
  return found;
}

/** Departments belong to their hospital. */
export async function organizationsBelow(
  ids: readonly string[],
  { store, definitions }: Pick<LookUpDeps, 'store' | 'definitions'>,
): Promise<readonly string[]> {
  const parents = parentsOf(definitions, 'Organization');
  const seen = new Set(ids);
  for (let level = [...seen]; level.length > 0; ) {
    const keys = level.flatMap((id) => parents.map((param) => `${param}|Organization/${id}`));
    const found: string[] = [];
    const query = { type: 'Organization', where: { op: 'oneOf', keys }, atOnce: AT_ONCE, leaveBytes: true } as const;
    for await (const { id } of everyMatch(store, query)) if (!seen.has(id)) found.push(id);
    for (const id of found) seen.add(id);
    level = [...new Set(found)];
  }
  return [...seen];
}

export async function organizationsAbove(
  ids: readonly string[],
  { store, definitions }: Pick<LookUpDeps, 'store' | 'definitions'>,
): Promise<readonly string[]> {
  const prefixes = parentsOf(definitions, 'Organization').map((param) => `${param}|Organization/`);
  const seen = new Set<string>();
  for (let level = [...ids]; level.length > 0; ) {
    const where = { op: 'ids', ids: level } as const;
    const query = { type: 'Organization', where, atOnce: AT_ONCE, wantReferences: true, leaveBytes: true } as const;
    level = [];
    for await (const { keys = [] } of everyMatch(store, query)) {
      for (const prefix of prefixes)
        level.push(...keys.flatMap((key) => (key.startsWith(prefix) ? key.slice(prefix.length) : [])));
    }
    level = level.filter((id) => !seen.has(id));
    for (const id of level) seen.add(id);
  }
  return [...seen];
}

async function listed(parts: readonly ListPart[], facts: Variables, deps: LookUpDeps): Promise<string[]> {
  const ids = new Set<string>();
  for (const { search, take, during } of parts) {
    const question = search.indexOf('?');
    const type = search.slice(0, question);
    const where = criteriaPredicate(search.slice(question), type, facts, deps);
    for await (const { id, keys = [], bytes } of everyMatch(deps.store, {
      type,
      where,
      atOnce: AT_ONCE,
      wantReferences: true,
      leaveBytes: during === undefined,
    })) {
      if (during !== undefined && !isDuring(parseJson(bytes) as Resource, during, facts, deps)) continue;
      if (take === '_id') ids.add(id);
      else for (const referred of referredBy(take, keys, { ...deps, type })) ids.add(referred.id);
      if (ids.size > MOST_LISTED)
        throw new FhirError(
          'too-costly',
          `Your access covers more than ${MOST_LISTED} by ${search}; ask an administrator`,
        );
    }
  }
  return [...ids];
}

/** Whoever left a team is in it no more, though the team goes on. */
function isDuring(resource: Resource, name: string, facts: Variables, deps: CriteriaContext): boolean {
  const { period, [name]: found } = resource as Resource & { period?: Period };
  const elements = (Array.isArray(found) ? found : [found ?? {}]) as { period?: Period }[];
  const namesCaller = (element: object): boolean =>
    [element, ...Object.values(element)].some((value: Reference | undefined) => {
      const named = nameIn(value, deps);
      return named !== undefined && facts.get('user')?.includes(nameOf(named));
    });
  return isNow(period, deps) && elements.some((element) => isNow(element.period, deps) && namesCaller(element));
}
