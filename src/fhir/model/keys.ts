// The search keys of one resource: everything a search can ask, extracted once at write time.
// The search room alone decides how keys are spelled; storage only keeps and compares them; both speak Predicate.

/** A closed interval [lo, hi]. Dates are milliseconds since 1970 UTC; numbers are the value itself. ±Infinity where open. */
export interface Interval {
  /** the parameter's code; with a suffix where the key says more: `near|latitude` */
  p: string;
  lo: number;
  hi: number;
  /** of a quantity: its unit, empty where it has none; one with several names has an interval for each */
  u?: string;
  /** of a quantity: `lo` in the unit in which its kind is compared, where that is another; orders go by it */
  c?: number;
  /** of a composite: its codes with their systems, which no index has either */
  t?: string[];
}

export interface SearchKeys {
  /** exact keys, each beginning with `<param>|`: tokens without their system, references, uris; `@<patient id>` for a patient's
   *  compartment, where the type's reference to its patient does not say it; `&<reference key>|<token key>` for a patient's codes */
  k: string[];
  /** tokens with their system, `<param>|<code>|<system tag>`: no index has them, they confirm what `k` found (docs/adr/0004); the texts of
   *  codes, `<param>~:<normalised>` (docs/adr/0013) */
  t: string[];
  /** strings, one entry each: `<param>:<normalised>\u0001<as written>\u0001`; prefix search, :exact and :contains are all answered by it */
  s: string[];
  /** dates and periods */
  d: Interval[];
  /** numbers and quantities */
  q: Interval[];
  /** where the type's main date begins, in ms, the order of `_sort=date`: the first `lo` of its intervals, EARLIEST where that is open; null
   *  where there is none */
  sd: number | null;
  /** the codes among the tokens, by what else they can be found; not stored with the resource (docs/adr/0013) */
  codes?: CodeInUse[];
  /** the first and the last of the type's main names, where it has one: the order of `_sort=family` */
  name?: { first: string; last: string };
  /** where a place is, in degrees */
  at?: { longitude: number; latitude: number };
  /** the words of its narrative and of its other texts, where the operator wants them; those that `t` has are not repeated (docs/adr/0013) */
  words?: { index: string[]; narrative: string; other: string };
  /** how long the main date lasts, in ms; absent where there is none, or where storage shall not look for it by `sd` */
  span?: number | 'several';
}

/** A code with its system, and one of the texts it has for people; normalised, empty where it has none. */
export interface CodeInUse {
  /** as in `k` */
  key: string;
  /** as in `t`, of which the end is the tag of the system */
  token: string;
  tag: string;
  text: string;
}

/** Before every date, and finite, so that it sorts, pages and goes through JSON like one. */
export const EARLIEST = -8_640_000_000_000_000;

/**
 * Extracts keys. The version of a type changes whenever the same resource of it would get other keys, which starts a re-extraction. It is
 * `<published>` or `<published>.<added>`: what stands before the dot speaks of the keys of published parameters, what follows of those of
 * parameters that were added at run time.
 */
export interface KeyExtractor {
  /** whether keys come with words */
  readonly hasWords?: boolean;
  version(type: string): string;
  extract(resource: import('./resource.ts').Resource): SearchKeys;
}

/** Keys of published parameters are the same in both; which added parameters are complete is known elsewhere (definitions/live.ts). */
export const isSameBase = (a: string, b: string): boolean => baseOf(a) === baseOf(b);

const baseOf = (version: string): string => {
  const dot = version.indexOf('.');
  return dot < 0 ? version : version.slice(0, dot);
};
