// If-None-Exist: https://hl7.org/fhir/R4/http.html#ccreate
import { createHash } from 'node:crypto';
import type { ClientSession } from 'mongodb';
import { FhirError } from '../../model/errors.ts';
import type { ConditionalCreate, Written } from '../store.ts';
import type { Finder } from './find.ts';

export const claimKey = (type: string, { canonical }: ConditionalCreate): string =>
  `${type}?${createHash('sha256').update(canonical).digest('base64url')}`;

/** The one match, in place of a new resource; several are the client's error. */
export async function findMatch(
  finder: Finder,
  type: string,
  { where }: ConditionalCreate,
  session?: ClientSession,
): Promise<Written | undefined> {
  const { matches } = await finder.find({ type, where, sort: [], limit: 2, total: 'none' }, session);
  const [match] = matches;
  if (matches.length > 1)
    throw new FhirError('multiple-matches', `Several ${type} resources meet the criteria; they must choose one`);
  if (!match) return undefined;
  const { id, version, lastUpdated, bytes } = match;
  return { type, id, version, lastUpdated, bytes, method: 'POST', created: false, changed: false };
}
