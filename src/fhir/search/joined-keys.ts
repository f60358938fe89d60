// Where a search asks for a patient and a code together, the one key that has both (extract.ts). Pure.
import type { Definitions } from '../definitions/definitions.ts';
import type { Predicate, SeekKeys } from '../model/predicate.ts';
import { exactOf, predicateOf } from './confirmed.ts';
import { joinedKey, joinedKeyEnds } from './extract.ts';
import { parametersOf } from './parameters.ts';

/** Flat, so that a composite's code can be joined with the patient too. */
export function addFilter(filters: Predicate[], filter: Predicate): void {
  if (filter.op === 'and') for (const part of filter.of) addFilter(filters, part);
  else filters.push(filter);
}

export function allOf(predicates: readonly Predicate[]): Predicate {
  return predicates.length === 1 ? predicates[0]! : { op: 'and', of: predicates };
}

/**
 * A patient and a code become the one key that has both, so that the index alone gives the answer in the order of its dates. What confirms
 * the code's system is a condition of its own and stays as it is.
 */
export function withJoinedKeys(
  definitions: Definitions,
  type: string,
  filters: readonly Predicate[],
): readonly Predicate[] {
  if (filters.length < 2) return filters;
  const { patient, withPatient } = parametersOf(definitions, type);
  if (patient === undefined || withPatient.length === 0) return filters;
  const prefix = `${patient}|Patient/`;
  const who = filters.find(
    (filter) => filter.op === 'equals' && filter.key.startsWith(prefix) && !filter.key.includes('/', prefix.length),
  );
  if (who?.op !== 'equals') return filters;
  const what = codeAmong(filters, withPatient);
  if (!what) return filters;
  const joined = predicateOf({ ...what.exact, keys: what.exact.keys.map((key) => joinedKey(who.key, key)) });
  return [joined, ...filters.filter((filter) => filter !== who && filter !== what.filter)];
}

/** The same for _has, which knows the patient only when the database has one before it; undefined where no such keys are stored. */
export function seekKeysFor(
  definitions: Definitions,
  { type, param, target, where }: { type: string; param: string; target: string; where: Predicate },
): SeekKeys | undefined {
  const { patient, withPatient } = parametersOf(definitions, type);
  if (param !== patient || target !== 'Patient') return undefined;
  const filters: Predicate[] = [];
  addFilter(filters, where);
  const what = codeAmong(filters, withPatient);
  const keys = what?.exact.keys.map((key) => ({ key, ...joinedKeyEnds(param, key) }));
  if (!what || !keys?.every(hasEnds)) return undefined;
  return { keys, rest: allOf(filters.filter((filter) => filter !== what.filter)) };
}

type Key = SeekKeys['keys'][number];
const hasEnds = (key: Partial<Key> & Pick<Key, 'key'>): key is Key => key.before !== undefined;

/** The codes of a large value set are not written out with the patient: the patient alone leaves less than they do. */
const MOST_JOINED = 200;

function codeAmong(filters: readonly Predicate[], codes: readonly string[]) {
  for (const code of codes) {
    for (const filter of filters) {
      const exact = exactOf(filter);
      if (
        exact &&
        exact.keys.length > 0 &&
        exact.keys.length <= MOST_JOINED &&
        exact.keys.every((key) => key.startsWith(`${code}|`))
      )
        return { filter, exact };
    }
  }
  return undefined;
}
