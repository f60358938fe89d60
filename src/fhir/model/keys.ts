// The search keys of one resource: everything a search can ask, extracted once at write time.
// The search room alone decides how keys are spelled; storage only keeps and compares them; both speak Predicate.

/** A closed interval [lo, hi]. Dates are milliseconds since 1970 UTC; numbers are the value itself. ±Infinity where open. */
export interface Interval {
  /** the parameter's code; with a suffix where the key says more: `value-quantity|mg|<system tag>` */
  p: string;
  lo: number;
  hi: number;
}

export interface SearchKeys {
  /** exact keys, each beginning with `<param>|`: tokens, references, uris; `@<patient id>` for the patient
   *  compartment; `&<reference key>|<token key>` for a patient's codes */
  k: string[];
  /** strings, one entry each: `<param>:<normalised>\u0001<as written>\u0001`; prefix search, :exact and :contains are all answered by it */
  s: string[];
  /** dates and periods */
  d: Interval[];
  /** numbers and quantities */
  q: Interval[];
  /** the type's main date in ms, the order of `_sort=date`; null where absent */
  sd: number | null;
}

/** Extracts keys. `version` changes whenever the same resource would get other keys, which starts a re-extraction. */
export interface KeyExtractor {
  readonly version: string;
  extract(resource: import('./resource.ts').Resource): SearchKeys;
}
