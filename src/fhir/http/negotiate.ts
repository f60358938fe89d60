// Which format the client can read, from _format or Accept, and which the body is in.
// https://hl7.org/fhir/R4/http.html#mime-type and https://www.rfc-editor.org/rfc/rfc9110#name-accept
import { FhirError } from '../model/errors.ts';

/** What an answer is written in. */
export interface Format {
  syntax: 'json' | 'xml' | 'html';
  contentType: string;
}

const format = (syntax: Format['syntax'], contentType: string): Format => ({ syntax, contentType });

export const FHIR_JSON = format('json', 'application/fhir+json; fhirVersion=4.0; charset=utf-8');
export const FHIR_XML = format('xml', 'application/fhir+xml; fhirVersion=4.0; charset=utf-8');
const PLAIN_JSON = format('json', 'application/json; charset=utf-8');
const PLAIN_XML = format('xml', 'application/xml; charset=utf-8');
const TEXT_XML = format('xml', 'text/xml; charset=utf-8');
const HTML = format('html', 'text/html; charset=utf-8');

const mediaTypes = new Map<string, Format>([
  ['application/fhir+json', FHIR_JSON],
  ['application/json+fhir', FHIR_JSON],
  ['text/json', FHIR_JSON],
  ['application/json', PLAIN_JSON],
  ['application/fhir+xml', FHIR_XML],
  ['application/xml+fhir', FHIR_XML],
  ['application/xml', PLAIN_XML],
  ['text/xml', TEXT_XML],
]);
/** _format's short names beside the media types */
const shortNames = new Map<string, Format>([
  ['json', FHIR_JSON],
  ['xml', FHIR_XML],
  ['html', HTML],
  ['text/html', HTML],
]);
/** what a wildcard may stand for, the best first */
const offers: readonly (readonly [name: string, Format])[] = [
  ['application/fhir+json', FHIR_JSON],
  ['application/fhir+xml', FHIR_XML],
  ['application/json', PLAIN_JSON],
  ['application/xml', PLAIN_XML],
];
const wildcards = new Map([
  ['*/*', offers],
  ['*', offers],
  ['application/*', offers],
  ['text/*', [['text/xml', TEXT_XML] as const]],
]);

/** The format of the answer, undefined where there is none for the client. Most clients send the same few headers, so each is read once. */
export function negotiate(accept: string | undefined, asked: string | undefined): Format | undefined {
  if (asked !== undefined) return shortNames.get(asked.trim().toLowerCase()) ?? known(asked);
  if (accept === undefined || accept === '*/*') return FHIR_JSON;
  let found = seen.get(accept);
  if (found === undefined) {
    found = best(accept);
    if (found !== undefined && seen.size < 100) seen.set(accept, found);
  }
  return found;
}
const seen = new Map<string, Format>();

export function notAcceptable(asked: string): FhirError {
  const message = `This server answers application/fhir+json, application/fhir+xml (FHIR 4.0) or text/html, not ${asked}`;
  return new FhirError('not-acceptable', message);
}

/** In which format a client that asks for what there is not will understand the refusal best. */
export const nearest = (asked: string | undefined): Format => (/xml/i.test(asked ?? '') ? FHIR_XML : FHIR_JSON);

/**
 * True where FHIR itself is asked for: a Binary is else given as what it holds. The general types of JSON and XML mean FHIR's, unless
 * the Binary holds just that. https://hl7.org/fhir/R4/binary.html#rest
 */
export function asksForFhir(accept: string | undefined, asked: string | undefined, held: string): boolean {
  if (asked !== undefined) return true;
  const ranges = readAccept(accept ?? '*/*');
  const first = ranges[0]?.name ?? '*/*';
  return mediaTypes.has(first) && first !== held;
}

function known(mediaType: string): Format | undefined {
  const { name, parameters } = readMediaType(mediaType);
  // in a query string the plus of fhir+json often arrives as a space
  return isOurVersion(parameters) ? mediaTypes.get(name.replace(' ', '+')) : undefined;
}

interface Range {
  name: string;
  /** `;fhirVersion=4.0` and the like */
  text: string;
  quality: number;
}

/** The ranges of an Accept header, the most wanted first; what is named goes before wildcards. */
function readAccept(accept: string): Range[] {
  const ranges = accept.split(',').map((range): Range => {
    const quality = /;\s*q=([0-9.]+)/i.exec(range)?.[1];
    const text = range.replace(/;\s*q=.*$/i, '').trim();
    const name = text.split(';', 1)[0]!.trim().toLowerCase();
    return { name, text, quality: quality === undefined ? 1 : Number(quality) };
  });
  return ranges.sort((a, b) => b.quality - a.quality || Number(wildcards.has(a.name)) - Number(wildcards.has(b.name)));
}

function best(accept: string): Format | undefined {
  const ranges = readAccept(accept);
  const refused = new Set(ranges.filter(({ quality }) => quality === 0).map(({ name }) => name));
  for (const { name, text, quality } of ranges) {
    if (quality === 0) continue;
    const possible = wildcards.get(name);
    const found =
      possible !== undefined
        ? possible.find(([offer]) => !refused.has(offer))?.[1]
        : name === 'text/html' && isBrowser(ranges)
          ? HTML
          : known(text);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Browsers read XHTML too. Some HTTP libraries ask for text/html before everything else and have no use for a page. */
const isBrowser = (ranges: readonly Range[]): boolean =>
  ranges.length === 1 || ranges.some(({ name }) => name === 'application/xhtml+xml');

export type BodyFormat = 'json' | 'xml' | 'json-patch' | 'xml-patch' | 'form';

const bodies = new Map<string, BodyFormat>([
  ['application/json-patch+json', 'json-patch'],
  ['application/xml-patch+xml', 'xml-patch'],
  ['application/x-www-form-urlencoded', 'form'],
]);

/** What the body is, by its Content-Type. `text/plain` and no type at all are refused: guessing hides mistakes. */
export function bodyFormat(contentType: string | undefined): BodyFormat | undefined {
  if (contentType === 'application/fhir+json') return 'json';
  const { name, parameters } = readMediaType(contentType ?? '');
  const charset = parameters.get('charset');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') return undefined;
  if (!isOurVersion(parameters)) return undefined;
  const found = mediaTypes.get(name);
  return found === undefined ? bodies.get(name) : found.syntax === 'xml' ? 'xml' : 'json';
}

/** True for the media types that say FHIR themselves, and not just JSON or XML. */
export const saysFhir = (contentType: string | undefined): boolean =>
  /^application\/(?:fhir\+(?:json|xml)|(?:json|xml)\+fhir)$/.test(readMediaType(contentType ?? '').name);

function readMediaType(text: string): { name: string; parameters: ReadonlyMap<string, string> } {
  const [name = '', ...parts] = text.split(';').map((part) => part.trim().toLowerCase());
  const parameters = parts.map((part): [string, string] => {
    const [key = '', value = ''] = part.split('=', 2);
    return [key.trim(), value.trim().replace(/^"|"$/g, '')];
  });
  return { name, parameters: new Map(parameters) };
}

/** https://hl7.org/fhir/R4/http.html#version-parameter */
function isOurVersion(parameters: ReadonlyMap<string, string>): boolean {
  const version = parameters.get('fhirversion');
  return version === undefined || version === '4.0' || version === '4.0.1';
}
