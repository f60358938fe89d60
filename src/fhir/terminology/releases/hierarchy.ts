// All that is above a code, from the parents of each.

export type Parents = ReadonlyMap<string, readonly string[]>;

/** The code and all above it; a circle in the data ends the walk. */
export function ancestorsOf(code: string, parents: Parents): readonly string[] {
  const direct = parents.get(code);
  if (direct === undefined) return [code];
  const seen = new Set([code, ...direct]);
  for (const one of seen) for (const parent of parents.get(one) ?? []) seen.add(parent);
  return [...seen];
}

export function addTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
