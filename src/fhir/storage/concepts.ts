// The port to code systems that are too large, or too much someone else's, to be resources: SNOMED CT, LOINC, RxNorm, ICD-10-CM.
// Operators load them; storage/mongo/concepts keeps them.
import type { CodeSystemSource, Concept, ConceptProperty } from '../model/concept.ts';

export interface SystemHead {
  url: string;
  version: string;
  title: string;
  /** what filters may ask for besides codes, displays and the hierarchy */
  properties: readonly { code: string; type: string; description?: string }[];
  valueSet?: string;
  /** `concept in X` means members of the reference set X. https://hl7.org/fhir/R4/snomedct.html#filters */
  hasReferenceSets?: true;
  /** of a release that the Expression Constraint Language can be asked of: what its concepts are related by */
  relations?: {
    /** codes of the properties that are attributes */
    attributes: readonly string[];
    /** reference sets that lead from one concept to another */
    associations: readonly string[];
  };
}

/** A concept as a reader of a release gives it, in the order that expansions shall have. */
export interface ReadConcept extends Concept {
  /** the concept itself and all above it; absent where nothing is above it */
  ancestors?: readonly string[];
  memberOf?: readonly string[];
  /** language of the definition */
  definitionLanguage?: string;
  /** relationships by their groups; what is in no group is alone in one */
  groups?: readonly (readonly ConceptProperty[])[];
  /** attributes that it is a value of */
  usedBy?: readonly string[];
  /** what leads here by an association */
  sources?: readonly AssociationSource[];
}

export interface AssociationSource {
  /** the reference set */
  set: string;
  code: string;
}

export interface LoadedSystem extends SystemHead {
  concepts: number;
  /** ms since 1970 */
  loadedAt: number;
}

export interface ConceptStore {
  /** newest version first */
  list(): Promise<readonly LoadedSystem[]>;
  /** what was loaded under this URL and version before is there until everything is in, and is then replaced at once */
  load(
    head: SystemHead,
    concepts: Iterable<ReadConcept> | AsyncIterable<ReadConcept>,
    onProgress?: (concepts: number) => void,
  ): Promise<LoadedSystem>;
  /** all versions where none is named; what was there */
  unload(url: string, version?: string): Promise<readonly LoadedSystem[]>;
}

/** What this process knows of loaded systems; it looks for changes by others every second. */
export interface LoadedSystems {
  /** newest version first */
  sources(url: string): readonly CodeSystemSource[];
  /** rises with every change */
  readonly revision: number;
  /** looks at once */
  look(): Promise<void>;
  close(): Promise<void>;
}
