// The bytes of an answer in the format that was negotiated. Stored JSON goes out as it is, without being parsed.
import type { Definitions } from '../definitions/definitions.ts';
import { writeXml } from '../formats/xml-write.ts';
import type { Answer } from '../interactions/call.ts';
import { parseJson, stringifyJson } from '../model/json.ts';
import { HTML_HEADERS, writePage } from './html.ts';
import type { Format } from './negotiate.ts';
import { prettyJson } from './pretty.ts';

export interface Presentation {
  format: Format;
  pretty: boolean;
  base: string;
  id: string;
  /** the query of the request, as it was sent */
  search: string;
}

export interface Content {
  bytes: Buffer;
  type: string;
  headers?: Readonly<Record<string, string>>;
}

/** undefined: the answer has no body. What has a Content-Type of its own, such as the content of a Binary, is written already. */
export function encode(
  { body, headers, status }: Answer,
  { format, pretty, base, search }: Presentation,
  definitions: Definitions,
): Content | undefined {
  if (body === undefined) return undefined;
  const own = headers?.['Content-Type'];
  const type = own ?? format.contentType;
  if (own !== undefined || (format.syntax === 'json' && !pretty)) {
    return { bytes: Buffer.isBuffer(body) ? body : Buffer.from(stringifyJson(body)), type };
  }
  if (format.syntax === 'xml') {
    const resource = Buffer.isBuffer(body) ? parseJson(body) : body;
    return { bytes: Buffer.from(writeXml(resource, definitions, { pretty })), type };
  }
  const text = prettyJson(Buffer.isBuffer(body) ? body.toString() : stringifyJson(body));
  if (format.syntax === 'json') return { bytes: Buffer.from(text), type };
  return { bytes: Buffer.from(writePage(text, { base, status, search })), type, headers: HTML_HEADERS };
}
