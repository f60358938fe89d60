// The definitions of loaded packages: which there are is known, what they say is read from the database when it is asked for.
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { PackageRecord, PackageStore } from '../storage/definitions.ts';
import type { CanonicalChange, CanonicalEntry } from './canonicals.ts';
import { compareVersions } from './compare-versions.ts';
import { changesOf, createEntryIndex, type EntryIndex } from './entry-index.ts';
import { pinReferences } from './pin-references.ts';
import type { Source } from './source.ts';

interface PackagedEntry extends CanonicalEntry {
  record: PackageRecord;
  place: number;
}

export interface Packages extends Source {
  loaded(): readonly PackageRecord[];
  /** brings the index in line with the database */
  refresh(): Promise<void>;
}

export function createPackages(store: PackageStore): Packages {
  let records: readonly PackageRecord[] = [];
  let index: EntryIndex<PackagedEntry> = createEntryIndex(newerFirst);
  const listeners: ((changes: readonly CanonicalChange[]) => void)[] = [];

  /** What a resource of a package says without a version, it says of its own package, else of those that this one depends on. */
  function nearest({ name, version, dependencies }: PackageRecord, type: string, url: string): string | undefined {
    const near: Readonly<Record<string, string>> = { ...dependencies, [name]: version };
    const found = index
      .versions(type, url)
      .filter(({ record }) => near[record.name] === record.version)
      .sort((a, b) => Number(b.record.name === name) - Number(a.record.name === name));
    return found[0]?.version;
  }

  return {
    loaded: () => records,
    versions: (type, url) => index.versions(type, url),
    list: (type) => index.list(type),
    async read(entry) {
      const { record, place } = entry as PackagedEntry;
      const bytes = await store.read(record.load, place);
      if (bytes === undefined) return undefined;
      const resource = parseJson(bytes) as Resource;
      pinReferences(resource, (type, url) => nearest(record, type, url));
      return { resource, bytes: bytes.length };
    },
    onChange: (listener) => listeners.push(listener),
    async refresh() {
      const next = await store.list();
      const known = new Map(records.map((record) => [record.load, record]));
      // an entry that stays must be the same object: what was parsed is kept by it
      const kept = next.map((record) => known.get(record.load) ?? record);
      const stays = new Set(kept);
      const changed = [
        ...records.filter((record) => !stays.has(record)),
        ...kept.filter(({ load }) => !known.has(load)),
      ];
      if (changed.length === 0) return;
      const before = index;
      records = kept;
      index = createEntryIndex(newerFirst);
      for (const entry of before.all()) if (stays.has(entry.record)) index.add(entry);
      for (const record of kept) if (!known.has(record.load)) for (const entry of entriesOf(record)) index.add(entry);
      const changes = changesOf(changed.flatMap(entriesOf));
      for (const listener of listeners) listener(changes);
    },
  };
}

const newerFirst = (a: PackagedEntry, b: PackagedEntry): number =>
  compareVersions(b.version, a.version) || compareVersions(b.record.version, a.record.version);

function entriesOf(record: PackageRecord): PackagedEntry[] {
  const origin = { kind: 'package', name: record.name, version: record.version } as const;
  return record.entries.flatMap(({ type, urls, version, profileOf }, place) => {
    const known = { ...(version === undefined ? {} : { version }), ...(profileOf === undefined ? {} : { profileOf }) };
    return urls.map((url) => ({ type, url, ...known, origin, record, place }));
  });
}
