// Writes an answer: status, headers, bytes.
// https://hl7.org/fhir/R4/http.html#ops and #return
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Answer, Target } from '../interactions/call.ts';
import { etagOf, readPreferReturn } from '../interactions/headers.ts';
import type { Issue } from '../model/errors.ts';
import { outcomeOf } from '../model/outcome.ts';
import { CHALLENGE } from './authenticate.ts';
import type { Content, Presentation } from './encode.ts';

const VARY = 'Accept, Accept-Encoding';

/** Smaller answers fit into one or two packets anyway. */
const COMPRESS_FROM = 2048;

/** What a Binary may hold and is as small as it gets. */
const COMPRESSED = /^(?:image\/(?!svg|bmp)|video\/|audio\/|application\/(?:zip|gzip|pdf|x-7z))/i;

const writes = new Set<Target['kind']>(['create', 'update', 'update-conditional', 'patch', 'patch-conditional']);

/** `Prefer: return=…` on a write. Without it the representation is sent. What every client is told stands in a header where no outcome is sent. */
export function present(answered: Answer, kind: Target['kind'], prefer: string | undefined): Answer {
  const { warnings = [] } = answered;
  if ((prefer === undefined && warnings.length === 0) || !writes.has(kind)) return answered;
  const wanted = readPreferReturn(prefer);
  const answer =
    warnings.length === 0 || wanted === 'OperationOutcome'
      ? answered
      : { ...answered, headers: { ...answered.headers, Warning: warnings.map(warningOf).join(', ') } };
  if (wanted === 'minimal') {
    const { body: _, ...rest } = answer;
    return rest;
  }
  if (wanted === 'OperationOutcome') {
    const more = answer.progress === undefined ? '' : `; ${answer.progress} tells what becomes of it`;
    const diagnostics = `${answer.location ?? kind} ${answer.status === 201 ? 'was created' : 'is stored'}${more}`;
    const done = { severity: 'information', code: 'informational', diagnostics } as const;
    const outcome = outcomeOf([...(answer.findings ?? []), ...warnings, done]);
    return { ...answer, body: { ...outcome } };
  }
  return answer;
}

/** https://www.rfc-editor.org/rfc/rfc7234#section-5.5.7 */
function warningOf({ expression, diagnostics }: Issue): string {
  const text = `${expression === undefined ? '' : `${expression}: `}${diagnostics}`;
  return `299 wardgate "${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

export async function respond(
  req: IncomingMessage,
  res: ServerResponse,
  answer: Answer,
  content: Content | undefined,
  { base, id, headers: always }: Pick<Presentation, 'base' | 'id'> & { headers?: Readonly<Record<string, string>> },
): Promise<void> {
  if (res.headersSent || res.destroyed) return;
  const headers: Record<string, string | number> = {
    'X-Request-Id': id,
    'Cache-Control': 'private, no-cache',
    'X-Content-Type-Options': 'nosniff',
    ...always,
  };
  const correlation = req.headers['x-correlation-id'];
  if (typeof correlation === 'string') headers['X-Correlation-Id'] = correlation;
  if (answer.version !== undefined) headers.ETag = etagOf(answer.version);
  if (answer.lastUpdated !== undefined) headers['Last-Modified'] = new Date(answer.lastUpdated).toUTCString();
  if (answer.location !== undefined) {
    headers['Content-Location'] = `${base}/${answer.location}`;
    if (req.method === 'POST' || answer.status === 201) headers.Location = headers['Content-Location'];
  }
  if (answer.progress !== undefined) headers.Link = `<${base}/${answer.progress}>; rel="status"`;
  if (answer.headers !== undefined) Object.assign(headers, answer.headers);
  // https://www.rfc-editor.org/rfc/rfc6750#section-3
  if (answer.status === 401) headers['WWW-Authenticate'] ??= CHALLENGE;

  headers.Vary = res.hasHeader('Vary') ? `${res.getHeader('Vary')}, ${VARY}` : VARY;
  if (content === undefined) {
    if (answer.status !== 204 && answer.status !== 304) headers['Content-Length'] = 0;
    res.writeHead(answer.status, headers);
    res.end();
    return;
  }
  let { bytes } = content;
  headers['Content-Type'] = content.type;
  if (content.headers !== undefined) Object.assign(headers, content.headers);
  if (bytes.length >= COMPRESS_FROM && !COMPRESSED.test(content.type)) {
    const encoding = encodingFor(req.headers['accept-encoding']);
    if (encoding !== undefined) {
      bytes = await encoding.compress(bytes);
      headers['Content-Encoding'] = encoding.name;
    }
  }
  headers['Content-Length'] = bytes.length;
  res.writeHead(answer.status, headers);
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

interface Encoding {
  name: string;
  compress(bytes: Buffer): Promise<Buffer>;
}

const gzipAsync = promisify<Buffer, { level: number }, Buffer>(gzip);
const brotliAsync = promisify<Buffer, { params: Record<number, number> }, Buffer>(brotliCompress);

/** Levels that cost about as much as the bytes they save are worth on a fast line. */
const encodings: readonly Encoding[] = [
  { name: 'br', compress: (bytes) => brotliAsync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }) },
  { name: 'gzip', compress: (bytes) => gzipAsync(bytes, { level: 5 }) },
];

/** The first of ours that the client takes; `;q=0` is a refusal. */
function encodingFor(accepted: string | undefined): Encoding | undefined {
  if (accepted === undefined) return undefined;
  const taken = accepted.split(',').map((part) => part.trim().toLowerCase());
  return encodings.find(({ name }) =>
    taken.some((part) => part === name || (part.startsWith(`${name};`) && !/;\s*q=0(\.0*)?$/.test(part))),
  );
}
