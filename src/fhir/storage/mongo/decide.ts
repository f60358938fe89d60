// What one change means for the version it finds: pure, and the same with and without a transaction.
// https://hl7.org/fhir/R4/http.html#concurrency
import { FhirError } from '../../model/errors.ts';
import type { Write, Written } from '../store.ts';
import {
  currentDocument,
  type HistoryDocument,
  historyId,
  type Prepared,
  type StoredDocument,
  tombstone,
  versionOf,
} from './document.ts';
import type { RawDocument } from './raw.ts';

/** A change of something that may exist already. */
export interface Overwrite {
  change: Extract<Write, { kind: 'update' | 'delete' }>;
  /** absent for a deletion */
  prepared?: Prepared;
}

export type Decision =
  | { kind: 'nothing'; written: Written }
  | { kind: 'insert'; document: StoredDocument; written: Written }
  | { kind: 'replace'; old: RawDocument; document: StoredDocument; written: Written };

export interface Stamps {
  time(after: number): number;
  n(): number;
  keyVersion(type: string): string;
}

/** Throws `precondition` where If-Match does not hold. */
export function decide({ change, prepared }: Overwrite, old: RawDocument | undefined, stamps: Stamps): Decision {
  const { type, id, ifVersion } = change;
  const exists = old?.j !== undefined;
  if (ifVersion !== undefined && !meets(ifVersion, old)) throw preconditionFailed(change, old);
  if (change.kind === 'delete' && !exists) return { kind: 'nothing', written: absent(change, old) };
  const stamp = {
    id,
    version: (old?.v ?? 0) + 1,
    lastUpdated: stamps.time(old?.u ?? 0),
    n: stamps.n(),
    method: change.kind === 'delete' ? ('DELETE' as const) : (change.method ?? 'PUT'),
  };
  const document = prepared ? currentDocument(prepared, stamp) : tombstone(stamp, stamps.keyVersion(type));
  const written: Written = { ...versionOf(type, document), created: !exists, changed: true };
  if (change.kind === 'delete') written.created = false;
  return old ? { kind: 'replace', old, document, written } : { kind: 'insert', document, written };
}

/** 0 means "must not exist": a deleted resource does not. */
const meets = (ifVersion: number, old: RawDocument | undefined): boolean =>
  ifVersion === 0 ? old?.j === undefined : old?.v === ifVersion;

export function preconditionFailed(
  { type, id, ifVersion }: Overwrite['change'],
  old: RawDocument | undefined,
): FhirError {
  if (ifVersion === 0) return new FhirError('precondition', `${type}/${id} exists already, in version ${old?.v}`);
  const state = old ? `version ${old.v} is current` : 'it does not exist';
  return new FhirError('precondition', `Version ${ifVersion} of ${type}/${id} was expected, but ${state}`);
}

const absent = ({ type, id }: Overwrite['change'], old: RawDocument | undefined): Written => ({
  type,
  id,
  version: old?.v ?? 0,
  lastUpdated: old?.u ?? 0,
  bytes: null,
  method: 'DELETE',
  created: false,
  changed: false,
});

/** The copy of a version that is about to be superseded. */
export function historyDocument(old: RawDocument): HistoryDocument {
  const { _id, j, v, u, n, m } = old;
  return { _id: historyId(_id, v), ...(j ? { j } : {}), v, u, n, m };
}

export const alreadyExists = (type: string, id: string): FhirError =>
  new FhirError('duplicate', `${type}/${id} exists already`);
