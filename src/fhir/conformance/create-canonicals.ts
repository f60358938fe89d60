// All sources of definitions as one: the first that knows a URL wins. What was parsed is kept as long as it is asked for.
import { FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import type { CanonicalChange, CanonicalEntry, Canonicals } from './canonicals.ts';
import { meetsVersion } from './compare-versions.ts';
import { createLru } from './lru.ts';
import { type StructureDefinition, snapshotOf } from './snapshot.ts';
import type { Source } from './source.ts';

export interface CanonicalsDeps {
  /** best first */
  sources: readonly Source[];
}

/** bytes of JSON whose parsed form is kept; that takes three to four times as much memory */
const KEPT_BYTES = 16 * 1024 * 1024;

/** of snapshots made here */
const KEPT_ELEMENTS = 20_000;

interface Located {
  source: Source;
  entry: CanonicalEntry;
}

export function createCanonicals({ sources }: CanonicalsDeps): Canonicals {
  const kept = createLru<CanonicalEntry, Promise<Resource | undefined>>(KEPT_BYTES);
  const made = createLru<CanonicalEntry, StructureDefinition>(KEPT_ELEMENTS);
  const listeners = new Set<(changes: readonly CanonicalChange[]) => void>();
  let revision = 1;

  const versions: Canonicals['versions'] = (type, url) => sources.flatMap((source) => source.versions(type, url));

  function best(type: string, canonical: string): Located | undefined {
    const { url, version } = readCanonical(canonical);
    let first: Located | undefined;
    for (const source of sources) {
      for (const entry of source.versions(type, url)) {
        first ??= { source, entry };
        if (version === undefined) return first;
        if (meetsVersion(entry.version, version)) return { source, entry };
      }
    }
    return first;
  }

  /** A StructureDefinition that came without a snapshot gets one, made anew after any StructureDefinition has changed. */
  async function withSnapshot(
    { source, entry }: Located,
    within: readonly CanonicalEntry[] = [],
  ): Promise<StructureDefinition | undefined> {
    const definition = (await parsed(source, entry)) as StructureDefinition | undefined;
    if (definition === undefined || definition.snapshot !== undefined) return definition;
    const known = made.peek(entry);
    if (known !== undefined) return known;
    if (within.includes(entry)) return undefined;
    const element = await snapshotOf(definition, {
      async find(canonical) {
        const found = best('StructureDefinition', canonical);
        return found && withSnapshot(found, [...within, entry]);
      },
    });
    const whole = { ...definition, snapshot: { element } };
    made.get(entry, () => whole);
    made.weigh(entry, element.length);
    return whole;
  }

  const parsed = (source: Source, entry: CanonicalEntry): Promise<Resource | undefined> =>
    kept.get(entry, () =>
      load(source, entry).catch((error: unknown) => {
        kept.delete(entry);
        throw error;
      }),
    );

  async function load(source: Source, entry: CanonicalEntry): Promise<Resource | undefined> {
    const loaded = await source.read(entry);
    kept.weigh(entry, loaded?.bytes ?? 0);
    return loaded?.resource;
  }

  for (const source of sources) {
    source.onChange?.((changes) => {
      revision++;
      if (changes.some(({ type }) => type === 'StructureDefinition')) made.clear();
      for (const listener of listeners) listener(changes);
    });
  }

  return {
    async find(type, canonical) {
      const found = best(type, canonical);
      if (found === undefined) return undefined;
      if (type !== 'StructureDefinition') return parsed(found.source, found.entry);
      try {
        return await withSnapshot(found);
      } catch (error) {
        // what its base no longer allows, or whose base is not here, nobody can go by
        if (error instanceof FhirError) return undefined;
        throw error;
      }
    },
    has: (type, canonical) => best(type, canonical) !== undefined,
    versions,
    list: (type) => sources.flatMap((source) => source.list(type)),
    get revision() {
      return revision;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** `url|version#fragment` https://hl7.org/fhir/R4/references.html#canonical */
export function readCanonical(canonical: string): { url: string; version?: string } {
  const hash = canonical.indexOf('#');
  const text = hash === -1 ? canonical : canonical.slice(0, hash);
  const bar = text.lastIndexOf('|');
  if (bar === -1) return { url: text };
  return { url: text.slice(0, bar), version: text.slice(bar + 1) };
}
