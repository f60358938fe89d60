// The closed little language between search (which thinks) and storage (which acts). It speaks only of SearchKeys, so it is
// translated twice and only twice: to a MongoDB filter (storage/mongo/filter.ts) and to a test in memory (matches.ts).

/** Conditions on one end of an interval; all given ones must hold. */
export interface Bound {
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}

export type Predicate =
  /** `and` of nothing is everything; `or` of nothing is nothing */
  | { op: 'and' | 'or'; of: readonly Predicate[] }
  | { op: 'not'; of: Predicate }
  /** `k` holds this key */
  | { op: 'equals'; key: string }
  /** `k` holds one of these keys */
  | { op: 'oneOf'; keys: readonly string[] }
  /** `t` holds one of these tokens. No index helps: beside it stands what finds the candidates, the same token's key in `k` */
  | { op: 'confirms'; tokens: readonly string[] }
  /** a token of `param` whose system has this tag; a code of `param` whose text has a word that begins so (docs/adr/0013) */
  | { op: 'coded'; param: string; by: { tag: string } | { text: string } }
  /** an entry of `k`, `t` or `s` begins with `prefix` and, where a `suffix` is given, ends with it (`code=http://loinc.org|`: any code of a system) */
  | { op: 'startsWith'; in: 'k' | 't' | 's'; prefix: string; suffix?: string }
  /** an entry of `s` that begins with `<param>:` holds this normalised text anywhere after the colon, or ends with it; of `k`, after `<param>|` */
  | { op: 'contains'; in?: 'k'; param: string; text: string; atEnd?: true }
  /** an entry that begins with `prefix` is none of these and begins with none of those (`_filter` with `ne`: some value is another one) */
  | { op: 'differs'; in: 'k' | 't' | 's'; prefix: string; from: readonly string[]; fromBeginnings?: readonly string[] }
  /** one interval of `param` (the whole `p`) whose ends meet both conditions, whose unit is one of these (or any; absent: it has none, not
   *  even an empty one), and whose `t` holds one of the tokens that confirm it */
  | {
      op: 'interval';
      in: 'd' | 'q';
      param: string;
      lo?: Bound;
      hi?: Bound;
      units?: readonly string[] | 'any';
      confirms?: readonly string[];
      /** `param` is the type's main date, whose begin is `sd` and whose length `span` */
      isMainDate?: true;
    }
  /** the parameter has any key at all (`:missing=false`); `param` is a code, keys with suffixes count */
  | { op: 'exists'; in: 'k' | 's' | 'd' | 'q'; param: string }
  /** a place at most so far from this one, as the crow flies; any place where the distance is infinite */
  | { op: 'near'; longitude: number; latitude: number; kilometres: number }
  /** these words in a row, in the narrative or in any text of the resource; the last may be only the beginning of one */
  | { op: 'words'; in: 'narrative' | 'content'; text: string; isBeginning: boolean }
  | { op: 'ids'; ids: readonly string[] }
  /** meta.lastUpdated in ms */
  | { op: 'updated'; at: Bound }
  /** chaining: a reference of `param` points to a resource of one of `types` that meets `where` */
  | { op: 'linked'; param: string; types: readonly string[]; where: Predicate; contained?: readonly ContainedLink[] }
  /** _has: a resource of `type` that meets `where` points here with its reference parameter `param` */
  | { op: 'linkedFrom'; type: string; param: string; where: Predicate; seek?: SeekKeys };

/** The same asked of resources that are contained: whose keys the container has, under names of their own. */
export interface ContainedLink {
  /** only containers have this key */
  marker: string;
  where: Predicate;
}

/**
 * Which of the resources that meet a `linkedFrom` point to a given id: those with `<before><id><after>` of a key, that meet `rest`. Says the
 * same as its `where` and `param`; `key` is what `where` asks for.
 */
export interface SeekKeys {
  keys: readonly { key: string; before: string; after: string }[];
  rest: Predicate;
}

export const everything: Predicate = { op: 'and', of: [] };
export const nothing: Predicate = { op: 'or', of: [] };
