// What each entry of a transaction comes to, once its condition is looked up: which resource, written how, or why not.
// https://hl7.org/fhir/R4/http.html#trules
import { FhirError } from '../model/errors.ts';
import type { Match, Transaction, Version, Write } from '../storage/store.ts';
import type { Entry } from './bundle-entry.ts';
import { tooManyMatches } from './conditional.ts';
import { type Hits, keyOf } from './look-up.ts';
import type { Refusals } from './refusals.ts';
import { withId } from './resource-body.ts';
import type { Item } from './transaction-plan.ts';

/** What an entry comes to in this try. */
export interface Decision {
  item: Item;
  id: string;
  /** absent where there is nothing to write: the resource exists already, or nothing is there to be deleted */
  write?: Write;
  existing?: Match;
}

export function decide(item: Item, hits: Hits): Decision {
  const { criteria, kind, type, resource, createOnly } = item;
  const found = criteria === undefined ? [] : (hits.get(keyOf(criteria)) ?? []);
  if (found.length > 1) throw tooManyMatches(type);
  const [match] = found;
  if (kind === 'create') {
    if (match !== undefined) return { item, id: match.id, existing: match };
    const { id } = item;
    const condition = criteria === undefined ? {} : { ifNoneExist: { ...criteria, isAbsent: true as const } };
    return { item, id, write: { kind, type, id, resource: withId(resource!, id), ...condition } };
  }
  if (criteria !== undefined && match === undefined) {
    if (item.ifMatch !== undefined)
      throw new FhirError('precondition', `If-Match is given, but no ${type} meets the criteria`);
    if (kind === 'delete') return { item, id: '' };
    const { id } = item;
    // under an id of the client's choice nothing else may live there
    if (resource!.id !== undefined)
      return { item, id, write: { kind, type, id, resource: withId(resource!, id), ifVersion: 0, method: 'PUT' } };
    return {
      item,
      id,
      write: {
        kind: 'create',
        type,
        id,
        resource: withId(resource!, id),
        ifNoneExist: { ...criteria, isAbsent: true },
      },
    };
  }
  const id = match?.id ?? item.id;
  if (match !== undefined && createOnly)
    throw new FhirError('precondition', `${type}/${id} already meets the criteria`);
  if (match !== undefined && resource?.id !== undefined && resource.id !== id) {
    const expression = `${type}.id`;
    throw new FhirError('invalid', `The criteria choose ${type}/${id}, the resource has "${resource.id}"`, {
      expression,
    });
  }
  const version = createOnly ? { ifVersion: 0 } : typeof item.ifMatch === 'number' ? { ifVersion: item.ifMatch } : {};
  if (kind === 'delete') return { item, id, write: { kind, type, id, ...version } };
  return { item, id, write: { kind, type, id, resource: withId(resource!, id), ...version, method: 'PUT' } };
}

/** The store would refuse these as well, but it could not say which entry it was. */
export async function refuseUnexpectedVersions(
  decisions: readonly Decision[],
  tx: Transaction,
  refusals: Refusals,
): Promise<void> {
  const guarded = decisions.filter(
    ({ item, write }) =>
      write !== undefined && write.kind !== 'create' && (item.ifMatch !== undefined || write.ifVersion !== undefined),
  );
  if (guarded.length === 0) return;
  const versions = await tx.readMany(guarded.map(({ item: { type }, id }) => ({ type, id })));
  for (const [position, { item, id, write }] of guarded.entries()) {
    const problem = versionProblem(item, `${item.type}/${id}`, write as { ifVersion?: number }, versions[position]);
    if (problem !== undefined) refusals.add(new FhirError('precondition', problem), item.entry.index);
  }
}

function versionProblem(
  item: Item,
  name: string,
  { ifVersion }: { ifVersion?: number },
  current: Version | undefined,
): string | undefined {
  const isThere = current?.bytes != null;
  if (item.ifMatch === 'any') return isThere ? undefined : `If-Match: * but ${name} does not exist`;
  if (ifVersion === 0) return isThere ? `${name} exists already` : undefined;
  if (ifVersion === undefined || (isThere && current.version === ifVersion)) return undefined;
  return isThere ? `${name} has version ${current.version}, not ${ifVersion}` : `${name} does not exist`;
}

/** "If any resource identities overlap in steps 1-3, then the transaction SHALL fail" */
export function refuseEqualIdentities(
  decisions: readonly Decision[],
  calls: readonly Entry[],
  refusals: Refusals,
): void {
  const seen = new Map<string, number>();
  const check = (name: string, index: number): void => {
    const other = seen.get(name);
    if (other === undefined) seen.set(name, index);
    else refusals.add(new FhirError('invalid', `${name} is already changed by entry ${other}`), index);
  };
  for (const { item, id, write } of decisions) if (write !== undefined) check(`${item.type}/${id}`, item.entry.index);
  for (const { target, index } of calls) if (target.kind === 'patch') check(`${target.type}/${target.id}`, index);
}
