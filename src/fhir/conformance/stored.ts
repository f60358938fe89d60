// Definitions that users posted: which there are is known by their search keys, what they say is read when it is asked for.
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { readKeyPart } from '../search/index.ts';
import type { DefinitionStore, StoredRow } from '../storage/definitions.ts';
import type { Store, Version } from '../storage/store.ts';
import type { CanonicalChange, CanonicalEntry } from './canonicals.ts';
import { compareVersions } from './compare-versions.ts';
import { urlsOf, versionOf } from './definition-types.ts';
import { changesOf, createEntryIndex } from './entry-index.ts';
import type { Source } from './source.ts';

interface StoredEntry extends CanonicalEntry {
  id: string;
  /** of the resource on this server */
  stored: number;
  lastUpdated: number;
}

interface Known {
  /** version on this server; of a deleted resource too, so that late news of an older version is not believed */
  stored: number;
  entries: readonly StoredEntry[];
}

export interface Stored extends Source {
  /** what this process wrote */
  written(versions: readonly Version[]): void;
  /** what is in the database: everything, or what changed since a time (ms) */
  refresh(types: Iterable<string>, since?: number): Promise<void>;
}

export interface StoredDeps {
  store: Pick<Store, 'readMany' | 'vread'>;
  rows: DefinitionStore['rows'];
}

export function createStored({ store, rows }: StoredDeps): Stored {
  const index = createEntryIndex<StoredEntry>(
    (a, b) => compareVersions(b.version, a.version) || b.lastUpdated - a.lastUpdated,
  );
  const known = new Map<string, Known>();
  const listeners: ((changes: readonly CanonicalChange[]) => void)[] = [];

  /** gives what changed */
  function take(name: string, stored: number, entries: readonly StoredEntry[]): readonly StoredEntry[] {
    const before = known.get(name);
    if (before !== undefined && before.stored >= stored) return [];
    known.set(name, { stored, entries });
    for (const entry of before?.entries ?? []) index.remove(entry);
    for (const entry of entries) index.add(entry);
    return [...(before?.entries ?? []), ...entries];
  }

  function tell(changed: readonly StoredEntry[]): void {
    if (changed.length === 0) return;
    const changes = changesOf(changed);
    for (const listener of listeners) listener(changes);
  }

  function takeVersion(version: Version): readonly StoredEntry[] {
    const { type, id, bytes } = version;
    const resource = bytes === null ? undefined : (parseJson(bytes) as Resource);
    const entries =
      resource === undefined ? [] : urlsOf(resource).map((url) => entryOf(version, url, versionOf(resource)));
    return take(`${type}/${id}`, version.version, entries);
  }

  /** Tells in the same turn as it takes: a write of this process that finds its news taken has nothing left to tell. */
  async function refreshType(type: string, since: number | undefined): Promise<void> {
    const found = await rows(type, [urlKeyOf(type), 'version'], since);
    const news = found.filter(({ id, version }) => (known.get(`${type}/${id}`)?.stored ?? 0) < version);
    const unreadable: StoredRow[] = [];
    tell(
      news.flatMap((row) => {
        const entries = entriesOfRow(type, row);
        if (entries === undefined) unreadable.push(row);
        return entries === undefined ? [] : take(`${type}/${row.id}`, row.version, entries);
      }),
    );
    if (unreadable.length === 0) return;
    const versions = await store.readMany(unreadable.map(({ id }) => ({ type, id })));
    tell(versions.flatMap((version) => (version === undefined ? [] : takeVersion(version))));
  }

  return {
    versions: (type, url) => index.versions(type, url),
    list: (type) => index.list(type),
    async read(entry) {
      const { type, id, stored } = entry as StoredEntry;
      const version = await store.vread(type, id, stored);
      if (!version?.bytes) return undefined;
      return { resource: parseJson(version.bytes) as Resource, bytes: version.bytes.length };
    },
    onChange: (listener) => listeners.push(listener),
    written: (versions) => tell(versions.flatMap(takeVersion)),
    async refresh(types, since) {
      await Promise.all([...types].map((type) => refreshType(type, since)));
    },
  };
}

interface Place {
  type: string;
  id: string;
  version: number;
  lastUpdated: number;
}

const entryOf = (
  { type, id, version, lastUpdated }: Place,
  url: string,
  business: { version?: string },
): StoredEntry => ({
  type,
  url,
  ...business,
  origin: { kind: 'stored', id },
  id,
  stored: version,
  lastUpdated,
});

/** Parameters that are the same expression share the keys of one: `url` of a CodeSystem is kept as `system`. */
const urlKeyOf = (type: string): string => (type === 'CodeSystem' ? 'system' : 'url');

/** undefined: the keys do not tell, the resource must be read */
function entriesOfRow(type: string, row: StoredRow): StoredEntry[] | undefined {
  if (row.isDeleted) return [];
  if (type === 'NamingSystem') return undefined;
  const values = (parameter: string): (string | undefined)[] =>
    row.keys
      .filter((key) => key.startsWith(`${parameter}|`))
      .map((key) => readKeyPart(key.slice(parameter.length + 1)));
  const [urls, versions] = [values(urlKeyOf(type)), values('version')];
  if (urls.length > 1 || versions.length > 1 || urls.includes(undefined) || versions.includes(undefined))
    return undefined;
  const [url] = urls;
  if (url === undefined) return [];
  const [version] = versions;
  return [entryOf({ ...row, type }, url, version === undefined ? {} : { version })];
}
