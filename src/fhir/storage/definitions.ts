// The port to what the database knows of definitions: packages, and which stored resources have a canonical URL. storage/mongo/definitions
// implements it.

/** Both rise; a process that sees another number than it knows reads again. */
export interface DefinitionRevision {
  packages: number;
  /** by resource type */
  stored: Readonly<Record<string, number>>;
}

/** One resource of a package; its position in the list names its bytes. */
export interface PackagedEntry {
  type: string;
  /** NamingSystems have several */
  urls: readonly string[];
  version?: string;
  id?: string;
  /** of a profile: the resource type that it constrains */
  profileOf?: string;
}

export interface PackageRecord {
  name: string;
  version: string;
  title?: string;
  canonical?: string;
  dependencies: Readonly<Record<string, string>>;
  /** SHA-256 of the file it was loaded from */
  digest: string;
  /** ms since 1970 */
  loadedAt: number;
  /** names its resources in the database */
  load: string;
  entries: readonly PackagedEntry[];
}

/** Nothing of it is visible before `commit`. */
export interface PackageLoad {
  add(resources: readonly Buffer[]): Promise<void>;
  /** false: the same version was loaded by another process meanwhile */
  commit(record: Omit<PackageRecord, 'load' | 'loadedAt'>): Promise<boolean>;
  abort(): Promise<void>;
}

export interface PackageStore {
  list(): Promise<PackageRecord[]>;
  beginLoad(): Promise<PackageLoad>;
  /** false: it is not there */
  remove(name: string, version: string): Promise<boolean>;
  read(load: string, place: number): Promise<Buffer | undefined>;
}

/** A current version, by its search keys: the bytes are not read. */
export interface StoredRow {
  id: string;
  version: number;
  /** ms since 1970 */
  lastUpdated: number;
  isDeleted: boolean;
  /** those of the parameters asked for: `url|http://…` */
  keys: readonly string[];
}

export interface DefinitionStore {
  packages: PackageStore;
  revision(): Promise<DefinitionRevision>;
  /** told after resources of these types were written */
  touch(types: readonly string[]): Promise<void>;
  /** current versions of a type, deleted ones only where `since` asks for what changed */
  rows(type: string, parameters: readonly string[], since?: number): Promise<StoredRow[]>;
}
