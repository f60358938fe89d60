// Readers of the request headers that interactions obey.
// https://hl7.org/fhir/R4/http.html#versions and RFC 9110 section 13
import { FhirError } from '../model/errors.ts';
import type { Call } from './call.ts';

export const etagOf = (version: number): string => `W/"${version}"`;

/** `W/"3"` → 3; `*` → 'any'; undefined where the header is absent */
export function readIfMatch(call: Call): number | 'any' | undefined {
  const text = call.headers['if-match']?.trim();
  if (text === undefined) return undefined;
  if (text === '*') return 'any';
  const version = /^(?:W\/)?"?(\d{1,15})"?$/.exec(text)?.[1];
  if (version === undefined) throw new FhirError('invalid', `If-Match must look like W/"3", not ${text}`);
  return Number(version);
}

/** `If-None-Match: *` on a write: only where nothing is there yet */
export const isCreateOnly = (call: Call): boolean => call.headers['if-none-match']?.trim() === '*';

/** True where the client's copy is still good. If-None-Match wins over If-Modified-Since (RFC 9110, 13.2.2). */
export function isNotModified(call: Call, version: number, lastUpdated: number): boolean {
  const tags = call.headers['if-none-match'];
  if (tags !== undefined) {
    return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === `"${version}"`);
  }
  const since = call.headers['if-modified-since'];
  if (since === undefined) return false;
  const time = Date.parse(since);
  return !Number.isNaN(time) && Math.floor(lastUpdated / 1000) * 1000 <= time;
}

export type PreferReturn = 'minimal' | 'representation' | 'OperationOutcome';

const returns = new Set<string>(['minimal', 'representation', 'OperationOutcome']);

/** `Prefer: return=minimal` → 'minimal'. Preferences that are unknown are ignored (RFC 7240, section 2). */
export function readPreferReturn(prefer: string | undefined): PreferReturn | undefined {
  if (prefer === undefined) return undefined;
  for (const preference of prefer.split(/[,;]/)) {
    const [name, value] = preference.split('=', 2).map((text) => text.trim());
    const unquoted = value?.replaceAll('"', '');
    if (name === 'return' && unquoted !== undefined && returns.has(unquoted)) return unquoted as PreferReturn;
  }
  return undefined;
}
