// The entries of one source that can change: by type and URL, best first.
import type { CanonicalChange, CanonicalEntry } from './canonicals.ts';

export interface EntryIndex<Entry extends CanonicalEntry> {
  versions(type: string, url: string): readonly Entry[];
  list(type: string): readonly Entry[];
  add(entry: Entry): void;
  remove(entry: Entry): void;
  all(): Iterable<Entry>;
}

/** `newer` tells which of two entries of one URL comes first: below 0, the first */
export function createEntryIndex<Entry extends CanonicalEntry>(
  newer: (a: Entry, b: Entry) => number,
): EntryIndex<Entry> {
  const types = new Map<string, Map<string, Entry[]>>();
  return {
    versions: (type, url) => types.get(type)?.get(url) ?? [],
    list: (type) => [...(types.get(type)?.values() ?? [])].flat(),
    add(entry) {
      const urls = types.get(entry.type) ?? new Map<string, Entry[]>();
      types.set(entry.type, urls);
      urls.set(entry.url, [...(urls.get(entry.url) ?? []), entry].sort(newer));
    },
    remove(entry) {
      const urls = types.get(entry.type);
      const left = (urls?.get(entry.url) ?? []).filter((other) => other !== entry);
      if (left.length > 0) urls?.set(entry.url, left);
      else urls?.delete(entry.url);
    },
    *all() {
      for (const urls of types.values()) for (const entries of urls.values()) yield* entries;
    },
  };
}

/** each URL once */
export function changesOf(entries: Iterable<CanonicalEntry>): CanonicalChange[] {
  const found = new Map<string, CanonicalChange>();
  for (const { type, url } of entries) found.set(`${type} ${url}`, { type, url });
  return [...found.values()];
}
