/** A Map that forgets what was not asked for longest. */
export interface Lru<Key, Value> {
  get(key: Key, make: () => Value): Value;
  /** does not count as asking for it */
  peek(key: Key): Value | undefined;
  delete(key: Key): void;
  clear(): void;
}

/** `most` in number; or in weight, where `reweigh` tells a value's own after it was made */
export function createLru<Key, Value>(most: number): Lru<Key, Value> & { weigh(key: Key, weight: number): void } {
  const entries = new Map<Key, { value: Value; weight: number }>();
  let total = 0;

  function remove(key: Key): void {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  }
  /** never the newest, whatever it weighs */
  function shrink(): void {
    for (const key of entries.keys()) {
      if (total <= most || entries.size === 1) return;
      remove(key);
    }
  }

  return {
    get(key, make) {
      const known = entries.get(key);
      if (known !== undefined) {
        entries.delete(key);
        entries.set(key, known);
        return known.value;
      }
      const value = make();
      entries.set(key, { value, weight: 1 });
      total++;
      shrink();
      return value;
    },
    peek: (key) => entries.get(key)?.value,
    weigh(key, weight) {
      const known = entries.get(key);
      if (known === undefined) return;
      total += weight - known.weight;
      known.weight = weight;
      shrink();
    },
    delete: remove,
    clear() {
      entries.clear();
      total = 0;
    },
  };
}
