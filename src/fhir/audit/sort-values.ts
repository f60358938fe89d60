// What an AuditEvent is sorted by, as the database sorts resources (storage/mongo/order.ts).
import type { SearchKeys } from '../model/keys.ts';
import type { SortValue } from '../storage/mongo/order.ts';
import type { SortKey } from '../storage/store.ts';
import { eventId } from './record.ts';
import type { Found } from './walk.ts';

export function sortValuesOf(
  sort: readonly SortKey[],
  found: Found,
  keysOf: (found: Found) => SearchKeys,
): readonly SortValue[] {
  const { chain, record, part } = found;
  const needsKeys = sort.some(({ by }) => by === 'param');
  return valuesFrom(sort, {
    id: eventId(chain, record.n, part),
    at: record.at,
    keys: needsKeys ? keysOf(found) : undefined,
  });
}

export const valuesFrom = (
  sort: readonly SortKey[],
  { id, at, keys }: { id: string; at: number; keys: SearchKeys | undefined },
): readonly SortValue[] =>
  sort.map((key) => {
    if (key.by === 'id') return id;
    if (key.by === 'lastUpdated' || key.by === 'main-date') return at;
    return key.by === 'param' && keys !== undefined ? extremeOf(key, keys) : null;
  });

/** The smallest (ascending) or largest (descending) of the parameter's keys. */
function extremeOf({ in: list, param, descending }: SortKey & { by: 'param' }, keys: SearchKeys): SortValue {
  if (list === 'd' || list === 'q') {
    const numbers = keys[list].filter(({ p }) => p === param || p.startsWith(`${param}|`)).map(({ c, lo }) => c ?? lo);
    return numbers.length === 0 ? null : descending ? Math.max(...numbers) : Math.min(...numbers);
  }
  const prefix = `${param}${list === 'k' ? '|' : ':'}`;
  const texts = keys[list]
    .filter((key) => key.startsWith(prefix) && !(list === 'k' && key.startsWith(`${prefix}*|`)))
    .map((key) => Buffer.from(key.slice(prefix.length)))
    .sort(Buffer.compare);
  return (descending ? texts.at(-1) : texts[0])?.toString() ?? null;
}
