// Where definitions come from: each source knows its own and reads one when it is asked for. create-canonicals.ts asks them in order.
import type { Resource } from '../model/resource.ts';
import type { CanonicalChange, CanonicalEntry } from './canonicals.ts';

export interface Loaded {
  resource: Resource;
  /** of its JSON text, to bound what is kept in memory */
  bytes: number;
}

/** An entry belongs to the source that gave it and is what it reads by; a changed resource has a new entry. */
export interface Source {
  /** the versions of a URL, best first */
  versions(type: string, url: string): readonly CanonicalEntry[];
  list(type: string): readonly CanonicalEntry[];
  /** undefined where it is gone meanwhile */
  read(entry: CanonicalEntry): Promise<Loaded | undefined>;
  /** absent where nothing ever changes */
  onChange?(listener: (changes: readonly CanonicalChange[]) => void): void;
}
