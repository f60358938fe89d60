// Binary is what it holds: written and read as bytes of any type, unless it is FHIR itself that is sent or asked for.
// https://hl7.org/fhir/R4/binary.html#rest
import type { IncomingHttpHeaders } from 'node:http';
import { readXml } from '../formats/xml-read.ts';
import type { Answer, Engine, Target } from '../interactions/call.ts';
import { FhirError } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { asksForFhir, type BodyFormat, notAcceptable, saysFhir } from './negotiate.ts';
import type { Exchange } from './pipeline.ts';

interface Binary extends Resource {
  contentType?: string;
  securityContext?: { reference?: string };
  data?: string;
}

export const isBinaryRead = (target: Target | undefined): boolean =>
  (target?.kind === 'read' || target?.kind === 'vread') && target.type === 'Binary';

export const isBinaryWrite = (target: Target | undefined): boolean =>
  (target?.kind === 'create' || target?.kind === 'update' || target?.kind === 'update-conditional') &&
  target.type === 'Binary';

interface BinaryFacts {
  format: BodyFormat | undefined;
  target: Target | undefined;
  engine: Engine;
}

/** A Binary in FHIR's own formats as it is; everything else, other resources too, is what a new Binary holds. */
export function readBinary(
  bytes: Buffer,
  headers: IncomingHttpHeaders,
  { format, target, engine }: BinaryFacts,
): unknown {
  const contentType = headers['content-type']!.trim().replaceAll(/\s+/g, ' ');
  const sent = format === 'json' || format === 'xml' ? readAsFhir(bytes, format, contentType, engine) : undefined;
  if (sent?.resourceType === 'Binary') return sent;
  const most = Math.floor((engine.settings.maxResourceBytes / 4) * 3);
  if (bytes.length > most) {
    throw new FhirError('too-large', `The content is larger than ${Math.floor(most / 1024 / 1024)} MB`);
  }
  const context = headers['x-security-context'];
  return {
    resourceType: 'Binary',
    ...(target !== undefined && 'id' in target && { id: target.id }),
    contentType,
    ...(typeof context === 'string' && context.trim() !== '' && { securityContext: { reference: context.trim() } }),
    ...(bytes.length > 0 && { data: bytes.toString('base64') }),
  };
}

/** What claims to be FHIR must be readable; plain JSON or XML may be anything. */
function readAsFhir(
  bytes: Buffer,
  format: 'json' | 'xml',
  type: string,
  engine: Engine,
): Partial<Resource> | undefined {
  try {
    const value = format === 'xml' ? readXml(bytes, engine.definitions) : parseJson(bytes);
    return typeof value === 'object' && value !== null ? (value as Partial<Resource>) : undefined;
  } catch (error) {
    if (saysFhir(type)) throw error;
    return undefined;
  }
}

/** What a page could run, or a browser guess to be something that it could, is offered as a download. */
const SHOWN =
  /^(?:image\/(?:png|jpeg|gif|webp|bmp|tiff)|audio\/[a-z0-9.+-]+|video\/[a-z0-9.+-]+|text\/plain|application\/(?:pdf|dicom|json|fhir\+json))$/;
/** type/subtype with parameters, as RFC 9110 has them */
const HARMLESS = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:; ?[\w.-]+=(?:[\w.:+-]+|"[\w .:+-]*"))*$/;

/** The answer to a read as the client wants it: the resource, or the content it holds. */
export function presentBinary(answer: Answer, { req, query, unknownFormat }: Exchange): Answer {
  const { body } = answer;
  if (answer.status !== 200 || body === undefined) return answer;
  const { accept } = req.headers;
  const asked = query.find(([name]) => name === '_format')?.[1];
  const isPart = query.some(([name]) => name === '_summary' || name === '_elements');
  const binary = (Buffer.isBuffer(body) ? parseJson(body) : body) as Binary;
  const { contentType = '', data = '', securityContext } = binary;
  const context = securityContext?.reference;
  const held = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (isPart || asksForFhir(accept, asked, held)) {
    if (unknownFormat !== undefined) throw notAcceptable(unknownFormat);
    return answer;
  }
  return {
    ...answer,
    body: Buffer.from(data, 'base64'),
    headers: {
      ...answer.headers,
      'Content-Type': HARMLESS.test(contentType) ? contentType : 'application/octet-stream',
      'Content-Disposition': SHOWN.test(held) ? 'inline' : 'attachment',
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'X-Content-Type-Options': 'nosniff',
      ...(isHeaderText(context) && { 'X-Security-Context': context }),
    },
  };
}

const isHeaderText = (text: string | undefined): text is string => text !== undefined && /^[\x21-\x7e]+$/.test(text);
