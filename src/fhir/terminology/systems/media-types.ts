// Media types by the grammar of RFC 6838 with parameters. https://hl7.org/fhir/R4/valueset-mimetypes.html
import type { CodeRule } from './rule-source.ts';

const NAME = '[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}';
const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const MEDIA_TYPE = new RegExp(`^${NAME}/(?:${NAME}|\\*)(?:\\s*;\\s*${TOKEN}=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*"))*$`);
/** what `_format` takes besides, and CapabilityStatement.format therefore lists. https://hl7.org/fhir/R4/http.html#mime-type */
const SHORT: ReadonlySet<string> = new Set(['xml', 'json', 'ttl', 'html']);

export const mediaTypes: CodeRule = {
  url: 'urn:ietf:bcp:13',
  title: 'Media types (BCP 13)',
  isCaseSensitive: false,
  read: (code) => (SHORT.has(code) || MEDIA_TYPE.test(code) ? { display: code } : undefined),
};
