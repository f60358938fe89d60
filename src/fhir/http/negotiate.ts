// Which format the client can read, from _format or Accept, and which the body is in.
// https://hl7.org/fhir/R4/http.html#mime-type
import { FhirError } from '../model/errors.ts';

export const FHIR_JSON = 'application/fhir+json; fhirVersion=4.0; charset=utf-8';
const PLAIN_JSON = 'application/json; charset=utf-8';

/** _format's short names beside the media types */
const formats = new Map<string, string>([
  ['json', FHIR_JSON],
  ['application/fhir+json', FHIR_JSON],
  ['application/json+fhir', FHIR_JSON],
  ['text/json', FHIR_JSON],
  ['application/json', PLAIN_JSON],
]);
const wildcards = new Set(['*/*', 'application/*']);

/** The content type of the answer. Most clients send the same few headers, so each is read once. */
export function negotiate(accept: string | undefined, format: string | undefined): string {
  if (format !== undefined) return known(format) ?? refuseFormat(format);
  if (accept === undefined || accept === '*/*') return FHIR_JSON;
  let type = seen.get(accept);
  if (type === undefined) {
    type = best(accept) ?? refuseFormat(accept);
    if (seen.size < 100) seen.set(accept, type);
  }
  return type;
}
const seen = new Map<string, string>();

function known(mediaType: string): string | undefined {
  const [name = '', ...parameters] = mediaType.split(';').map((part) => part.trim().toLowerCase());
  const version = parameters.find((parameter) => parameter.startsWith('fhirversion='))?.slice('fhirversion='.length);
  if (version !== undefined && !/^"?4\.0(\.1)?"?$/.test(version)) return undefined;
  // in a query string the plus of fhir+json often arrives as a space
  return formats.get(name.replace(' ', '+'));
}

function best(accept: string): string | undefined {
  const ranges = accept.split(',').map((range) => {
    const quality = /;\s*q=([0-9.]+)/i.exec(range)?.[1];
    return { range: range.replace(/;\s*q=.*$/i, '').trim(), quality: quality === undefined ? 1 : Number(quality) };
  });
  ranges.sort((a, b) => b.quality - a.quality);
  for (const { range, quality } of ranges) {
    if (quality === 0) continue;
    const type = wildcards.has(range) ? FHIR_JSON : known(range);
    if (type !== undefined) return type;
  }
  return undefined;
}

function refuseFormat(asked: string): never {
  throw new FhirError('not-acceptable', `This server answers application/fhir+json (4.0), not ${asked}`);
}

const jsonBodies = new Set(['application/fhir+json', 'application/json', 'application/json+fhir', 'text/json']);

export type BodyFormat = 'json' | 'json-patch' | 'form';

/** What the body is, by its Content-Type. `text/plain` and no type at all are refused: guessing hides mistakes. */
export function bodyFormat(contentType: string | undefined): BodyFormat | undefined {
  if (contentType === 'application/fhir+json') return 'json';
  const [name = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.replace(/^charset="?|"$/g, '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') return undefined;
  if (jsonBodies.has(name)) return 'json';
  if (name === 'application/json-patch+json') return 'json-patch';
  if (name === 'application/x-www-form-urlencoded') return 'form';
  return undefined;
}
