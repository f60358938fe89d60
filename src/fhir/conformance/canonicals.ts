// The port to everything that is named by a canonical URL: what the specification publishes, what packages bring, what profiles/ ships and what
// users post at run time. Validation, terminology, search and operations ask here and nowhere else.
// https://hl7.org/fhir/R4/references.html#canonical
import type { Resource } from '../model/resource.ts';

/** Where a definition came from; an earlier one wins over a later one of the same URL and version. */
export type Origin =
  | { kind: 'stored'; id: string }
  | { kind: 'shipped' }
  | { kind: 'package'; name: string; version: string }
  | { kind: 'published' };

export interface CanonicalEntry {
  type: string;
  url: string;
  version?: string;
  origin: Origin;
  /** of a profile in a package: the resource type that it constrains */
  profileOf?: string;
}

export interface CanonicalChange {
  type: string;
  url: string;
}

export interface Canonicals {
  /**
   * The resource of this type (`StructureDefinition`, `ValueSet` …) that a canonical names: `url` or `url|version`; a fragment is ignored.
   * Without a version, and where that version is not there, see `versions`: the newest of the best origin. StructureDefinitions come with a
   * snapshot. Parsed once and shared: never change what you get. Undefined where it is unknown, and where no snapshot can be made because its base is
   * not here. What a resource of a package names without a version is pinned to the version that it means.
   */
  find(type: string, canonical: string): Promise<Resource | undefined>;
  /** whether `find` would answer; costs a look-up in a Map */
  has(type: string, canonical: string): boolean;
  /** the known versions of a URL, best first */
  versions(type: string, url: string): readonly CanonicalEntry[];
  /** every entry of a type, in no particular order */
  list(type: string): readonly CanonicalEntry[];
  /** rises with every change of what `find` would answer, made in this process or in another; what is compiled from definitions is kept by it */
  readonly revision: number;
  /** called after a change took effect in this process; the result ends the subscription */
  onChange(listener: (changes: readonly CanonicalChange[]) => void): () => void;
}
