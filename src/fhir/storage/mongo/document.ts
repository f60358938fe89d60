// The shape of stored documents (docs/adr/0001-raw-bytes-and-key-arrays.md): raw JSON bytes beside lean key arrays.
import { FhirError } from '../../model/errors.ts';
import { stringifyJson } from '../../model/json.ts';
import type { CodeInUse, Interval, KeyExtractor, SearchKeys } from '../../model/keys.ts';
import type { Resource } from '../../model/resource.ts';
import type { Version } from '../store.ts';
import { spanClass } from './date-ranges.ts';
import { grams } from './grams.ts';
import { dateClass, numberClass, UNIT } from './width-class.ts';

export type Method = Version['method'];

/** A current version. The order of fields is part of the format: `j` is second, so that raw replies are sliced by arithmetic. */
export interface StoredDocument {
  _id: string;
  /** the exact bytes to serve; absent in a tombstone, as are all keys */
  j?: Buffer;
  /** version */
  v: number;
  /** lastUpdated, ms */
  u: number;
  /** unique tie-breaker, different for every version ever written */
  n: number;
  /** the main date */
  sd: number | null;
  /** the class of the main date's length (date-ranges.ts) */
  w?: number;
  /** the first and the last of the main names */
  sn?: string;
  sx?: string;
  k?: string[];
  /** tokens with their system, in no index */
  t?: string[];
  /** intervals; `p` ends in the width class and, for quantities, the unit (width-class.ts) */
  d?: Interval[];
  q?: Interval[];
  s?: string[];
  /** trigrams of names and addresses, for :contains */
  g?: string[];
  /** longitude and latitude of a place */
  l?: [number, number];
  /** words of its narrative and of its other texts, and these texts, where the operator wants them */
  f?: string[];
  ft?: string;
  fc?: string;
  /** the version of the key extractor */
  kv: string;
  m: Method;
  /** tombstone */
  x?: 1;
}

/** A superseded version; `_id` is `id/0000000002`, so that one range on `_id` is the history of one resource. */
export interface HistoryDocument {
  _id: string;
  j?: Buffer;
  v: number;
  u: number;
  n: number;
  m: Method;
}

export const historyId = (id: string, version: number): string => `${id}/${String(version).padStart(10, '0')}`;

/** The parts of a new version that do not depend on the version it replaces, made once however often the write is retried. */
export interface Prepared {
  head: string;
  tail: string;
  keys: StoredKeys;
  /** to be recorded before it is visible (codes.ts) */
  codes: readonly CodeInUse[];
  /** of the document, generously */
  size: number;
}

type StoredKeys = Pick<
  StoredDocument,
  'sd' | 'w' | 'sn' | 'sx' | 'k' | 't' | 'd' | 'q' | 's' | 'g' | 'l' | 'f' | 'ft' | 'fc' | 'kv'
>;

/** MongoDB's limit is 16 MiB a document; what is left is for the fields around. */
const MAX_DOCUMENT_BYTES = 15 * 1024 * 1024;

export function prepare(extractor: KeyExtractor, type: string, id: string, resource: Resource): Prepared {
  const { resourceType: _type, id: _id, meta = {}, ...rest } = resource;
  const { versionId: _version, lastUpdated: _updated, ...otherMeta } = meta;
  const metaText = stringifyJson(otherMeta);
  const restText = stringifyJson(rest);
  const tail = `${metaText === '{}' ? '}' : `,${metaText.slice(1)}`}${restText === '{}' ? '}' : `,${restText.slice(1)}`}`;
  const extracted = extractor.extract(resource.id === id ? resource : { ...resource, id });
  const keys = storedKeys(extracted, extractor.version(type));
  const size = Buffer.byteLength(tail) + sizeOfKeys(keys);
  if (size > MAX_DOCUMENT_BYTES)
    throw new FhirError(
      'too-large',
      `${type}/${id} needs ${size} bytes with its search keys, ${MAX_DOCUMENT_BYTES} are allowed`,
    );
  return {
    head: `{"resourceType":"${type}","id":"${id}","meta":{"versionId":"`,
    tail,
    keys,
    codes: extracted.codes ?? [],
    size,
  };
}

export function storedKeys(keys: SearchKeys, version: string): StoredKeys {
  const trigrams = grams(keys.s);
  return {
    sd: keys.sd,
    ...(keys.span === undefined ? {} : { w: spanClass(keys.span) }),
    ...(keys.name === undefined ? {} : { sn: keys.name.first, sx: keys.name.last }),
    ...(keys.k.length > 0 ? { k: keys.k } : {}),
    ...(keys.t.length > 0 ? { t: keys.t } : {}),
    ...(keys.d.length > 0 ? { d: keys.d.map((entry) => classed(entry, dateClass)) } : {}),
    ...(keys.q.length > 0 ? { q: keys.q.map((entry) => classed(entry, numberClass)) } : {}),
    ...(keys.s.length > 0 ? { s: keys.s } : {}),
    ...(trigrams.length > 0 ? { g: trigrams } : {}),
    ...(keys.at ? { l: [keys.at.longitude, keys.at.latitude] as [number, number] } : {}),
    ...(keys.words && keys.words.index.length > 0 ? { f: keys.words.index } : {}),
    ...(keys.words?.narrative ? { ft: keys.words.narrative } : {}),
    ...(keys.words?.other ? { fc: keys.words.other } : {}),
    kv: version,
  };
}

const classed = ({ p, lo, hi, u, c, t }: Interval, classOf: (lo: number, hi: number) => string): Interval => ({
  p: p + classOf(lo, hi) + (u === undefined ? '' : UNIT + u),
  lo,
  hi,
  ...(c !== undefined && { c }),
  ...(t && { t }),
});

/** BSON's own overhead included; text is counted as if every character took three bytes only where that could matter. */
function sizeOfKeys(keys: StoredKeys): number {
  let size = 256 + 3 * ((keys.ft?.length ?? 0) + (keys.fc?.length ?? 0));
  for (const list of [keys.k, keys.t, keys.s, keys.g, keys.f])
    for (const text of list ?? []) size += 3 * text.length + 12;
  for (const list of [keys.d, keys.q])
    for (const { p, t = [] } of list ?? []) {
      size += 3 * p.length + 60;
      for (const text of t) size += 3 * text.length + 12;
    }
  return size;
}

export interface Stamp {
  id: string;
  version: number;
  lastUpdated: number;
  n: number;
  method: Method;
}

export function currentDocument(prepared: Prepared, { id, version, lastUpdated, n, method }: Stamp): StoredDocument {
  const time = new Date(lastUpdated).toISOString();
  const { sd, w, sn, sx, k, t, d, q, s, g, l, f, ft, fc, kv } = prepared.keys;
  const document: StoredDocument = {
    _id: id,
    j: Buffer.from(`${prepared.head}${version}","lastUpdated":"${time}"${prepared.tail}`),
    v: version,
    u: lastUpdated,
    n,
    sd,
    kv,
    m: method,
  };
  if (w !== undefined) document.w = w;
  if (sn !== undefined) document.sn = sn;
  if (sx !== undefined) document.sx = sx;
  if (k) document.k = k;
  if (t) document.t = t;
  if (d) document.d = d;
  if (q) document.q = q;
  if (s) document.s = s;
  if (g) document.g = g;
  if (l) document.l = l;
  if (f) document.f = f;
  if (ft) document.ft = ft;
  if (fc) document.fc = fc;
  return document;
}

export const tombstone = ({ id, version, lastUpdated, n, method }: Stamp, kv: string): StoredDocument => ({
  _id: id,
  v: version,
  u: lastUpdated,
  n,
  sd: null,
  kv,
  m: method,
  x: 1,
});

export const versionOf = (type: string, document: StoredDocument): Version => ({
  type,
  id: document._id,
  version: document.v,
  lastUpdated: document.u,
  bytes: document.j ?? null,
  method: document.m,
});
