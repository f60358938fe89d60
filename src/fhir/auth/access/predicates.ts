// Conditions put together in their shortest form, because the database finds its index by it.
import { everything, nothing, type Predicate } from '../../model/predicate.ts';

export const isEverything = (predicate: Predicate): boolean => predicate.op === 'and' && predicate.of.length === 0;
export const isNothing = (predicate: Predicate): boolean => predicate.op === 'or' && predicate.of.length === 0;

export function allOf(predicates: readonly Predicate[]): Predicate {
  const parts = predicates.flatMap((one) => (one.op === 'and' ? one.of : [one]));
  if (parts.some(isNothing)) return nothing;
  if (parts.length === 0) return everything;
  return parts.length === 1 ? parts[0]! : { op: 'and', of: parts };
}

/** Exact keys become one list. */
export function anyOf(predicates: readonly Predicate[]): Predicate {
  const parts = predicates.flatMap((one) => (one.op === 'or' ? one.of : [one]));
  if (parts.some(isEverything)) return everything;
  const keys = new Set<string>();
  const others = new Map<string, Predicate>();
  for (const part of parts) {
    if (part.op === 'equals') keys.add(part.key);
    else if (part.op === 'oneOf') for (const key of part.keys) keys.add(key);
    else others.set(JSON.stringify(part), part);
  }
  const of = [...others.values()];
  if (keys.size === 1) of.unshift({ op: 'equals', key: [...keys][0]! });
  else if (keys.size > 1) of.unshift({ op: 'oneOf', keys: [...keys] });
  if (of.length === 0) return nothing;
  return of.length === 1 ? of[0]! : { op: 'or', of };
}

/** What refers by one of the parameters to a resource that is within reach of its type. */
export function linkedTo(
  params: readonly string[],
  targets: Iterable<readonly [type: string, where: Predicate]>,
): Predicate {
  const byWhere = new Map<string, Predicate & { op: 'linked' }>();
  for (const [type, where] of targets) {
    if (isNothing(where)) continue;
    for (const param of params) {
      const key = JSON.stringify([param, where]);
      const same = byWhere.get(key);
      byWhere.set(key, { op: 'linked', param, types: [...(same?.types ?? []), type], where });
    }
  }
  return anyOf([...byWhere.values()]);
}

export function not(of: Predicate): Predicate {
  if (isNothing(of)) return everything;
  return isEverything(of) ? nothing : { op: 'not', of };
}

export function isLocal(predicate: Predicate): boolean {
  if (predicate.op === 'linked' || predicate.op === 'linkedFrom') return false;
  if (predicate.op === 'not') return isLocal(predicate.of);
  return predicate.op === 'and' || predicate.op === 'or' ? predicate.of.every(isLocal) : true;
}

/** Can be tested with `k` and `t` alone, which come with a document for little. */
export function needsExactKeysOnly(predicate: Predicate): boolean {
  switch (predicate.op) {
    case 'and':
    case 'or':
      return predicate.of.every(needsExactKeysOnly);
    case 'not':
      return needsExactKeysOnly(predicate.of);
    case 'equals':
    case 'oneOf':
    case 'confirms':
    case 'ids':
    case 'updated':
    case 'coded':
      return true;
    case 'startsWith':
    case 'differs':
      return predicate.in !== 's';
    case 'contains':
      return predicate.in === 'k';
    case 'exists':
      return predicate.in === 'k';
    default:
      return false;
  }
}
